import { cardKindWords } from "#core/job/card-words.ts";
import { type OptionPlace, optionAt, type Phrase, phraseWords } from "#core/job/phrase.ts";
import { coresPerNode, type Shape } from "#core/job/spec.ts";
import type { Language } from "#core/language.ts";
import { networkTimeText } from "#core/ledger/network-day.ts";
import { durationWords, exactMibText } from "#core/measures.ts";
import { nearestName } from "#core/nearest-name.ts";
import { type Facts, reasonWords } from "#core/scheduling/reasons.ts";
import { unreachable } from "#core/unreachable.ts";

/**
 * Every expected "no", with its facts. Functions return these; nothing throws them inside core. `refusalStatus` and
 * `refusalWords` are the one place that maps them to HTTP and to words; the `type` of a problem document is
 * `/api/problems/<kind>` and never changes its meaning.
 */
export type Refusal =
  | { readonly kind: "malformed-json"; readonly words: Phrase }
  | { readonly kind: "invalid-request"; readonly issues: readonly Issue[] }
  | ({
      readonly kind: "unknown-option";
      readonly nearest: string | null;
      /** Further unknown options of the same submission. */
      readonly others: readonly (OptionPlace & { readonly nearest: string | null })[];
    } & OptionPlace)
  | ({ readonly kind: "bad-option-value"; readonly value: string; readonly expected: Phrase } & OptionPlace)
  /** An option of sbatch that Weir knows, cannot honour, and that would change the work if it were left out. */
  | ({ readonly kind: "option-refused"; readonly because: Phrase } & OptionPlace)
  | {
      readonly kind: "too-large";
      readonly what: string;
      readonly actual: number;
      readonly limit: number;
      readonly unit: string;
    }
  | { readonly kind: "not-text"; readonly field: string; readonly found: "NUL" | "lone surrogate" }
  | { readonly kind: "script-without-interpreter" }
  | { readonly kind: "script-with-dos-lines" }
  | { readonly kind: "path-escape"; readonly path: string }
  | { readonly kind: "bad-array"; readonly text: string; readonly because: Phrase }
  | { readonly kind: "unknown-dependency"; readonly job: string }
  | { readonly kind: "dependency-cycle"; readonly jobs: readonly string[] }
  | { readonly kind: "array-mismatch"; readonly job: number | string }
  | { readonly kind: "unknown-project"; readonly project: string; readonly known: readonly string[] }
  | {
      readonly kind: "no-centre-fits";
      readonly asked: Shape;
      /** Of what some centre could run; null where none has anything. `wished`: the job's own wishes allow that centre. */
      readonly nearest: { readonly shape: Shape; readonly centre: string; readonly wished: boolean } | null;
      readonly rules: readonly CentreRule[];
    }
  /** A word that would be looked up in a centre's alias table, module list or runtime, and no centre offers it (W1, W2). */
  | {
      readonly kind: "not-offered";
      readonly what: string;
      readonly value: string;
      readonly known: readonly string[];
      /** The option that asked for it; null: a field of the request did. */
      readonly option: string | null;
      readonly line: number | null;
    }
  | { readonly kind: "idempotency-conflict"; readonly key: string }
  | { readonly kind: "not-signed-in" }
  | { readonly kind: "bad-credentials" }
  | { readonly kind: "forbidden"; readonly needs: string }
  | { readonly kind: "not-found"; readonly what: string; readonly id: string }
  | { readonly kind: "already-exists"; readonly what: string; readonly id: string }
  | { readonly kind: "already-ended"; readonly job: string }
  /** Only a run whose centre cannot be reached may be declared lost (R2). */
  | { readonly kind: "not-unreachable"; readonly job: string; readonly centres: readonly string[] }
  /** Without this person nobody who can sign in would be administrator. */
  | { readonly kind: "last-administrator"; readonly person: string }
  | { readonly kind: "disable-oneself"; readonly person: string }
  | { readonly kind: "person-disabled"; readonly person: string }
  | { readonly kind: "bad-cursor" }
  | { readonly kind: "host-not-ours"; readonly host: string }
  | { readonly kind: "origin-not-ours"; readonly origin: string }
  | { readonly kind: "enrolment-token-spent" }
  /** An agent presents what was taken from it; `left`: its centre is no longer part of the network. */
  | { readonly kind: "credential-revoked"; readonly centre: string; readonly because: "revoked" | "left" }
  /** Not from the state the centre is in: core/centre/intake.ts has the table. */
  | {
      readonly kind: "centre-step";
      readonly centre: string;
      readonly from: string;
      readonly step: string;
      readonly legal: readonly string[];
    }
  /** Prepared on `base`, and somebody has set another version since: what is in force is not what was looked at. */
  | {
      readonly kind: "overtaken";
      readonly what: "terms" | "capacity" | "policy" | "agreements";
      /** Whose terms or capacity. */
      readonly centre: string | null;
      /** 0: nobody had set any. */
      readonly base: number;
      readonly version: number;
      readonly by: string;
      readonly atMs: number;
    }
  /** Agent and server are of versions that do not understand each other; `agent` is empty where it did not say. */
  | { readonly kind: "agent-version"; readonly agent: string; readonly server: string }
  /** A newer session of the same centre's agent has taken over (R7). */
  | { readonly kind: "fenced"; readonly epoch: number; readonly newest: number }
  /** Not now: the centre is away, or the work has not begun. */
  | {
      readonly kind: "log-unavailable";
      readonly because: "not-placed-yet" | "centre-away" | "agent-silent";
      /** null: it has none yet. */
      readonly centre: string | null;
    }
  /** It never started; or the centre answers and has none (any more). */
  | { readonly kind: "no-log"; readonly because: "ended-without-start" | "not-kept" }
  | { readonly kind: "no-log"; readonly because: "centre-left"; readonly centre: string }
  | { readonly kind: "store-refused"; readonly words: string }
  | { readonly kind: "store-unavailable"; readonly words: string }
  | { readonly kind: "too-many-requests"; readonly retryAfterS: number }
  /** A mistake of our own: the request's number finds it in the server's log. */
  | { readonly kind: "fault"; readonly request: string };

