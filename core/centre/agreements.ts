import type { Hours } from "#core/centre/terms.ts";
import type { Region } from "./region.ts";

/**
 * What regions have agreed about each other's work, for the whole network: a document in versions. Work of tenants of one
 * region may run at centres of another by an agreement that names both; where none does, `otherwise` says whether it may.
 * Work stays free within its own region.
 */
export type RegionAgreements = {
  readonly otherwise: "allowed" | "refused";
  readonly agreements: readonly RegionAgreement[];
};

export type RegionAgreement = {
  /** Whose tenants' work, and at whose centres: each pair of them. */
  readonly from: readonly Region[];
  readonly to: readonly Region[];
  /** Of each pool there, what all work under this agreement may hold of its cores, memory and cards; null: all. */
  readonly sharePercent: number | null;
  /** When such work may be started there; empty: always. */
  readonly hours: readonly Hours[];
  /** Under which terms, for people to read: the contract's name and number, who answers for what. */
  readonly terms: string;
};

/** A fresh network: all may go everywhere. */
export const noAgreements: RegionAgreements = { otherwise: "allowed", agreements: [] };

export type AgreementIssue = { readonly at: number; readonly en: string; readonly zh: string };

/** What contradicts itself in the document: a pair that two agreements name, or a region that agrees with itself. */
export function agreementIssues({ agreements }: RegionAgreements): readonly AgreementIssue[] {
  const seen = new Map<string, number>();
  return agreements.flatMap(({ from, to }, at) =>
    from.flatMap((one) =>
      to.flatMap((other): readonly AgreementIssue[] => {
        if (one === other)
          return [
            {
              at,
              en: `${one} needs no agreement with itself: work is free within its own region`,
              zh: `${one} 无需与自身订立协议：作业在本区域内不受限制`,
            },
          ];
        const before = seen.get(`${one} ${other}`);
        seen.set(`${one} ${other}`, before ?? at);
        if (before === undefined) return [];
        return [
          {
            at,
            en: `from ${one} to ${other} is said twice: by agreements ${before + 1} and ${at + 1}`,
            zh: `从 ${one} 到 ${other} 出现两次：第 ${before + 1} 与第 ${at + 1} 项协议`,
          },
        ];
      }),
    ),
  );
}

/** Between two regions, in that direction; null: none names them. */
export function agreementBetween(
  { agreements }: RegionAgreements,
  from: Region | null,
  to: Region | null,
): RegionAgreement | null {
  if (from === null || to === null) return null;
  return agreements.find((one) => one.from.includes(from) && one.to.includes(to)) ?? null;
}
