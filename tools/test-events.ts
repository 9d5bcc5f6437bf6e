// A reporter for node:test: writes each result as one JSON line to file descriptor 3, where tools/test.ts reads it.

import { writeSync } from "node:fs";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";

/** One test that ended; or that tests are under way, none are, or all are reported. */
export type Result =
  | { readonly kind: "passed" | "todo"; readonly file: string; readonly name: string; readonly durationMs: number }
  | { readonly kind: "skipped"; readonly file: string; readonly name: string; readonly reason: string }
  | {
      readonly kind: "failed";
      readonly file: string;
      readonly name: string;
      readonly line: number;
      readonly durationMs: number;
      readonly error: string;
    }
  | { readonly kind: "busy" | "quiet" | "finished" };

export default async function* testEvents(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = [];
  let open = 0;
  for await (const event of source) {
    if (event.type === "test:enqueue" && event.data.nesting === 0) {
      if (open === 0) send({ kind: "busy" });
      open += 1;
    } else if (event.type === "test:complete" && event.data.nesting === 0) {
      open -= 1;
      if (open === 0) send({ kind: "quiet" });
    } else if (event.type === "test:diagnostic" && !isTally(event.data.message)) {
      process.stderr.write(`${event.data.message}\n`);
    } else if (event.type === "test:start") {
      names.length = event.data.nesting;
      names[event.data.nesting] = event.data.name;
    } else if (event.type === "test:pass" || event.type === "test:fail") {
      const result = resultOf(event, [...names.slice(0, event.data.nesting), event.data.name].join(" › "));
      if (result !== undefined) send(result);
    } else if (event.type === "test:summary" && event.data.file === undefined) {
      send({ kind: "finished" });
    }
  }
  yield "";
}

/** The counts at the end, which the parent makes itself; other diagnostics tell of errors outside any test. */
function isTally(message: string): boolean {
  return /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(message);
}

type Ended = Extract<TestEvent, { type: "test:pass" | "test:fail" }>;

function resultOf(event: Ended, name: string): Result | undefined {
  const { data } = event;
  const file = data.file ?? "";
  const durationMs = data.details.duration_ms;
  if (data.skip !== undefined && data.skip !== false) {
    return { kind: "skipped", file, name, reason: typeof data.skip === "string" ? data.skip : "no reason given" };
  }
  if (data.todo !== undefined && data.todo !== false) return { kind: "todo", file, name, durationMs };
  if (event.type === "test:pass") {
    return data.details.type === "suite" ? undefined : { kind: "passed", file, name, durationMs };
  }
  const { error } = event.data.details;
  // What failed below has been told already.
  if ("failureType" in error && error.failureType === "subtestsFailed") return undefined;
  return { kind: "failed", file, name, line: data.line ?? 0, durationMs, error: explain(error.cause ?? error) };
}

/** Without Node's own lines, unless no other line says where it was. */
function explain(error: unknown): string {
  const lines = inspect(error, { depth: 6 }).split("\n");
  const own = lines.filter((line) => !/^\s+at .*node:(async_hooks|internal)/.test(line));
  return (own.some((line) => /^\s+at /.test(line)) ? own : lines).join("\n");
}

function send(result: Result): void {
  writeSync(3, `${JSON.stringify(result)}\n`);
}
