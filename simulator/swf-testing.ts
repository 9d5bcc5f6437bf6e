import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** A job of a log made for a test; times in seconds. Who asks for no time asks for what it runs. */
export type LoggedJob = {
  readonly submit: number;
  readonly ran: number;
  readonly processors: number;
  readonly asks?: number;
  readonly group?: number;
};

/** For tests: writes a log in the Standard Workload Format, packed where the name ends in `.gz`. */
export function writeSwf(path: string, header: string, jobs: readonly LoggedJob[]): void {
  const lines = jobs.map(({ submit, ran, processors, asks = ran, group = 1 }, at) =>
    [at + 1, submit, -1, ran, processors, -1, -1, processors, asks, -1, 1, 1, group, -1, -1, -1, -1, -1].join(" "),
  );
  const text = `${header}\n${lines.join("\n")}\n`;
  writeFileSync(path, path.endsWith(".gz") ? gzipSync(text) : text);
}
