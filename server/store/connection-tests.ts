import type pg from "pg";
import type { AskedTest } from "#api/agent.ts";
import type { ConnectionTest } from "#api/connection-test.ts";
import type { DriverName } from "#core/centre/centre.ts";
import { type CheckResult, checkNames, type Graded, gradeOf, type TestReport } from "#core/centre/connection-test.ts";
import type { CentreId } from "#core/ids.ts";
import type { Database } from "./database.ts";

type Query = Pick<pg.Pool, "query">;

/** A test of which nothing has been heard for so long may be asked for anew. */
export const abandonedAfterMs = 600_000;

/**
 * Asks for a connection test, or finds the one that is under way: there is one at a time for each centre. Null where
 * there is no such centre.
 */
export async function askTest(
  db: Query,
  asked: {
    readonly centre: string;
    readonly person: number;
    readonly project: number;
    readonly pool: string | null;
    readonly nowMs: number;
  },
): Promise<number | null> {
  const { centre, person, project, pool, nowMs } = asked;
  await db.query(
    `update connection_test set state = 'abandoned', ended_ms = $2
     where centre_id = $1 and state in ('asked', 'running') and coalesce(told_ms, asked_ms) < $2 - $3::bigint`,
    [centre, nowMs, abandonedAfterMs],
  );
  await db.query(
    `with made as (
       insert into connection_test (centre_id, person_id, project_id, pool, asked_ms)
       select id, $2, $3, $4, $5 from centre where id = $1
       on conflict (centre_id) where state in ('asked', 'running') do nothing returning id, centre_id
     ), noted as (
       insert into act (at_ms, person_id, kind, about_kind, about, facts)
       select $5, $2, 'test-asked', 'centre', centre_id, jsonb_build_object('test', id) from made
     )
     insert into event (at_ms, kind, centre_id, cause)
     select $5, 'centre-changed', centre_id, 'person:' || $2 || ' asks for connection test ' || id from made`,
    [centre, person, project, pool, nowMs],
  );
  const { rows } = await db.query<{ id: number }>(
    "select id from connection_test where centre_id = $1 and state in ('asked', 'running')",
    [centre],
  );
  return rows[0]?.id ?? null;
}

/** What the centre's agent is to run; null: nothing. */
export async function readAskedTest(db: Query, centre: CentreId): Promise<AskedTest | null> {
  const { rows } = await db.query<{
    id: number;
    pool: string | null;
    person_id: number;
    person: string;
    project_id: number;
    project: string;
  }>(
    `select test.id, test.pool, person.id as person_id, person.name as person, project.id as project_id,
       project.name as project
     from connection_test as test join person on person.id = person_id join project on project.id = project_id
     where centre_id = $1 and state in ('asked', 'running')`,
    [centre],
  );
  const [row] = rows;
  if (!row) return null;
  return {
    id: row.id,
    pool: row.pool,
    person: { id: row.person_id, name: row.person },
    project: { id: row.project_id, name: row.project },
  };
}

