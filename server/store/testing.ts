import { createHash, randomUUID } from "node:crypto";
import { jobId, personId, projectId, tenantId } from "#core/ids.ts";
import type { JobSpec } from "#core/job/spec.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { testDatabase } from "#server/postgres/testing.ts";
import { type Database, migrate, openDatabase } from "./database.ts";
import type { AdmittedJob, Submission } from "./submission.ts";

/** For tests: a migrated database with tenant 1, project 1, person 1 (a member) and person 2 (a stranger). */
export async function testStore(options: { readonly fsync?: boolean } = {}): Promise<TestStore> {
  const { config, drop } = await testDatabase({ fsync: options.fsync ?? false, prepare });
  const db = openDatabase(config);
  return {
    db,
    config,
    end: async () => {
      await db.close();
      await drop();
    },
  };
}

export type TestStore = {
  readonly db: Database;
  readonly config: { readonly host: string; readonly database: string; readonly user: string };
  readonly end: () => Promise<void>;
};

export const tenant = tenantId(1);
export const project = projectId(1);
export const member = personId(1);
export const stranger = personId(2);

/** SQL of the rows that the tests stand on. */
export const foundations = `
    insert into tenant (name, title, created_ms) values ('default', 'Default', 0);
    insert into project (tenant_id, name, title, created_ms) values (1, 'default', 'Default', 0);
    insert into person (name, title, administrator, created_ms) values ('ada', 'Ada', false, 0), ('eve', 'Eve', false, 0);
    insert into membership values (1, 1);
    insert into centre (id, name, driver, life_cycle, created_ms) values ('alpha', 'Alpha', 'process', 'in-service', 0);
    insert into pool (centre_id, name, contract, life_cycle) values ('alpha', 'default', 'dedicated', 'in-service');`;

async function prepare({ url }: { readonly url: string }): Promise<void> {
  const db = openDatabase(url);
  await migrate(db);
  await db.pool.query(foundations);
  await db.close();
}

export function spec(changes: Partial<JobSpec> = {}): JobSpec {
  return { ...sampleSpec, ...changes };
}

export function admitted(changes: Partial<JobSpec> = {}, arrayText: string | null = null): AdmittedJob {
  return { project, spec: spec(changes), arrayText, defaults: [], warnings: [], after: [] };
}

/** With a fresh key unless one is given; the answer is `{"ids":[…]}`. */
export function submission(jobs: readonly AdmittedJob[], key: string | null = randomUUID(), body = "body"): Submission {
  return {
    tenant,
    person: member,
    idempotency: key === null ? null : { key, bodyHash: createHash("sha256").update(body).digest() },
    jobs,
    status: 201,
    answer: (ids) => JSON.stringify({ ids }),
  };
}

export function idsOf(body: string): ReturnType<typeof jobId>[] {
  const parsed: { ids: number[] } = JSON.parse(body);
  return parsed.ids.map(jobId);
}
