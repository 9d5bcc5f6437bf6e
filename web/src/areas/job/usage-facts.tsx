import { useTranslation } from "react-i18next";
import type { JobDetail } from "#api/job.ts";
import { Facts } from "../../parts/page.tsx";
import { cardHoursText, coreHoursText, gibHoursText, hoursText, yuanText } from "../../words/format.ts";

/** What all runs of the job used, each amount in the unit of its ledger account, and what that cost under which tariff. */
export function UsageFacts({ job }: { readonly job: JobDetail }) {
  const { t } = useTranslation(["job", "words"]);
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
              {t("words:unit.yuan", { value: yuanText(cost.amountMicroYuan) })}{" "}
              <span className="soft">· {t("usage.tariff", { version: cost.tariffVersion })}</span>
            </>,
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
