import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { centreId, jobId, projectId, runId } from "#core/ids.ts";
import type { RunEnd } from "#core/job/state.ts";
import { isBilled } from "#core/job/state.ts";
import { accountOf, emptyBooks, record } from "#core/ledger/books.ts";
import { derivedAccounts, findingsOf, findingWords, trialBalances } from "#core/ledger/invariants.ts";
import { quoteOf } from "#core/ledger/quote.ts";
import { costOf } from "#core/ledger/tariff.ts";
import { type BookedRun, endTransfers, holdTransfers, type Transfer } from "#core/ledger/transfer.ts";
import { cardUnit, parseUnit } from "#core/ledger/unit.ts";
import { holdOf, usageOf } from "#core/ledger/usage.ts";

const run: BookedRun = {
  run: { job: jobId(12), index: 3, attempt: 1 },
  project: projectId(7),
  centre: centreId("local"),
  allocation: {
    nodes: 1,
    tasks: 2,
    coresPerTask: 2,
    coresPerNode: 4,
    memoryMibPerNode: 1000,
    acceleratorsPerNode: 2,
    acceleratorVendor: "huawei",
    acceleratorModel: "ascend-910",
  },
  timeLimitS: 60,
  graceS: 30,
};

test("a hold covers time limit and grace; the end posts what was used, to the unit", () => {
  const books = emptyBooks();
  const holds = holdTransfers(run, 1000);
  assert.deepEqual(
    holds.map(({ id, amount, debit, credit }) => [id, amount, debit, credit]),
    [
      ["run:12.3.1:hold:core-ms", 360_000n, "project:7", "centre:local"],
      ["run:12.3.1:hold:milli-card-ms:huawei/ascend-910", 180_000_000n, "project:7", "centre:local"],
      ["run:12.3.1:hold:mib-s", 90_000n, "project:7", "centre:local"],
      ["run:12.3.1:hold:wall-ms", 90_000n, "project:7", "centre:local"],
    ],
  );
  for (const transfer of [...holds, ...endTransfers(run, { kind: "failed", exitCode: 3 }, { wallMs: 1234 }, 2000)])
    assert.equal(record(books, transfer).kind, "recorded");
  const centre = accountOf(books, "centre:local", "core-ms");
  assert.deepEqual([centre.creditsPending, centre.creditsPosted], [0n, 4936n]);
  assert.equal(accountOf(books, "project:7", "milli-card-ms:huawei/ascend-910").debitsPosted, 2n * 1234n * 1000n);
});

test("use beyond the hold is posted in full, as a second transfer", () => {
  const ends = endTransfers(run, { kind: "timed-out" }, { wallMs: 95_000 }, 2000);
  assert.deepEqual(
    ends.filter(({ unit }) => unit === "wall-ms").map(({ id, kind, amount }) => [id, kind, amount]),
    [
      ["run:12.3.1:post:wall-ms", "post", 90_000n],
      ["run:12.3.1:beyond:wall-ms", "single", 5_000n],
    ],
  );
});

test("what nobody is billed for is voided: node failure, the centre's cancel and requeue, withdrawn, duplicate, lost", () => {
  const ends: RunEnd[] = [
    { kind: "node-failed", reason: "" },
    { kind: "cancelled", by: "centre", reason: null },
    { kind: "requeued", by: "the centre" },
    { kind: "withdrawn", evidence: "" },
    { kind: "duplicate" },
    { kind: "lost", evidence: "" },
  ];
  for (const end of ends)
    for (const transfer of endTransfers(run, end, { wallMs: 5000 }, 1))
      assert.deepEqual([transfer.kind, transfer.amount], ["void", 0n]);
});

test("the parts of a divided interval add up to the whole", () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.nat(1e9), (first, second) => {
      const whole = usageOf(run.allocation, first + second);
      for (const [unit, amount] of whole) {
        const parts =
          (usageOf(run.allocation, first).get(unit) ?? 0n) + (usageOf(run.allocation, second).get(unit) ?? 0n);
        // Memory is rounded down to whole seconds: its parts are differences of the cumulative amount, never sums.
        if (unit === "mib-s") assert.ok(amount - parts === 0n || amount - parts === 1n);
        else assert.equal(parts, amount);
      }
    }),
  );
});

