import { isDeepStrictEqual } from "node:util";
import type pg from "pg";
import { agreementIssues, type RegionAgreements } from "#core/centre/agreements.ts";
import { parseRegion, type Region } from "#core/centre/region.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import { readAgreements, readAgreementVersions, readUnstated, setAgreements } from "#server/store/bounds.ts";
import type { Database } from "#server/store/database.ts";
import { setVersion } from "./versions.ts";

type Query = Pick<pg.ClientBase | pg.Pool, "query">;

/** What regions have agreed about each other's work: everybody may read it, an administrator sets it. */
export function agreementsHandlers({
  db,
  caughtUp,
  now,
}: AgreementsContext): Pick<Handlers, "agreements" | "setAgreements"> {
  async function inForce(client: Query) {
    const { document, ...set } = await readAgreements(client);
    const versions = await readAgreementVersions(client, 20);
    return answer({
      ...set,
      document: wire(document),
      unstated: await readUnstated(client),
      versions: versions.map((one) => ({ ...one, document: wire(one.document) })),
    });
  }

  return {
    agreements: () => inForce(db.pool),

    async setAgreements({ caller, query, body, language }) {
      const said = byCodes(body);
      const issues = agreementIssues(said).map((issue) => ({
        path: `agreements[${issue.at}]`,
        words: issue[language],
      }));
      if (issues.length > 0) return refused({ kind: "invalid-request", issues });
      return setVersion(
        { db, caughtUp },
        { caller, base: query.base },
        {
          table: "region_agreements",
          of: { what: "agreements", centre: null },
          read: readAgreements,
          isSame: ({ document }) => isDeepStrictEqual(document, said),
          write: (client) => setAgreements(client, said, caller.id, now()),
          answer: inForce,
        },
      );
    },
  };
}

export type AgreementsContext = {
  readonly db: Database;
  readonly caughtUp: () => Promise<void>;
  readonly now: () => number;
};

/** With every region by its code; the schema has refused what is none. */
function byCodes({ otherwise, agreements }: RegionAgreements): RegionAgreements {
  const codes = (said: readonly string[]) =>
    said.flatMap((one): readonly Region[] => {
      const parsed = parseRegion(one);
      return parsed.kind === "region" ? [parsed.region] : [];
    });
  return { otherwise, agreements: agreements.map((one) => ({ ...one, from: codes(one.from), to: codes(one.to) })) };
}

/** The same with arrays that may be written to, as the schema's type has them. */
function wire({ otherwise, agreements }: RegionAgreements) {
  return {
    otherwise,
    agreements: agreements.map(({ from, to, hours, ...rest }) => ({
      ...rest,
      from: [...from],
      to: [...to],
      hours: hours.map((one) => ({ ...one, days: [...one.days] })),
    })),
  };
}
