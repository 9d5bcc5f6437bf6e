import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { mibText } from "#core/measures.ts";
import { Sentences } from "../../parts/effects.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/page.tsx";
import { useCost } from "../../words/cost.ts";
import { useFilledIn } from "../../words/filled-in.ts";
import { mostHoursText } from "../../words/format.ts";
import { useFormat } from "../../words/use.ts";
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
  const { clockTimes } = useFormat();
  const { spec, quote, wouldGet, waits, start, inTime, notes, defaults, warnings, candidates } = answer;
  const { tasks, attempts, perTask, total, comesAgain } = quote;
  const isAfter = spec.dependencies.length > 0;
  const gets = wouldGet && [
    [t("result.nodes", { count: wouldGet.nodes }), t("result.cores", { count: wouldGet.coresPerNode })].join(" × "),
    t("result.given", { memory: mibText(wouldGet.memoryMibPerNode), pool: wouldGet.pool }),
    ...(wouldGet.accelerators ? [cards(wouldGet.accelerators)] : []),
  ];
  return (
    <Panel title={t("result.title")}>
      {old ? <Notice kind="plain" title={t("result.old")} /> : null}
      <div className={css.answer} data-old={old || undefined}>
        <Notice
          kind={wouldGet !== null ? (old ? "plain" : "good") : start === null && !isAfter ? "warning" : "plain"}
          title={t(`result.${whereKey(wouldGet, isAfter)}`, { centre: wouldGet?.centre ?? "" })}
        >
          {waits === null ? null : clockTimes(waits)}
        </Notice>
        {start !== null ? <Start start={start} /> : null}
        <Facts
          items={[
            ...(inTime === null ? [] : [[t("result.inTime"), clockTimes(inTime), "wide"] as const]),
            ...(wouldGet && gets
              ? [
                  [t("result.gets"), gets.join(" · ")] as const,
                  [t("result.holds"), [...hours(wouldGet.holds), cost.amount(wouldGet.cost)].join(" · ")] as const,
                ]
              : []),
            [t("result.quote"), hours(total).join(" · ")],
            ...(tasks * attempts === 1
              ? []
              : [
                  [
                    t("result.each"),
                    [
                      [t("result.tasks", { count: tasks }), t("result.attempts", { count: attempts })].join(" × "),
                      ...hours(perTask),
                    ].join(" · "),
                  ] as const,
                ]),
            ...(comesAgain ? [[t("result.besides"), t("result.again"), "wide"] as const] : []),
            [t("result.cost"), `${cost.amount(quote.cost)} · ${cost.tariff(quote.cost)}`],
            ...(defaults.length === 0
              ? []
              : [[t("result.defaults"), defaults.map(filledIn).join(" · "), "wide"] as const]),
            ...(notes.length === 0
              ? []
              : [[t("result.notes"), <Sentences key="notes" all={notes.map(clockTimes)} />, "wide"] as const]),
            ...(warnings.length === 0
              ? []
              : [[t("result.warnings"), <Sentences key="remarks" all={warnings.map(clockTimes)} />, "wide"] as const]),
          ]}
        />
        <h3 className={css.sub}>{t("result.asked")}</h3>
        <Asked spec={spec} />
        <h3 className={css.sub}>{t("result.centres")}</h3>
        <div className={css.candidates}>
          <Candidates candidates={candidates} chosen={wouldGet?.centre ?? null} held={wouldGet === null} />
        </div>
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

/** A text with the number that its plural goes by: of one hour alone the singular is said. */
function counted(value: string) {
  return { value, count: value === "1" ? 1 : 2 };
}

/** Rounded up: nothing is more than it says. */
function useHours(): (amounts: Amounts) => readonly string[] {
  const { t } = useTranslation("submit");
  return ({ coreMs, milliCardMs, memoryMibS }) => [
    t("result.coreHours", counted(mostHoursText.core(coreMs))),
    ...(milliCardMs === "0" ? [] : [t("result.cardHours", counted(mostHoursText.card(milliCardMs)))]),
    t("result.memory", counted(mostHoursText.gib(memoryMibS))),
  ];
}
