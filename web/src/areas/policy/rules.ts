import { useTranslation } from "react-i18next";
import type { Policy } from "#core/scheduling/policy.ts";
import { useFormat } from "../../words/use.ts";

/** A policy in words: what is asked of it, and what it answers. */
export function useRules(): (policy: Policy) => readonly (readonly [name: string, words: string])[] {
  const { t } = useTranslation(["policy", "words", "submit"]);
  const format = useFormat();
  const span = (seconds: number) => format.duration(seconds * 1000);
  return ({ order, backfill, maxWaitS, guardLeadS, fairness, homePriority, placing, preemption }) => [
    [t("rule.order"), t(`orderKind.${order.kind}`)],
    [t("rule.backfill"), backfill === "window" ? backfill : t(`backfill.${backfill}`)],
    [
      t("rule.longest"),
      maxWaitS === null
        ? t("none.longest")
        : t("longest", { longest: span(maxWaitS), from: span(Math.max(0, maxWaitS - guardLeadS)) }),
    ],
    [
      t("rule.fairness"),
      fairness === null || fairness.power === 0
        ? t("none.fairness")
        : t("fairness", { halfLife: span(fairness.halfLifeS) }),
    ],
    [
      t("rule.promise"),
      fairness === null || fairness.promiseS === null
        ? t("none.promise")
        : t("promise", { promise: span(fairness.promiseS) }),
    ],
    [t("rule.home"), homePriority === null ? t("none.home") : t("home", { after: span(homePriority.afterS) })],
    [
      t("rule.placing"),
      placing === null
        ? t("none.placing")
        : t("placing", {
            perYuan: span(placing.secondsPerYuan),
            carbon: placing.carbonWeight,
            risk: placing.riskWeight,
          }),
    ],
    [
      t("rule.moves"),
      placing === null || placing.moves === null || placing.moves.most === 0
        ? t("none.moves")
        : t("moves", { gain: span(placing.moves.leastGainS), count: placing.moves.most }),
    ],
    [
      t("rule.preemption"),
      preemption === null || preemption.of.high.length + preemption.of.normal.length === 0
        ? t("none.preemption")
        : [
            ...(["high", "normal"] as const).flatMap((by) => {
              const of: readonly ("low" | "normal")[] = preemption.of[by];
              const classes = of.map((one) => t(`submit:priority.${one}`)).join(t("and"));
              return of.length === 0 ? [] : [t("over", { by: t(`submit:priority.${by}`), of: classes })];
            }),
            t("preemption", { count: preemption.mostTimes, grace: span(preemption.mostGraceS) }),
          ].join(t("comma")),
    ],
  ];
}
