import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import type { Event } from "#api/job.ts";
import { client } from "./client.ts";

/**
 * The change feed of the whole page: one stream of Server-Sent Events, shared by whatever listens, resumed where it was
 * cut (Last-Event-ID). It is closed while the tab is hidden, so that many open tabs do not use up the browser's six
 * connections to the server, and nobody's laptop stays awake for it.
 */
export type LiveMessage = { readonly kind: "event"; readonly event: Event } | { readonly kind: "missed" };
export type LiveState = "live" | "connecting" | "cut";

/** Calls `listener` for each event; `missed` says that some may be lost, so read afresh. */
export function useLive(listener: (message: LiveMessage) => void, active = true): void {
  const heard = useEffectEvent(listener);
  useEffect(() => {
    if (!active) return;
    const own = (message: LiveMessage) => heard(message);
    listeners.add(own);
    open();
    return () => {
      listeners.delete(own);
      if (listeners.size === 0) close();
    };
  }, [active]);
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(subscribeState, () => state);
}

const listeners = new Set<(message: LiveMessage) => void>();
const watchers = new Set<() => void>();
let state: LiveState = "connecting";
let stop: AbortController | null = null;
let lastEventId: string | null = null;
let closedMs = 0;
/** After a longer absence reading afresh is less than hearing all that happened meanwhile. */
const resumableMs = 30_000;

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") close();
  else if (listeners.size > 0) open();
});

function open(): void {
  if (stop || document.visibilityState === "hidden") return;
  if (Date.now() - closedMs > resumableMs) lastEventId = null;
  stop = new AbortController();
  void follow(stop.signal);
}

function close(): void {
  stop?.abort();
  stop = null;
  closedMs = Date.now();
}

async function follow(signal: AbortSignal): Promise<void> {
  let pauseMs = 500;
  while (!signal.aborted) {
    try {
      const resumed = lastEventId;
      const reply = await client.stream(
        "events",
        {},
        { signal, ...(resumed === null ? {} : { lastEventId: resumed }) },
      );
      if (reply.kind === "problem") {
        // The place to resume from may be gone; begin afresh, and not at once.
        lastEventId = null;
        become("cut");
      } else {
        become("live");
        pauseMs = 500;
        if (resumed === null) tell({ kind: "missed" });
        for await (const message of reply.messages) {
          if (message.kind === "problem") break;
          lastEventId = message.id ?? message.value.id;
          tell({ kind: "event", event: message.value });
        }
      }
    } catch {
      if (signal.aborted) return;
      become("cut");
    }
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, 15_000);
  }
}

function tell(message: LiveMessage): void {
  for (const listener of listeners) listener(message);
}

function become(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const watcher of watchers) watcher();
}

function subscribeState(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
