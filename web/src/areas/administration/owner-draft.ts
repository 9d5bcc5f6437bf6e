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
  readonly mostCores: number | null;
  readonly grants: Readonly<Record<Unit, GrantDraft>>;
  readonly region: string | null;
  /** None: anywhere. */
  readonly residency: readonly string[];
  readonly domestic: boolean;
};

export type GrantDraft =
  | { readonly kind: "as-it-is" }
  /** Counted anew, in place of what there was. `hours` null: not typed yet. */
  | { readonly kind: "anew"; readonly hours: number | null }
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
    mostCores: owner.mostCores,
    grants: { "core-ms": { kind: "as-it-is" }, "milli-card-ms": { kind: "as-it-is" } },
    region: owner.kind === "tenant" ? owner.place.region : null,
    residency: owner.place.residency ?? [],
    domestic: owner.place.domestic,
  };
}

/** Only what differs: each is its own step in the history. */
export function changesOf(owner: Owner, draft: OwnerDraft): readonly Change[] {
  const residency = draft.residency.length === 0 ? null : draft.residency;
  return [
    ...(owner.kind === "tenant" && draft.home !== owner.home ? [{ kind: "home", to: draft.home } as const] : []),
    ...(draft.mostCores !== owner.mostCores ? [{ kind: "cores", to: draft.mostCores } as const] : []),
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
  return draft.hours === null ? [] : [{ kind: "grant", unit, hours: draft.hours, left }];
}

function sameRegions(one: readonly string[] | null, other: readonly string[] | null): boolean {
  return JSON.stringify(one && [...one].sort()) === JSON.stringify(other && [...other].sort());
}

/** Hours are still to be typed where a grant is to be given. */
export function lacksHours(draft: OwnerDraft): readonly Unit[] {
  return units.filter((unit) => {
    const grant = draft.grants[unit];
    return grant.kind === "anew" && grant.hours === null;
  });
}
