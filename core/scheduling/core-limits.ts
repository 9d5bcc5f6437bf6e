import type { ProjectId, TenantId } from "#core/ids.ts";
import type { JobClass } from "#core/job/job-class.ts";
import type { Facts } from "#core/scheduling/reasons.ts";
import { processorsOf, type Submitter } from "#core/scheduling/submitters.ts";

/**
 * How many cores the runs of a tenant, and of a project, may hold at once over the whole network (docs/decisions/0045), and
 * those of a class of one tenant, project and person by the policy (0092).
 */
export type CoreLimits = {
  readonly tenants: Map<TenantId, CoreLimit>;
  readonly projects: Map<ProjectId, CoreLimit>;
  /** By class and whose they are, each from when somebody asks for it first. */
  readonly ofClasses: Map<string, CoreLimit>;
  /** Of what class a job counts; null: no class bounds cores. */
  classOf: ((priority: string) => JobClass) | null;
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
  readonly submitter: Pick<Submitter, "tenant" | "project"> & Partial<Pick<Submitter, "person">>;
  readonly priority: string;
  readonly ask: Parameters<typeof processorsOf>[0];
};

export function noCoreLimits(): CoreLimits {
  return { tenants: new Map(), projects: new Map(), ofClasses: new Map(), classOf: null };
}

/** These and no others; `live`: of each run that has not ended, whose it is. */
export function setCoreLimits(limits: CoreLimits, set: CoreLimitsSet, live: Iterable<Holding>): void {
  limits.tenants.clear();
  limits.projects.clear();
  for (const [tenant, most] of set.tenants) limits.tenants.set(tenant, { most, held: 0, isWanted: false });
  for (const [project, most] of set.projects) limits.projects.set(project, { most, held: 0, isWanted: false });
  countAnew(limits, live);
}

/** By the classes of another policy. */
export function setClassLimits(
  limits: CoreLimits,
  classes: readonly JobClass[],
  classOf: (priority: string) => JobClass,
  live: Iterable<Holding>,
): void {
  if (limits.classOf === null && !classes.some(boundsCores)) return;
  limits.classOf = classes.some(boundsCores) ? classOf : null;
  countAnew(limits, live);
}

function boundsCores(one: JobClass): boolean {
  return classBounds.some(([, field]) => one[field] !== null);
}

function countAnew(limits: CoreLimits, live: Iterable<Holding>): void {
  limits.ofClasses.clear();
  for (const limit of [...limits.tenants.values(), ...limits.projects.values()]) limit.held = 0;
  for (const run of live) holdCores(limits, run, 1);
}

/** A run holds its cores from now on, or gives them back. */
export function holdCores(limits: CoreLimits, holding: Holding, sign: 1 | -1): void {
  const { ask } = holding;
  for (const { limit } of binding(limits, holding)) limit.held += sign * processorsOf(ask);
}

/** Whether somebody may wait for what a run of theirs has given back. Asked once, it is no longer so. */
export function areCoresWanted(limits: CoreLimits, holding: Holding): boolean {
  let wanted = false;
  for (const { limit } of binding(limits, holding)) {
    wanted ||= limit.isWanted;
    limit.isWanted = false;
  }
  return wanted;
}

/** Why no more of it may start for now, or ever as the bounds are, wherever there is room; null: more may. */
export function beyondCores(
  limits: CoreLimits,
  holding: Holding,
): { readonly rule: `${Bound["of"]}-${"holds-its-cores" | "cores-too-few"}`; readonly facts: Facts } | null {
  const all = binding(limits, holding);
  if (all.length === 0) return null;
  const asked = processorsOf(holding.ask);
  const beyond = all.filter(({ limit }) => limit.held + asked > limit.most);
  for (const { limit } of beyond) limit.isWanted = true;
  const bound = beyond.find(({ limit }) => asked > limit.most) ?? beyond[0];
  if (bound === undefined) return null;
  const { of, facts, limit } = bound;
  if (asked > limit.most) return { rule: `${of}-cores-too-few`, facts: { ...facts, limit: limit.most, asked } };
  return { rule: `${of}-holds-its-cores`, facts: { ...facts, limit: limit.most, held: limit.held, asked } };
}

/** What a tenant or a project may hold at once at most. */
export type CoreBound = { readonly of: "tenant" | "project"; readonly mostCores: number };

/** Of these the ones that no run of so much could ever be within. */
export function boundsBelow(
  { tenants, projects }: CoreLimits,
  { submitter: { tenant, project }, ask }: Omit<Holding, "priority">,
): readonly CoreBound[] {
  const asked = processorsOf(ask);
  return [
    { of: "tenant" as const, mostCores: tenants.get(tenant)?.most ?? asked },
    { of: "project" as const, mostCores: projects.get(project)?.most ?? asked },
  ].filter(({ mostCores }) => mostCores < asked);
}

/** `class`: of what is of one class, and whose, by `facts`. */
type Bound = { readonly of: "tenant" | "project" | "class"; readonly facts: Facts; readonly limit: CoreLimit };

function binding(limits: CoreLimits, { submitter, priority }: Holding): readonly Bound[] {
  const { tenants, projects, classOf } = limits;
  if (classOf === null && tenants.size === 0 && projects.size === 0) return none;
  const [tenant, project] = [tenants.get(submitter.tenant), projects.get(submitter.project)];
  return [
    ...(tenant ? [{ of: "tenant" as const, facts: {}, limit: tenant }] : none),
    ...(project ? [{ of: "project" as const, facts: {}, limit: project }] : none),
    ...(classOf ? ofClass(limits, classOf(priority), submitter) : none),
  ];
}

function ofClass({ ofClasses }: CoreLimits, jobClass: JobClass, submitter: Holding["submitter"]): readonly Bound[] {
  return classBounds.flatMap(([by, field]) => {
    const most = jobClass[field];
    const who = submitter[by];
    if (most === null || who === undefined) return [];
    const key = `${jobClass.name} ${by} ${who}`;
    const limit = ofClasses.get(key) ?? { most, held: 0, isWanted: false };
    ofClasses.set(key, limit);
    return [{ of: "class" as const, facts: { class: jobClass.name, by }, limit }];
  });
}

const classBounds = [
  ["tenant", "mostCoresOfTenant"],
  ["project", "mostCoresOfProject"],
  ["person", "mostCoresOfPerson"],
] as const;

const none: readonly Bound[] = [];
