import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { mibText } from "#core/measures.ts";
import { Notice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/page.tsx";
import { useCost } from "../../words/cost.ts";
import { useFilledIn } from "../../words/filled-in.ts";
import { mostHoursText } from "../../words/format.ts";
import { Candidates, Start } from "../job/placement.tsx";
import { Asked, useCards } from "../job/specification.tsx";
import css from "./submit.module.css";

/** What a submission would do: where it would go and what it would get there, what it may use at most, and what each centre says. */
export function DryRun({ answer, old }: { readonly answer: Answer<"dryRun">; readonly old: boolean }) {
  const { t } = useTranslation(["submit", "words"]);
  const filledIn = useFilledIn();
  const cost = useCost();
  const cards = useCards();
  const hours = useHours();
  const { spec, quote, wouldGet, waits, start, defaults, warnings, candidates } = answer;
  const { tasks, attempts, perTask, total, comesAgain } = quote;
  const isAfter = spec.dependencies.length > 0;
  const gets = wouldGet && {
    nodes: wouldGet.nodes,
    cores: wouldGet.coresPerNode,
    memory: mibText(wouldGet.memoryMibPerNode),
    pool: wouldGet.pool,
  };
  return (
    <Panel title={t("result.title")} extra={old ? t("result.old") : null}>
      <Notice
        kind={wouldGet === null ? "warning" : "good"}
        title={t(`result.${whereKey(wouldGet, isAfter)}`, { centre: wouldGet?.centre ?? "" })}
      >
        {waits}
      </Notice>
      {start !== null && !isAfter ? <Start start={start} /> : null}
      <Facts
        items={[
          ...(wouldGet && gets
            ? [
                [
                  t("result.gets"),
                  [t("result.given", gets), ...(wouldGet.accelerators ? [cards(wouldGet.accelerators)] : [])].join(
                    " · ",
                  ),
                ] as const,
                [t("result.holds"), [...hours(wouldGet.holds), cost.amount(wouldGet.cost)].join(" · ")] as const,
              ]
            : []),
          [t("result.quote"), hours(total).join(" · ")],
          ...(tasks * attempts === 1
            ? []
            : [[t("result.each"), [t("result.times", { tasks, attempts }), ...hours(perTask)].join(" · ")] as const]),
          ...(comesAgain ? [[t("result.besides"), t("result.again"), "wide"] as const] : []),
          [t("result.cost"), `${cost.amount(quote.cost)} · ${cost.tariff(quote.cost)}`],
          ...(defaults.length === 0
            ? []
            : [[t("result.defaults"), defaults.map(filledIn).join(" · "), "wide"] as const]),
          ...(warnings.length === 0 ? [] : [[t("result.warnings"), warnings.join(" · "), "wide"] as const]),
        ]}
      />
      <h3 className={css.sub}>{t("result.asked")}</h3>
      <Asked spec={spec} />
      <h3 className={css.sub}>{t("result.centres")}</h3>
      <div className={css.candidates}>
        <Candidates candidates={candidates} chosen={wouldGet?.centre ?? null} />
      </div>
    </Panel>
  );
}

function whereKey(
  wouldGet: Answer<"dryRun">["wouldGet"],
  isAfter: boolean,
): "waits" | "goesAfter" | "goesTo" | "joins" {
  if (wouldGet === null) return "waits";
  if (isAfter) return "goesAfter";
  return wouldGet.startsNow ? "goesTo" : "joins";
}

type Amounts = Answer<"dryRun">["quote"]["total"];

/** Rounded up: nothing is more than it says. */
function useHours(): (amounts: Amounts) => readonly string[] {
  const { t } = useTranslation("submit");
  return ({ coreMs, milliCardMs, memoryMibS }) => [
    t("result.coreHours", { value: mostHoursText.core(coreMs) }),
    ...(milliCardMs === "0" ? [] : [t("result.cardHours", { value: mostHoursText.card(milliCardMs) })]),
    t("result.memory", { value: mostHoursText.gib(memoryMibS) }),
  ];
}
