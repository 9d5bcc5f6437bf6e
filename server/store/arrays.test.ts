import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { byteas, int4s, int8s, jsonbs, jsons, texts } from "./arrays.ts";
import { type TestStore, testStore } from "./testing.ts";

let store: TestStore;
before(async () => {
  store = await testStore();
});
after(() => store.end());

/** What PostgreSQL makes of it. */
async function read(type: string, parameter: Buffer): Promise<unknown> {
  const { rows } = await store.db.pool.query(`select array(select unnest($1::${type}[]))::text[] as values`, [
    parameter,
  ]);
  return rows[0].values;
}

test("PostgreSQL reads each value as it was given, at the ends of its range too", async () => {
  const safe = Number.MAX_SAFE_INTEGER;
  assert.deepEqual(await read("int8", int8s([0, 1, -1, null, 2 ** 32, -(2 ** 32) - 1, safe, -safe, 2n ** 63n - 1n])), [
    ...["0", "1", "-1", null, "4294967296", "-4294967297", `${safe}`, `-${safe}`, "9223372036854775807"],
  ]);
  const most = 2 ** 31 - 1;
  assert.deepEqual(await read("int4", int4s([0, null, most, -most - 1])), ["0", null, `${most}`, `${-most - 1}`]);
  assert.deepEqual(await read("int4", int4s([])), []);
  const bytes = [Buffer.from([0, 255]), null, Buffer.alloc(0)];
  assert.deepEqual(await read("bytea", byteas(bytes)), ["\\x00ff", null, "\\x"]);
});

test("texts of any length and script, the same one after another, and beside a call that made a long one", async () => {
  const long = "漢é😀x".repeat(500_000);
  const some = ["", null, "a", "a", "é", "漢字 😀", null, "é"];
  for (const values of [some, [long], [long, long, "b"], some, ["x".repeat(30_000), "é".repeat(30_000)], some])
    assert.deepEqual(await read("text", texts(values)), values);
  const documents = ['{"a": "é"}', null, '{"a": "é"}', "[]"];
  assert.deepEqual(await read("json", jsons(documents)), documents);
  assert.deepEqual(await read("jsonb", jsonbs(documents)), documents);
  // What was given away is nobody else's.
  const [first, second] = [texts(["first"]), texts(["second"])];
  assert.deepEqual([await read("text", first), await read("text", second)], [["first"], ["second"]]);
});

test("a number that would become another one is our own mistake", () => {
  for (const value of [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]) assert.throws(() => int4s([value]), /int4/);
  for (const value of [2 ** 53, 0.5, Number.NaN]) assert.throws(() => int8s([value]), /exactly/);
});