/** What is known so far. False where that test is not under way at that centre. */
export async function noteProgress(
  db: Query,
  told: {
    readonly centre: CentreId;
    readonly test: number;
    readonly checks: readonly CheckResult[];
    readonly nowMs: number;
  },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update connection_test set state = 'running', checks = $3::jsonb, told_ms = $4
     where id = $2 and centre_id = $1 and state in ('asked', 'running')`,
    [told.centre, told.test, JSON.stringify(told.checks), told.nowMs],
  );
  return rowCount === 1;
}

export type Signing = { readonly id: string; readonly sign: (text: string) => string };

/**
 * Grades, signs and keeps the report, and puts a centre on trial into service where the grade is a passing one, in one
 * transaction. Null where that test is not under way at that centre.
 */
export async function endTest(
  db: Database,
  key: Signing,
  told: {
    readonly centre: CentreId;
    readonly test: number;
    readonly agentVersion: string;
    readonly checks: readonly CheckResult[];
    readonly agentNowMs: number;
    readonly nowMs: number;
  },
): Promise<Graded | null> {
  const { centre, test, nowMs } = told;
  const client = await db.pool.connect();
  try {
    await client.query("begin");
    const { rows } = await client.query<{ asked_ms: number; person: string; driver: DriverName }>(
      `select asked_ms, person.name as person, driver
       from connection_test join person on person.id = person_id join centre on centre.id = centre_id
       where connection_test.id = $1 and centre_id = $2 and state in ('asked', 'running') for update of connection_test`,
      [test, centre],
    );
    const [row] = rows;
    if (!row) {
      await client.query("rollback");
      return null;
    }
    const clockSkewMs = told.agentNowMs - nowMs;
    const checks = [...told.checks].sort((a, b) => checkNames.indexOf(a.check) - checkNames.indexOf(b.check));
    const graded = gradeOf(checks, clockSkewMs);
    const report: TestReport = {
      kind: "weir-connection-test",
      version: 1,
      centre,
      test,
      driver: row.driver,
      agentVersion: told.agentVersion,
      askedBy: row.person,
      askedMs: row.asked_ms,
      endedMs: nowMs,
      clockSkewMs,
      ...graded,
      checks,
    };
    const document = JSON.stringify(report);
    await client.query(
      `update connection_test set state = 'ended', checks = $2::jsonb, costs = $3::jsonb, grade = $4, told_ms = $5,
         ended_ms = $5, document = $6, signature = $7, key_id = $8 where id = $1`,
      [
        test,
        JSON.stringify(checks),
        JSON.stringify(graded.costs),
        graded.grade,
        nowMs,
        document,
        key.sign(document),
        key.id,
      ],
    );
    if (graded.grade !== null)
      await client.query("update centre set life_cycle = 'in-service' where id = $1 and life_cycle = 'trial'", [
        centre,
      ]);
    await client.query(`insert into event (at_ms, kind, centre_id, cause) values ($1, 'centre-changed', $2, $3)`, [
      nowMs,
      centre,
      `connection test ${test} ended with ${graded.grade === null ? "no grade" : `grade ${graded.grade}`}`,
    ]);
    await client.query("commit");
    return graded;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

/** Newest first. `only`: the one of that number. */
export async function readTests(
  db: Query,
  page: { readonly centre: string; readonly before: number | null; readonly limit: number; readonly only?: number },
): Promise<readonly ConnectionTest[]> {
  const { rows } = await db.query<TestRow>(
    `select test.id, test.centre_id, test.state, person.name as person, test.asked_ms, test.ended_ms, test.pool,
       test.checks, test.costs, test.grade, test.document, test.signature, test.key_id
     from connection_test as test join person on person.id = person_id
     where centre_id = $1 and ($2::bigint is null or test.id < $2) and ($4::bigint is null or test.id = $4)
     order by test.id desc limit $3`,
    [page.centre, page.before, page.limit, page.only ?? null],
  );
  return rows.map((row) => ({
    id: row.id,
    centre: row.centre_id,
    state: row.state,
    askedBy: row.person,
    askedMs: row.asked_ms,
    endedMs: row.ended_ms,
    pool: row.pool,
    checks: row.checks,
    of: checkNames.length,
    grade: row.grade,
    costs: row.costs,
    document: row.document,
    signature: row.signature,
    key: row.key_id,
  }));
}

type TestRow = Pick<
  ConnectionTest,
  "id" | "state" | "pool" | "checks" | "costs" | "grade" | "document" | "signature"
> & {
  readonly centre_id: string;
  readonly person: string;
  readonly asked_ms: number;
  readonly ended_ms: number | null;
  readonly key_id: string | null;
};

export async function readNetworkKeys(
  db: Query,
): Promise<readonly { readonly id: string; readonly publicKeyPem: string; readonly createdMs: number }[]> {
  const { rows } = await db.query<{ id: string; publicKeyPem: string; createdMs: number }>(
    `select id, public_pem as "publicKeyPem", created_ms as "createdMs" from network_key order by created_ms desc, id`,
  );
  return rows;
}
