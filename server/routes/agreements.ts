import { isDeepStrictEqual } from "node:util";
import type pg from "pg";
import { agreementIssues, type RegionAgreements } from "#core/centre/agreements.ts";
import { parseRegion, type Region } from "#core/centre/region.ts";
import { regionWrong } from "#core/job/weir-options.ts";
import type { Issue } from "#core/refusal.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import { readAgreements, readAgreementVersions, setAgreements } from "#server/store/bounds.ts";
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
      versions: versions.map((one) => ({ ...one, document: wire(one.document) })),
    });
  }

  return {
    agreements: () => inForce(db.pool),

    async setAgreements({ caller, query, body, language }) {
      const read = readDocument(body);
      if (read.kind === "refused") return refused({ kind: "invalid-request", issues: read.issues });
      const issues = agreementIssues(read.document).map((issue) => ({
        path: `agreements[${issue.at}]`,
        words: issue[language],
      }));
      if (issues.length > 0) return refused({ kind: "invalid-request", issues });
      const set = await setVersion(
        db,
        { caller, base: query.base },
        {
          table: "region_agreements",
          of: { what: "agreements", centre: null },
          read: readAgreements,
          isSame: ({ document }) => isDeepStrictEqual(document, read.document),
          write: (client) => setAgreements(client, read.document, caller.id, now()),
          answer: inForce,
        },
      );
      await caughtUp();
      return set;
    },
  };
}

export type AgreementsContext = {
  readonly db: Database;
  readonly caughtUp: () => Promise<void>;
  readonly now: () => number;
};

type Read =
  | { readonly kind: "document"; readonly document: RegionAgreements }
  | { readonly kind: "refused"; readonly issues: readonly Issue[] };

/** With every region by its code. */
function readDocument({ otherwise, agreements }: RegionAgreements): Read {
  const issues: Issue[] = [];
  const read = (said: readonly string[], path: string) =>
    said.flatMap((one, at): readonly Region[] => {
      const parsed = parseRegion(one);
      if (parsed.kind === "region") return [parsed.region];
      issues.push({ path: `${path}[${at}]`, words: regionWrong(parsed.nearest) });
      return [];
    });
  const document = {
    otherwise,
    agreements: agreements.map(({ from, to, ...rest }, at) => ({
      from: read(from, `agreements[${at}].from`),
      to: read(to, `agreements[${at}].to`),
      ...rest,
    })),
  };
  return issues.length > 0 ? { kind: "refused", issues } : { kind: "document", document };
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
