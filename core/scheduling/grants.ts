import type { ProjectId, TenantId } from "#core/ids.ts";
import { type Rounding, hoursText as roundedHours } from "#core/ledger/rounding.ts";
import { holdOf } from "#core/ledger/usage.ts";
import type { Allocation } from "#core/run-order.ts";
import { allocationOf, devicesFor } from "#core/scheduling/centres.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import type { Facts, JobRule } from "#core/scheduling/reasons.ts";
import type { Submitter } from "#core/scheduling/submitters.ts";

/**
 * What tenants and projects were granted, and what of it the ledger has neither posted nor holds (docs/decisions/0052). The
 * world counts nothing of it itself: it is told each time the ledger has moved, and within a decision takes off what it starts.
 */
export type Grants = {
  readonly tenants: Map<TenantId, readonly Grant[]>;
  readonly projects: Map<ProjectId, readonly Grant[]>;
};

/** Core-hours in core-milliseconds, card-hours of whatever cards in thousandths of a card × milliseconds. */
export type GrantedUnit = "core-ms" | "milli-card-ms";

type Grant = {
  readonly unit: GrantedUnit;
  readonly granted: bigint;
  left: bigint;
  /** What will be left where all that is held comes back. */
  readonly unused: bigint;
  /** The least that somebody would have held and was refused, since as much was left as that; null: nobody was. */
  wanted: bigint | null;
};

/** As the ledger tells: amounts as decimal strings, since recordings are JSON. `left` below zero: more is held than was granted. */
export type GrantTold = {
  readonly of: "tenant" | "project";
  readonly id: number;
  readonly unit: GrantedUnit;
  readonly granted: string;
  readonly left: string;
  /** The grant less what was posted alone. Absent (in what was recorded before): all of it. */
  readonly unused?: string;
};

/** What is granted to a tenant or a project, for who asks. */
export type GrantLeft = Pick<GrantTold, "of"> & Pick<Grant, "unit" | "granted" | "left" | "unused">;

type Owners = Pick<Submitter, "tenant" | "project">;

export function noGrants(): Grants {
  return { tenants: new Map(), projects: new Map() };
}

/** These and no others. Answers whether somebody may start now who could not before. */
export function tellGrants(grants: Grants, told: readonly GrantTold[]): boolean {
  const before = new Map<string, Grant>();
  const remember = (whose: string, some: readonly Grant[]) => {
    for (const each of some) before.set(`${whose} ${each.unit}`, each);
  };
  for (const [id, some] of grants.tenants) remember(`tenant ${id}`, some);
  for (const [id, some] of grants.projects) remember(`project ${id}`, some);
  grants.tenants.clear();
  grants.projects.clear();
  let isMore = false;
  for (const each of told) {
    const { id, unit } = each;
    const key = `${each.of} ${id} ${unit}`;
    const known = before.get(key);
    before.delete(key);
    const [granted, left] = [BigInt(each.granted), BigInt(each.left)];
    const wanted = known?.wanted ?? null;
    const isEnough = wanted !== null && wanted <= left;
    isMore ||= isEnough;
    const unused = BigInt(each.unused ?? each.granted);
    const grant = { unit, granted, left, unused, wanted: isEnough ? null : wanted };
    const map: Map<number, readonly Grant[]> = each.of === "tenant" ? grants.tenants : grants.projects;
    map.set(id, [...(map.get(id) ?? []), grant]);
  }
  return isMore || [...before.values()].some(({ wanted }) => wanted !== null);
}

/** All that bounds what a tenant's project may use; none where nothing is granted, which costs nothing to ask. */
export function grantsFor({ tenants, projects }: Grants, { tenant, project }: Owners): readonly GrantLeft[] {
  if (tenants.size === 0 && projects.size === 0) return [];
  const named = (of: GrantLeft["of"]) => (grant: Grant) => ({ of, ...grant });
  return [
    ...(tenants.get(tenant) ?? none).map(named("tenant")),
    ...(projects.get(project) ?? none).map(named("project")),
  ];
}

/**
 * Why no more of it may start for now, wherever there is room: its hold is more than what is left, or than all that could
 * come back, which no waiting helps. null: more may.
 */
