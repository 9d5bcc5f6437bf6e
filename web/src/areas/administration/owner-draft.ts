import type { Answer } from "#api/client.ts";

/** A tenant or project as an administrator changes it. */
export type Owner =
  | ({ readonly kind: "tenant" } & Answer<"tenants">["tenants"][number])
  | ({ readonly kind: "project" } & Answer<"projects">["projects"][number]);

export type Unit = Owner["grants"][number]["unit"];
export const units: readonly Unit[] = ["core-ms", "milli-card-ms"];

export type OwnerDraft = {
  /** A tenant's alone, as is `region`. */
  readonly home: string | null;
  /** As typed; nothing: any number. */
  readonly mostCores: string;
  readonly grants: Readonly<Record<Unit, GrantDraft>>;
  readonly region: string | null;
  /** None: anywhere. */
  readonly residency: readonly string[];
  readonly domestic: boolean;
};

export type GrantDraft =
  | { readonly kind: "as-it-is" }
  /** Counted anew, in place of what there was. `hours`: as typed. */
  | { readonly kind: "anew"; readonly hours: string }
  | { readonly kind: "any" };

/** What is set, each with what its sentence needs. `left`: of the grant that it replaces, in the unit's own amount. */
export type Change =
  | { readonly kind: "home"; readonly to: string | null }
  | { readonly kind: "cores"; readonly to: number | null }
  | { readonly kind: "grant"; readonly unit: Unit; readonly hours: number | null; readonly left: string | null }
  | { readonly kind: "region"; readonly to: string | null }
  | { readonly kind: "residency"; readonly to: readonly string[] | null }
  | { readonly kind: "domestic"; readonly to: boolean };

export function draftOf(owner: Owner): OwnerDraft {
  return {
    home: owner.kind === "tenant" ? owner.home : null,
    mostCores: `${owner.mostCores ?? ""}`,
    grants: { "core-ms": { kind: "as-it-is" }, "milli-card-ms": { kind: "as-it-is" } },
    region: owner.kind === "tenant" ? owner.place.region : null,
    residency: owner.place.residency ?? [],
    domestic: owner.place.domestic,
  };
}

/** Only what differs: each is its own step in the history. What is no number is none; whether a number may be is the server's to say. */
export function changesOf(owner: Owner, draft: OwnerDraft): readonly Change[] {
  const residency = draft.residency.length === 0 ? null : draft.residency;
  const mostCores = typedNumber(draft.mostCores);
  return [
    ...(owner.kind === "tenant" && draft.home !== owner.home ? [{ kind: "home", to: draft.home } as const] : []),
    ...(mostCores !== "no-number" && mostCores !== owner.mostCores ? [{ kind: "cores", to: mostCores } as const] : []),
    ...units.flatMap((unit) => grantChange(owner, unit, draft.grants[unit])),
    ...(owner.kind === "tenant" && draft.region !== owner.place.region
      ? [{ kind: "region", to: draft.region } as const]
      : []),
    ...(sameRegions(residency, owner.place.residency) ? [] : [{ kind: "residency", to: residency } as const]),
    ...(draft.domestic !== owner.place.domestic ? [{ kind: "domestic", to: draft.domestic } as const] : []),
  ];
}

function grantChange(owner: Owner, unit: Unit, draft: GrantDraft): readonly Change[] {
  const left = owner.grants.find((one) => one.unit === unit)?.left ?? null;
  if (draft.kind === "as-it-is" || (draft.kind === "any" && left === null)) return [];
  if (draft.kind === "any") return [{ kind: "grant", unit, hours: null, left }];
  const hours = typedNumber(draft.hours);
  return hours === null || hours === "no-number" ? [] : [{ kind: "grant", unit, hours, left }];
}

/** null: nothing is typed. */
export function typedNumber(typed: string): number | "no-number" | null {
  const said = typed.trim();
  if (said === "") return null;
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(said) ? Number(said) : "no-number";
}

/** Whether it can be what is set at all, so that its consequence can be told. */
export function mayBe(change: Change): boolean {
  if (change.kind === "cores") return change.to === null || (Number.isInteger(change.to) && change.to > 0);
  if (change.kind === "grant") return change.hours === null || (Number.isInteger(change.hours) && change.hours >= 0);
  return true;
}

/** Whether it takes away all that work of this kind could be held for. */
export function grantsNothing(change: Change): boolean {
  return change.kind === "grant" && change.hours === 0;
}

function sameRegions(one: readonly string[] | null, other: readonly string[] | null): boolean {
  return JSON.stringify(one && [...one].sort()) === JSON.stringify(other && [...other].sort());
}

/** No number stands where one has to. */
export function lacksNumber(draft: OwnerDraft): boolean {
  const hours = units.flatMap((unit) => {
    const grant = draft.grants[unit];
    return grant.kind === "anew" ? [typedNumber(grant.hours)] : [];
  });
  return typedNumber(draft.mostCores) === "no-number" || hours.some((one) => one === null || one === "no-number");
}
