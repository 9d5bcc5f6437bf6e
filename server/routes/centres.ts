import type pg from "pg";
import type { Centre } from "#api/network.ts";
import { legalIntakeSteps } from "#core/centre/intake.ts";
import { parseRegion } from "#core/centre/region.ts";
import { centreId } from "#core/ids.ts";
import { oneRegionWrong } from "#core/job/weir-options.ts";
import type { World } from "#core/scheduling/world.ts";
import { answer, type Handlers, type Refused, refused } from "#server/http/handler.ts";
import { newEnrolment } from "#server/identity/centre-credential.ts";
import type { Database } from "#server/store/database.ts";
import { noteAct } from "#server/store/note-act.ts";
import { readCentres, readNodes } from "#server/store/read/centres.ts";
import { readOffers } from "#server/store/read/offers.ts";
import { hasLeft } from "./left.ts";
import { once } from "./once.ts";
import { cutPage, readCursor } from "./paging.ts";
import { unknownCentre } from "./visible.ts";

/** Centres, their pools and nodes, and how a new one joins. */
export function centreHandlers(
  context: Context,
): Pick<Handlers, "centres" | "nodes" | "offers" | "addCentre" | "addEnrolment"> {
  const { db, caughtUp, now } = context;
  return {
    async centres({ query }) {
      const found = await readCentres(db.pool, { after: query.cursor ?? null, limit: query.limit + 1 });
      const page = cutPage(found, query.limit, (centre) => centre.id);
      return answer({ centres: page.rows.map((centre) => withHeadroom(centre, context.world())), next: page.next });
    },

    async nodes({ query }) {
      const skip = readCursor(query.cursor);
      if (typeof skip === "object" && skip !== null) return skip;
      const unknown = await unknownCentre(db, query.centre);
      if (unknown) return unknown;
      const from = skip ?? 0;
      const found = await readNodes(db.pool, { centre: query.centre ?? null, skip: from, limit: query.limit + 1 });
      const page = cutPage(found, query.limit, () => from + query.limit);
      return answer({ nodes: [...page.rows], next: page.next });
    },

    async offers({ query }) {
      const unknown = await unknownCentre(db, query.centre);
      if (unknown) return unknown;
      return answer({ offers: [...(await readOffers(db.pool, query.centre ?? null))] });
    },

    async addCentre({ caller, body, idempotency }) {
      const region = body.regionCode === undefined ? null : parseRegion(body.regionCode);
      if (region?.kind === "unknown") {
        const words = oneRegionWrong(region);
        return refused({ kind: "invalid-request", issues: [{ path: "regionCode", words }] });
      }
      const added = await once(db, { caller, idempotency }, 201, async (client) => {
        const { rowCount } = await client.query(
          `insert into centre (id, name, name_zh, region_code, driver, life_cycle, created_ms)
           values ($1, $2, $3, $4, $5, 'trial', $6) on conflict do nothing`,
          [body.id, body.name ?? body.id, body.nameZh ?? null, body.regionCode ?? null, body.driver, now()],
        );
        if (rowCount === 0) return refused({ kind: "already-exists", what: "centre", id: body.id });
        // The one pool of a machine is known beforehand; other engines report theirs.
        await client.query(
          `insert into pool (centre_id, name, contract, life_cycle)
           select $1, 'default', 'dedicated', 'in-service' where $2 = 'process'`,
          [body.id, body.driver],
        );
        await client.query(`insert into event (at_ms, kind, centre_id, cause) values ($1, 'centre-changed', $2, $3)`, [
          now(),
          centreId(body.id),
          `person:${caller.id}`,
        ]);
        const about = { kind: "centre", id: body.id } as const;
        await noteAct(client, { by: caller.id, about, act: { kind: "centre-added" }, nowMs: now() });
        const [centre] = await readCentres(client, { after: null, limit: 1, only: body.id });
        return centre ? answer(centre) : refused({ kind: "not-found", what: "centre", id: body.id });
      });
      if (added.kind === "verbatim") await caughtUp();
      return added;
    },

    addEnrolment: ({ caller, params, idempotency }) =>
      once(db, { caller, idempotency }, 201, async (client) => {
        const left = (await hasLeft(client, params.centre, "enrol")) ?? (await isAllButOut(client, params.centre));
        if (left) return left;
        const enrolment = await newEnrolment(client, params.centre, now());
        if (enrolment === null) return refused({ kind: "not-found", what: "centre", id: params.centre });
        const about = { kind: "centre", id: params.centre } as const;
        await noteAct(client, { by: caller.id, about, act: { kind: "enrolment-made" }, nowMs: now() });
        return answer({ centre: params.centre, ...enrolment });
      }),
  };
}

type Context = {
  readonly db: Database;
  readonly world: () => Pick<World, "headroom">;
  readonly caughtUp: () => Promise<void>;
  readonly now: () => number;
};

/** Of a leaving centre an agent is still needed while something is there. */
async function isAllButOut(client: pg.PoolClient, centre: string): Promise<Refused | null> {
  const { rowCount } = await client.query(
    `select from centre c where id = $1 and intake = 'leaving'
       and not exists (select from run where centre_id = c.id and ended_ms is null)`,
    [centre],
  );
  const legal = legalIntakeSteps("leaving");
  return rowCount === 0 ? null : refused({ kind: "centre-step", centre, from: "leaving", step: "enrol", legal });
}

function withHeadroom(centre: Centre, world: Pick<World, "headroom">): Centre {
  const shapes = world.headroom(centreId(centre.id));
  return { ...centre, pools: centre.pools.map((pool) => ({ ...pool, startable: [...(shapes.get(pool.name) ?? [])] })) };
}
