import type { CentreId } from "#core/ids.ts";
import type { Language } from "#core/language.ts";
import type { JobRecord } from "#core/scheduling/job-record.ts";
import { processorsOf } from "#core/scheduling/submitters.ts";

/** What tasks of one array hold at a centre while another of them waits for room. */
export type Siblings = { readonly centre: CentreId; readonly tasks: number; readonly cores: number };

/** By centre id. Those that wait in a centre's own queue hold nothing there. */
export function siblingsOf({ ask, live }: Pick<JobRecord, "ask" | "live">): readonly Siblings[] {
  const tasks = new Map<CentreId, number>();
  for (const { phase, pool } of live?.values() ?? [])
    if (phase !== "waiting") tasks.set(pool.centre.id, (tasks.get(pool.centre.id) ?? 0) + 1);
  return [...tasks]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([centre, count]) => ({ centre, tasks: count, cores: count * processorsOf(ask) }));
}

export function siblingsWords({ centre, tasks, cores }: Siblings, language: Language): string {
  if (language === "zh") return `同一作业的 ${tasks} 个任务正占用 ${centre} 的 ${cores} 核`;
  const of = tasks === 1 ? "1 task of the same job holds" : `${tasks} tasks of the same job hold`;
  return `${of} ${cores === 1 ? "1 core" : `${cores} cores`} at ${centre}`;
}
