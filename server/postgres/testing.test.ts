import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { testDatabase } from "./testing.ts";

async function ask(config: pg.ClientConfig, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test("each test has a database of its own, prepared once", async () => {
  let preparations = 0;
  const prepare = async ({ config }: { readonly config: pg.ClientConfig }) => {
    preparations++;
    await ask(config, "CREATE TABLE fruit (name text); INSERT INTO fruit VALUES ('quince')");
  };
  const [first, second] = await Promise.all([
    testDatabase({ fsync: false, prepare }),
    testDatabase({ fsync: false, prepare }),
  ]);
  await ask(first.config, "INSERT INTO fruit VALUES ('medlar')");
  assert.deepEqual(await ask({ connectionString: second.url }, "SELECT name FROM fruit"), [{ name: "quince" }]);
  assert.equal(preparations, 1);
  await first.drop();
  await assert.rejects(ask(first.config, "SELECT 1"), /does not exist/);
});

test("the role is no superuser, and durability is only given up when asked", async () => {
  const database = await testDatabase();
  const [row] = await ask(
    database.config,
    "SELECT usesuper, current_setting('fsync') AS fsync, current_setting('data_checksums') AS checksums FROM pg_user WHERE usename = current_user",
  );
  assert.deepEqual(row, { usesuper: false, fsync: "on", checksums: "on" });
});