test("a quote is of each unit the most that a task may hold, for all attempts of all tasks, and costs nothing under free", () => {
  const other = {
    ...run.allocation,
    coresPerNode: 1,
    acceleratorsPerNode: 3,
    acceleratorVendor: "x",
    acceleratorModel: "npu",
  };
  const asked = { given: [run.allocation, other], timeLimitS: 60, graceS: 30, tasks: 1000, retries: 0 };
  const quote = quoteOf("free", asked);
  const [hold, otherHold] = [holdOf(run.allocation, 60, 30), holdOf(other, 60, 30)];
  const card = cardUnit("x", "npu");
  assert.deepEqual(quote.perTask, new Map([...hold, [card, otherHold.get(card) ?? 0n]]));
  assert.equal(quote.total.get("core-ms"), 360_000_000n);
  const again = quoteOf("free", { ...asked, retries: 2 });
  assert.deepEqual([again.attempts, again.perTask, again.total.get("core-ms")], [3, quote.perTask, 3n * 360_000_000n]);
  assert.deepEqual(quote.cost, { tariffVersion: "free", currency: "CNY", amountMicroYuan: 0n });
  assert.deepEqual(costOf("free", usageOf(run.allocation, 1234)), quote.cost);
});

test("a unit is read back from its text, and only such a text", () => {
  for (const unit of holdOf(run.allocation, 1, 0).keys()) assert.equal(parseUnit(unit), unit);
  for (const text of ["", "core", "milli-card-ms:", "hours"]) assert.equal(parseUnit(text), null);
});

test("each refusal, and the first of several", () => {
  const books = emptyBooks();
  const [hold] = holdTransfers(run, 1);
  const [post] = endTransfers(run, { kind: "succeeded" }, { wallMs: 1000 }, 2);
  const [voided] = endTransfers(run, { kind: "duplicate" }, { wallMs: 0 }, 2);
  assert(hold?.kind === "pending" && post?.kind === "post" && voided?.kind === "void");
  const refused = (transfer: Transfer, rule: string) =>
    assert.deepEqual(record(books, transfer), { kind: "refused", rule });
  refused({ ...hold, amount: -1n, credit: hold.debit }, "amount-below-zero");
  refused({ ...hold, amount: 2n ** 63n }, "amount-too-large");
  refused({ ...voided, amount: 1n }, "void-moves-something");
  refused({ ...hold, credit: hold.debit }, "same-account");
  refused(post, "pending-not-found");
  assert.equal(record(books, hold).kind, "recorded");
  assert.equal(record(books, { ...hold, atMs: 99 }).kind, "exists");
  refused({ ...hold, amount: 1n }, "exists-with-other-content");
  refused({ ...post, unit: "wall-ms" }, "pending-of-other-accounts-or-unit");
  refused({ ...post, amount: hold.amount + 1n }, "post-exceeds-hold");
  refused({ ...hold, id: "other", amount: 2n ** 63n - 1n }, "total-too-large");
  assert.equal(record(books, post).kind, "recorded");
  refused({ ...post, id: "again" }, "pending-already-posted");
  refused(voided, "pending-already-posted");
  refused({ ...post, id: "odd", pending: post.id }, "pending-is-no-hold");
  const other = { ...run, run: { ...run.run, attempt: 2 } };
  for (const transfer of [...holdTransfers(other, 3), ...endTransfers(other, { kind: "duplicate" }, { wallMs: 0 }, 4)])
    record(books, transfer);
  refused({ ...post, id: "late", pending: "run:12.3.2:hold:core-ms" }, "pending-already-voided");
  assert.equal(record(books, post).kind, "exists", "a replay stays a replay after the end");
  assert.deepEqual(findingsOf(books.accounts.values(), [...books.transfers.values()], [runId(run.run)]), []);
});

const ends = fc.constantFrom<RunEnd>(
  { kind: "succeeded" },
  { kind: "failed", exitCode: 1 },
  { kind: "timed-out" },
  { kind: "preempted" },
  { kind: "requeued", by: "the centre" },
  { kind: "cancelled", by: "unknown", reason: null },
  { kind: "cancelled", by: "user", reason: null },
  { kind: "cancelled", by: "operator", reason: null },
  { kind: "platform-fault", reason: "" },
  { kind: "refused", reason: "" },
  { kind: "withdrawn", evidence: "" },
);
const life = fc.record({
  job: fc.integer({ min: 1, max: 30 }),
  project: fc.integer({ min: 1, max: 3 }),
  centre: fc.constantFrom("alpha", "beta"),
  cores: fc.integer({ min: 1, max: 64 }),
  cards: fc.nat(4),
  memoryMib: fc.nat(100_000),
  timeLimitS: fc.integer({ min: 1, max: 100_000 }),
  ended: fc.option(fc.record({ end: ends, wallMs: fc.nat(150_000_000) })),
});

