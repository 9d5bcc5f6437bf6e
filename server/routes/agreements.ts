import { agreementIssues, type RegionAgreements } from "#core/centre/agreements.ts";
import { parseRegion, type Region } from "#core/centre/region.ts";
import { regionWrong } from "#core/job/weir-options.ts";
import type { Issue } from "#core/refusal.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import { readAgreements, readAgreementVersions, setAgreements } from "#server/store/bounds.ts";
import type { Database } from "#server/store/database.ts";

/** What regions have agreed about each other's work: everybody may read it, an administrator sets it. */
export function agreementsHandlers({
  db,
  caughtUp,
  now,
}: AgreementsContext): Pick<Handlers, "agreements" | "setAgreements"> {
  async function inForce() {
    const { document, ...set } = await readAgreements(db.pool);
    const versions = await readAgreementVersions(db.pool, 20);
    return answer({
      ...set,
      document: wire(document),
      versions: versions.map((one) => ({ ...one, document: wire(one.document) })),
    });
  }

  return {
    agreements: () => inForce(),

    async setAgreements({ caller, body, language }) {
      const read = readDocument(body);
      if (read.kind === "refused") return refused({ kind: "invalid-request", issues: read.issues });
      const issues = agreementIssues(read.document).map((issue) => ({
        path: `agreements[${issue.at}]`,
        words: issue[language],
      }));
      if (issues.length > 0) return refused({ kind: "invalid-request", issues });
      await setAgreements(db, read.document, caller.id, now());
      await caughtUp();
      return inForce();
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
