import { useTranslation } from "react-i18next";
import type { JobDetail } from "#api/job.ts";
import { Facts } from "../../parts/page.tsx";
import { useCost } from "../../words/cost.ts";
import { cardHoursText, coreHoursText, gibHoursText, hoursText } from "../../words/format.ts";

/** What all runs of the job used, each amount in the unit of its ledger account, and what that cost under which tariff. */
export function UsageFacts({ job }: { readonly job: JobDetail }) {
  const { t } = useTranslation("job");
  const words = useCost();
  const { usage, cost } = job;
  return (
    <>
      <Facts
        narrow
        items={[
          [t("usage.coreHours"), coreHoursText(usage.coreMs)],
          ...(usage.milliCardMs === "0" ? [] : [[t("usage.cardHours"), cardHoursText(usage.milliCardMs)] as const]),
          [t("usage.memory"), gibHoursText(usage.memoryMibS)],
          [t("usage.wall"), hoursText(usage.wallMs)],
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
