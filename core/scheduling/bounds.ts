import {
  agreementBetween,
  noAgreements,
  type RegionAgreement,
  type RegionAgreements,
} from "#core/centre/agreements.ts";
import { isWithin, type Region } from "#core/centre/region.ts";
import type { ProjectId, TenantId } from "#core/ids.ts";
import type { Shape } from "#core/job/spec.ts";
import { alwaysOpen, type PoolOpening } from "#core/scheduling/agreed.ts";
import { notStated } from "#core/scheduling/bound-rules.ts";
import type { CentreRecord, Holder, PoolRecord } from "#core/scheduling/centres.ts";
import type { Lacking } from "#core/scheduling/offered.ts";

/**
 * Where work may go by rules that stand above it: those of its project and its tenant, which no job widens, and the
 * agreements between regions (docs/decisions/0050). Worked out once for each project and then part of what its jobs ask,
 * so that a decision never reads a rule: what may never be is left out of a group's pools.
 */
export type Bounds = {
  /** Tells apart what binds otherwise. */
  readonly key: string;
  readonly residency: readonly { readonly by: Binder; readonly regions: readonly Region[] }[];
  /** Who asks for domestic devices alone; null: neither. */
  readonly domestic: Binder | null;
  /** Where its tenant is; null: nobody said, or no agreement asks for it. */
  readonly from: Region | null;
  /** The home centre of its tenant; null: it has none, or no home keeps visitors away. */
  readonly home: CentreRecord | null;
  /** Whether any rule binds beside where it is at home: where none does, nothing of what follows is asked. */
  readonly isRuled: boolean;
  readonly rules: Pick<Rules, "agreements" | "visits">;
  /** By the region of a centre, as far as it was asked for. */
  readonly crossings: Map<Region | null, Crossing>;
};

export type Binder = "job" | "project" | "tenant";

/** What an administrator has set of a project, and of a tenant. */
export type PlaceRule = {
  /** Regions, or whole countries, in which its data may be; null: anywhere. */
  readonly residency: readonly Region[] | null;
  readonly domestic: boolean;
};
export type TenantPlace = PlaceRule & { readonly region: Region | null };

export type BoundsSet = {
  readonly tenants: readonly (readonly [tenant: TenantId, place: TenantPlace])[];
  readonly projects: readonly (readonly [project: ProjectId, rule: PlaceRule])[];
  readonly agreements: RegionAgreements;
};

/** The rules in force, and what work under each agreement holds. */
export type Rules = {
  readonly tenants: Map<TenantId, TenantPlace>;
  readonly projects: Map<ProjectId, PlaceRule>;
  agreements: RegionAgreements;
  visits: readonly Visits[];
  /** Where tenants are at home; null: that makes no difference to where they may go. */
  homes: ReadonlyMap<TenantId, CentreRecord> | null;
  /** What was worked out; null: nothing binds. */
  readonly of: Map<ProjectId, Bounds | null>;
  /** By their keys: one object for all that the same binds. */
  readonly alike: Map<string, Bounds>;
};

/** Work under one agreement (core/scheduling/visits.ts). */
export type Visits = {
  readonly agreement: RegionAgreement;
  /** Its place in the document. */
  readonly at: number;
  /** What its runs that have not ended hold in each pool, those that wait in its own queue too. */
  readonly held: Map<PoolRecord, Held>;
  /** Whether work may be started under it, as it was last told what time it is. */
  opening: PoolOpening;
  /** Within one decision: by pool, the first of them that must wait there and keeps away the others. */
  readonly heldBy: Map<PoolRecord, Holder>;
};

/** `cardsMilli`: by device, in thousandths. */
export type Held = { cores: number; memoryMib: number; readonly cardsMilli: Map<string, number> };

export type Crossing = { readonly kind: "free" | "none" } | { readonly kind: "agreed"; readonly visits: Visits };

export function noRules(): Rules {
  return {
    tenants: new Map(),
    projects: new Map(),
    agreements: noAgreements,
    visits: [],
    homes: null,
    of: new Map(),
    alike: new Map(),
  };
}

/** These and no others, from now on. What is held under agreements is to be counted again (`visit`). */
export function setRules(rules: Rules, { tenants, projects, agreements }: BoundsSet): void {
  rules.tenants.clear();
  rules.projects.clear();
  rules.of.clear();
  rules.alike.clear();
  for (const [tenant, place] of tenants) rules.tenants.set(tenant, place);
  for (const [project, rule] of projects) rules.projects.set(project, rule);
  rules.agreements = agreements;
  rules.visits = agreements.agreements.map((agreement, at) => ({
    agreement,
    at,
    held: new Map(),
    opening: alwaysOpen,
    heldBy: new Map(),
  }));
}

