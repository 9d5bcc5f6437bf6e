import { isWithin, type Region } from "#core/centre/region.ts";
import { type Phrase, phrase } from "#core/job/phrase.ts";

/** A centre as far as it matters to where data may be. */
export type SitedCentre = {
  readonly id: string;
  /** null: nobody says where it lies, and nothing whose data is bound to regions goes there. */
  readonly region: Region | null;
  readonly lifeCycle: string;
};

/** What data bound to these regions means as things stand: where work could run, and what of the rule leads nowhere. */
export function residencyNotes(
  residency: readonly Region[],
  centres: readonly SitedCentre[],
): { readonly isNowhere: boolean; readonly notes: readonly Phrase[] } {
  const inService = centres.filter(({ lifeCycle }) => lifeCycle === "in-service");
  const within = (among: readonly Region[]) =>
    inService.filter(({ region }) => region !== null && isWithin(region, among));
  const there = within(residency);
  const empty = residency.filter((region) => within([region]).length === 0);
  const unsaid = inService.filter(({ region }) => region === null);
  const isNowhere = there.length === 0;
  const regions = empty.join(", ");
  return {
    isNowhere,
    notes: [
      ...(isNowhere
        ? [phrase("residency-nowhere", { regions })]
        : [phrase("residency-there", { centres: named(there) })]),
      ...(!isNowhere && empty.length > 0 ? [phrase("residency-empty", { regions })] : []),
      ...(unsaid.length > 0 ? [phrase("residency-unsaid", { centres: named(unsaid) })] : []),
    ],
  };
}

function named(centres: readonly SitedCentre[]): string {
  return centres.map(({ id }) => id).join(", ");
}
