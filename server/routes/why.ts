import type { z } from "zod";
import type { whatIf, why } from "#api/job.ts";
import { mechanismText } from "#core/centre/mechanisms.ts";
import { cancelWords, waitWords } from "#core/centre/waiting.ts";
import { jobId, taskName } from "#core/ids.ts";
import { endReasonWords } from "#core/job/end-reason.ts";
import { outcomeWords } from "#core/job/state-words.ts";
import type { Language } from "#core/language.ts";
import { networkTimeText } from "#core/ledger/network-day.ts";
import { candidatesOf } from "#core/scheduling/decision.ts";
import type { WaitingExplanation } from "#core/scheduling/explanation.ts";
import { orderWords } from "#core/scheduling/order-words.ts";
import { awaitsWords } from "#core/scheduling/placing/patience-words.ts";
import { madeWayWords, wayMadeWords } from "#core/scheduling/preemption/made-way-words.ts";
import { nobodyEndsWords } from "#core/scheduling/preemption/words.ts";
import { type Candidate, type Rule, reasonWords } from "#core/scheduling/reasons.ts";
import { siblingsWords } from "#core/scheduling/siblings.ts";
import type { Change, StartingChange } from "#core/scheduling/what-if.ts";
import { changeOptions, changeWords } from "#core/scheduling/what-if-words.ts";
import type { World } from "#core/scheduling/world.ts";
import { answer, type Handlers } from "#server/http/handler.ts";
import type { Database } from "#server/store/database.ts";
import { readMadeWay, readWayMade } from "#server/store/read/made-way.ts";
import { candidateView } from "#server/store/read/runs.ts";
import { type Placed, readPlaced, readTask, readWaiting, type TaskView } from "#server/store/read/tasks.ts";
import { withSharers } from "./sharers.ts";
import { startView } from "./start-view.ts";
import { noSuchTask, visibleJob } from "./visible.ts";

type WhyView = z.output<typeof why>;
type WhatIfView = z.output<typeof whatIf>;
type Outcome = NonNullable<TaskView["outcome"]>;

/** Why a task waits, from the live world; why one that was placed went where it went, from what was kept with its run. */
export function whyHandlers(context: WhyContext): Pick<Handlers, "why" | "whatIf"> {
  const { db, world, now } = context;
  return {
    async whatIf({ caller, params, query, language }) {
      const found = await visibleJob(db, caller, params.job);
      if (found.kind === "refused") return found;
      const job = jobId(params.job);
      const index = query.index ?? (await readWaiting(db.pool, job));
      const task = await readTask(db.pool, job, index);
      if (task === null) return noSuchTask(job, index);
      const nowMs = now();
      const answers = task.state === "queued" ? world().whatIf({ job, index }, nowMs) : null;
      const said = () => {
        if (answers === null) return words.notQueued[language];
        if (answers.length > 0) return words.wouldStart[language];
        const explained = world().explain({ job, index }, nowMs);
        const isDue = explained.kind !== "waiting" || explained.wouldGoTo !== null;
        if (isDue) return words.soon[language];
        return explained.awaits ? roomWords(explained, language) : nothingStartsWords(explained, language);
      };
      const view: WhatIfView = {
        ...of(task, found.head.isArray),
        words: said(),
        answers: (answers ?? []).map((each) => answerView(each, language)),
        decidedMs: answers === null ? null : nowMs,
      };
      return answer(view);
    },
    async why({ caller, params, query, language }) {
      const found = await visibleJob(db, caller, params.job);
      if (found.kind === "refused") return found;
      const job = jobId(params.job);
      const index = query.index ?? (await readWaiting(db.pool, job));
      const task = await readTask(db.pool, job, index);
      if (task === null) return noSuchTask(job, index);
      const ways = await waysWords(db, job, index, language);
      if (task.state !== "queued") {
        const placed = await readPlaced(db.pool, job, index);
        const said = whyPlaced(task, found.head.isArray, placed, language);
        const view = { ...said, words: joined([said.words, ...ways], language) };
        if (!placed?.waiting) return answer(view);
        const there = world().explain({ job, index }, now());
        return answer({ ...view, start: there.kind === "live" ? startView(there.estimate, language, world()) : null });
      }
      const nowMs = now();
      const explained = world().explain({ job, index }, nowMs);
      if (explained.kind === "waiting") {
        const { rule, estimate, order } = explained;
        const candidates = await withSharers(db.pool, caller, found.head, explained.candidates);
        const policy = world().policy();
        const start = startView(estimate, language, world());
        return answer({
          ...of(task, found.head.isArray),
          rule,
          words: joined([waitingWords(explained, language), ...ways], language),
          candidates: candidates.map((one) => candidateView(one, language, { isHeld: rule !== null })),
          decidedMs: nowMs,
          startsMs: start && (start.likelyMs ?? start.latestMs),
          start,
          order: order && { ...order, policy: policy.name, words: orderWords(order, policy, language) },
        });
      }
      // The store and the world's copy of it are a moment apart.
      return answer({
        ...of(task, found.head.isArray),
        rule: null,
        words: words.soon[language],
        candidates: [],
        decidedMs: nowMs,
        startsMs: null,
        start: null,
        order: null,
      });
    },
  };
}

