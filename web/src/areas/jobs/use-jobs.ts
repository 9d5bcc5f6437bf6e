import { useEffect, useEffectEvent, useRef, useState } from "react";
import { ask } from "../../app/client.ts";
import { useLive } from "../../app/live.ts";
import {
  type Anchor,
  covers,
  type Loaded,
  lowestKnown,
  merge,
  nextAnchor,
  nothingLoaded,
  pageRows,
  staleAnchor,
} from "./loaded.ts";
import type { JobsSearch } from "./search.ts";

/**
 * The list of jobs for one set of filters, kept current: events only mark ids as changed; what is in view is read again,
 * one page at a time and at most every second, what is out of view when it comes into view.
 */
export function useJobs(search: JobsSearch, view: View) {
  const key = JSON.stringify(search);
  const [state, setState] = useState<State>({ key, loaded: nothingLoaded, status: "loading", error: null });
  const [hasNewer, setNewer] = useState(false);
  const changed = useRef(new Set<number>());
  const busy = useRef(false);
  const current = state.key === key ? state : { key, loaded: nothingLoaded, status: "loading" as const, error: null };

  async function read(anchor: Anchor, signal?: AbortSignal): Promise<void> {
    const { sinceMs, beforeMs, ...filters } = search;
    const query = {
      ...filters,
      limit: pageRows,
      ...(sinceMs === undefined ? {} : { submittedFromMs: sinceMs }),
      ...(beforeMs === undefined ? {} : { submittedToMs: beforeMs }),
      ...(anchor.cursor === null ? {} : { cursor: anchor.cursor }),
    };
    busy.current = true;
    // What changes from now on may have changed after the answer was made, and is asked for again.
    const before = changed.current;
    changed.current = new Set();
    const stillChanged = (ids: Iterable<number>) => {
      for (const id of ids) changed.current.add(id);
    };
    try {
      const page = await ask("jobs", { query }, signal ? { signal } : {});
      stillChanged([...before].filter((id) => !covers(anchor, page, id)));
      if (anchor.cursor === null) setNewer(false);
      setState((was) => ({
        key,
        loaded: merge(was.key === key ? was.loaded : nothingLoaded, anchor, page),
        status: "ready",
        error: null,
      }));
    } catch (error) {
      stillChanged(before);
      if (!signal?.aborted) setState((was) => ({ ...(was.key === key ? was : current), key, status: "ready", error }));
    } finally {
      busy.current = false;
    }
  }

  const readNewest = useEffectEvent((signal?: AbortSignal) => read(newest, signal));
  // biome-ignore lint/correctness/useExhaustiveDependencies: new filters are a new list
  useEffect(() => {
    const stop = new AbortController();
    changed.current.clear();
    setNewer(false);
    void readNewest(stop.signal);
    return () => stop.abort();
  }, [key]);

  useLive((message) => {
    if (message.kind === "event") changed.current.add(message.event.job);
    else for (const job of state.loaded.jobs) changed.current.add(job.id);
  });

  const freshen = useEffectEvent(() => {
    if (busy.current || state.key !== key || changed.current.size === 0) return;
    const { loaded } = state;
    const firstId = loaded.jobs[0]?.id ?? 0;
    const atTop = view.first === 0;
    const anyNewer = [...changed.current].some((id) => id > firstId);
    if (anyNewer && !atTop) setNewer(true);
    const from = atTop ? Number.POSITIVE_INFINITY : (loaded.jobs[view.first]?.id ?? firstId);
    const to = loaded.jobs[view.last]?.id ?? lowestKnown(loaded);
    const anchor = staleAnchor(loaded, changed.current, from, to);
    if (anchor) void read(anchor);
    for (const id of changed.current) if (id < lowestKnown(loaded)) changed.current.delete(id);
  });
  useEffect(() => {
    const timer = setInterval(() => freshen(), 1000);
    return () => clearInterval(timer);
  }, []);

  return {
    loaded: current.loaded,
    isLoading: current.status === "loading",
    error: current.error,
    hasNewer,
    readNewest: () => read(newest),
    readOn: () => {
      const anchor = nextAnchor(current.loaded);
      if (anchor && !busy.current) void read(anchor);
    },
  };
}

/** The rows on the screen, by their place in the list. */
export type View = { readonly first: number; readonly last: number };

type State = {
  readonly key: string;
  readonly loaded: Loaded;
  readonly status: "loading" | "ready";
  readonly error: unknown;
};

const newest: Anchor = { afterId: Number.POSITIVE_INFINITY, cursor: null };
