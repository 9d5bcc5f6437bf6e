import type pg from "pg";
import { projectId } from "#core/ids.ts";
import { phrase } from "#core/job/phrase.ts";
import { answer, type Handlers, type Refused, refused } from "#server/http/handler.ts";
import type { Person } from "#server/identity/caller.ts";
import {
  askTest,
  endTest,
  noteProgress,
  readNetworkKeys,
  readTests,
  type Signing,
} from "#server/store/connection-tests.ts";
import type { Database } from "#server/store/database.ts";
import { hasLeft } from "./left.ts";
import { once } from "./once.ts";
import { cutPage, readCursor } from "./paging.ts";

/** Connection tests: asked for by people, run by the centre's agent, graded and signed here. */
export function connectionTestHandlers(context: TestContext): Pick<Handlers, TestRoute> {
  const { db, feed, networkKey, now } = context;
  return {
    async addTest({ caller, params, body, idempotency }) {
      const asked = await once(db, { caller, idempotency }, 201, async (client) => {
        const project = projectOf(caller, body.project);
        if (project === null)
          return refused({ kind: "unknown-project", project: body.project ?? "", known: names(caller) });
        const pool = body.pool ?? null;
        const left = await hasLeft(client, params.centre, "test");
        const trouble = left ?? (pool === null ? null : await noSuchPool(client, params.centre, pool));
        if (trouble) return trouble;
        const test = await askTest(client, { centre: params.centre, person: caller.id, project, pool, nowMs: now() });
        const [found] = test === null ? [] : await readTests(client, { ...one(params.centre), only: test });
        return found ? answer(found) : refused({ kind: "not-found", what: "centre", id: params.centre });
      });
      feed.wake();
      return asked;
    },

    async tests({ params, query }) {
      const before = readCursor(query.cursor);
      if (typeof before === "object" && before !== null) return before;
      const found = await readTests(db.pool, { centre: params.centre, before, limit: query.limit + 1 });
      const page = cutPage(found, query.limit, (test) => test.id);
      return answer({ tests: [...page.rows], next: page.next });
    },

    async test({ params }) {
      const [found] = await readTests(db.pool, { ...one(params.centre), only: params.test });
      return found ? answer(found) : refused({ kind: "not-found", what: "test", id: String(params.test) });
    },

    async networkKeys() {
      const keys = await readNetworkKeys(db.pool);
      return answer({ keys: keys.map((key) => ({ ...key, algorithm: "Ed25519" as const })) });
    },

    async postTest({ caller, body }) {
      const { test, checks, nowMs: agentNowMs, agentVersion } = body;
      const told = { centre: caller.centre, test, checks, nowMs: now() };
      const taken = body.ended
        ? (await endTest(db, networkKey, { ...told, agentVersion, agentNowMs })) !== null
        : await noteProgress(db.pool, told);
      if (!taken) return refused({ kind: "not-found", what: "test", id: String(test) });
      if (body.ended) feed.wake();
      return answer({});
    },
  };
}

type TestRoute = "addTest" | "tests" | "test" | "networkKeys" | "postTest";
export type TestContext = {
  readonly db: Database;
  readonly feed: { readonly wake: () => void };
  readonly networkKey: Signing;
  readonly now: () => number;
};

/** Of those that the centre has reported; before it has reported any, its agent says what there is. */
async function noSuchPool(client: pg.PoolClient, centre: string, pool: string): Promise<Refused | null> {
  const { rows } = await client.query<{ name: string }>("select name from pool where centre_id = $1 order by id", [
    centre,
  ]);
  const known = rows.map(({ name }) => name);
  if (known.length === 0 || known.includes(pool)) return null;
  const words = phrase("no-such-pool", { centre, pool, known: known.join(", ") });
  return refused({ kind: "invalid-request", issues: [{ path: "pool", words }] });
}

const one = (centre: string) => ({ centre, before: null, limit: 1 });

/** The one that is named, else the caller's first, else the network's first. */
function projectOf(caller: Person, name: string | undefined): number | null {
  if (name === undefined) return caller.projects[0]?.id ?? projectId(1);
  return caller.projects.find((project) => project.name === name)?.id ?? null;
}

function names(caller: Person): readonly string[] {
  return caller.projects.map(({ name }) => name);
}
