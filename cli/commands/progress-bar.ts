import type { Call } from "#cli/call.ts";
import { durationWords } from "#core/measures.ts";

export type ProgressBar = {
  readonly show: (done: number, all: number) => void;
  /** Takes the bar off the screen. */
  readonly clear: () => void;
};

/**
 * How far something with a known end is, how fast it goes and how long it will take, beside the output and only where
 * somebody looks at it. What is over at once shows none.
 */
export function progressBar({ terminal, say, language }: Pick<Call, "terminal" | "say" | "language">): ProgressBar {
  const { errorIsTerminal, error, columns } = terminal;
  /** From the first word of it on: what came before is not what is counted. */
  let first: { readonly atMs: number; readonly done: number } | null = null;
  let shownMs = 0;
  let isShown = false;
  return {
    show: (done, all) => {
      const nowMs = performance.now();
      first ??= { atMs: nowMs, done };
      if (!errorIsTerminal || nowMs - Math.max(shownMs, first.atMs) < 200 || done === first.done) return;
      shownMs = nowMs;
      isShown = true;
      const perMs = (done - first.done) / (nowMs - first.atMs);
      const words = say("progress", {
        done,
        all,
        rate: Math.round(perMs * 1000),
        left: durationWords(Math.ceil((all - done) / perMs / 1000) * 1000, language),
      });
      const width = Math.max(0, Math.min(30, columns - words.length - 4));
      const filled = Math.round((width * done) / all);
      error(`\r\u001b[K${"█".repeat(filled)}${"░".repeat(width - filled)} ${words}`);
    },
    clear: () => {
      if (isShown) error("\r\u001b[K");
    },
  };
}
