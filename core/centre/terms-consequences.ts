import { networkTime, openingAt } from "#core/centre/hours.ts";
import { type Region, regionWords } from "#core/centre/region.ts";
import type { Hours, PoolTermsInForce } from "#core/centre/terms.ts";
import type { Language } from "#core/language.ts";
import { networkClock } from "#core/ledger/network-day.ts";
import { nearestName } from "#core/nearest-name.ts";
import { weekdays } from "#core/scheduling/reasons.ts";
import type { Stranded } from "#core/scheduling/terms-change.ts";

/** One pool before and after a change of terms, with what of the network is there now. */
export type PoolChange = {
  readonly pool: string;
  readonly before: PoolTermsInForce;
  readonly after: PoolTermsInForce;
  /** Of all its nodes. */
  readonly cores: number;
  /** Of the network's runs there that have not ended. */
  readonly coresHeld: number;
  /** Those of them that have not started. */
  readonly waiting: number;
};

export type TermsChange = {
  readonly pools: readonly PoolChange[];
  /** Where the centre lies; null: nobody says. */
  readonly region: { readonly before: Region | null; readonly after: Region | null };
  readonly retentionDays: { readonly before: number; readonly after: number };
  /** Pools that the terms name and the centre does not have. */
  readonly unknown: readonly string[];
  /** Whether these are other terms than those in force. */
  readonly isOther: boolean;
};

/**
 * What a change of terms would do, in sentences, said before it is made; `stranded`: the queued tasks that it leaves without
 * a place. Empty where the terms are those in force.
 */
export function termsConsequences(
  { pools, region, retentionDays, unknown, isOther }: TermsChange,
  stranded: Stranded,
  nowMs: number,
  language: Language,
): readonly string[] {
  if (!isOther) return [];
  const moved = region.before === region.after ? [] : [regionSaid(region.after)];
  const kept = retentionDays.before === retentionDays.after ? [] : [retentionSaid(retentionDays.after)];
  const said = [...moved, ...kept, ...pools.flatMap((change) => poolConsequences(change, nowMs))];
  const none = unknown.map((one) => unknownPoolSaid(one, pools));
  const all: readonly Said[] =
    said.length === 0
      ? [["Nothing changes at the pools that are there now.", "对现有资源池没有影响。"], ...none]
      : [
          ...said,
          ...none,
          ...strandedSaid(stranded),
          [
            "It holds for what is placed from then on; what runs goes on.",
            "自生效起对新派发的任务有效；运行中的继续。",
          ],
        ];
  return all.map(([en, zh]) => (language === "zh" ? zh : en));
}

/** A pool may be named before it is there; most often its name was mistyped. */
function unknownPoolSaid(name: string, pools: readonly PoolChange[]): Said {
  const near = nearestName(
    name,
    pools.map(({ pool }) => pool),
  );
  return [
    `There is no pool ${name} at the centre${near === null ? "" : ` (did you mean ${near}?)`}: what is said of it holds once a pool of that name is reported.`,
    `该中心没有资源池 ${name}${near === null ? "" : `（是否想写 ${near}？）`}：待上报同名资源池后，对其所设条款才生效。`,
  ];
}

function strandedSaid({ nowhere, closed }: Stranded): readonly Said[] {
  return [
    ...(nowhere > 0
      ? [
          [
            `Queued tasks that could then run nowhere (${nowhere}) wait until terms change again, unless they are cancelled.`,
            `${nowhere} 个排队任务届时将无处可运行：将等到条款再次变更，除非取消。`,
          ] as const,
        ]
      : []),
    ...(closed > 0
      ? [
          [
            `Queued tasks that can run nowhere else (${closed}) wait until these hours begin.`,
            `${closed} 个排队任务只能在此运行：将等到上述时段开始。`,
          ] as const,
        ]
      : []),
  ];
}

function regionSaid(after: Region | null): Said {
  if (after === null)
    return [
      "It no longer says in which region it lies: no work comes whose data are bound to regions.",
      "不再声明所在区域：数据限于特定区域的作业不会派往该处。",
    ];
  return [
    `It lies in ${regionWords(after, "en")}: rules about where data may be, and agreements between regions, go by that.`,
    `位于${regionWords(after, "zh")}：数据区域限制与区域间协议按此判断。`,
  ];
}

