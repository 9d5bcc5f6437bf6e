import { spanText } from "#cli/formats.ts";
import type { Terminal } from "#cli/terminal.ts";
import type { Say } from "#cli/words.ts";

export type ProgressBar = {
  readonly show: (done: number, all: number) => void;
  /** Takes the bar off the screen. */
  readonly clear: () => void;
};

/**
 * How far something with a known end is, how fast it goes and how long it will take, beside the output and only where
 * somebody looks at it. What is over at once shows none.
 */
export function progressBar({ errorIsTerminal, error, columns }: Terminal, say: Say): ProgressBar {
  const startedMs = performance.now();
  let shownMs = startedMs;
  let isShown = false;
  return {
    show: (done, all) => {
      const nowMs = performance.now();
      if (!errorIsTerminal || nowMs - shownMs < 200 || done === 0) return;
      shownMs = nowMs;
      isShown = true;
      const tookS = (nowMs - startedMs) / 1000;
      const left = spanText(((tookS * (all - done)) / done) * 1000);
      const words = say("progress", { done, all, rate: Math.round(done / tookS), left });
      const width = Math.max(0, Math.min(30, columns - words.length - 4));
      const filled = Math.round((width * done) / all);
      error(`\r\u001b[K${"█".repeat(filled)}${"░".repeat(width - filled)} ${words}`);
    },
    clear: () => {
      if (isShown) error("\r\u001b[K");
    },
  };
}
