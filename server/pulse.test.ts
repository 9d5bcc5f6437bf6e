import assert from "node:assert/strict";
import { test } from "node:test";
import { holds } from "#server/patience-testing.ts";
import { testDatabase } from "#server/postgres/testing.ts";
import { openDatabase } from "#server/store/database.ts";
import { watchStore } from "./pulse.ts";

test("a store that goes away is trouble, in words", async () => {
  const { config, drop } = await testDatabase({ fsync: false });
  const db = openDatabase(config);
  const pulse = watchStore(db, 10);
  await db.pool.query("select 1");
  assert.equal(pulse.trouble(), null);
  await drop();
  await holds(() => assert.match(pulse.trouble() ?? "", /^PostgreSQL does not answer( \(\w+\))?$/));
  pulse.close();
  await db.close();
});
