import type * as z from "zod";
import { type Phrase, phrases } from "#core/job/phrase.ts";
import type { Issue } from "#core/refusal.ts";

/**
 * What the schemas of api/ say against a request, one line for each field, in words for people. A schema's own words win
 * over those by its kind; they are English, and `ownWords` has their Chinese.
 */
export function issuesOf(error: z.core.$ZodError, language: "en" | "zh"): readonly Issue[] {
  const first = new Map<string, Issue>();
  // A second fault of the same field is most often the first one's echo.
  for (const issue of error.issues.flatMap((one) => flat(one, [], language)))
    if (!first.has(issue.path)) first.set(issue.path, issue);
  return [...first.values()].slice(0, maxIssues);
}

/** A bulk of ten thousand broken jobs needs no answer of a megabyte. */
const maxIssues = 20;

/** For `safeParse`: the words of an issue by its code. */
export const issueWords = {
  en: (issue: z.core.$ZodRawIssue) => words(issue)[0],
  zh: (issue: z.core.$ZodRawIssue) => words(issue)[1],
} as const;

type Words = readonly [en: string, zh: string];

function words(issue: z.core.$ZodRawIssue): Words {
  switch (issue.code) {
    case "invalid_type": {
      if (issue.input === undefined) return missing;
      const [en, zh] = types[issue.expected] ?? [issue.expected, issue.expected];
      return [`must be ${en}`, `应为${zh}`];
    }
    case "too_small":
      if (issue.origin === "string" && issue.minimum === 1) return ["cannot be empty", "不能为空"];
      return size(issue.origin, issue.minimum, ["at least", "不少于", "不小于"]);
    case "too_big":
      // What no number here may be: the field's own limit was not asked.
      if (issue.maximum === Number.MAX_SAFE_INTEGER) return ["is far too large", "远超上限"];
      return size(issue.origin, issue.maximum, ["at most", "不多于", "不大于"]);
    case "invalid_value": {
      if (issue.input === undefined) return missing;
      const values = issue.values.map(String);
      if (values.length <= 2) return [`must be ${values.join(" or ")}`, `应为 ${values.join(" 或 ")}`];
      return [`must be one of ${values.join(", ")}`, `应为 ${values.join("、")} 之一`];
    }
    case "invalid_format": {
      if (issue.format === "base64")
        return ["must be base64 (RFC 4648, padded)", "应为 base64 编码（RFC 4648，含填充）"];
      const form = patterns[`${issue.pattern}`];
      return (
        form ?? [`does not have the form ${issue.pattern ?? issue.format}`, `格式应为 ${issue.pattern ?? issue.format}`]
      );
    }
    case "not_multiple_of":
      return [`must be a multiple of ${issue.divisor}`, `应为 ${issue.divisor} 的倍数`];
    case "unrecognized_keys":
      return ["there is no such field", "没有此字段"];
    case "invalid_union":
      return ["has none of the forms that it may have", "不符合任何一种允许的形式"];
    default:
      return ["does not fit the rules", "不合规则"];
  }
}

const missing: Words = ["is missing", "缺少此项"];

const types: Readonly<Record<string, Words>> = {
  string: ["text", "文本"],
  int: ["a whole number", "整数"],
  number: ["a number", "数字"],
  boolean: ["true or false", " true 或 false"],
  array: ["a list", "列表"],
  object: ["an object", "对象"],
  record: ["an object", "对象"],
  null: ["null", " null"],
};

function size(
  origin: string,
  limit: number | bigint,
  [en, zhCount, zhNumber]: readonly [string, string, string],
): Words {
  switch (origin) {
    case "string":
      return [`must have ${en} ${limit} ${limit === 1 ? "character" : "characters"}`, `应${zhCount} ${limit} 个字符`];
    case "array":
    case "set":
    case "map":
      return [`must have ${en} ${limit} ${limit === 1 ? "entry" : "entries"}`, `应${zhCount} ${limit} 项`];
    default:
      return [`must be ${en} ${limit}`, `应${zhNumber} ${limit}`];
  }
}

const shortName: Words = [
  "must be 1 to 63 characters of a to z, 0 to 9, dot, dash and underscore, the first and last a letter or digit",
  "应为 1 至 63 个字符：a 至 z、0 至 9、点、连字符、下划线，首尾为字母或数字",
];
/** The patterns of api/, as they are written there. */
const patterns: Readonly<Record<string, Words>> = {
  "/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/": shortName,
  "/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/": [
    "must be 1 to 63 characters of a to z, 0 to 9 and dash, the first and last no dash",
    "应为 1 至 63 个字符：a 至 z、0 至 9、连字符，首尾不为连字符",
  ],
  "/\\S/": [
    "must have something that can be seen; leave it out to show the name itself",
    "不能为空白；不填则显示名称本身",
  ],
  "/^[A-Za-z_][A-Za-z0-9_]*$/": [
    "must be a variable's name: letters, digits and underscores, the first no digit",
    "应为变量名：字母、数字、下划线，首位不为数字",
  ],
};

/** Chinese for what the schemas of api/ say in their own words. */
const ownWords: readonly (readonly [RegExp, string])[] = [
  [/^holds a NUL, .*/, "含有 NUL，文件、变量与脚本均无法携带"],
  [/^holds (U\+[0-9A-F]+); .*/, phrases["one-line"][1].replace("{found}", "$1")],
  [/^holds a lone surrogate: .*/, "含有孤立代理项，不是合法的 Unicode"],
  [/^at most (\d+) variables$/, "最多 $1 个变量"],
  [/^at most (\d+) labels$/, "最多 $1 个标签"],
  [/^name a container by digest: .*/, "请以摘要指明容器：NAME@sha256:…，后接 64 位十六进制数字"],
];

function inLanguage(message: string, language: "en" | "zh"): string {
  if (language === "en") return message;
  const found = ownWords.find(([pattern]) => pattern.test(message));
  return found ? message.replace(found[0], found[1]) : message;
}

function flat(issue: z.core.$ZodIssue, above: readonly PropertyKey[], language: "en" | "zh"): readonly Issue[] {
  const path = [...above, ...issue.path];
  const whole = [{ path: pathText(path), words: inLanguage(issue.message, language) }];
  switch (issue.code) {
    case "custom":
      return isPhrase(issue.params?.phrase) ? [{ path: pathText(path), words: issue.params.phrase }] : whole;
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ path: pathText([...path, key]), words: issue.message }));
    case "invalid_key":
    case "invalid_element":
      return issue.issues.length === 0 ? whole : issue.issues.flatMap((inner) => flat(inner, path, language));
    case "invalid_union": {
      // The alternative that comes nearest is what the caller meant: one whose kind was named before all others.
      const distance = (of: readonly z.core.$ZodIssue[]) => of.length + (of.some(isOtherKind) ? 1000 : 0);
      const nearest = [...issue.errors].sort((a, b) => distance(a) - distance(b))[0];
      if (nearest === undefined || nearest.length === 0) return whole;
      return nearest.flatMap((inner) => flat(inner, path, language));
    }
    default:
      return whole;
  }
}

function isPhrase(said: unknown): said is Phrase {
  return typeof said === "object" && said !== null && "kind" in said && "facts" in said;
}

function isOtherKind(issue: z.core.$ZodIssue): boolean {
  return issue.code === "invalid_value" && issue.values.length === 1 && issue.path.length === 1;
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) =>
      typeof part === "number" ? `[${part}]` : `${i > 0 ? "." : ""}${JSON.stringify(String(part)).slice(1, -1)}`,
    )
    .join("");
}
