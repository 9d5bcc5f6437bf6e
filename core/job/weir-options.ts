import { isCountry, type ParsedRegion, parseRegions } from "#core/centre/region.ts";
import { type Phrase, phrase } from "#core/job/phrase.ts";
import type { SbatchOption } from "#core/job/sbatch-options.ts";

/**
 * What a script may ask of Weir that sbatch has no word for, in lines of its own that begin with `#WEIR` and stand where
 * `#SBATCH` lines do. To sbatch they are comments, so the script stays one for both.
 */
export const weirOptions: readonly SbatchOption[] = [
  {
    long: "residency",
    value: "required",
    handling: {
      kind: "mapped",
      to: "residency",
      read: (value, place) => {
        const parsed = parseRegions(value.split(","));
        if (parsed.kind === "regions") return { kind: "asked", asked: { residency: parsed.regions } };
        const expected = regionsExpected(parsed.nearest);
        return { kind: "refused", refusal: { kind: "bad-option-value", ...place, value: parsed.said, expected } };
      },
    },
  },
  {
    long: "data-at",
    value: "required",
    handling: {
      kind: "mapped",
      to: "data",
      read: (text, place) => ({ kind: "asked", asked: { dataAt: [{ ...place, text }] } }),
    },
  },
  {
    long: "data-elsewhere",
    value: "required",
    handling: {
      kind: "mapped",
      to: "data",
      read: (text, place) => ({ kind: "asked", asked: { dataElsewhere: { ...place, text } } }),
    },
  },
  {
    long: "domestic",
    value: "none",
    handling: { kind: "mapped", to: "domestic", read: () => ({ kind: "asked", asked: { domestic: true } }) },
  },
  {
    long: "priority-class",
    value: "required",
    handling: {
      kind: "mapped",
      to: "priorityClass",
      read: (name, place) => ({ kind: "asked", asked: { priorityClass: { ...place, name } } }),
    },
  },
];

/** What is wrong with a field that should have held one. */
export function regionWrong(nearest: string | null): Phrase {
  return phrase("must-be", { what: regionsExpected(nearest) });
}

/** The same of a field that takes one region, and no whole country. */
export function oneRegionWrong({ said, nearest }: Extract<ParsedRegion, { kind: "unknown" }>): Phrase {
  if (isCountry(said)) return phrase("region-no-country", { country: said.toLowerCase() });
  return phrase("must-be", {
    what: nearest === null ? phrase("region-code") : phrase("region-code-near", { nearest }),
  });
}

/** What a code of a region should have been. */
export function regionsExpected(nearest: string | null): Phrase {
  return nearest === null ? phrase("region-codes") : phrase("region-codes-near", { nearest });
}
