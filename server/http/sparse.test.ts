import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { jobRequest } from "#api/job.ts";
import { routes } from "#api/routes.ts";
import { parseSparse } from "./sparse.ts";

/** Some of them wrong, some right only beside others. */
const said: Readonly<Record<string, readonly unknown[]>> = {
  name: ["a", "", 7],
  script: ["#!/bin/sh\n"],
  command: [["true"], [], "true"],
  environment: [{ A: "1" }, { "1": "1" }, { A: 1 }],
  nodes: [1, 0, 1.5, "1"],
  accelerators: [{ perNode: 1 }, { perNode: 1, model: null }, { perNode: 1, other: 1 }, {}],
  dependencies: [[{ kind: "afterok", job: 1, index: null }], [{ kind: "after", job: 1 }]],
  onUnreachable: [{ kind: "wait" }, { kind: "restart-after", delayS: 1 }, null],
  labels: [{ a: "b" }, {}],
  centres: [{ only: ["local"] }, { nobody: 1 }],
  retries: [0, -1, undefined],
  nothingLikeIt: [1],
};
const request = fc
  .record(Object.fromEntries(Object.entries(said).map(([name, values]) => [name, fc.constantFrom(...values)])), {
    requiredKeys: [],
  })
  .map((value) => ({ ...value }));

test("of what is there it makes what the schema makes, or leaves it to the schema", () => {
  fc.assert(
    fc.property(request, (value) => {
      const whole = jobRequest.safeParse(value);
      const sparse = parseSparse(jobRequest, value);
      if (sparse !== null) assert.deepEqual(sparse, whole.data);
      else assert(!whole.success || Object.values(value).includes(undefined));
    }),
  );
});

test("a schema that must see what is absent, or all at once, is left alone", () => {
  for (const schema of [
    z.strictObject({ a: z.int().default(1) }),
    z.strictObject({ a: z.int() }),
    z.strictObject({ a: z.int().optional() }).refine(({ a }) => a !== 1),
    z.strictObject({ a: z.int().optional() }).transform(() => 7),
    z.array(z.int()),
  ])
    for (const value of [{}, { a: 1 }, [], null, "a"]) assert.equal(parseSparse(schema, value), null);
  assert.deepEqual(parseSparse(z.strictObject({ a: z.int().optional() }), { a: 1 }), { a: 1 });
  assert.notEqual(parseSparse(routes.submit.body, { command: ["true"] }), null, "what a job is submitted with is not");
});
