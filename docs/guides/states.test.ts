import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import {
  afterRun,
  bearer,
  cancellable,
  legalSteps,
  type RunEnd,
  type RunEndKind,
  stateKinds,
} from "#core/job/state.ts";

/**
 * The tables of docs/guides/states.md are printed from core/job/state.ts. After a change there:
 * `WEIR_WRITE=1 node --test docs/guides/states.test.ts`.
 */
const page = new URL("states.md", import.meta.url);

test("the page of states says what the table of states says", () => {
  const text = readFileSync(page, "utf8");
  const printed = [...tables].reduce((sum, [name, table]) => withTable(sum, name, table()), text);
  if (process.env.WEIR_WRITE === "1") writeFileSync(page, printed);
  else
    assert.equal(text, printed, "docs/guides/states.md is stale: WEIR_WRITE=1 node --test docs/guides/states.test.ts");
});

const tables = new Map([
  ["steps", stepsTable],
  ["ends", endsTable],
]);

function stepsTable(): string[][] {
  const steps = ["place", "accept", "start", "requeue", "end"];
  assert.deepEqual([...new Set(Object.values(legalSteps).flat())].sort(), [...steps].sort(), "a column for each step");
  const rows = stateKinds.map((state) => {
    const legal: readonly string[] = legalSteps[state];
    return [
      state,
      ...steps.map((step) => (legal.includes(step) ? "yes" : "–")),
      cancellable.includes(state) ? "yes" : "–",
    ];
  });
  return [["state", ...steps, "cancel does something"], ...rows];
}

function endsTable(): string[][] {
  const rows = ends.map((end): string[] => [end.kind, afterwards(end), payer(end.kind)]);
  return [["end of a run", "the task", "who bears the time"], ...rows];
}

function afterwards(end: RunEnd): string {
  const words = (after: ReturnType<typeof afterRun>) => {
    if (after.kind === "again")
      return after.costsRetry ? "queued again, costs a retry" : "queued again, costs no retry";
    return after.kind === "end" ? "ends" : "goes on with its first copy";
  };
  const plain = words(afterRun(end, 0, false));
  const withRetries = words(afterRun(end, 1, false));
  const whenLost = words(afterRun(end, 0, true));
  if (withRetries !== plain) return `${plain}; with retries left ${withRetries}`;
  return whenLost === plain ? plain : `${plain}; with restart-after ${whenLost}`;
}

function payer(kind: RunEndKind): string {
  const words = {
    tenant: "the tenant",
    nobody: "nobody",
    "by-canceller": "the tenant, if the user or the network cancelled; else nobody",
  } as const;
  return words[bearer[kind]];
}

const examples = {
  succeeded: { kind: "succeeded" },
  failed: { kind: "failed", exitCode: 1 },
  signalled: { kind: "signalled", signal: 9 },
  cancelled: { kind: "cancelled", by: "user", reason: null },
  "timed-out": { kind: "timed-out" },
  "out-of-memory": { kind: "out-of-memory" },
  preempted: { kind: "preempted" },
  "node-failed": { kind: "node-failed", reason: "" },
  "platform-fault": { kind: "platform-fault", reason: "" },
  lost: { kind: "lost", evidence: "" },
  withdrawn: { kind: "withdrawn", evidence: "" },
  duplicate: { kind: "duplicate" },
  requeued: { kind: "requeued", by: "" },
} as const satisfies Record<RunEndKind, RunEnd>;
const ends: readonly RunEnd[] = Object.values(examples);

/** The page with what stands between `<!-- name -->` and `<!-- /name -->` replaced. */
function withTable(text: string, name: string, [head = [], ...rows]: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const table = [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
  const place = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`);
  assert.match(text, place, `docs/guides/states.md has a place for the table ${name}`);
  return text.replace(place, `$1\n${table}\n\n$2`);
}