function retentionSaid(days: number): Said {
  if (days === 0)
    return ["Once it has left, what the network has there goes at once.", "退出后，算力网在该处的内容立即移除。"];
  return [
    `Once it has left, what the network has there is kept for ${days === 1 ? "1 day" : `${days} days`}, and users can fetch their output.`,
    `退出后，算力网在该处的内容保留 ${days} 天，用户可取回输出。`,
  ];
}

type Said = readonly [en: string, zh: string];

function poolConsequences({ pool, before, after, ...there }: PoolChange, nowMs: number): readonly Said[] {
  const said: Said[] = [];
  if (before.contract !== after.contract) said.push(contractSaid[after.contract](after.maxPending));
  else if (after.contract === "shared" && before.maxPending !== after.maxPending)
    said.push([
      `up to ${after.maxPending} runs of a kind wait in its own queue, not ${before.maxPending}.`,
      `本地队列中同类运行至多等待 ${after.maxPending} 个（原 ${before.maxPending} 个）。`,
    ]);
  if (before.leaseMs !== after.leaseMs) said.push(leaseSaid(after.leaseMs, there.waiting));
  if (before.sharePercent !== after.sharePercent) said.push(shareSaid(after.sharePercent, there));
  if (before.speed !== after.speed)
    said.push([
      `work is taken to run there ${after.speed} times as fast as time limits mean, which counts where a place is chosen.`,
      `选择去处时，按时限所指速度的 ${after.speed} 倍计。`,
    ]);
  if (before.carbonGPerKwh !== after.carbonGPerKwh) said.push(carbonSaid(after.carbonGPerKwh));
  if (before.domestic !== after.domestic) said.push(domesticSaid(after.domestic));
  if (hoursKey(before.hours) !== hoursKey(after.hours)) said.push(hoursSaid(after.hours, there.waiting, nowMs));
  return said.map(([en, zh]) => [`Pool ${pool}: ${en}`, `资源池 ${pool}：${zh}`]);
}

/** The store keeps the fields of an object in no order. */
function hoursKey(hours: readonly Hours[]): string {
  return JSON.stringify(hours.map(({ days, from, to }) => [[...days].sort(), from, to]));
}

const contractSaid: Record<PoolTermsInForce["contract"], (maxPending: number) => Said> = {
  dedicated: () => [
    "it is the network's own; work waits in the network until it can start there.",
    "归算力网专用；任务在算力网中等待，直至可在该处开始。",
  ],
  shared: (most) => [
    `its centre's own users queue there too; up to ${most} runs of a kind wait in its own queue.`,
    `与中心自有用户共用；同类运行至多 ${most} 个在本地队列等待。`,
  ],
  opportunistic: () => [
    "only what fits at once is sent there, and it may be pre-empted.",
    "只派发当下放得下的任务，且可能被抢占。",
  ],
};

function leaseSaid(leaseMs: number | null, waiting: number): Said {
  const keeps: Said =
    waiting === 0
      ? ["", ""]
      : [
          ` ${waiting === 1 ? "The run that waits there keeps its lease" : `The ${waiting} runs that wait there keep their leases`}.`,
          `在该处等待的 ${waiting} 个保持原租约。`,
        ];
  if (leaseMs === null)
    return [
      `a run may wait for its start as long as the network lets it.${keeps[0]}`,
      `等待开始的时限按算力网设置。${keeps[1]}`,
    ];
  const [en, zh] = spanSaid(leaseMs);
  return [
    `a run may wait ${en} for its start, and is then withdrawn and placed again.${keeps[0]}`,
    `运行至多等待 ${zh}开始，逾期撤回并重新派发。${keeps[1]}`,
  ];
}

/** In the largest unit that says it without a rest. */
function spanSaid(spanMs: number): Said {
  const seconds = Math.round(spanMs / 1000);
  const units = [
    [86_400, "d", "天"],
    [3600, "h", "小时"],
    [60, "min", "分钟"],
    [1, "s", "秒"],
  ] as const;
  const [each, en, zh] = units.find(([one]) => seconds % one === 0) ?? units[3];
  return [`${seconds / each} ${en}`, `${seconds / each} ${zh}`];
}

