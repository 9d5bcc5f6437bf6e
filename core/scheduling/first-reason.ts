import type { CentreId, JobId } from "#core/ids.ts";
import { isToldOf, judge } from "#core/scheduling/fit.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import { beyondOwn, ownReason } from "#core/scheduling/own-reason.ts";
import { indexAt, nextPosition } from "#core/scheduling/positions.ts";
import { claimOf } from "#core/scheduling/preemption/record.ts";
import type { Ask } from "#core/scheduling/queue.ts";
import { type Candidate, type CentreRule, type Facts, type JobRule, ruleRank } from "#core/scheduling/reasons.ts";
import type { State } from "#core/scheduling/world-state.ts";

/** What a job's first queued task waits for, as a line of a list says it. */
export type FirstReason =
  | { readonly kind: "own"; readonly rule: JobRule; readonly facts: Facts }
  /** Of the centres that may have it later, the one that is nearest to it. */
  | { readonly kind: "centre"; readonly rule: CentreRule; readonly facts: Facts; readonly centre: CentreId }
  /** As all centres are now, none could ever run it; the rule of the one nearest to it. */
  | { readonly kind: "nowhere"; readonly rule: CentreRule; readonly facts: Facts; readonly centre: CentreId }
  /** Runs end there for it. */
  | { readonly kind: "made-way-for"; readonly centre: CentreId }
  /** A centre has room: it is others' turn before, or it is being placed. */
  | { readonly kind: "turn" };

/**
 * `explain` in short, for the lines of a list: by what each job asks and what the centres have, without a walk over those
 * ahead of it, so that an ask costs one look at each centre, however many jobs share it. Left out: jobs of which nothing
 * waits in the network's queue, and what would take more than `mostLooks` looks.
 */
export function firstReasons(state: State, ids: readonly JobId[], nowMs: number): ReadonlyMap<JobId, FirstReason> {
  const said = new Map<Ask, FirstReason>();
  const reasons = new Map<JobId, FirstReason>();
  for (const id of ids) {
    const job = state.jobs.get(id);
    const position = job ? nextPosition(job.queued, 0) : -1;
    if (!job || position === -1) continue;
    const known = ofJob(state, job, position, nowMs) ?? said.get(job.ask);
    if (!known && (said.size + 1) * state.centres.length > mostLooks) continue;
    const reason = known ?? ofCentres(state, job.ask, nowMs);
    if (!known) said.set(job.ask, reason);
    reasons.set(id, reason);
  }
  return reasons;
}

/** Of a hundred lines at two hundred centres, which takes some ten milliseconds. */
const mostLooks = 20_000;

function ofJob(state: State, job: JobRecord, position: number, nowMs: number): FirstReason | null {
  const own = ownReason(job, position, nowMs);
  if (own) return { kind: "own", ...own };
  const claim = claimOf(state.preemption, { job: job.id, index: indexAt(job.indices, position) });
  if (claim) return { kind: "made-way-for", centre: claim.pool.centre.id };
  const beyond = beyondOwn(state, job, job.ask);
  return beyond && { kind: "own", ...beyond };
}

function ofCentres({ centres }: State, ask: Ask, nowMs: number): FirstReason {
  const said = centres.filter((centre) => isToldOf(centre, ask)).map((centre) => judge(ask, centre, nowMs));
  if (said.some(({ holds }) => holds === "now")) return { kind: "turn" };
  const possible = said.filter(({ holds }) => holds === "later");
  const nearest = nearestOf(possible.length > 0 ? possible : said);
  if (!nearest?.rule) return { kind: "own", rule: "no-centre", facts: {} };
  const { rule, facts, centre } = nearest;
  const there = { rule, facts, centre };
  return possible.length > 0 ? { kind: "centre", ...there } : { kind: "nowhere", ...there };
}

/** Whose rule is asked last; all alike: the first. */
function nearestOf(said: readonly Candidate[]): Candidate | undefined {
  const rank = ({ rule }: Candidate) => (rule === null ? -1 : ruleRank(rule));
  return said.reduce<Candidate | undefined>((best, one) => (best && rank(best) >= rank(one) ? best : one), undefined);
}
