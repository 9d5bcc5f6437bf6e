import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { Notice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/page.tsx";
import { useCost } from "../../words/cost.ts";
import { useFilledIn } from "../../words/filled-in.ts";
import { mostHoursText } from "../../words/format.ts";
import { Candidates } from "../job/placement.tsx";
import css from "./submit.module.css";

/** What a submission would do: where it would go, what it may use at most, what was filled in, and what each centre says. */
export function DryRun({ answer, old }: { readonly answer: Answer<"dryRun">; readonly old: boolean }) {
  const { t } = useTranslation(["submit", "words"]);
  const filledIn = useFilledIn();
  const cost = useCost();
  const { quote, wouldGoTo, defaults, warnings, candidates, tasks } = answer;
  const most = [
    t("result.coreHours", { value: mostHoursText.core(quote.total.coreMs) }),
    ...(quote.total.milliCardMs === "0"
      ? []
      : [t("result.cardHours", { value: mostHoursText.card(quote.total.milliCardMs) })]),
    t("result.memory", { value: mostHoursText.gib(quote.total.memoryMibS) }),
  ];
  return (
    <Panel title={t("result.title")} extra={old ? t("result.old") : null}>
      <Notice
        kind={wouldGoTo === null ? "warning" : "good"}
        title={wouldGoTo === null ? t("result.waits") : t("result.goesTo", { centre: wouldGoTo })}
      />
      <Facts
        items={[
          [t("result.quote"), `${t("result.tasks", { count: tasks })} · ${most.join(" · ")}`],
          [t("result.cost"), `${cost.amount(quote.cost)} · ${cost.tariff(quote.cost)}`],
          ...(defaults.length === 0 ? [] : [[t("result.defaults"), defaults.map(filledIn).join(" · ")] as const]),
          ...(warnings.length === 0 ? [] : [[t("result.warnings"), warnings.join(" · ")] as const]),
        ]}
      />
      <h3 className={css.sub}>{t("result.centres")}</h3>
      <div className={css.candidates}>
        <Candidates candidates={candidates} chosen={wouldGoTo} />
      </div>
    </Panel>
  );
}
