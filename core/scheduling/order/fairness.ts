import type { Fairness } from "../policy.ts";

/**
 * What tenants, their projects and their people used, decayed, and the factor it puts on the score of each person's jobs:
 * at every level the part used ÷ the part that is theirs, to the policy's power; the three multiplied, within its bounds.
 * Of tenants the part is by weight. Of n projects, or people of a project, it is 1 ÷ √n: few of many work at a time.
 * Usage is of the dominant resource (`dominantShare`) × seconds. Numbers of tenants, projects and people are dense.
 */
export class Usage {
  readonly #fairness: Fairness;
  readonly #weights: number[];
  #totalWeight: number;
  #all = 0;
  readonly #tenants: Member[] = [];
  readonly #projects: Member[] = [];
  readonly #people: Member[] = [];
  /** Usage counts 2 for each half-life since then, so that what is older need not be touched. */
  #sinceS = 0;

  constructor(fairness: Fairness, weights: readonly number[]) {
    this.#fairness = fairness;
    this.#weights = [...weights];
    this.#totalWeight = weights.reduce((sum, one) => sum + one, 0);
  }

  /** What part is a tenant's, beside those of all that were told. */
  weigh(tenant: number, weight: number): void {
    this.#totalWeight += weight - (this.#weights[tenant] ?? 0);
    this.#weights[tenant] = weight;
  }

  /** Makes a person known; twice does no harm. */
  join(tenant: number, project: number, person: number): void {
    if (this.#people[person]) return;
    this.#tenants[tenant] ??= { used: 0, above: 0, members: 0 };
    if (!this.#projects[project]) {
      this.#projects[project] = { used: 0, above: tenant, members: 0 };
      tallied(this.#tenants[tenant]).members += 1;
    }
    this.#people[person] = { used: 0, above: project, members: 0 };
    tallied(this.#projects[project]).members += 1;
  }

  /** `amount`: a part of the whole network × seconds, held from `fromS` on; negative takes back what was charged too much. */
  charge(person: number, amount: number, fromS: number): void {
    if ((fromS - this.#sinceS) / this.#fairness.halfLifeS > 60) this.#rescale(fromS);
    const used = amount * 2 ** ((fromS - this.#sinceS) / this.#fairness.halfLifeS);
    const one = tallied(this.#people[person]);
    const project = tallied(this.#projects[one.above]);
    const tenant = tallied(this.#tenants[project.above]);
    for (const member of [one, project, tenant]) member.used = Math.max(0, member.used + used);
    this.#all = Math.max(0, this.#all + used);
  }

  /** What of the person's usage is left by then. */
  used(person: number, atS: number): number {
    return tallied(this.#people[person]).used * this.decay(atS - this.#sinceS);
  }

  /** What part of usage is left after so long. */
  decay(afterS: number): number {
    return 2 ** -(afterS / this.#fairness.halfLifeS);
  }

  /** From `least` (used little: ahead) to `most` (used much: behind). */
  factor(person: number): number {
    const one = tallied(this.#people[person]);
    const project = tallied(this.#projects[one.above]);
    const tenant = tallied(this.#tenants[project.above]);
    const { power, least, most } = this.#fairness;
    const ofTenant = ratio(tenant.used, this.#all, this.#part(project.above));
    const ofProject = ratio(project.used, tenant.used, 1 / Math.sqrt(tenant.members));
    const ofPerson = ratio(one.used, project.used, 1 / Math.sqrt(project.members));
    return Math.min(most, Math.max(least, (ofTenant * ofProject * ofPerson) ** power));
  }

  /** Whether the tenant has used less than is its. */
  isBelowShare(person: number): boolean {
    const project = tallied(this.#projects[tallied(this.#people[person]).above]);
    return tallied(this.#tenants[project.above]).used < this.#all * this.#part(project.above);
  }

  #part(tenant: number): number {
    return (this.#weights[tenant] ?? 0) / this.#totalWeight;
  }

  #rescale(nowS: number): void {
    const by = 2 ** -((nowS - this.#sinceS) / this.#fairness.halfLifeS);
    for (const level of [this.#tenants, this.#projects, this.#people])
      for (const member of level) if (member) member.used *= by;
    this.#all *= by;
    this.#sinceS = nowS;
  }
}

/**
 * After so long a job of a tenant below its share is served first: from half of what is promised on, so that the other half
 * is left for what runs to end. Infinity: nothing is promised.
 */
export function owedAfterS(promiseS: number | null): number {
  return promiseS === null ? Number.POSITIVE_INFINITY : promiseS / 2;
}

/** What is promised to a tenant of this name. A policy of an older recording has one promise for all. */
export function promiseTo(
  { promiseS, promises = {} }: Pick<Fairness, "promiseS"> & Partial<Fairness>,
  tenant: string,
): number | null {
  return Object.hasOwn(promises, tenant) ? (promises[tenant] ?? null) : promiseS;
}

/** The largest part that a request has of any one resource of the network. */
export function dominantShare(asked: readonly number[], total: readonly number[]): number {
  return asked.reduce((most, one, at) => Math.max(most, one / Math.max(1, total[at] ?? 1)), 0);
}

type Member = { used: number; readonly above: number; members: number };

function tallied(member: Member | undefined): Member {
  if (!member) throw new Error("usage of somebody who has not joined");
  return member;
}

/** Bounded below, so that one level alone does not outweigh the others for good. */
function ratio(used: number, all: number, part: number): number {
  return all > 0 ? Math.max(0.001, used / all / part) : 1;
}
