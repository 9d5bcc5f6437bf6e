import type { Asked, Request } from "#core/job/asked.ts";
import { type JobClass, type JobClasses, mayUse, type Whose } from "#core/job/job-class.ts";
import { type OptionPlace, type Phrase, phrase } from "#core/job/phrase.ts";
import { coresPerNode, type Shape } from "#core/job/spec.ts";
import { nearestName } from "#core/nearest-name.ts";
import type { Refusal } from "#core/refusal.ts";

/**
 * Of which class a job is to be, or why it may not: the policy does not have it, it is for others, or the job asks for more
 * than any of it may have. Who names none is of the default. Asked once: a later policy refuses nobody who waits already.
 */
export function classAdmitted(
  { priorityClass: fromScript }: Asked,
  { priorityClass: named }: Request,
  { shape, timeLimitS }: { readonly shape: Shape; readonly timeLimitS: number },
  whose: Whose,
  { classes, defaultClass }: JobClasses,
): string | Refusal {
  const said = named === undefined ? fromScript : { option: "priorityClass", line: null, name: named };
  const name = said?.name ?? defaultClass;
  const place: OptionPlace = { option: said?.option ?? "priorityClass", line: said?.line ?? null };
  const open = classes.filter((one) => mayUse(one, whose)).map((one) => one.name);
  const found = classes.find((one) => one.name === name);
  if (!found) {
    const nearest = nearestName(name, open);
    const known = open.join(", ");
    const expected =
      nearest === null ? phrase("class-names", { known }) : phrase("class-names-near", { known, nearest });
    return { kind: "bad-option-value", ...place, value: name.slice(0, 200), expected };
  }
  const others = open.filter((one) => one !== name);
  const because = mayUse(found, whose)
    ? beyondClass(found, shape, timeLimitS, others)
    : phrase("class-not-for", { class: name, project: whose.project, ...instead(others) });
  return because === null ? name : { kind: "option-refused", ...place, because };
}

function beyondClass(found: JobClass, shape: Shape, timeLimitS: number, others: readonly string[]): Phrase | null {
  const { name, longestS } = found;
  const more = { class: name, ...instead(others) };
  if (longestS !== null && timeLimitS > longestS)
    return phrase("class-too-long", { ...more, limitS: longestS, askedS: timeLimitS });
  const asked = shape.nodes * coresPerNode(shape);
  for (const [of, most] of [
    ["its-tenant", found.mostCoresOfTenant],
    ["its-project", found.mostCoresOfProject],
    ["its-submitter", found.mostCoresOfPerson],
  ] as const)
    if (most !== null && asked > most)
      return phrase("class-too-wide", { ...more, whose: phrase(of), limit: most, asked });
  return null;
}

function instead(others: readonly string[]): { readonly instead: Phrase } {
  return {
    instead: others.length === 0 ? phrase("class-none-else") : phrase("class-instead", { known: others.join(", ") }),
  };
}