export type RefusalKind = Refusal["kind"];
export type Issue = { readonly path: string; readonly words: string | Phrase };
/** One centre and the first rule it fails. */
export type CentreRule = { readonly centre: string; readonly rule: string | null; readonly facts: Facts };

export const refusalStatus = {
  "malformed-json": 400,
  "invalid-request": 400,
  "unknown-option": 400,
  "bad-option-value": 400,
  "option-refused": 422,
  "too-large": 413,
  "not-text": 400,
  "script-without-interpreter": 400,
  "script-with-dos-lines": 400,
  "path-escape": 400,
  "bad-array": 400,
  "unknown-dependency": 422,
  "dependency-cycle": 422,
  "array-mismatch": 422,
  "unknown-project": 422,
  "no-centre-fits": 422,
  "not-offered": 422,
  "idempotency-conflict": 409,
  "not-signed-in": 401,
  "bad-credentials": 401,
  forbidden: 403,
  "not-found": 404,
  "already-exists": 409,
  "already-ended": 409,
  "not-unreachable": 409,
  "last-administrator": 409,
  "disable-oneself": 409,
  "person-disabled": 403,
  "bad-cursor": 400,
  "host-not-ours": 421,
  "origin-not-ours": 403,
  "enrolment-token-spent": 401,
  "credential-revoked": 401,
  "centre-step": 409,
  overtaken: 409,
  "agent-version": 409,
  fenced: 409,
  "log-unavailable": 503,
  "no-log": 404,
  "store-refused": 422,
  "store-unavailable": 503,
  "too-many-requests": 429,
  fault: 500,
} as const satisfies Record<RefusalKind, number>;

/** What was refused, by which rule, and what to do about it: two sentences a user can act on, in English or Chinese. */
export function refusalWords(
  refusal: Refusal,
  language: Language,
): { readonly title: string; readonly detail: string } {
  const [en, zh] = words(refusal);
  const chosen = language === "zh" ? zh : en;
  return { title: chosen[0], detail: chosen[1] };
}

/** Each with an end of its own. */
function sentences(all: readonly string[], full: string): readonly string[] {
  return all.map((sentence) => (/[.?!。？！]$/.test(sentence) ? sentence : sentence + full));
}

type Sentence = readonly [title: string, detail: string];