export type WhyContext = {
  readonly db: Database;
  readonly world: () => Pick<World, "explain" | "hidesLoad" | "whatIf" | "policy">;
  readonly now: () => number;
};

const words = {
  waits: { en: "waits for room at a centre", zh: "等待某个中心有空闲" },
  shut: { en: "no centre that could run it takes it now: {reason}", zh: "能运行它的中心现在都不接收：{reason}" },
  nowhere: { en: "no centre could run it as they are now: {reason}", zh: "以各中心目前的情况，都无法运行它：{reason}" },
  makingWay: {
    en: "starts at {centre}, pool {pool}, once {runs} runs there have made way for it: by {until}",
    zh: "{centre} 的资源池 {pool} 中有 {runs} 个运行正为其让出位置，最迟 {until} 之后即在该处启动",
  },
  soon: { en: "is being placed this moment", zh: "正在派发" },
  notQueued: { en: "it is not waiting for a centre", zh: "并未在等待中心" },
  wouldStart: {
    en: "would start now, cancelled and submitted again, with any one of these",
    zh: "取消并按下列任一项重新提交，现在即可启动",
  },
  nothingStarts: {
    en: "no smaller request would start now either: {reason}",
    zh: "即使减少申请也无法立即启动：{reason}",
  },
  keptThere: {
    en: "; what is free there is too little for less as well, or kept for work ahead of it",
    zh: "；该处所余对更小的申请也不够，或已为排在前面的作业保留",
  },
  there: { en: "waits there: {reason}", zh: "正在该处等待：{reason}" },
  placed: { en: "was placed at {centre}", zh: "已派发到 {centre}" },
  away: {
    en: "centre {centre} cannot be reached since {time}; how the job is doing there is known once its agent reports again",
    zh: "中心 {centre} 自 {time} 起失联；待其代理恢复联系，才能得知作业在该处的情况",
  },
  trouble: {
    en: "the centre says: {trouble}",
    zh: "中心称：{trouble}",
  },
} as const;

/** What a task waits for: its own job's reason, else room. */
export function waitingWords(explained: WaitingExplanation, language: Language): string {
  return ownWords(explained, language) ?? roomWords(explained, language);
}

/** What it waits for by itself, whatever the centres say; null: nothing, it waits for room at one of them. */
function ownWords({ rule, facts, makingWay }: WaitingExplanation, language: Language): string | null {
  if (rule !== null) return reasonWords(rule, facts, language);
  return makingWay ? makingWayWords(makingWay, language) : null;
}

