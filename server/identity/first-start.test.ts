import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { testDatabase } from "#server/postgres/testing.ts";
import { type Database, migrate, openDatabase } from "#server/store/database.ts";
import { firstStart, machineEnrolment, machineToken, startLink } from "./first-start.ts";
import { openGate } from "./gate.ts";
import { hashSecret } from "./secret.ts";
import { signInWithCode } from "./sign-in.ts";

let db: Database;
before(async () => {
  const { config } = await testDatabase({ fsync: false });
  db = openDatabase(config);
  await migrate(db);
});
after(() => db.close());

const nowMs = 1_700_000_000_000;
const codeOf = (link: string) => new URL(link).hash.replace("#code=", "");

test("of several first starts at once, one makes the rows; a later one makes none", async () => {
  const made = await Promise.all([1, 2, 3].map(() => firstStart(db, nowMs)));
  assert.deepEqual(made.filter(Boolean).length, 1);
  assert.equal(await firstStart(db, nowMs), false);
  const { rows } = await db.pool.query(
    `select (select count(*) from tenant) as tenants, (select count(*) from project) as projects,
       (select count(*) from person where administrator) as administrators,
       (select contract || ' ' || life_cycle from pool where centre_id = 'local') as pool`,
  );
  assert.deepEqual(rows, [{ tenants: 1, projects: 1, administrators: 1, pool: "dedicated in-service" }]);
});

test("each start has a fresh link, and the one before is taken back", async () => {
  const first = await startLink(db, "http://127.0.0.1:8470", nowMs);
  const second = await startLink(db, "http://127.0.0.1:8470", nowMs);
  assert.match(second, /^http:\/\/127\.0\.0\.1:8470\/sign-in#code=weir-code-/);
  assert.equal((await signInWithCode(db, codeOf(first), "cookie", nowMs)).kind, "refused");
  assert.equal((await signInWithCode(db, codeOf(second), "cookie", nowMs)).kind, "signed-in");
});

test("the machine's token stays while it is good, and is replaced when it is not", async () => {
  const gate = openGate(db, () => nowMs);
  const status = async (secret: string) => (await gate.bySecret({ kind: "token", secret })).kind;
  const token = await machineToken(db, undefined, nowMs);
  assert.equal(await machineToken(db, token, nowMs), token);
  assert.equal(await status(token), "person");
  const other = await machineToken(db, "weir-token-of-another-database", nowMs);
  gate.forget();
  assert.notEqual(other, token);
  assert.deepEqual([await status(token), await status(other)], ["refused", "person"]);
});

test("an enrolment token is of its centre, for a day, and of no centre that is not there", async () => {
  const token = await machineEnrolment(db, "local", nowMs);
  const { rows } = await db.pool.query<{ centre_id: string; expires_ms: number }>(
    "select centre_id, expires_ms from centre_credential where secret_hash = $1",
    [hashSecret(token)],
  );
  assert.deepEqual(rows, [{ centre_id: "local", expires_ms: nowMs + 86_400_000 }]);
  await assert.rejects(machineEnrolment(db, "nowhere", nowMs), /no centre nowhere/);
});