function words(refusal: Refusal): readonly [en: Sentence, zh: Sentence] {
  switch (refusal.kind) {
    case "malformed-json":
      return [
        ["The body is not JSON", `${phraseWords(refusal.words, "en")}. Send one JSON document, encoded as UTF-8.`],
        ["请求正文不是 JSON", `${phraseWords(refusal.words, "zh")}。请发送一个 UTF-8 编码的 JSON 文档。`],
      ];
    case "invalid-request": {
      const list = (language: Language, colon: string) =>
        refusal.issues.map(({ path, words }) => `${path || "body"}${colon}${phraseWords(words, language)}`);
      // One a line, where there is more than one.
      const several = refusal.issues.length > 1;
      return [
        [
          "The request does not fit the rules",
          [...sentences(list("en", ": "), "."), "See /api/docs for the fields and their limits."].join(
            several ? "\n" : " ",
          ),
        ],
        ["请求不合规则", [...sentences(list("zh", "："), "。"), "字段与上限见 /api/docs。"].join(several ? "\n" : "")],
      ];
    }
    case "unknown-option": {
      const [shown, shownZh] = optionWords(refusal);
      const others = refusal.others.map((other): readonly [string, string] => {
        const [words, wordsZh] = optionWords(other);
        return other.nearest === null
          ? [words, wordsZh]
          : [`${words} (${other.nearest}?)`, `${wordsZh}（是否想写 ${other.nearest}？）`];
      });
      const hint = refusal.nearest ? ` Did you mean ${refusal.nearest}?` : "";
      const also = others.length === 0 ? "" : ` Nor does it know ${others.map(([en]) => en).join(", ")}.`;
      const alsoZh = others.length === 0 ? "" : `同样不认识：${others.map(([, zh]) => zh).join("、")}。`;
      return [
        [
          "Unknown option",
          `${shown} is not an option Weir knows.${hint}${also} Remove ${also ? "them" : "it"}, or see docs/guides/sbatch.md.`,
        ],
        [
          "未知选项",
          `Weir 不认识 ${shownZh}。${refusal.nearest ? `是否想写 ${refusal.nearest}？` : ""}${alsoZh}请删去，或参阅 docs/guides/sbatch.md。`,
        ],
      ];
    }
    case "bad-option-value": {
      const [shown, shownZh] = optionWords(refusal);
      const value = JSON.stringify(refusal.value);
      return [
        ["Bad value", `${shown} cannot be ${value}. Expected: ${phraseWords(refusal.expected, "en")}.`],
        ["值不正确", `${before(shownZh)}不能为 ${value}。应为：${phraseWords(refusal.expected, "zh")}。`],
      ];
    }
    case "option-refused": {
      const [shown, shownZh] = optionWords(refusal);
      return [
        ["Option refused", `${shown} cannot be honoured: ${phraseWords(refusal.because, "en")}.`],
        ["不支持的选项", `无法满足 ${shownZh}：${phraseWords(refusal.because, "zh")}。`],
      ];
    }
    case "too-large":
      return tooLarge(refusal);
    case "not-text":
      return [
        [
          "Not text",
          `${refusal.field} holds a ${refusal.found}, which no file name, variable or script can carry. Remove it.`,
        ],
        [
          "不是文本",
          `${refusal.field.replace(/^a name in (.*)$/, "$1 中的名称")} 含有${refusal.found === "NUL" ? " NUL" : "孤立代理项"}，不能用于文件名、变量或脚本。请删去。`,
        ],
      ];
    case "script-without-interpreter":
      return [
        [
          "No interpreter",
          "The script does not begin with #! and an interpreter. Add a first line such as #!/bin/bash.",
        ],
        ["缺少解释器", "脚本首行没有 #! 与解释器。请加上首行，例如 #!/bin/bash。"],
      ];
    case "script-with-dos-lines":
      return [
        [
          "DOS line ends in the script",
          "Its lines end as in Windows (CR LF), which neither sbatch nor a shell takes. Convert it: dos2unix FILE, or sed -i 's/\\r$//' FILE.",
        ],
        [
          "脚本的换行符不对",
          "各行以 Windows 方式（CR LF）结尾，sbatch 与 shell 均不接受。请转换：dos2unix 文件，或 sed -i 's/\\r$//' 文件。",
        ],
      ];
    case "path-escape":
      return [
        [
          "Path leaves the folder",
          `${JSON.stringify(refusal.path)} is not a plain relative path inside the job's folder. Use a path without .. and without a leading /.`,
        ],
        ["路径越界", `${JSON.stringify(refusal.path)} 不是作业目录内的相对路径。请勿使用 .. 或以 / 开头。`],
      ];
    case "bad-array":
      return [
        [
          "Bad array",
          `--array=${refusal.text}: ${phraseWords(refusal.because, "en")}. Write it like 1-1000%50, 0-9:2 or 1,3,7.`,
        ],
        [
          "数组写法不对",
          `--array=${refusal.text}：${phraseWords(refusal.because, "zh")}。写法如 1-1000%50、0-9:2 或 1,3,7。`,
        ],
      ];
    case "unknown-dependency":
      return [
        ["Unknown dependency", `There is no job ${refusal.job} that you can see. Check the number with weir jobs.`],
        ["依赖的作业不存在", `没有您可见的作业 ${refusal.job}。请用 weir jobs 核对编号。`],
      ];
    case "dependency-cycle":
      return [
        [
          "Dependency cycle",
          `${refusal.jobs.join(" → ")} wait for each other and could never start. Remove one of the dependencies.`,
        ],
        ["依赖成环", `${refusal.jobs.join(" → ")} 互相等待，永远无法开始。请去掉其中一个依赖。`],
      ];
    case "array-mismatch":
      return [
        [
          "Arrays differ",
          `aftercorr needs job ${refusal.job} to be an array with the same indices. Use afterok, or give both the same --array.`,
        ],
        ["数组不一致", `aftercorr 要求作业 ${refusal.job} 是下标相同的数组。请改用 afterok，或令两者 --array 相同。`],
      ];
    case "unknown-project":
      return [
        [
          "Unknown project",
          `You are no member of a project ${JSON.stringify(refusal.project)}. Yours: ${refusal.known.join(", ") || "none"}.`,
        ],
        [
          "项目不存在",
          `您不是项目 ${JSON.stringify(refusal.project)} 的成员。您的项目：${refusal.known.join("、") || "无"}。`,
        ],
      ];
    case "no-centre-fits": {
      const rules = (language: Language) =>
        refusal.rules
          .map(
            ({ centre, rule, facts }) =>
              `${centre}${language === "zh" ? "：" : ": "}${reasonWords(rule, facts, language)}`,
          )
          .join(language === "zh" ? "；" : "; ");
      // Those that are not in service yet were not asked whether they could.
      const isTold = refusal.rules.some(({ rule }) => rule === "not-in-service");
      return [
        [
          isTold ? "No centre in service could run this" : "No centre could ever run this",
          `Asked: ${shapeWords(refusal.asked, "en")}. ${rules("en")}. ${remedyWords(refusal, "en")}`,
        ],
        [
          isTold ? "没有在用中心能运行此作业" : "没有中心能运行此作业",
          `申请：${shapeWords(refusal.asked, "zh")}。${rules("zh")}。${remedyWords(refusal, "zh")}`,
        ],
      ];
    }
    case "not-offered": {
      if (refusal.what === "centre") return unknownCentre(refusal);
      if (refusal.what === "path") return noPlaceFor(refusal);
      const { option, line } = refusal;
      const [words, wordsZh] = option === null ? [] : optionWords({ option, line });
      const [shown, shownZh] = [words ? `${words}: ` : "", wordsZh ? `${wordsZh}：` : ""];
      return [
        [
          "Not offered",
          `${shown}${shown === "" ? capital(refusal.what) : refusal.what} ${JSON.stringify(refusal.value)} is offered by no centre in service. ${offeredRemedy(refusal, "en")}`,
        ],
        [
          "没有中心提供",
          `${shownZh}在用中心均不提供${inChinese(refusal.what)} ${JSON.stringify(refusal.value)}。${offeredRemedy(refusal, "zh")}`,
        ],
      ];
    }
    case "idempotency-conflict":
      return [
        [
          "Key already used",
          `Idempotency-Key ${JSON.stringify(refusal.key)} was used in the last 24 hours with another body. Use a new key for a new request.`,
        ],
        [
          "幂等键已被使用",
          `Idempotency-Key ${JSON.stringify(refusal.key)} 在 24 小时内已用于另一请求。新请求请用新键。`,
        ],
      ];
    case "not-signed-in":
      return [
        [
          "Not signed in",
          "This needs a session or a token. Sign in with weir login, or send Authorization: Bearer TOKEN.",
        ],
        ["未登录", "需要会话或令牌。请用 weir login 登录，或发送 Authorization: Bearer TOKEN。"],
      ];
    case "bad-credentials":
      return [
        [
          "Sign-in refused",
          "The code, token or password is wrong, spent or expired. Sign in again with weir login, or make a new token where you are signed in (weir tokens add); else ask an administrator for a new sign-in link.",
        ],
        [
          "登录被拒绝",
          "登录码、令牌或密码有误、已用过或已过期。请用 weir login 重新登录，或在已登录处新建令牌（weir tokens add）；否则向管理员索取新的登录链接。",
        ],
      ];
    case "forbidden":
      return [
        ["Not allowed", `This needs the role ${refusal.needs}. Ask an administrator.`],
        ["无权限", `需要角色 ${refusal.needs}。请联系管理员。`],
      ];
    case "not-found": {
      if (isMethod(refusal.what))
        return [
          ["Not found", `There is no ${refusal.what} ${refusal.id}. /api/docs lists what there is.`],
          ["未找到", `没有 ${refusal.what} ${refusal.id}。可用的接口见 /api/docs。`],
        ];
      const listed = listedBy[refusal.what];
      return [
        ["Not found", `There is no ${refusal.what} ${refusal.id} that you can see.${listed?.[0] ?? ""}`],
        ["未找到", `没有您可见的${inChinese(refusal.what)} ${refusal.id}。${listed?.[1] ?? ""}`],
      ];
    }
    case "already-exists":
      return [
        ["Already there", `A ${refusal.what} ${JSON.stringify(refusal.id)} exists. Choose another name.`],
        ["已存在", `${inChinese(refusal.what)} ${JSON.stringify(refusal.id)} 已存在。请换一个名称。`],
      ];
    case "already-ended":
      return [
        ["Already ended", `The outcome is final. See weir show ${refusal.job}.`],
        ["已结束", `结果不再改变。见 weir show ${refusal.job}。`],
      ];
    case "not-unreachable": {
      const at = refusal.centres.length > 0 ? ` ${refusal.centres.join(", ")} answers.` : " It has no run.";
      const atZh = refusal.centres.length > 0 ? `${refusal.centres.join("、")} 有应答。` : "它没有运行。";
      return [
        [
          "Not unreachable",
          `Lost is shown by evidence, or declared for a run whose centre cannot be reached, or cannot end it as its user; no run of ${refusal.job} is such.${at} To end it: weir cancel ${refusal.job}.`,
        ],
        [
          "并未失联",
          `“丢失”须有证据，或仅可对中心失联、或中心无法以其用户结束的运行声明；${refusal.job} 没有这样的运行。${atZh}如要结束：weir cancel ${refusal.job}。`,
        ],
      ];
    }
    case "last-administrator":
      return [
        [
          "The last administrator",
          `${refusal.person} is the only administrator who can sign in, and the network needs one. Make another person administrator first: weir admin user set NAME --administrator yes.`,
        ],
        [
          "最后一位管理员",
          `${refusal.person} 是唯一可登录的管理员，算力网不能没有管理员。请先将其他人设为管理员：weir admin user set 名称 --administrator yes。`,
        ],
      ];
    case "disable-oneself":
      return [
        [
          "Nobody disables themselves",
          `You are ${refusal.person}, and could not undo it. Another administrator can do it: weir admin user disable ${refusal.person}.`,
        ],
        [
          "不能停用自己",
          `您就是 ${refusal.person}，停用后无法自行恢复。可由另一位管理员操作：weir admin user disable ${refusal.person}。`,
        ],
      ];
    case "person-disabled":
      return [
        [
          "Disabled",
          `${refusal.person} is disabled and cannot sign in. An administrator can enable them: weir admin user enable ${refusal.person}.`,
        ],
        ["已停用", `${refusal.person} 已被停用，不能登录。可由管理员启用：weir admin user enable ${refusal.person}。`],
      ];
    case "bad-cursor":
      return [
        ["Bad cursor", "The cursor is not one this list gave. Start again without it."],
        ["游标无效", "该游标不是此列表给出的。请不带游标重新开始。"],
      ];
    case "host-not-ours":
      return [
        [
          "Wrong host",
          `This server does not answer for ${JSON.stringify(refusal.host)}. Use its own address, or set WEIR_HOSTS.`,
        ],
        ["主机名不符", `本服务器不以 ${JSON.stringify(refusal.host)} 之名应答。请用其自身地址，或设置 WEIR_HOSTS。`],
      ];
    case "origin-not-ours":
      return [
        [
          "Wrong origin",
          `A page of ${JSON.stringify(refusal.origin)} may not act here. Open the console at its own address.`,
        ],
        ["来源不符", `来自 ${JSON.stringify(refusal.origin)} 的页面不得在此操作。请从控制台自身地址打开。`],
      ];
    case "enrolment-token-spent":
      return [
        [
          "Enrolment refused",
          "The enrolment token is unknown, spent or expired. Ask the network's administrator for a new one.",
        ],
        ["接入被拒绝", "接入令牌不存在、已用过或已过期。请向网络管理员索取新的令牌。"],
      ];
    case "credential-revoked":
      return refusal.because === "left"
        ? [
            [
              "The centre has left",
              `${refusal.centre} has left the network; its agent is no longer served. Remove it.`,
            ],
            ["中心已退出", `${refusal.centre} 已退出算力网，不再为其代理服务。请将其卸载。`],
          ]
        : [
            [
              "Credential revoked",
              `The credential of ${refusal.centre} was revoked by an administrator of the network. What runs goes on; ask for a new enrolment token (weir centre enrol ${refusal.centre}).`,
            ],
            [
              "凭据已撤销",
              `${refusal.centre} 的凭据已被算力网管理员撤销。运行中的作业继续；请索取新的接入令牌（weir centre enrol ${refusal.centre}）。`,
            ],
          ];
    case "overtaken": {
      const { base, version, by, atMs } = refusal;
      const [inForce, inForceZh, look, lookZh] = keptInVersions(refusal);
      const [since, sinceZh] =
        base === 0
          ? ["", ""]
          : [`, after version ${base}, on which yours was prepared`, `，而您的修改基于版本 ${base}`];
      return [
        [
          "Changed by somebody else",
          `${by} set version ${version} of ${inForce} on ${networkTimeText(atMs)}${since}. Nothing was set. See what is in force now (${look}), and make your change again on that.`,
        ],
        [
          "已被他人更改",
          `${by} 于 ${networkTimeText(atMs)} 设定了${inForceZh}的版本 ${version}${sinceZh}。未作任何更改。请查看现行内容（${lookZh}），在其上重新修改。`,
        ],
      ];
    }
    case "centre-step":
      if (refusal.from === "left") return hasLeft(refusal.centre);
      if (refusal.step === "enrol") return isLeaving(refusal.centre);
      return [
        [
          "Not now",
          `${refusal.centre} is ${refusal.from}, so it cannot ${refusal.step}. Possible now: ${refusal.legal.join(", ") || "nothing"}.`,
        ],
        [
          "当前不可执行",
          `${refusal.centre} 处于 ${refusal.from}，不能执行 ${refusal.step}。现在可以：${refusal.legal.join("、") || "无"}。`,
        ],
      ];
    case "agent-version":
      return [
        [
          "Agent and server do not go together",
          `The agent is of version ${refusal.agent || "unknown"}, this server of ${refusal.server}; their first two numbers have to be the same. Install the agent's package that the server's own version makes (npm run agent-package; then weir-agent install). What runs goes on meanwhile.`,
        ],
        [
          "代理与服务器版本不匹配",
          `代理版本为 ${refusal.agent || "未知"}，本服务器为 ${refusal.server}；前两段版本号必须相同。请安装由服务器所用版本制作的代理包（npm run agent-package，再执行 weir-agent install）。运行中的作业不受影响。`,
        ],
      ];
    case "fenced":
      return [
        [
          "A newer agent has taken over",
          `This session is ${refusal.epoch}, the newest is ${refusal.newest}. Stop this agent.`,
        ],
        ["已有更新的代理接管", `本会话为 ${refusal.epoch}，最新为 ${refusal.newest}。请停止此代理。`],
      ];
    case "log-unavailable":
      return [
        ["Log not available", logWords[refusal.because].en.replace("{centre}", refusal.centre ?? "")],
        ["日志暂不可用", logWords[refusal.because].zh.replace("{centre}", refusal.centre ?? "")],
      ];
    case "no-log":
      return [
        [
          "There is no log",
          logWords[refusal.because].en.replace("{centre}", "centre" in refusal ? refusal.centre : ""),
        ],
        ["没有日志", logWords[refusal.because].zh.replace("{centre}", "centre" in refusal ? refusal.centre : "")],
      ];
    case "store-refused":
      return [
        ["The store refused this", `${refusal.words}. Nothing of it was kept; mend it and send it again.`],
        ["存储拒绝", `${refusal.words}。未保存任何内容；请修正后重发。`],
      ];
    case "store-unavailable":
      return [
        [
          "The store cannot be reached",
          `${refusal.words}. Nothing was acknowledged; send it again with the same Idempotency-Key.`,
        ],
        ["存储暂不可用", `${refusal.words}。尚未确认任何内容；请以同一 Idempotency-Key 重发。`],
      ];
    case "too-many-requests":
      return [
        ["Too many requests", `Try again in ${refusal.retryAfterS} s.`],
        ["请求过多", `请在 ${refusal.retryAfterS} 秒后再试。`],
      ];
    case "fault":
      return [
        ["Weir made a mistake", `Request ${refusal.request} failed. Report it with this number.`],
        ["Weir 出错", `请求 ${refusal.request} 失败。请附此编号报告。`],
      ];
    default:
      return unreachable(refusal);
  }
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What is not there is a route of the API. */
function isMethod(what: string): boolean {
  return /^[A-Z]+$/.test(what);
}

function optionWords({ option, line }: OptionPlace): readonly [en: string, zh: string] {
  const place = { option, line };
  return [
    phraseWords(optionAt(place), "en"),
    phraseWords(optionAt({ ...place, option: chinese[option] ?? option }), "zh"),
  ];
}

/** Chinese after a name: apart by a blank where the name ends in a letter or digit, close where it ends in a mark. */
function before(name: string): string {
  return /[）】」”]$/.test(name) ? name : `${name} `;
}

/** Where to look for what there is. */
const listedBy: Readonly<Record<string, readonly [en: string, zh: string]>> = {
  job: [" Check the number with weir jobs.", "请用 weir jobs 核对编号。"],
  task: [" weir show JOB lists its tasks.", "weir show 作业 列出其任务。"],
  centre: [" weir centres lists them.", "weir centres 列出所有中心。"],
  tenant: [" weir admin tenant list lists them.", "weir admin tenant list 列出所有租户。"],
  project: [" weir admin project list lists them.", "weir admin project list 列出所有项目。"],
  person: [" weir admin user list lists them.", "weir admin user list 列出所有人员。"],
  member: [" weir admin user list says who is in which projects.", "weir admin user list 列出各人所属项目。"],
  run: [" weir show says which attempts there were.", "weir show 列出各次运行。"],
  token: [" weir tokens lists yours.", "weir tokens 列出您的令牌。"],
};

function shapeWords(shape: Shape, language: Language): string {
  const { accelerators, memory, wholeNodes, nodeGroups, contiguous } = shape;
  const [nodes, cores, memoryIs, cards, node, core, whole, groups, inARow] = shapeNouns[language];
  const words = [`${nodes} ${shape.nodes}`, `${cores} ${shape.nodes * coresPerNode(shape)}`];
  if (memory.kind === "per-node") words.push(`${memoryIs} ${exactMibText(memory.mib)}/${node}`);
  if (memory.kind === "per-core") words.push(`${memoryIs} ${exactMibText(memory.mib)}/${core}`);
  if (accelerators) {
    const { vendor, model, perNode, shareMilli } = accelerators;
    const kind = cardKindWords(vendor, model, language);
    const share = shareMilli === undefined ? "" : ` × ${shareMilli / 10} %`;
    words.push(`${cards} ${perNode}${share}/${node}${language === "zh" ? `（${kind}）` : ` (${kind})`}`);
  }
  if (wholeNodes) words.push(whole);
  if (nodeGroups !== undefined) words.push(`${groups} ${nodeGroups}`);
  if (contiguous) words.push(inARow);
  return words.join(language === "zh" ? "，" : ", ");
}

const shapeNouns = {
  en: [
    "nodes",
    "cores",
    "memory",
    "accelerators",
    "node",
    "core",
    "whole nodes",
    "groups of nodes",
    "nodes next to each other",
  ],
  zh: ["节点", "核", "内存", "加速卡", "节点", "核", "整节点", "节点组", "相邻节点"],
} as const;

/**
 * A shape that fits; where none would help, since a place is not stated or not allowed, who can change that. The centres
 * come in their order, and the first for which somebody can do something counts.
 */
function remedyWords(
  { asked, nearest, rules }: Extract<Refusal, { kind: "no-centre-fits" }>,
  language: Language,
): string {
  if (nearest !== null) {
    const lost = asked.accelerators && !nearest.shape.accelerators;
    const without = lost ? { en: ", without accelerators", zh: "，不含加速卡" }[language] : "";
    const isWhole = !lost && shapeWords(nearest.shape, "en") === shapeWords(asked, "en");
    if (isWhole && !nearest.wished)
      return {
        en: `It would fit at ${nearest.centre}, which the job's own choice of centres leaves out (--centre, --not-centre).`,
        zh: `${nearest.centre} 可以运行它，但作业自己的中心选择（--centre、--not-centre）将其排除。`,
      }[language];
    const { nodes } = nearest.shape;
    const option = nodes > asked.nodes ? { en: ` (-N ${nodes})`, zh: `（-N ${nodes}）` }[language] : "";
    const words = `${shapeWords(nearest.shape, language)}${option}${without} @ ${nearest.centre}`;
    const wished = nearest.wished ? "" : { en: " (not among the wished)", zh: "（不在作业指定之列）" }[language];
    const said = { en: "The nearest shape that fits", zh: "最接近且可行的规格" }[language];
    return language === "zh" ? `${said}：${words}${wished}。` : `${said}: ${words}${wished}.`;
  }
  const allowed = rules.filter(({ rule }) => rule === "time-limit-above-pool");
  const longest = Math.max(...allowed.map(({ facts }) => Number(facts.limitS)));
  const remedies = rules.flatMap(({ centre, rule, facts }) => {
    const found = rule === null ? undefined : placeRemedies[rule]?.({ centre, facts, longest });
    return found ? [found[language]] : [];
  });
  return remedies[0] ?? noRemedy[language];
}

type Remedy = Readonly<Record<Language, string>>;
const placeRemedies: Readonly<
  Partial<Record<string, (at: { readonly centre: string; readonly facts: Facts; readonly longest: number }) => Remedy>>
> = {
  "region-not-stated": ({ centre }) => ({
    en: `No other shape would help: state where ${centre} lies ("region" in its terms: weir centre terms ${centre}; an administrator does), or, where the rule is the job's own, submit it without.`,
    zh: `更改规格无济于事：请由管理员在条款的 "region" 中声明 ${centre} 所在区域（weir centre terms ${centre}），若该限制为作业自身所加，也可去掉后提交。`,
  }),
  "outside-residency": ({ facts }) => ({
    en: `No other shape would help: its data may be in ${facts.allowed} only, and no centre that could take it lies there. Allow another region (--residency; of a project or tenant an administrator does), or have a centre there join.`,
    zh: `更改规格无济于事：其数据只可存放于 ${facts.allowed}，而可接收的中心均不在其中。请放宽区域（--residency；项目与租户的限制由管理员修改），或由该区域的中心加入。`,
  }),
  "data-not-there": ({ facts }) => ({
    en: `No other shape would help: its data are at ${facts.centres || "no centre"} alone, and no such centre may or can run it. Allow one that has them, or say when they are at others (--data-at, --data-elsewhere).`,
    zh: `更改规格无济于事：其数据仅在 ${facts.centres || "（无）"}，而这些中心不可或不能运行它。请允许有数据的中心，或说明数据何时到达别处（--data-at、--data-elsewhere）。`,
  }),
  "not-domestic": ({ centre }) => ({
    en: `No other shape would help: have marked in the terms what is domestic (weir centre terms ${centre}; an administrator does), or, where the rule is the job's own, submit it without.`,
    zh: `更改规格无济于事：请由管理员在条款中标记国产设备（weir centre terms ${centre}），若该限制为作业自身所加，也可去掉后提交。`,
  }),
  "time-limit-above-pool": ({ longest }) => ({
    en: `Ask for a time limit of at most ${durationWords(longest * 1000, "en", 4)}.`,
    zh: `请将时限设为至多 ${durationWords(longest * 1000, "zh", 4)}。`,
  }),
  "no-agreement": () => ({
    en: "No other shape would help: weir agreements shows what the regions agreed; an administrator changes that, and states a tenant's region (weir admin tenant set).",
    zh: "更改规格无济于事：weir agreements 列出区域间协议，由管理员修改；租户的区域亦由管理员声明（weir admin tenant set）。",
  }),
};
const noRemedy: Remedy = {
  en: "No smaller shape would help: take out what no centre has, or name other centres (weir centres, weir offers).",
  zh: "更小的规格也无济于事：请去掉没有中心具备的要求，或改选中心（见 weir centres、weir offers）。",
};

function tooLarge({
  what,
  actual,
  limit,
  unit,
}: Extract<Refusal, { kind: "too-large" }>): readonly [en: Sentence, zh: Sentence] {
  const size = (amount: number, language: Language) => {
    if (unit === "s") return durationWords(amount * 1000, language, 4);
    if (unit === "MiB") return exactMibText(amount);
    // A number of them says already what they are.
    if (what.startsWith("the number of ")) return `${amount}`;
    return language === "zh" ? `${amount}${unitInChinese(unit).trimEnd()}` : `${amount} ${unit}`;
  };
  const [remedy, remedyZh] = tooLargeRemedies[unit] ?? ["Make it smaller or split it.", "请缩小或拆分。"];
  const named = what.includes(" ") ? capital(what) : what;
  return [
    ["Too large", `${named} is ${size(actual, "en")}; the limit is ${size(limit, "en")}. ${remedy}`],
    [
      "过大",
      `${inChinese(what)}为 ${size(actual, "zh").trimStart()}，上限 ${size(limit, "zh").trimStart()}。${remedyZh}`,
    ],
  ];
}

const tooLargeRemedies: Readonly<Record<string, readonly [en: string, zh: string]>> = {
  characters: ["Make it shorter.", "请缩短。"],
  s: ["Ask for less.", "请缩短。"],
};

type NotOffered = Extract<Refusal, { kind: "not-offered" }>;

/** What the operator of a centre can give another name there: aliases in its slurm.json (docs/guides/portable-scripts.md). */
const mapped = ["--partition", "--qos", "--constraint", "--gres", "--reservation", "--licenses"];

function offeredRemedy({ known, option }: NotOffered, language: Language): string {
  const isMapped = option !== null && mapped.includes(option);
  if (language === "zh") {
    const map = isMapped ? "；或请 Slurm 中心的运维人员将该词对应到其现有名称（slurm.json 的 aliases）" : "";
    return known.length === 0
      ? `目前没有任何可选项，请删去${map}。`
      : `现有：${known.join("、")}。请删去或改选${map}。`;
  }
  const map = isMapped ? ", or have the operator of a Slurm centre map this word (aliases in its slurm.json)" : "";
  return known.length === 0
    ? `Known: none. Remove it${map}.`
    : `Known: ${known.join(", ")}. Remove it or choose one of these${map}.`;
}

function noPlaceFor({ value, known }: NotOffered): readonly [en: Sentence, zh: Sentence] {
  const path = JSON.stringify(value);
  return [
    [
      "No such place",
      `The path ${path} lies on no file system of a centre in service. They have: ${known.join(", ") || "none"}. Choose a place on one of these, or a name that does not begin with /: it is in the run's own folder.`,
    ],
    [
      "没有此路径",
      `路径 ${path} 不在任何在用中心的文件系统上。现有：${known.join("、") || "无"}。请改到其中之一，或写不以 / 开头的名称：即在运行自己的目录中。`,
    ],
  ];
}

function unknownCentre({
  value,
  known,
}: Extract<Refusal, { kind: "not-offered" }>): readonly [en: Sentence, zh: Sentence] {
  const near = nearestName(value, known);
  const [meant, meantZh] = near === null ? ["", ""] : [` Is ${near} meant?`, `是否指 ${near}？`];
  return [
    [
      "Unknown centre",
      `There is no centre ${JSON.stringify(value)}.${meant} Known: ${known.join(", ") || "none"}. Choose one of these; weir centres says more.`,
    ],
    [
      "中心不存在",
      `没有中心 ${JSON.stringify(value)}。${meantZh}现有：${known.join("、") || "无"}。请改选其一，详见 weir centres。`,
    ],
  ];
}

type LogReason = Extract<Refusal, { readonly kind: "log-unavailable" | "no-log" }>["because"];
const logWords: Readonly<Record<LogReason, { readonly en: string; readonly zh: string }>> = {
  "not-placed-yet": {
    en: "It has not been placed yet. Try again once it has started: weir why says what it waits for.",
    zh: "尚未派发。请在其开始后再试；等待的原因见 weir why。",
  },
  "centre-away": {
    en: "The centre {centre} cannot be reached. Try again when it can be reached.",
    zh: "中心 {centre} 失联。请在其恢复联系后再试。",
  },
  "centre-left": {
    en: "It lay at {centre}, which has left the network: it can be read no more. Its history and usage stay: weir show.",
    zh: "日志存于 {centre}，该中心已退出算力网，不能再读取。历史与用量仍在：weir show。",
  },
  "agent-silent": {
    en: "The agent of {centre} did not answer. Try again in a moment.",
    zh: "{centre} 的代理没有应答。请稍后再试。",
  },
  "ended-without-start": {
    en: "It ended without a start. Its history says what happened: weir show.",
    zh: "未开始即已结束。经过见历史：weir show。",
  },
  "not-kept": {
    en: "Its centre has none, or keeps it no longer. Its history says what happened: weir show.",
    zh: "其中心没有或已不再保留。经过见历史：weir show。",
  },
};

function keptInVersions({
  what,
  centre,
}: Extract<Refusal, { kind: "overtaken" }>): readonly [en: string, zh: string, look: string, lookZh: string] {
  switch (what) {
    case "terms":
      return [
        `the terms of ${centre}`,
        `${centre} 的条款`,
        `in the console Centres, Terms; or weir centre terms ${centre}`,
        `控制台“中心”页的“条款”，或 weir centre terms ${centre}`,
      ];
    case "capacity":
      return [
        `the capacity stated of ${centre}`,
        `${centre} 的算力登记`,
        `in the console Centres, Capacity; or weir centre capacity ${centre}`,
        `控制台“中心”页的“算力”，或 weir centre capacity ${centre}`,
      ];
    case "policy":
      return [
        "the policy",
        "策略",
        "in the console Scheduling policy; or weir policy show",
        "控制台“调度策略”页，或 weir policy show",
      ];
    case "agreements":
      return [
        "the agreements between regions",
        "区域间协议",
        "in the console Scheduling policy; or weir agreements",
        "控制台“调度策略”页，或 weir agreements",
      ];
    default:
      return unreachable(what);
  }
}

function hasLeft(centre: string): readonly [en: Sentence, zh: Sentence] {
  return [
    [
      "The centre has left",
      `${centre} has left the network and is retired for good; nothing more can be done with it. If it is to come back, add it under a new name: weir centre add.`,
    ],
    [
      "该中心已退出",
      `${centre} 已退出算力网，永久退役，不能再对其操作。若要重新加入，请以新名称登记：weir centre add。`,
    ],
  ];
}

function isLeaving(centre: string): readonly [en: Sentence, zh: Sentence] {
  return [
    [
      "The centre is leaving",
      `${centre} is leaving and nothing runs there any more, so a token for its agent would never serve. To keep the centre: weir centre resume ${centre}.`,
    ],
    [
      "该中心正在退出",
      `${centre} 正在退出，该处已无作业运行，其代理的令牌不会再有用处。若要保留该中心：weir centre resume ${centre}。`,
    ],
  ];
}

/** Names of things in refusals, as the glossary has them. What is not listed (an option's own name) stays as it is. */
const chinese: Readonly<Record<string, string>> = {
  "The body": "请求正文",
  "a file name": "文件名",
  "input files in all": "输入文件总量",
  "the array": "数组",
  "the environment": "环境变量",
  "the list of dependencies": "依赖列表",
  "the list of labels": "标签列表",
  "the script": "脚本",
  "the time limit": "时限",
  "the name": "名称",
  "the comment": "备注",
  "the number of cores per task": "每任务核数",
  "the number of nodes": "节点数",
  "the number of tasks": "任务数",
  "accelerators per node": "每节点加速卡数",
  accelerators: "加速卡",
  memory: "内存",
  tasks: "任务数",
  script: "脚本",
  "generic resource": "通用资源",
  "burst buffer": "突发缓冲",
  "feature of a cluster": "集群特性",
  "feature of nodes": "节点特性",
  "node list": "节点列表",
  "quality of service": "服务质量（QoS）",
  centre: "中心",
  container: "容器",
  "container runtime": "容器运行环境",
  "file system": "文件系统",
  job: "作业",
  licence: "许可证",
  member: "成员",
  node: "节点",
  partition: "分区",
  reservation: "预留",
  person: "人员",
  project: "项目",
  run: "运行",
  software: "软件",
  task: "任务",
  tenant: "租户",
  token: "令牌",
};

function inChinese(what: string): string {
  return chinese[what] ?? ` ${what}`;
}

const chineseUnits: Readonly<Record<string, string>> = {
  accelerators: " 张加速卡",
  bytes: " 字节",
  characters: " 个字符",
  cores: " 核",
  jobs: " 个作业",
  labels: " 个标签",
  nodes: " 个节点",
  s: " 秒",
  tasks: " 个任务",
  variables: " 个变量",
};

function unitInChinese(unit: string): string {
  return chineseUnits[unit] ?? ` ${unit}`;
}