/** It waits for room, or for a faster pool; what of the room its own job has; and where its class may have runs ended, why none is. */
function roomWords({ awaits, siblings, nobodyEnds, candidates }: WaitingExplanation, language: Language): string {
  if (awaits) return awaitsWords(awaits, language);
  const possible = candidates.filter(({ holds }) => holds !== "never");
  const [nearest] = possible.length > 0 ? possible : candidates;
  if (nearest !== undefined && possible.every(({ rule }) => shutRules.has(rule ?? ""))) {
    const said = possible.length > 0 ? words.shut : words.nowhere;
    return said[language].replace("{reason}", () => thereWords(nearest, language));
  }
  const held = siblings.map((one) => siblingsWords(one, language));
  const nobody = nobodyEnds ? [nobodyEndsWords(nobodyEnds, language)] : [];
  return joined([words.waits[language], ...held, ...nobody], language);
}

/** For whom runs of it made way, when, and what of them is billed; and who made way for it. */
async function waysWords({ pool }: Database, job: number, index: number, language: Language): Promise<string[]> {
  const [made, gained] = await Promise.all([readMadeWay(pool, job, index), readWayMade(pool, job, index)]);
  return [
    ...made.map((one) => madeWayWords(one, language, networkTimeText)),
    ...gained.map((one) => wayMadeWords(one, language, networkTimeText)),
  ];
}

function joined(parts: readonly string[], language: Language): string {
  return parts.filter((part) => part !== "").join(language === "zh" ? "；" : "; ");
}

/** By the very reasons that `why` gives, of the centre that is nearest to starting it. */
function nothingStartsWords(explained: WaitingExplanation, language: Language): string {
  const { candidates } = explained;
  const nearest = candidates.find(({ holds }) => holds !== "never") ?? candidates[0];
  const there = () => {
    if (nearest === undefined) return words.waits[language];
    const { facts } = nearest;
    const free = facts.free ?? facts.freeMib;
    const kept = typeof free === "number" && free > 0 ? words.keptThere[language] : "";
    return `${thereWords(nearest, language)}${kept}`;
  };
  return words.nothingStarts[language].replace("{reason}", () => ownWords(explained, language) ?? there());
}

function thereWords({ centre, rule, facts }: Candidate, language: Language): string {
  return `${centre}${language === "zh" ? "：" : ": "}${reasonWords(rule, facts, language)}`;
}

/** Where no room would help, as nothing starts there whatever is free. */
const shutRules: ReadonlySet<string> = new Set<Rule>([
  "no-account-here",
  "takes-nothing-new",
  "never-connected",
  "unreachable",
  "maintenance-ahead",
  "pool-drained",
  "pool-down",
  "nodes-out",
  "reservation-ends",
  "reservation-ahead",
  "pool-without-reservation",
  "pool-of-parts",
  "pool-without-partition",
  "pool-not-allowed",
  "outside-hours",
  "data-not-there-yet",
]);

/** Without runs: all have ended, and it starts with the next decision. */
function makingWayWords(way: NonNullable<WaitingExplanation["makingWay"]>, language: Language): string {
  const { centre, pool, runs, endsMs } = way;
  const until = networkTimeText(endsMs);
  const facts = { runs: `${runs}`, centre, pool, until };
  return words.makingWay[language].replace(
    /\{(\w+)\}/g,
    (_, name: string) => Object.entries(facts).find(([key]) => key === name)?.[1] ?? "",
  );
}

function of({ job, index, state }: TaskView, isArray: boolean): Pick<WhyView, "job" | "index" | "task" | "state"> {
  return { job, index, task: taskName({ job: jobId(job), index }, isArray), state };
}

function answerView(answer: StartingChange, language: Language): WhatIfView["answers"][number] {
  const { changes, centre, pool } = answer;
  return {
    changes: changes.map((change) => ({ ...fromTo(change), words: changeWords(change, language) })),
    centre,
    pool,
    options: [...changeOptions(answer)],
  };
}

