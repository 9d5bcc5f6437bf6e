import { type QueryClient, type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef } from "react";
import { type LiveMessage, useLive } from "./live.ts";

/**
 * Reads the given queries afresh when something changed: at once, then at most every `everyMs` however many events
 * come, and once more after the last, be it that what shows them has gone meanwhile: whoever shows them next must not
 * find them as they were. `concerns` picks the events that matter.
 */
export function useLiveRefresh(
  keys: readonly QueryKey[],
  { everyMs = 1000, concerns = () => true, active = true }: RefreshWishes = {},
): void {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const lastMs = useRef(0);
  const refresh = useEffectEvent(() => {
    timer.current = undefined;
    lastMs.current = Date.now();
    for (const queryKey of keys) void readAfresh(queries, queryKey);
  });
  useEffect(
    () => () => {
      if (timer.current === undefined) return;
      clearTimeout(timer.current);
      refresh();
    },
    [],
  );
  useLive((message) => {
    if (message.kind === "event" && !concerns(message)) return;
    if (timer.current !== undefined) return;
    timer.current = setTimeout(() => refresh(), Math.max(0, lastMs.current + everyMs - Date.now()));
  }, active);
}

/** A first read that is under way is not begun anew by this, and its answer may be older than what happened. */
async function readAfresh(queries: QueryClient, queryKey: QueryKey): Promise<void> {
  const underWay = queries.getQueryCache().findAll({ queryKey, fetchStatus: "fetching" });
  const isFirst = underWay.some(({ state }) => state.data === undefined);
  await queries.invalidateQueries({ queryKey });
  if (isFirst) await queries.invalidateQueries({ queryKey });
}

type RefreshWishes = {
  readonly everyMs?: number;
  readonly concerns?: (message: Extract<LiveMessage, { kind: "event" }>) => boolean;
  readonly active?: boolean;
};
