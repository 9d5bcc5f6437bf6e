import { useTranslation } from "react-i18next";
import type { JobDetail, TaskDetail } from "#api/job.ts";
import { energyText, mibText } from "#core/measures.ts";
import { Facts } from "../../parts/page.tsx";
import { useCost } from "../../words/cost.ts";
import { cardHoursText, coreHoursText, gibHoursText } from "../../words/format.ts";
import { useFormat } from "../../words/use.ts";

/**
 * What all runs of the job used, each amount in the unit of its ledger account, and what that cost under which tariff; and
 * of the newest run of that task how much memory it held, and used at most, and the energy where its engine counts any.
 */
export function UsageFacts({ job, task }: { readonly job: JobDetail; readonly task: TaskDetail }) {
  const { t } = useTranslation(["job", "words"]);
  const words = useCost();
  const format = useFormat();
  const { usage, cost } = job;
  const run = task.runs.at(-1);
  const of = (title: string, whose: string) => (job.array === null ? title : `${title} · ${whose}`);
  return (
    <>
      <Facts
        narrow
        items={[
          [t("usage.coreHours"), coreHoursText(usage.coreMs)],
          ...(usage.milliCardMs === "0" ? [] : [[t("usage.cardHours"), cardHoursText(usage.milliCardMs)] as const]),
          [t("usage.memory"), gibHoursText(usage.memoryMibS)],
          ...(job.startedMs === null || job.endedMs === null
            ? []
            : [[t("words:column.duration"), format.lasted(job.endedMs - job.startedMs)] as const]),
          // Booked at the end of each run: until the first has ended there is no figure, which 0 would be.
          ...(job.state !== "ended" && usage.wallMs === "0"
            ? []
            : [[of(t("runs.wall"), t("usage.allTasks")), format.ran(Number(usage.wallMs))] as const]),
          ...(run?.usage && run.startedMs !== null
            ? [
                [
                  of(t("runs.peak"), t("task", { index: task.index })),
                  t("usage.ofHeld", { peak: mibText(run.usage.peakMemoryMib), held: mibText(run.memoryMib) }),
                  "wide",
                ] as const,
              ]
            : []),
          ...(run?.usage?.energyJoules == null
            ? []
            : [
                [
                  of(t("runs.energy"), t("task", { index: task.index })),
                  t("usage.byNodes", { energy: energyText(run.usage.energyJoules) }),
                  "wide",
                ] as const,
              ]),
          [
            t("usage.cost"),
            <>
              {words.amount(cost)} <span className="soft">· {words.tariff(cost)}</span>
            </>,
            "wide",
          ],
        ]}
      />
      {job.state === "ended" ? null : (
        <p className="faint" style={{ margin: "10px 0 0" }}>
          {t("usage.later")}
        </p>
      )}
    </>
  );
}
