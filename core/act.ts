import { regionWords } from "#core/centre/region.ts";
import type { Language } from "#core/language.ts";
import { unreachable } from "#core/unreachable.ts";
import type { IntakeStep } from "./centre/intake.ts";
import { countText } from "./measures.ts";
import type { GrantedUnit } from "./scheduling/grants.ts";
import { oneHour } from "./setting-words.ts";

/**
 * What somebody did to how the network is run, with the facts of it: kept for ever, and listed for administrators. About
 * whom or what it was stands beside it. Ids of people, and names that never change; no names of people (M13).
 */
export type Act =
  | { readonly kind: "person-added"; readonly administrator: boolean }
  | { readonly kind: "person-disabled" | "person-enabled" | "person-renamed" }
  | { readonly kind: "administrator-made" | "administrator-unmade" }
  | { readonly kind: "member-added" | "member-removed"; readonly project: string }
  | { readonly kind: "sign-in-link-made" | "password-set" }
  /** By its number: its name is its owner's own. */
  | { readonly kind: "token-made" | "token-revoked"; readonly token: number }
  | { readonly kind: "tenant-added" }
  | { readonly kind: "project-added"; readonly tenant: string }
  /** null: any number. */
  | { readonly kind: "cores-bound"; readonly most: number | null }
  | { readonly kind: "granted"; readonly unit: GrantedUnit; readonly hours: number | null }
  /** What was said of it; the rest stayed as it was. */
  | {
      readonly kind: "place-set";
      readonly region?: string | null;
      readonly residency?: readonly string[] | null;
      readonly domestic?: boolean;
    }
  | { readonly kind: "home-set"; readonly home: string | null }
  | { readonly kind: "policy-set" | "agreements-set" | "terms-set"; readonly version: number }
  /** How many lines, beside those that stayed. */
  | {
      readonly kind: "capacity-set";
      readonly version: number;
      readonly stated: number;
      readonly changed: number;
      readonly ended: number;
    }
  | { readonly kind: "centre-added" | "enrolment-made" | "rotation-asked" }
  | { readonly kind: "test-asked"; readonly test: number }
  | { readonly kind: "intake-set"; readonly step: IntakeStep | "part" | "revoke" }
  | { readonly kind: "declared-lost"; readonly runs: number };

export type ActKind = Act["kind"];

/** About whom or what; null beside it: the network as a whole. */
export const aboutKinds = ["person", "tenant", "project", "centre", "job"] as const;
export type AboutKind = (typeof aboutKinds)[number];

/** As lists are narrowed: each kind is of one of them. */
export const actGroups = ["people", "credentials", "owners", "limits", "places", "rules", "centres", "jobs"] as const;
export type ActGroup = (typeof actGroups)[number];

export const actGroup = {
  "person-added": "people",
  "person-disabled": "people",
  "person-enabled": "people",
  "person-renamed": "people",
  "administrator-made": "people",
  "administrator-unmade": "people",
  "member-added": "people",
  "member-removed": "people",
  "sign-in-link-made": "credentials",
  "password-set": "credentials",
  "token-made": "credentials",
  "token-revoked": "credentials",
  "tenant-added": "owners",
  "project-added": "owners",
  "cores-bound": "limits",
  granted: "limits",
  "place-set": "places",
  "home-set": "places",
  "policy-set": "rules",
  "agreements-set": "rules",
  "terms-set": "centres",
  "capacity-set": "centres",
  "centre-added": "centres",
  "enrolment-made": "centres",
  "rotation-asked": "centres",
  "test-asked": "centres",
  "intake-set": "centres",
  "declared-lost": "jobs",
} as const satisfies Record<ActKind, ActGroup>;

export const actKinds = Object.keys(actGroup) as readonly ActKind[];

export const actGroupWords = {
  people: { en: "people, roles and members", zh: "人员、角色与成员" },
  credentials: { en: "sign-in links, passwords and tokens", zh: "登录链接、密码与令牌" },
  owners: { en: "tenants and projects", zh: "租户与项目" },
  limits: { en: "grants and cores at once", zh: "获批额度与同时占用核数" },
  places: { en: "where work may go", zh: "作业去向" },
  rules: { en: "policy and agreements", zh: "策略与协议" },
  centres: { en: "centres, their terms and capacity", zh: "中心及其条款与算力" },
  jobs: { en: "jobs declared lost", zh: "声明丢失的作业" },
} as const satisfies Record<ActGroup, Record<Language, string>>;

/** What was done, in a few words that stand beside whom or what it was done to. */
export function actWords(act: Act, language: Language): string {
  const [en, zh] = words(act);
  return language === "zh" ? zh : en;
}

