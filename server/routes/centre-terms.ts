import type pg from "pg";
import { consequenceWords, legalIntakeSteps } from "#core/centre/intake.ts";
import { parseRegion } from "#core/centre/region.ts";
import type { CentreTerms, PoolTerms } from "#core/centre/terms.ts";
import { termsConsequences } from "#core/centre/terms-consequences.ts";
import { type CentreId, centreId } from "#core/ids.ts";
import type { Language } from "#core/language.ts";
import type { World } from "#core/scheduling/world.ts";
import { answer, type Handlers, type Refused, refused } from "#server/http/handler.ts";
import type { Database } from "#server/store/database.ts";
import { readIntake } from "#server/store/read/centre-intake.ts";
import { readTerms } from "#server/store/read/centre-terms.ts";
import { readTermsChange, sameTerms } from "#server/store/read/terms-change.ts";
import { setTerms } from "#server/store/set-terms.ts";
import type { TransitionWriter } from "#server/store/transitions.ts";
import { hasLeft } from "./left.ts";
import { setVersion } from "./versions.ts";

/** What was agreed with a centre, whether it takes new work, and what its agent proves itself with. */
export function centreTermsHandlers(context: TermsContext): Pick<Handlers, TermsRoute> {
  const { db, feed, gate, transitions, caughtUp, now } = context;

  async function termsOf(client: Pick<pg.ClientBase | pg.Pool, "query">, centre: string) {
    const found = await readTerms(client, centre);
    if (found === null) return noCentre(centre);
    const versions = found.versions.map((one) => ({ ...one, terms: wire(one.terms) }));
    return answer({ centre, terms: wire(found.terms), versions });
  }

  async function intakeOf(centre: CentreId, language: Language) {
    const found = await readIntake(db.pool, centre);
    if (found === null) return noCentre(centre);
    const { intake, waiting, running, homeOf, retentionDays, history } = found;
    const count = { waiting, running, onlyHere: context.world().onlyAt(centre) };
    const steps = legalIntakeSteps(intake).map((step) => ({
      step,
      consequences: [...consequenceWords(step, { ...count, homeOf, retentionDays }, language)],
    }));
    return answer({ centre, intake, ...count, steps, history: [...history] });
  }

  return {
    terms: ({ params }) => termsOf(db.pool, params.centre),

    async previewTerms({ params, body, language }) {
      const centre = centreId(params.centre);
      const terms = byCode(body);
      const left = await hasLeft(db.pool, centre, "terms");
      if (left) return left;
      const change = await readTermsChange(db.pool, centre, terms);
      if (change === null) return noCentre(centre);
      const after = new Map(change.pools.map((one) => [one.pool, one.after]));
      const nowMs = now();
      const stranded = context.world().lostWith(centre, after, change.region.after, nowMs);
      return answer({ centre, consequences: [...termsConsequences(change, stranded, nowMs, language)] });
    },

    async setTerms({ caller, params, query, body }) {
      const { centre } = params;
      const terms = byCode(body);
      return setVersion(
        { db, caughtUp },
        { caller, base: query.base },
        {
          table: "centre_terms",
          of: { what: "terms", centre },
          read: async (client) => {
            const left = await hasLeft(client, centre, "terms");
            if (left) return left;
            const found = await readTerms(client, centre);
            if (found === null) return noCentre(centre);
            const { version, setBy, setMs } = found.versions[0] ?? { version: 0, setBy: null, setMs: null };
            return { version, setBy, setMs, terms: found.terms };
          },
          isSame: (inForce) => sameTerms(inForce.terms, terms),
          write: (client) => setTerms(client, { centre, terms, person: caller.id, nowMs: now() }),
          answer: (client) => termsOf(client, centre),
        },
      );
    },

    intake: ({ params, language }) => intakeOf(centreId(params.centre), language),

    async setIntake({ caller, params, body, language }) {
      const centre = centreId(params.centre);
      const set = await transitions.intake(centre, body.step, caller.id);
      if (set.kind === "refused") return set;
      await caughtUp();
      return intakeOf(centre, language);
    },

    async askRotation({ caller, params }) {
      const left = await hasLeft(db.pool, params.centre, "rotate");
      if (left) return left;
      const { rowCount } = await db.pool.query(
        `with asked as (update centre set rotate_ms = $2 where id = $1 returning id),
         noted as (
           insert into act (at_ms, person_id, kind, about_kind, about, facts)
           select $2::bigint, $4, 'rotation-asked', 'centre', id, '{}' from asked
         )
         insert into event (at_ms, kind, centre_id, cause) select $2::bigint, 'centre-changed', id, $3::text from asked`,
        [params.centre, now(), `person:${caller.id}: rotate the credential`, caller.id],
      );
      if (rowCount === 0) return noCentre(params.centre);
      feed.wake();
      return answer({});
    },

    async revokeCredentials({ caller, params }) {
      const credentials = await transitions.revoke(centreId(params.centre), caller.id);
      if (credentials === null) return noCentre(params.centre);
      // One that has left has a credential for as long as its retention lasts.
      const left = credentials === 0 ? await hasLeft(db.pool, params.centre, "revoke") : null;
      if (left) return left;
      gate.forget();
      return answer({ credentials });
    },
  };
}

type TermsRoute = "terms" | "setTerms" | "previewTerms" | "intake" | "setIntake" | "askRotation" | "revokeCredentials";
export type TermsContext = {
  readonly db: Database;
  readonly feed: { readonly wake: () => void };
  readonly gate: { readonly forget: () => void };
  readonly transitions: Pick<TransitionWriter, "intake" | "revoke">;
  readonly world: () => Pick<World, "onlyAt" | "lostWith">;
  readonly caughtUp: () => Promise<void>;
  readonly now: () => number;
};

/** With its region by its code; the schema has refused what is none. */
function byCode(said: CentreTerms): CentreTerms {
  const parsed = typeof said.region === "string" ? parseRegion(said.region) : null;
  return parsed?.kind === "region" ? { ...said, region: parsed.region } : said;
}

function noCentre(centre: string): Refused {
  return refused({ kind: "not-found", what: "centre", id: centre });
}

/** The same with arrays that may be written to, as the schema's type has them. */
function wire(terms: CentreTerms) {
  const pool = (one: PoolTerms) => ({ ...one, hours: one.hours.map((hours) => ({ ...hours, days: [...hours.days] })) });
  const pools = Object.fromEntries(Object.entries(terms.pools).map(([name, one]) => [name, pool(one)]));
  return { ...terms, pools, otherPools: pool(terms.otherPools) };
}
