import type { Answer } from "#api/client.ts";
import { agreementIssues } from "#core/centre/agreements.ts";
import type { Language } from "#core/language.ts";

/** The document of agreements between regions as it is edited. */
export type Document = Answer<"agreements">["document"];
export type Agreement = Document["agreements"][number];

export const newAgreement: Agreement = { from: [], to: [], sharePercent: null, hours: [], terms: "" };

export function withAgreement(document: Document, at: number, change: Partial<Agreement> | null): Document {
  return {
    ...document,
    agreements: document.agreements.flatMap((one, place) =>
      place !== at ? [one] : change === null ? [] : [{ ...one, ...change }],
    ),
  };
}

/** What one set of agreements would be against another: those that come, those that go. One that changes does both. */
export type DocumentChange =
  | { readonly kind: "otherwise"; readonly to: Document["otherwise"] }
  | { readonly kind: "comes" | "goes"; readonly agreement: Agreement };

export function changesBetween(before: Document, after: Document): readonly DocumentChange[] {
  const [had, has] = [before, after].map(({ agreements }) => new Set(agreements.map((one) => JSON.stringify(one))));
  return [
    ...(before.otherwise === after.otherwise ? [] : [{ kind: "otherwise", to: after.otherwise } as const]),
    ...before.agreements
      .filter((one) => has?.has(JSON.stringify(one)) !== true)
      .map((agreement) => ({ kind: "goes", agreement }) as const),
    ...after.agreements
      .filter((one) => had?.has(JSON.stringify(one)) !== true)
      .map((agreement) => ({ kind: "comes", agreement }) as const),
  ];
}

/** What is wrong, by the place of the agreement: the server's own rules, said while it is typed. */
export function issuesIn(document: Document, language: Language): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, string[]>();
  for (const issue of agreementIssues(document)) found.set(issue.at, [...(found.get(issue.at) ?? []), issue[language]]);
  return found;
}

/** Each names somebody on both sides. */
export function isWhole({ agreements }: Document): boolean {
  return agreements.every(({ from, to }) => from.length > 0 && to.length > 0);
}
