import type { ProjectId, TenantId } from "#core/ids.ts";
import type { Facts } from "#core/scheduling/reasons.ts";
import { processorsOf, type Submitter } from "#core/scheduling/submitters.ts";

/** How many cores the runs of a tenant, and of a project, may hold at once over the whole network (docs/decisions/0045). */
export type CoreLimits = {
  readonly tenants: Map<TenantId, CoreLimit>;
  readonly projects: Map<ProjectId, CoreLimit>;
};

/** `held`: by runs that have not ended, and within a decision by those that it starts. */
type CoreLimit = {
  readonly most: number;
  held: number;
  /** Somebody was refused for it since it last had more to give. */
  isWanted: boolean;
};

/** What an administrator has set. */
export type CoreLimitsSet = {
  readonly tenants: readonly (readonly [tenant: TenantId, mostCores: number])[];
  readonly projects: readonly (readonly [project: ProjectId, mostCores: number])[];
};

/** Whose cores they are. */
export type Holding = {
  readonly submitter: Pick<Submitter, "tenant" | "project">;
  readonly ask: Parameters<typeof processorsOf>[0];
};

export function noCoreLimits(): CoreLimits {
  return { tenants: new Map(), projects: new Map() };
}

/** These and no others; `live`: of each run that has not ended, whose it is. */
export function setCoreLimits(limits: CoreLimits, set: CoreLimitsSet, live: Iterable<Holding>): void {
  limits.tenants.clear();
  limits.projects.clear();
  for (const [tenant, most] of set.tenants) limits.tenants.set(tenant, { most, held: 0, isWanted: false });
  for (const [project, most] of set.projects) limits.projects.set(project, { most, held: 0, isWanted: false });
  for (const run of live) holdCores(limits, run, 1);
}

/** A run holds its cores from now on, or gives them back. */
export function holdCores(limits: CoreLimits, { submitter, ask }: Holding, sign: 1 | -1): void {
  for (const limit of binding(limits, submitter)) limit.held += sign * processorsOf(ask);
}

/** Whether somebody may wait for what a run of theirs has given back. Asked once, it is no longer so. */
export function areCoresWanted(limits: CoreLimits, { submitter }: Holding): boolean {
  let wanted = false;
  for (const limit of binding(limits, submitter)) {
    wanted ||= limit.isWanted;
    limit.isWanted = false;
  }
  return wanted;
}

/** Why no more of it may start for now, or ever as the bounds are, wherever there is room; null: more may. */
export function beyondCores(
  limits: CoreLimits,
  { submitter, ask }: Holding,
): { readonly rule: `${CoreBound["of"]}-${"holds-its-cores" | "cores-too-few"}`; readonly facts: Facts } | null {
  const all = binding(limits, submitter);
  if (all.length === 0) return null;
  const asked = processorsOf(ask);
  const beyond = all.filter((limit) => limit.held + asked > limit.most);
  for (const limit of beyond) limit.isWanted = true;
  const limit = beyond.find(({ most }) => asked > most) ?? beyond[0];
  if (limit === undefined) return null;
  const of = limit === limits.tenants.get(submitter.tenant) ? "tenant" : "project";
  if (asked > limit.most) return { rule: `${of}-cores-too-few`, facts: { limit: limit.most, asked } };
  return { rule: `${of}-holds-its-cores`, facts: { limit: limit.most, held: limit.held, asked } };
}

/** What a tenant or a project may hold at once at most. */
export type CoreBound = { readonly of: "tenant" | "project"; readonly mostCores: number };

/** Of these the ones that no run of so much could ever be within. */
export function boundsBelow(
  { tenants, projects }: CoreLimits,
  { submitter: { tenant, project }, ask }: Holding,
): readonly CoreBound[] {
  const asked = processorsOf(ask);
  return [
    { of: "tenant" as const, mostCores: tenants.get(tenant)?.most ?? asked },
    { of: "project" as const, mostCores: projects.get(project)?.most ?? asked },
  ].filter(({ mostCores }) => mostCores < asked);
}

function binding({ tenants, projects }: CoreLimits, { tenant, project }: Holding["submitter"]): readonly CoreLimit[] {
  if (tenants.size === 0 && projects.size === 0) return none;
  return [tenants.get(tenant), projects.get(project)].filter((limit) => limit !== undefined);
}

const none: readonly CoreLimit[] = [];
