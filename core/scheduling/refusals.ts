import type { CentreId, JobId } from "#core/ids.ts";
import { judgeEver } from "#core/scheduling/fit.ts";
import { rangesOf } from "#core/scheduling/positions.ts";
import { askAnew } from "#core/scheduling/queue.ts";
import type { RefusedEnd } from "#core/scheduling/world-plan.ts";
import type { State } from "#core/scheduling/world-state.ts";

/**
 * What a centre would not take, by a definite word of its policy, its engine or its own program. Nothing of it has
 * started there, so it may go to any other centre, and to that one it does not go again: the same facts would be refused
 * the same way. Where no other could ever take it, its tasks end as refused, in the centre's words (docs/decisions/0047).
 */
export function refuseJob(
  state: State,
  { job: id, centre, words }: { readonly job: JobId; readonly centre: CentreId; readonly words: string },
): void {
  const job = state.jobs.get(id);
  const before = job?.ask.wishes.refusedBy ?? [];
  if (!job || before.some((each) => each.centre === centre)) return;
  state.refused.set(job, null);
  const { own: shape, wishes, timeLimitS, graceS, demands, bounds } = job.ask;
  const refusing = { ...wishes, refusedBy: [...before, { centre, words }] };
  const asked = { shape, wishes: refusing, timeLimitS, graceS, demands, bounds };
  askAnew(state.queue, job, { ...asked, project: job.project, person: job.person }, state.centres);
}

/** Of jobs that were refused, the tasks that wait and that no centre could ever take, as the centres are now. */
export function refusedForGood({ refused, centres, description }: State): readonly RefusedEnd[] {
  const ends: RefusedEnd[] = [];
  for (const [job, hopefulBy] of refused) {
    const { id, ask, queued, indices } = job;
    const last = ask.wishes.refusedBy?.at(-1);
    if (!last || queued.length === 0) continue;
    // Names of nodes may change without another description.
    if (hopefulBy === description && ask.demands?.siteWords.nodelist === undefined) continue;
    if (centres.some((centre) => judgeEver(ask, centre).rule === null)) {
      refused.set(job, description);
      continue;
    }
    ends.push({ job: id, indices: rangesOf(indices, queued), refusedBy: last.centre, words: last.words });
  }
  return ends;
}
