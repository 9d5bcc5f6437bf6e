import assert from "node:assert/strict";
import { test } from "node:test";
import { type Capacity, flopsWords, readCapacity } from "#core/centre/capacity.ts";
import { legalMoves, lifeCycles, move, runsJobs } from "#core/centre/life-cycle.ts";
import {
  capacityTotals,
  type StatedCapacity,
  stageOf,
  statedStage,
  statementIssues,
  withLine,
} from "#core/centre/stated-capacity.ts";
import { phraseWords } from "#core/job/phrase.ts";

test("a figure without its precision is refused, naming the remedy", () => {
  const refused = (text: string) => {
    const read = readCapacity(text);
    assert(read.kind === "refused", text);
    return [read.words.kind, phraseWords(read.words, "en")] as const;
  };
  assert.match(refused("100 P")[1], /name one of FP64, .*as in 300 PFLOPS FP16 dense/);
  for (const text of ["300 P FP16", "300 P FP16 dense sparse", "300 P FP16 dens", "4 P FP64 peak"])
    assert.equal(refused(text)[0], "capacity-no-sparsity", text);
  for (const text of ["", "P FP16 dense", "-4 P FP64", "0 P FP64", "100 FP16 dense", "100 Pferde FP16 dense"])
    assert.equal(refused(text)[0], "capacity-no-figure", text);
});

test("what is typed is read exactly", () => {
  const gigaflops = (text: string) => {
    const read = readCapacity(text);
    assert(read.kind === "read", text);
    return `${read.gigaflops} ${read.precision} ${read.sparsity}`;
  };
  assert.equal(gigaflops("100 P FP16 dense"), "100000000 fp16 dense");
  assert.equal(gigaflops("4 PFLOPS FP64"), "4000000 fp64 dense");
  assert.equal(gigaflops("989.4 T bf16 dense"), "989400 bf16 dense");
  assert.equal(gigaflops("1978.9 TFLOPS FP16, sparse"), "1978900 fp16 sparse");
});

let numbers = 0;
function line(precision: Capacity["precision"], gigaflops: bigint, more: Partial<StatedCapacity> = {}): StatedCapacity {
  numbers += 1;
  return {
    line: numbers,
    site: null,
    phase: null,
    pool: null,
    device: null,
    precision,
    sparsity: "dense",
    basis: "nominal",
    gigaflops,
    lifeCycle: "in-service",
    inServiceFrom: null,
    regionCode: null,
    evidence: "data sheet",
    ...more,
  };
}

const ascend = (count: number) => ({ vendor: "huawei", model: "ascend-910", count });

test("4 096 cards of 256 TFLOPS are 1.049 EFLOPS", () => {
  const [total] = capacityTotals([line("fp16", 256_000n, { device: ascend(4096) })], "in-service");
  assert(total);
  assert.equal(flopsWords(total.gigaflops), "1.049 EFLOPS");
  assert.equal(flopsWords(4_000_000n), "4 PFLOPS");
});

test("100 P of AI and 4 P of HPC stay two figures, and so do nominal and measured, dense and sparse, in service and planned", () => {
  const lines = [
    line("fp64", 4_000_000n, { basis: "measured", evidence: "HPL Rmax" }),
    line("fp16", 256_000n, { phase: "2", lifeCycle: "planned" }),
    line("fp64", 5_000_000n),
    line("fp16", 256_000n, { pool: "ai", device: ascend(391) }),
    line("fp16", 7n, { sparsity: "sparse" }),
    line("fp16", 1n, { lifeCycle: "retired" }),
    line("fp64", 1_000_000n, { site: "east" }),
  ];
  const totals = (centre: "trial" | "in-service") =>
    capacityTotals(lines, centre).map(
      ({ lifeCycle, precision, sparsity, basis, gigaflops }) =>
        `${lifeCycle} ${precision} ${sparsity} ${basis} ${gigaflops}`,
    );
  assert.deepEqual(totals("in-service"), [
    "planned fp16 dense nominal 256000",
    "in-service fp64 dense measured 4000000",
    "in-service fp64 dense nominal 6000000",
    "in-service fp16 dense nominal 100096000",
    "in-service fp16 sparse nominal 7",
  ]);
  assert.deepEqual(
    totals("trial").map((total) => total.split(" ")[0]),
    ["planned", "trial", "trial", "trial", "trial"],
    "nothing is further than its centre",
  );
  assert.equal(stageOf(["in-service", "retired", "planned"]), "retired");
});