function shareSaid(percent: number | null, { cores, coresHeld }: Pick<PoolChange, "cores" | "coresHeld">): Said {
  if (percent === null) return ["the network may use all of it.", "算力网可使用其全部。"];
  const most = Math.floor((cores * percent) / 100);
  const rest: Said =
    coresHeld <= most
      ? [`its runs hold ${coresHeld} now.`, `现占用 ${coresHeld} 核。`]
      : [
          `its runs hold ${coresHeld} now, so nothing more is sent there until enough of them have ended.`,
          `现占用 ${coresHeld} 核，须待足够的运行结束后才再派发。`,
        ];
  return [
    `the network may use ${percent} % of it, ${most} of ${cores} cores; ${rest[0]}`,
    `算力网可使用 ${percent} %，即 ${cores} 核中的 ${most} 核；${rest[1]}`,
  ];
}

function carbonSaid(gramsPerKwh: number | null): Said {
  if (gramsPerKwh === null)
    return ["no CO2 is declared for its electricity, so none counts.", "未申报用电碳排放，不计入。"];
  return [
    `its electricity emits ${gramsPerKwh} g of CO2 a kWh, which counts where a place is chosen.`,
    `用电碳排放为每千瓦时 ${gramsPerKwh} 克 CO2，选择去处时计入。`,
  ];
}

function domesticSaid(domestic: boolean | null): Said {
  if (domestic === null)
    return ["which of its devices are domestic follows from their vendors.", "其设备是否国产按厂商判断。"];
  return domestic
    ? [
        "it is marked domestic: work that asks for domestic equipment may come.",
        "标记为国产：要求国产设备的作业可派往。",
      ]
    : [
        "it is marked not domestic: no work comes that asks for domestic equipment.",
        "标记为非国产：要求国产设备的作业不派往。",
      ];
}

function hoursSaid(hours: readonly Hours[], waiting: number, nowMs: number): Said {
  if (hours.length === 0) return ["work may be started there at any time.", "可随时启动作业。"];
  const en = hours.map((one) => hoursWords(one, "en")).join("; ");
  const zh = hours.map((one) => hoursWords(one, "zh")).join("；");
  const opening = openingAt(hours, nowMs);
  const opensMs = opening.kind === "closed" ? opening.opensMs : nowMs;
  const { day, time } = networkTime(opensMs);
  const date = networkClock(opensMs).slice(0, 10);
  const closed: Said =
    opening.kind === "open"
      ? ["", ""]
      : [
          ` Nothing is sent there before ${weekdays.en[day - 1]} ${date} at ${time}.`,
          `${date}（${weekdays.zh[day - 1]}）${time} 之前不派发。`,
        ];
  const keeps: Said =
    waiting === 0
      ? ["", ""]
      : [
          ` ${waiting === 1 ? "The run that waits there" : `Of the ${waiting} runs that wait there each`} is withdrawn if its lease reaches beyond them, and placed again.`,
          `在该处等待的 ${waiting} 个若租约超出时段，则撤回并重新派发。`,
        ];
  return [
    `work may be started there ${en} (Asia/Shanghai).${closed[0]}${keeps[0]}`,
    `可启动作业的时段：${zh}（Asia/Shanghai）。${closed[1]}${keeps[1]}`,
  ];
}

/** `Monday–Friday 20:00–08:00`; for the console too. */
export function hoursWords({ days, from, to }: Hours, language: Language): string {
  const names = weekdays[language];
  const all = [...new Set(days)].sort((a, b) => a - b);
  const [first = 1, last = first] = [all[0], all.at(-1)];
  const name = (day: number) => names[day - 1] ?? `${day}`;
  const isRow = all.length > 2 && last - first === all.length - 1;
  const when = isRow ? `${name(first)}–${name(last)}` : all.map(name).join(language === "zh" ? "、" : ", ");
  return `${when} ${from}–${to}`;
}