function bookedRun(each: typeof life extends fc.Arbitrary<infer Life> ? Life : never, attempt: number): BookedRun {
  const { job, project, centre, cores, cards, memoryMib, timeLimitS } = each;
  const accelerators = { acceleratorsPerNode: cards, acceleratorVendor: "x", acceleratorModel: "npu" };
  const size = { nodes: 1, tasks: 1, coresPerTask: cores, coresPerNode: cores, memoryMibPerNode: memoryMib };
  return {
    run: { job: jobId(job), index: 0, attempt },
    project: projectId(project),
    centre: centreId(centre),
    allocation: { ...size, ...accelerators },
    timeLimitS,
    graceS: 30,
  };
}

test("whatever runs and ends, the books balance, replays move nothing, and the order of runs does not matter", () => {
  fc.assert(
    fc.property(fc.array(life, { maxLength: 30, size: "max" }), fc.infiniteStream(fc.nat(1_000_000)), (lives, dice) => {
      const runs = lives.map((each, i) => ({ each, run: bookedRun(each, i + 1) }));
      const transfersOf = ({ each, run }: (typeof runs)[number]) => [
        ...holdTransfers(run, 1),
        ...(each.ended ? endTransfers(run, each.ended.end, { wallMs: each.ended.wallMs }, 2) : []),
      ];
      const books = emptyBooks();
      for (const transfer of runs.flatMap(transfersOf)) assert.equal(record(books, transfer).kind, "recorded");

      const mixed = emptyBooks();
      const queues = runs.map(transfersOf);
      while (queues.some((queue) => queue.length > 0)) {
        const [queue] = queues
          .filter((each) => each.length > 0)
          .slice((dice.next().value ?? 0) % 3)
          .concat(queues.filter((each) => each.length > 0));
        const next = queue?.shift();
        assert(next && record(mixed, next).kind === "recorded");
        if ((dice.next().value ?? 0) % 3 === 0) assert.equal(record(mixed, { ...next, atMs: 9 }).kind, "exists");
      }
      assert.deepEqual(sorted(mixed.accounts), sorted(books.accounts));

      const transfers = [...books.transfers.values()];
      const over = runs.filter(({ each }) => each.ended).map(({ run }) => runId(run.run));
      assert.deepEqual(findingsOf(books.accounts.values(), transfers, over), []);
      assert.deepEqual(sorted(derivedAccounts(transfers)), sorted(books.accounts));
      for (const sum of trialBalances(books.accounts.values())) {
        assert.equal(sum.debitsPosted, sum.creditsPosted);
        assert.equal(sum.debitsPending, sum.creditsPending);
      }
      const billedMs = runs.reduce(
        (sum, { each }) => sum + BigInt(each.ended && isBilled(each.ended.end) ? each.ended.wallMs : 0),
        0n,
      );
      const posted = trialBalances(books.accounts.values()).find((sum) => sum.unit === "wall-ms")?.debitsPosted;
      assert.equal(posted ?? 0n, billedMs, "what is billed is posted, in full");
    }),
  );
});

function sorted<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([one], [other]) => (one < other ? -1 : 1));
}

test("the check finds each kind of damage", () => {
  const books = emptyBooks();
  for (const transfer of [...holdTransfers(run, 1), ...endTransfers(run, { kind: "succeeded" }, { wallMs: 1000 }, 2)])
    record(books, transfer);
  const transfers = [...books.transfers.values()];
  const accounts = [...books.accounts.values()];
  const kinds = (changed: readonly Transfer[], stored = accounts) =>
    new Set(findingsOf(stored, changed, [runId(run.run)]).map((finding) => finding.kind));
  const [first, ...others] = accounts;
  assert(first);
  assert.deepEqual(
    kinds(transfers, [{ ...first, debitsPosted: first.debitsPosted + 1n }, ...others]),
    new Set(["unbalanced", "totals-differ"]),
  );
  const post = transfers.find((transfer) => transfer.kind === "post");
  assert(post?.kind === "post");
  assert(kinds([...transfers, { ...post, id: "second" }]).has("ended-twice"));
  assert(kinds(transfers.filter((transfer) => transfer.id !== post.pending)).has("ends-no-hold"));
  assert(
    kinds(transfers.map((each) => (each.id === post.id ? { ...each, amount: 10n ** 12n } : each))).has(
      "posted-beyond-hold",
    ),
  );
  assert(kinds(transfers.filter((transfer) => transfer.id !== post.id)).has("hold-left"));
  const [left] = findingsOf(
    accounts,
    transfers.filter((each) => each.id !== post.id),
    [runId(run.run)],
  ).filter(({ kind }) => kind === "hold-left");
  assert(left);
  assert.equal(findingWords(left), "run 12.3.1 has ended, and run:12.3.1:hold:core-ms is still held");
});
