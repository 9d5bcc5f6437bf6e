import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { openNames } from "./names.ts";

test("a person's id becomes a name where the store wrote it, and nowhere in what somebody typed", async () => {
  const asked: unknown[] = [];
  const pool = Object.assign(new pg.Pool(), {
    query: async (_: string, values: unknown) => {
      asked.push(values);
      return { rows: [{ id: 7, name: "ada" }] };
    },
  });
  const names = openNames(pool);
  const causes = ["person:7", "cancelled by person:7: not needed", "lost: person:7 said so"];
  assert.deepEqual(causes.map(names.knows), [false, false, true]);
  await names.learn(causes);
  assert.deepEqual(asked, [[[7]]]);
  assert.deepEqual(causes.map(names.words), ["ada", "cancelled by ada: not needed", "lost: person:7 said so"]);
});
