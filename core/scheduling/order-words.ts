import { classTitle, type JobClasses } from "#core/job/job-class.ts";
import type { Language } from "#core/language.ts";
import { networkTimeText } from "#core/ledger/network-day.ts";
import { durationWords } from "#core/measures.ts";
import type { OrderTerms } from "#core/scheduling/order-terms.ts";
import type { Policy } from "#core/scheduling/policy.ts";

/** What a waiting job's place in the queue is made of, for people. */
export function orderWords(
  terms: OrderTerms,
  policy: Pick<Policy, "name" | "classes" | "defaultClass">,
  language: Language,
): string {
  const { score, factor, predictedS, isPredicted, deadline, home } = terms;
  const zh = language === "zh";
  const parts: string[] = [placeWords(terms, policy, language), ...droppedWords(terms, policy, language)];
  if (deadline !== null) parts.push(deadlineWords(deadline, language));
  if (score !== null)
    parts.push(zh ? `排队得分 ${rounded(score)}（越小越靠前）` : `queue score ${rounded(score)} (the least is first)`);
  if (factor !== null && score !== null)
    parts.push(
      zh
        ? `其中公平系数 ${rounded(factor)}（按租户、项目和个人已用量）`
        : `of it a fairness factor of ${rounded(factor)} for what its tenant, project and person used`,
    );
  if (predictedS !== null) parts.push(runTimeWords(predictedS, isPredicted, language));
  if (home !== null) parts.push(homeWords(home, language));
  return zh ? `策略 ${policy.name}，${parts.join("；")}` : `policy ${policy.name}, ${parts.join("; ")}`;
}

function placeWords(terms: OrderTerms, { classes }: Pick<Policy, "classes">, language: Language): string {
  if (terms.class === "promised" && terms.promiseS !== null) return promisedWords(terms.promiseS, language);
  if (terms.class === "waited") return waited[language];
  if (terms.class === "plain") return plain[language];
  const title = classTitle(terms.class, language, classes);
  return language === "zh" ? `优先级${/^[\x20-\x7e]/.test(title) ? " " : ""}${title}` : `priority ${title}`;
}

function droppedWords(
  { droppedClass: dropped }: OrderTerms,
  policy: JobClasses,
  language: Language,
): readonly string[] {
  if (dropped === null) return [];
  const usual = classTitle(policy.defaultClass, language, policy.classes);
  return language === "zh"
    ? [`它提交时的等级 ${dropped} 已不在现行策略中，按默认等级“${usual}”处理`]
    : [`its class ${dropped} is none of this policy's any more, so it counts as the default, ${usual}`];
}

function promisedWords(promiseS: number, language: Language): string {
  const within = durationWords(promiseS * 1000, language);
  return language === "zh"
    ? `优先服务，按提交次序（其租户用量低于份额，承诺 ${within}内启动）`
    : `served first, as it came: its tenant has used less than its share and was promised a start within ${within}`;
}

function deadlineWords(
  { endsMs, latestStartMs, goesAhead }: NonNullable<OrderTerms["deadline"]>,
  language: Language,
): string {
  const [latest, ends] = [networkTimeText(latestStartMs), networkTimeText(endsMs)];
  if (language === "zh") return `须在 ${latest} 前启动，才能在截止时刻 ${ends} 前结束${aheadWords[goesAhead].zh}`;
  return `it has to start by ${latest} to end by its deadline ${ends}${aheadWords[goesAhead].en}`;
}

const aheadWords = {
  now: { en: ", so it goes ahead of its class", zh: "，因此在同级作业中优先" },
  later: { en: "", zh: "" },
  "above-share": {
    en: ", and goes ahead of nobody for it while its submitter has used more than is theirs",
    zh: "，但其提交者用量已超份额，不因此优先",
  },
  never: { en: "", zh: "" },
} as const satisfies Record<NonNullable<OrderTerms["deadline"]>["goesAhead"], Record<Language, string>>;

function runTimeWords(predictedS: number, isPredicted: boolean, language: Language): string {
  const time = durationWords(predictedS * 1000, language);
  if (isPredicted)
    return language === "zh"
      ? `预测运行 ${time}（依据其提交者以往的作业）`
      : `a predicted run time of ${time} by its submitter's earlier jobs`;
  return language === "zh"
    ? `按运行 ${time} 计（其提交者已结束的作业太少，尚不足以预测）`
    : `its run time taken as ${time}, as too few jobs of its submitter have ended to foretell it`;
}

function homeWords({ centre, lateS, goesAhead }: NonNullable<OrderTerms["home"]>, language: Language): string {
  const late = durationWords(lateS * 1000, language);
  if (language === "zh")
    return `若只在本租户的所属中心 ${centre} 运行，${late}前即可启动${goesAhead ? "，因此在该中心先于外来作业" : ""}`;
  return `on its home ${centre} alone it would have started ${late} ago${goesAhead ? ", so it goes ahead of visitors there" : ""}`;
}

const waited = {
  en: "served first, as it came: it has waited nearly as long as anybody may",
  zh: "优先服务，按提交次序（等待时间已接近上限）",
} as const;
const plain = { en: "no classes", zh: "不分等级" } as const;

/** Three figures that count. */
function rounded(value: number): string {
  return value >= 1000 ? `${Math.round(value)}` : `${Number(value.toPrecision(3))}`;
}
