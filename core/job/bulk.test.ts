import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { admit } from "#core/job/admit.ts";
import { admitBulk, type KeyedRequest } from "#core/job/bulk.ts";
import { findCycle } from "#core/job/cycle.ts";
import { policies } from "#core/scheduling/policy.ts";

const most = 1_000_000;
const limits = {
  scriptBytes: most,
  inputFilesBytes: most,
  arrayTasks: 1000,
  environmentVariables: 10,
  environmentValueChars: most,
  nameChars: 200,
  labels: 10,
  dependencies: 100,
  timeLimitS: most,
  nodes: most,
  tasks: most,
  cores: most,
  memoryMib: most,
  accelerators: 8,
};
const context = {
  defaultProject: "default",
  projects: [{ name: "default", tenant: "default" }],
  classes: policies.weir,
  centres: ["local"],
  limits,
  nowMs: 0,
};

function job(key: string, ...after: string[]): KeyedRequest {
  return { key, command: ["true"], dependencies: after.map((other) => ({ kind: "afterok", job: other })) };
}

test("jobs of one call depend on each other by key, in any order", () => {
  const answer = admitBulk([job("last", "first", "7"), job("first"), { command: ["true"] }], context);
  assert.ok(answer.kind === "admitted");
  assert.deepEqual(
    answer.jobs.map(({ after }) => after.map(({ position }) => position)),
    [[1], [], []],
  );
  assert.deepEqual(answer.jobs[0]?.spec.dependencies, [{ kind: "afterok", job: 7, index: null }]);
});

test("refusals name the job", () => {
  const array = (key: string, text: string): KeyedRequest => ({ ...job(key), array: text });
  const cases: readonly (readonly [string, readonly KeyedRequest[], string, number | null])[] = [
    ["a circle", [job("a", "b"), job("b", "c"), job("c", "a")], "dependency-cycle", null],
    ["itself", [job("a", "a")], "dependency-cycle", null],
    ["a key twice", [job("a"), job("a")], "invalid-request", null],
    ["no such key", [job("a"), job("b", "z")], "unknown-dependency", 1],
    ["one job is bad", [job("a"), { key: "b" }], "invalid-request", 1],
    [
      "other indices",
      [array("a", "1-3"), { ...array("b", "1-4"), dependencies: [{ kind: "aftercorr", job: "a" }] }],
      "array-mismatch",
      1,
    ],
    [
      "no such index",
      [array("a", "1-3"), { ...job("b"), dependencies: [{ kind: "afterok", job: "a", index: 4 }] }],
      "unknown-dependency",
      1,
    ],
  ];
  for (const [what, jobs, kind, position] of cases) {
    const answer = admitBulk(jobs, context);
    assert.ok(answer.kind === "refused", what);
    assert.deepEqual([answer.refusal.kind, answer.position], [kind, position], what);
  }
  const same = [
    array("a", "1-3"),
    { ...array("b", "1,2,3"), dependencies: [{ kind: "aftercorr", job: "a" }] },
  ] as const;
  assert.equal(admitBulk(same, context).kind, "admitted");
});

test("a circle is printed in order", () => {
  const edges = new Map([
    ["x", ["a"]],
    ["a", ["b"]],
    ["b", ["c", "a"]],
    ["c", []],
  ]);
  assert.deepEqual(findCycle(edges), ["a", "b", "a"]);
});

test("a chain as long as a bulk submission needs no deep stack", () => {
  const chain = new Map(Array.from({ length: 100_000 }, (_, at) => [at, [at + 1]]));
  assert.equal(findCycle(chain), null);
  assert.equal(findCycle(chain.set(100_000, [50_000]))?.length, 50_002);
});

test("property: a circle is found exactly where nodes cannot be taken away one by one", () => {
  const graph = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 14 });
  fc.assert(
    fc.property(graph, (pairs) => {
      const edges = new Map<number, number[]>();
      for (const [from, to] of pairs) edges.set(from, [...(edges.get(from) ?? []), to]);
      const cycle = findCycle(edges);
      const left = new Set(pairs.flat());
      for (let again = true; again; ) {
        again = false;
        for (const node of left) {
          if ((edges.get(node) ?? []).some((to) => left.has(to))) continue;
          left.delete(node);
          again = true;
        }
      }
      assert.equal(cycle !== null, left.size > 0);
      for (const [at, node] of (cycle ?? []).entries()) {
        const next = cycle?.[at + 1];
        if (next !== undefined) assert.ok(edges.get(node)?.includes(next));
      }
    }),
  );
});

test("each of many like jobs becomes what it would become alone", () => {
  const request = fc.record(
    {
      key: fc.constant(undefined),
      command: fc.constantFrom(["true"], ["true", "1"], ["false"]),
      environment: fc.constantFrom({}, { A: "1" }, { A: "2" }, { B: "1" }),
      labels: fc.constantFrom({}, { a: "" }),
      timeLimitS: fc.constantFrom(60, undefined),
      accelerators: fc.constantFrom(
        undefined,
        { perNode: 1 },
        { perNode: 1, model: "a" },
        { perNode: 1, vendor: null },
      ),
    },
    { requiredKeys: ["command"] },
  );
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 12 }), (requests) => {
      const answer = admitBulk(requests, context);
      assert.ok(answer.kind === "admitted");
      assert.deepEqual(
        answer.jobs,
        requests.map((one) => admit(one, context)),
      );
    }),
  );
  const like = admitBulk([job("a"), job("b"), { command: ["false"] }], context);
  assert.ok(like.kind === "admitted" && like.jobs[0] === like.jobs[1] && like.jobs[1] !== like.jobs[2]);
});