/** The same of where tenants are at home; what is worked out is to be asked for again. */
export function setHomesInRules(rules: Rules, homes: Rules["homes"]): void {
  rules.homes = homes;
  rules.of.clear();
  rules.alike.clear();
}

/** What binds the work of a project; null: nothing, as in a network where nobody has set anything. */
export function boundsOf(rules: Rules, tenant: TenantId, project: ProjectId): Bounds | null {
  const isPlain = rules.tenants.size === 0 && rules.projects.size === 0 && rules.homes === null;
  if (isPlain && rules.agreements.otherwise === "allowed") return null;
  const known = rules.of.get(project);
  if (known !== undefined) return known;
  const home = rules.homes?.get(tenant) ?? null;
  const bounds = workOut(rules, rules.tenants.get(tenant), rules.projects.get(project), home);
  rules.of.set(project, bounds);
  return bounds;
}

function workOut(
  rules: Rules,
  tenant: TenantPlace | undefined,
  project: PlaceRule | undefined,
  home: CentreRecord | null,
): Bounds | null {
  const residency = [
    ...(project?.residency ? [{ by: "project" as const, regions: project.residency }] : []),
    ...(tenant?.residency ? [{ by: "tenant" as const, regions: tenant.residency }] : []),
  ];
  const domestic = project?.domestic ? "project" : tenant?.domestic ? "tenant" : null;
  const isOpen = rules.agreements.otherwise === "allowed";
  const from = isOpen && rules.visits.length === 0 ? null : (tenant?.region ?? null);
  const isRuled = residency.length > 0 || domestic !== null || from !== null || !isOpen;
  if (!isRuled && home === null) return null;
  const key = JSON.stringify([residency.map(({ by, regions }) => [by, regions]), domestic, from, home?.id]);
  const known = rules.alike.get(key);
  if (known) return known;
  const bounds: Bounds = { key, residency, domestic, from, home, isRuled, rules, crossings: new Map() };
  rules.alike.set(key, bounds);
  return bounds;
}

/** The same where rules bind beside where it is at home; null: none do, as for nearly all work. */
export function ruled(bounds: Bounds | null): Bounds | null {
  return bounds?.isRuled ? bounds : null;
}

/** The shape as the rules want it. */
export function boundShape(shape: Shape, bounds: Bounds | null): Shape {
  return bounds?.domestic && !shape.domestic ? { ...shape, domestic: true } : shape;
}

/** Why none of it may ever go to the centre, as the rules and the centre are now. */
export function outOfBounds(bounds: Bounds, { state }: CentreRecord): Lacking | null {
  const region = state?.region ?? null;
  for (const { by, regions } of bounds.residency) {
    const outside = outsideResidency(regions, region, by);
    if (outside) return outside;
  }
  if (crossingTo(bounds, region).kind !== "none") return null;
  return { rule: "no-agreement", facts: between(bounds, state) };
}

/** For words: from where work comes and where it would go. */
export function between(
  { from }: Bounds,
  state: CentreRecord["state"],
): { readonly from: string; readonly to: string } {
  return { from: from ?? notStated, to: state?.region ?? notStated };
}

/** How its work may go to centres of a region. */
export function crossingTo(bounds: Bounds, to: Region | null): Crossing {
  const known = bounds.crossings.get(to);
  if (known) return known;
  const crossing = crossingOf(bounds, to);
  bounds.crossings.set(to, crossing);
  return crossing;
}

function crossingOf({ from, rules: { agreements, visits } }: Bounds, to: Region | null): Crossing {
  if (from !== null && from === to) return { kind: "free" };
  const agreement = agreementBetween(agreements, from, to);
  const under = visits.find((one) => one.agreement === agreement);
  if (under) return { kind: "agreed", visits: under };
  return { kind: agreements.otherwise === "allowed" ? "free" : "none" };
}

/** `by`: who says so. */
export function outsideResidency(allowed: readonly Region[], region: Region | null, by: Binder): Lacking | null {
  if (region !== null && isWithin(region, allowed)) return null;
  const facts = { by, allowed: allowed.join(", ") };
  return region === null
    ? { rule: "region-not-stated", facts }
    : { rule: "outside-residency", facts: { ...facts, region } };
}