function fromTo(change: Change): Pick<WhatIfView["answers"][number]["changes"][number], "kind" | "from" | "to"> {
  const { kind } = change;
  if (kind === "centre") return { kind, from: null, to: change.centre };
  if (kind === "region") return { kind, from: null, to: change.region };
  if (kind === "without") return { kind, from: change.demand, to: null };
  return { kind, from: change.from, to: change.to };
}

function whyPlaced(task: TaskView, isArray: boolean, placed: Placed | null, language: Language): WhyView {
  const where = placed === null ? "" : words.placed[language].replace("{centre}", placed.centre);
  const away =
    placed === null || task.unreachableSinceMs === null || task.state === "ended"
      ? ""
      : words.away[language]
          .replace("{centre}", placed.centre)
          .replace("{time}", networkTimeText(task.unreachableSinceMs));
  const waiting = placed?.waiting ?? null;
  const waits = waiting === null ? "" : words.there[language].replace("{reason}", waitWords(waiting, language));
  const cancel = placed?.cancel
    ? cancelWords(placed.cancel.waitsFor ?? null, language)
    : placed?.back
      ? cancelWords(placed.back.waitsFor, language, "back")
      : "";
  const said = placed?.trouble ? mechanismText("trouble", placed.trouble, language) : null;
  const trouble = said === null ? "" : words.trouble[language].replace("{trouble}", () => said);
  const ended = task.outcome === null ? [] : [endedWords(task.outcome, placed?.words ?? null, language)];
  return {
    ...of(task, isArray),
    rule: null,
    words: joined([...ended, where, away, cancel, trouble, waits], language),
    candidates: (placed ? candidatesOf(placed.decision) : []).map((one) => candidateView(one, language)),
    decidedMs: placed?.decision.decidedMs ?? null,
    startsMs: waiting?.startsMs ?? null,
    start: null,
    order: null,
  };
}

/** `found`: what its last run said of its end, e.g. which file could not be opened. */
function endedWords(outcome: Outcome, found: string | null, language: Language): string {
  const { kind, by, exitCode, signal } = outcome;
  const reason = outcome.reason === null ? null : endReasonWords(outcome.reason, language);
  const [byEn, byZh] = by === null ? ["", ""] : actors[by];
  const how =
    kind !== "failed"
      ? ""
      : signal !== null
        ? { en: ` by signal ${signal}`, zh: `，信号 ${signal}` }[language]
        : { en: ` with exit code ${exitCode}`, zh: `，退出码 ${exitCode}` }[language];
  const { en, zh } =
    kind === "lost" && by === "operator" ? declaredLost : { en: ends[kind], zh: outcomeWords[kind].zh };
  const end = language === "zh" ? `${kind === "cancelled" && by !== null ? byZh : zh}${how}` : `${en}${how}${byEn}`;
  // The evidence that a run is lost is its reason and its last words too.
  return [...new Set([end, reason, found])]
    .filter((part) => part !== null && part !== "")
    .join(language === "zh" ? "：" : ": ");
}

/** What is said of the job, behind its name: `succeeded`, `was lost`. */
const ends: Readonly<Record<Outcome["kind"], string>> = {
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "was cancelled",
  "timed-out": "ran into its time limit",
  "out-of-memory": "used more memory than it asked for",
  preempted: "was preempted",
  "node-failed": "ended as its node failed",
  "platform-fault": "ended by a fault of the platform",
  refused: "was refused by the centre",
  lost: "was lost",
};
const declaredLost = { en: "was declared lost", zh: "由运营者声明丢失" } as const;
const actors: Readonly<Record<NonNullable<Outcome["by"]>, readonly [en: string, zh: string]>> = {
  user: [" by its owner", "由所有者取消"],
  centre: [" by the centre", "由中心取消"],
  operator: [" by an operator", "由运营者取消"],
  network: [" by the network", "由算力网取消"],
  unknown: [" at the centre, whose engine does not say by whom", "在中心被取消，其引擎未说明由谁取消"],
};