test("a pool is in service as soon as some of it is", () => {
  const of = (...stages: StatedCapacity["lifeCycle"][]) =>
    statedStage(
      stages.map((lifeCycle) => ({ pool: "ai", lifeCycle })),
      "ai",
    );
  assert.equal(of("planned", "in-service", "retired"), "in-service");
  assert.equal(of("planned", "building", "retired"), "building");
  assert.equal(of("retired", "retired"), "retired");
  assert.equal(of(), null);
  assert.equal(statedStage([{ pool: "other", lifeCycle: "planned" }], "ai"), null);
});

const nowMs = Date.UTC(2026, 10, 23);
function issues(
  lines: readonly StatedCapacity[],
  { before = [], reported = [] }: { before?: readonly StatedCapacity[]; reported?: readonly string[] } = {},
): string[] {
  return statementIssues(lines, { before, reported, nowMs }).map(
    ({ at, field, words }) => `${at} ${field}: ${phraseWords(words, "en")}`,
  );
}

test("a statement that cannot be is refused at its field", () => {
  const right = line("fp16", 300_000_000n, {
    site: "east",
    phase: "2",
    lifeCycle: "planned",
    inServiceFrom: "2027-06",
  });
  assert.deepEqual(issues([right]), []);
  const wrong: readonly (readonly [change: Partial<StatedCapacity>, field: string])[] = [
    [{ gigaflops: 10n ** 12n + 1n }, "valueGigaflops"],
    [{ gigaflops: 10n ** 9n, device: ascend(1001) }, "valueGigaflops"],
    [{ precision: "fp64", sparsity: "sparse" }, "sparsity"],
    [{ basis: "measured" }, "basis"],
    [{ basis: "measured", evidence: " ", lifeCycle: "trial" }, "evidence"],
    [{ lifeCycle: "retired" }, "lifeCycle"],
    [{ inServiceFrom: "2027-02-30" }, "inServiceFrom"],
    [{ inServiceFrom: "2026-12", lifeCycle: "in-service" }, "inServiceFrom"],
  ];
  for (const [change, field] of wrong)
    assert.deepEqual(
      statementIssues([{ ...right, ...change }], { before: [], reported: [], nowMs }).map((issue) => issue.field),
      [field],
      JSON.stringify(change, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
    );
  assert.deepEqual(
    issues([{ ...right, inServiceFrom: "2026-11", lifeCycle: "in-service" }]),
    [],
    "this month has begun",
  );
});

test("a line keeps to the life-cycle; the refusal names what may follow", () => {
  const planned = line("fp16", 1n, { lifeCycle: "planned" });
  const to = (lifeCycle: StatedCapacity["lifeCycle"], from = planned) =>
    statementIssues([{ ...from, lifeCycle }], { before: [from], reported: [], nowMs }).map(({ words }) => [
      phraseWords(words, "en"),
      phraseWords(words, "zh"),
    ]);
  assert.deepEqual(to("building"), []);
  assert.deepEqual(to("in-service"), [
    ["goes from planned to building or retired, not to in service", "规划之后只能是在建或退役，不能是在用"],
  ]);
  assert.deepEqual(to("trial", { ...planned, lifeCycle: "retired" }), [
    [
      "is retired, which is final: state what takes its place on a new line",
      "已退役，不再改变：请以新的一行登记其替代者",
    ],
  ]);
});

test("nothing is counted twice: a whole beside its part, or the same two times", () => {
  const whole = line("fp16", 300n, { site: "east", phase: "2" });
  const part = line("fp16", 1n, { site: "east", phase: "2", pool: "ai", device: ascend(64) });
  assert.deepEqual(
    issues([whole, part]).map((words) => words.slice(0, 4)),
    ["1 : "],
  );
  assert.deepEqual(
    issues([part, whole]).map((words) => words.slice(0, 4)),
    ["1 : "],
  );
  assert.deepEqual(issues([part, { ...part, line: 99 }]).length, 1);
  const apart: readonly Partial<StatedCapacity>[] = [
    { phase: "1" },
    { precision: "bf16" },
    { sparsity: "sparse" },
    { basis: "measured" },
    { lifeCycle: "planned" },
  ];
  for (const change of apart) assert.deepEqual(issues([whole, { ...part, ...change }]), [], JSON.stringify(change));
  const retired = { ...part, lifeCycle: "retired" } as const;
  assert.deepEqual(issues([retired, { ...retired, line: 98 }], { before: [retired, { ...retired, line: 98 }] }), []);
});

test("a site lies in one place", () => {
  const here = line("fp16", 1n, { site: "east", regionCode: "370100" });
  const there = line("fp64", 1n, { site: "east", regionCode: "370200" });
  assert.deepEqual(
    issues([here, there]).map((words) => words.slice(0, 12)),
    ["1 regionCode"],
  );
  assert.deepEqual(issues([here, { ...there, site: "west" }]), []);
  const codes = (lines: readonly StatedCapacity[]) => lines.map(({ line: at, regionCode }) => [at, regionCode]);
  const [one, other] = [here.line, there.line];
  assert.deepEqual(codes(withLine([here, { ...there, regionCode: "370100" }], there)), [
    [one, "370200"],
    [other, "370200"],
  ]);
  assert.deepEqual(codes(withLine([here], { ...there, regionCode: null })), [
    [one, "370100"],
    [other, "370100"],
  ]);
  assert.deepEqual(codes(withLine([here, { ...there, site: "west" }], { ...there, site: "west", regionCode: null })), [
    [one, "370100"],
    [other, null],
  ]);
});

test("a pool that serves is not planned again by a line of its extension; one not in service goes the way of its lines", () => {
  const extension = line("fp16", 1n, { pool: "ai", lifeCycle: "planned", device: ascend(128) });
  const present = line("fp16", 1n, { pool: "ai", device: ascend(64) });
  assert.deepEqual(issues([extension]), [], "not reported yet");
  assert.match(issues([extension], { reported: ["ai"] })[0] ?? "", /^0 pool: pool ai is in service/);
  assert.deepEqual(issues([extension, present], { reported: ["ai"] }), []);
  assert.deepEqual(issues([{ ...present, lifeCycle: "retired" }], { reported: ["ai"], before: [present] }), []);
  assert.match(
    issues([], { reported: ["ai"], before: [extension] })[0] ?? "",
    /^0 pool: pool ai would go from planned to in/,
  );
  assert.deepEqual(issues([], { reported: ["ai"], before: [present] }), []);
  const ended = { ...present, lifeCycle: "retired" } as const;
  for (const after of [[], [ended, { ...present, line: 2 }]])
    assert.match(
      issues(after, { reported: ["ai"], before: [ended] }).join(),
      /^0 pool: pool ai is retired, which is final: /,
    );
});

test("the life-cycle goes planned → building → trial → in service → retired; only capacity in service runs jobs", () => {
  for (let i = 1; i < lifeCycles.length; i++) {
    const [from, to] = [lifeCycles[i - 1], lifeCycles[i]];
    assert(from && to);
    assert.deepEqual(move(from, to), { kind: "moved", lifeCycle: to });
    assert.equal(move(to, "planned").kind, "illegal");
  }
  assert.deepEqual(legalMoves.retired, []);
  assert.deepEqual(move("planned", "in-service"), {
    kind: "illegal",
    from: "planned",
    to: "in-service",
    legal: ["building", "retired"],
  });
  assert.deepEqual(
    lifeCycles.filter((each) => runsJobs[each]),
    ["in-service"],
  );
});
