import { appendFileSync } from "node:fs";
import { Socket } from "node:net";
import { createInterface } from "node:readline";

/** What the stand-ins of server and agent have in common: marks for the test to read, and the control channel. */
export function standIn(name: "server" | "agent", onLine: (line: Readonly<Record<string, string>>) => void): StandIn {
  const mark = (words: string) => appendFileSync(process.env.WEIR_TEST_MARKS ?? "/dev/null", `${name} ${words}\n`);
  const control = new Socket({ fd: Number(process.env.WEIR_CONTROL_FD), readable: true, writable: true });
  const end = (why: string) => {
    mark(`ends ${why}`);
    process.exit(0);
  };
  createInterface({ input: control }).on("line", (text) => onLine(JSON.parse(text)));
  control.on("end", () => end("without supervisor"));
  const stubborn = process.env.WEIR_TEST_STUBBORN === name;
  process.on("SIGTERM", () => (stubborn ? mark("ignores SIGTERM") : end("as asked")));
  return {
    mark,
    say: (line) => void control.write(`${JSON.stringify(line)}\n`),
    endAfterSaying: (line) => control.end(`${JSON.stringify(line)}\n`, () => process.exit(1)),
  };
}

export type StandIn = {
  readonly mark: (words: string) => void;
  readonly say: (line: Readonly<Record<string, unknown>>) => void;
  readonly endAfterSaying: (line: Readonly<Record<string, unknown>>) => void;
};