function words(act: Act): readonly [en: string, zh: string] {
  switch (act.kind) {
    case "person-added":
      return act.administrator ? ["added, as administrator", "添加，为管理员"] : ["added", "添加"];
    case "person-disabled":
      return ["disabled", "停用"];
    case "person-enabled":
      return ["enabled again", "重新启用"];
    case "person-renamed":
      return ["shown under another name", "更改显示名称"];
    case "administrator-made":
      return ["made administrator", "设为管理员"];
    case "administrator-unmade":
      return ["no administrator any more", "取消管理员"];
    case "member-added":
      return [`made a member of project ${act.project}`, `加入项目 ${act.project}`];
    case "member-removed":
      return [`removed from project ${act.project}`, `移出项目 ${act.project}`];
    case "sign-in-link-made":
      return ["a sign-in link was made", "生成登录链接"];
    case "password-set":
      return ["set their own password", "设置自己的密码"];
    case "token-made":
      return [`made token ${act.token} of their own`, `创建自己的令牌 ${act.token}`];
    case "token-revoked":
      return [`revoked token ${act.token} of their own`, `撤销自己的令牌 ${act.token}`];
    case "tenant-added":
      return ["added", "添加"];
    case "project-added":
      return [`added, of tenant ${act.tenant}`, `添加，属于租户 ${act.tenant}`];
    case "cores-bound":
      return act.most === null
        ? ["may hold any number of cores at once", "同时占用核数不限"]
        : [
            `may hold at most ${countText(act.most)} ${act.most === 1 ? "core" : "cores"} at once`,
            `同时占用至多 ${countText(act.most)} 核`,
          ];
    case "granted":
      return grantedWords(act.unit, act.hours);
    case "place-set":
      return placeWords(act);
    case "home-set":
      return act.home === null
        ? ["has no home centre", "无所属中心"]
        : [`home centre: ${act.home}`, `所属中心：${act.home}`];
    case "policy-set":
      return [`scheduling policy set, version ${act.version}`, `设定调度策略，版本 ${act.version}`];
    case "agreements-set":
      return [`agreements between regions set, version ${act.version}`, `设定区域间协议，版本 ${act.version}`];
    case "terms-set":
      return [`terms set, version ${act.version}`, `设定条款，版本 ${act.version}`];
    case "capacity-set":
      return capacityWords(act);
    case "centre-added":
      return ["added", "添加"];
    case "enrolment-made":
      return ["an enrolment token was made", "生成接入令牌"];
    case "rotation-asked":
      return ["asked to rotate its credential", "要求轮换凭据"];
    case "test-asked":
      return [`connection test ${act.test} asked for`, `发起接入测试 ${act.test}`];
    case "intake-set":
      return stepWords[act.step];
    case "declared-lost":
      return act.runs === 1
        ? ["declared lost", "声明丢失"]
        : [`${act.runs} runs declared lost`, `声明 ${act.runs} 次运行丢失`];
    default:
      return unreachable(act);
  }
}

function grantedWords(unit: GrantedUnit, hours: number | null): readonly [en: string, zh: string] {
  const [en, zh] = unit === "core-ms" ? ["core-hours", "核时"] : ["card-hours", "卡时"];
  if (hours === null) return [`may use any number of ${en}`, `${zh}不限`];
  return [oneHour(`granted ${countText(hours)} ${en}`), `获批 ${countText(hours)} ${zh}`];
}

function capacityWords({
  version,
  ...counts
}: Extract<Act, { kind: "capacity-set" }>): readonly [en: string, zh: string] {
  const said = (["stated", "changed", "ended"] as const).filter((what) => counts[what] > 0);
  const zh = { stated: "新增", changed: "更改", ended: "终止" } as const;
  return [
    `capacity set, version ${version}: ${said.map((what) => `${counts[what]} ${what}`).join(", ")}`,
    `登记算力，版本 ${version}：${said.map((what) => `${zh[what]} ${counts[what]} 行`).join("、")}`,
  ];
}

function placeWords({
  region,
  residency,
  domestic,
}: Extract<Act, { kind: "place-set" }>): readonly [en: string, zh: string] {
  const named = (codes: readonly string[], language: Language, comma: string) =>
    codes.map((code) => regionWords(code, language)).join(comma);
  const said: (readonly [en: string, zh: string])[] = [];
  if (region !== undefined)
    said.push(
      region === null
        ? ["its region is not stated", "未说明所在区域"]
        : [`is in ${regionWords(region, "en")}`, `位于${regionWords(region, "zh")}`],
    );
  if (residency !== undefined)
    said.push(
      residency === null
        ? ["its data may be anywhere", "数据可在任何区域"]
        : [`its data only in ${named(residency, "en", ", ")}`, `数据仅存放于${named(residency, "zh", "、")}`],
    );
  if (domestic !== undefined)
    said.push(domestic ? ["domestic equipment only", "仅用国产设备"] : ["any equipment", "设备不限"]);
  return [said.map(([en]) => en).join("; "), said.map(([, zh]) => zh).join("；")];
}

const stepWords: Record<Extract<Act, { kind: "intake-set" }>["step"], readonly [en: string, zh: string]> = {
  drain: ["draining: takes nothing new", "排空：不再接收新作业"],
  suspend: ["suspended: what waits there goes elsewhere", "暂停：该处等待的作业改往别处"],
  resume: ["takes work again", "恢复接收"],
  leave: ["leaves the network", "开始退出算力网"],
  part: ["has left: nothing is left there", "已退出：该处已无作业"],
  revoke: ["its credentials were revoked", "撤销其凭据"],
};
