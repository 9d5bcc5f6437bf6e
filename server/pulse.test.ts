import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { testDatabase } from "#server/postgres/testing.ts";
import { openDatabase } from "#server/store/database.ts";
import { watchStore } from "./pulse.ts";

test("a store that goes away is trouble, in words", async () => {
  const { config, drop } = await testDatabase({ fsync: false });
  const db = openDatabase(config);
  const pulse = watchStore(db, 10);
  const until = async (wanted: (trouble: string | null) => boolean) => {
    for (let i = 0; i < 500; i++) {
      if (wanted(pulse.trouble())) return;
      await delay(10);
    }
    assert.fail(`trouble stayed ${pulse.trouble()}`);
  };
  await db.pool.query("select 1");
  assert.equal(pulse.trouble(), null);
  await drop();
  await until((trouble) => /^PostgreSQL does not answer( \(\w+\))?$/.test(trouble ?? ""));
  pulse.close();
  await db.close();
});