export function beyondGrant(
  grants: Grants,
  by: Owners,
  ask: Pick<Ask, "shape" | "timeLimitS" | "graceS"> & { readonly group?: Pick<Ask["group"], "pools"> },
): { readonly rule: JobRule & `${GrantLeft["of"]}-grant-${"used" | "too-small"}`; readonly facts: Facts } | null {
  const binding = grantsOf(grants, by);
  if (binding.length === 0) return null;
  const held = mostHeld(ask);
  // What asks for none of it starts however much is held beyond the grant.
  const short = binding.filter(({ unit, left }) => held[unit] !== 0n && held[unit] > left);
  const never = short.find(({ unit, unused }) => held[unit] > unused);
  const grant = never ?? short[0];
  if (grant === undefined) return null;
  const { unit, granted, left, unused } = grant;
  const wanted = held[unit];
  if (grant.wanted === null || wanted < grant.wanted) grant.wanted = wanted;
  const of = grants.tenants.get(by.tenant)?.includes(grant) === true ? "tenant" : "project";
  const said = { unit, granted: hoursText(granted, unit), asked: hoursText(wanted, unit, "up") };
  return never
    ? { rule: `${of}-grant-too-small`, facts: { ...said, most: hoursText(unused, unit) } }
    : { rule: `${of}-grant-used`, facts: { ...said, left: hoursText(left, unit) } };
}

/** A run that starts within a decision takes its hold off what is left, or gives it back. */
export function holdGrant(
  grants: Grants,
  by: Owners,
  { timeLimitS, graceS }: Pick<Ask, "timeLimitS" | "graceS">,
  allocation: () => Allocation,
  sign: 1n | -1n,
): void {
  const binding = grantsOf(grants, by);
  if (binding.length === 0) return;
  const held = heldBy(allocation(), timeLimitS, graceS);
  for (const grant of binding) grant.left -= sign * held[grant.unit];
}

/** What the placement of such a run holds, of what is granted. */
export function heldBy(allocation: Allocation, timeLimitS: number, graceS: number): Record<GrantedUnit, bigint> {
  const held = { "core-ms": 0n, "milli-card-ms": 0n };
  for (const [unit, amount] of holdOf(allocation, timeLimitS, graceS)) {
    if (unit === "core-ms") held["core-ms"] += amount;
    else if (unit.startsWith("milli-card-ms:")) held["milli-card-ms"] += amount;
  }
  return held;
}

/** Of whole nodes what the largest of its pools would give. */
function mostHeld({
  shape,
  timeLimitS,
  graceS,
  group,
}: Parameters<typeof beyondGrant>[2]): Record<GrantedUnit, bigint> {
  const { nodes, tasks, coresPerTask, accelerators } = shape;
  const asked: Allocation = {
    nodes,
    tasks,
    coresPerTask,
    coresPerNode: Math.ceil(tasks / nodes) * coresPerTask,
    memoryMibPerNode: 0,
    acceleratorsPerNode: accelerators?.perNode ?? 0,
    acceleratorVendor: accelerators?.vendor ?? null,
    acceleratorModel: accelerators?.model ?? null,
    acceleratorShareMilli: accelerators?.shareMilli,
  };
  const given =
    shape.wholeNodes || accelerators?.shareMilli !== undefined
      ? (group?.pools ?? []).map((pool) => allocationOf(shape, pool, devicesFor(shape, pool.devices)[0] ?? -1))
      : [];
  const most = heldBy(asked, timeLimitS, graceS);
  for (const each of given) {
    const held = heldBy(each, timeLimitS, graceS);
    for (const unit of ["core-ms", "milli-card-ms"] as const) if (held[unit] > most[unit]) most[unit] = held[unit];
  }
  return most;
}

function grantsOf({ tenants, projects }: Grants, { tenant, project }: Owners): readonly Grant[] {
  if (tenants.size === 0 && projects.size === 0) return none;
  return [...(tenants.get(tenant) ?? none), ...(projects.get(project) ?? none)];
}

const none: readonly Grant[] = [];

const perHour = { "core-ms": 3_600_000n, "milli-card-ms": 3_600_000_000n } as const satisfies Record<
  GrantedUnit,
  bigint
>;

/** To the thousandth, without noughts at its end; below zero nothing is left. */
export function hoursText(amount: bigint, unit: GrantedUnit, rounding: Rounding = "down"): string {
  return roundedHours(amount < 0n ? 0n : amount, perHour[unit], rounding).replace(/\.?0+$/, "");
}

/** Hours as they are said to the amount that is counted. */
export function msOfHours(hours: number, unit: GrantedUnit): bigint {
  return BigInt(hours) * perHour[unit];
}
