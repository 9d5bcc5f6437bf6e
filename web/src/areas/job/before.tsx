import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { TaskDetail } from "#api/job.ts";
import { madeWayFor } from "#core/job/end-reason.ts";
import { Notice } from "../../parts/notice.tsx";
import { useStateWord } from "../../parts/state.tsx";
import { useFormat } from "../../words/use.ts";
import { jobQuery } from "./queries.ts";

export type Run = TaskDetail["runs"][number];

/** The attempts that ended before the present one, or before the wait for the next; oldest first. */
export function runsBefore(task: TaskDetail): readonly Run[] {
  const present = task.state === "queued" ? undefined : task.runs.at(-1);
  return task.runs.filter((run) => run !== present && run.end !== null);
}

/** Why a task that had begun waits or runs again: for whom it made way, or how the attempt before ended. */
export function BeforeNotice({ task }: { readonly task: TaskDetail }) {
  const { t } = useTranslation("job");
  const word = useStateWord();
  const format = useFormat();
  const run = runsBefore(task).at(-1);
  if (!run?.end || task.state === "ended") return null;
  const claimant = run.end.reason === null ? null : madeWayFor(run.end.reason);
  const { attempt } = run;
  return (
    <Notice
      kind="warning"
      title={
        claimant === null
          ? t("before.ended", { attempt, outcome: word(run.end.kind) })
          : t("before.madeWay", { attempt, job: claimant })
      }
      action={claimant === null ? undefined : <JobLink name={claimant} />}
    >
      {format.sentences([
        t(run.billed ? "before.billed" : "before.notBilled"),
        task.state === "queued" ? t("before.waits") : t("before.again", { attempt: task.runs.length }),
      ])}
    </Notice>
  );
}

/** To a task as `12` or `12_7`, where the reader may see its job. */
function JobLink({ name }: { readonly name: string }) {
  const { t } = useTranslation("job");
  const { data } = useQuery({ ...jobQuery(Number(name.split("_")[0])), retry: false });
  if (!data) return null;
  return (
    <Link to="/jobs/$job" params={{ job: name }}>
      {t("title", { job: name })}
    </Link>
  );
}
