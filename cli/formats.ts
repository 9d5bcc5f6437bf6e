import type { JobSummary, WireOutcome } from "#api/job.ts";
import type { Cell, Colour } from "#cli/table.ts";
import type { Say, WordsKey } from "#cli/words.ts";
import { words } from "#cli/words.ts";
import { filledInName } from "#core/job/filled-in.ts";
import { causeWords, withTimes } from "#core/job/history-words.ts";
import type { Language } from "#core/language.ts";
import { networkClock, networkOffset } from "#core/ledger/network-day.ts";
import { type Rounding, hoursText as roundedHours } from "#core/ledger/rounding.ts";
import { durationWords } from "#core/measures.ts";
import type { StartableShape } from "#core/scheduling/headroom.ts";

/** By the clock of the network, wherever the reader is (docs/decisions/0053): `2026-11-22 22:05:09 +08:00`. */
export function timeText(atMs: number): string {
  return `${networkClock(atMs)} ${networkOffset}`;
}

/** The same below a title of `timeTitle`, which says the offset once. */
export function timeCell(atMs: number): string {
  return networkClock(atMs);
}

export function timeTitle(key: WordsKey, say: Say): string {
  return say("beside", { words: say(key), more: networkOffset });
}

/** Seconds with so many places: `6834.6 s`. */
export function secondsText(spanS: number, places: number, language: Language): string {
  return `${spanS.toFixed(places)} ${language === "zh" ? "秒" : "s"}`;
}

/** A wait that was measured: below a minute with tenths of a second, `12.4 s`; `1 h 53 min`. */
export function waitText(waitS: number, language: Language): string {
  return waitS < 60 ? secondsText(waitS, 1, language) : durationWords(waitS * 1000, language);
}

export function memoryText(mib: number): string {
  if (mib < 1024) return `${mib} MiB`;
  return `${Number((mib / 1024).toFixed(mib < 102_400 ? 1 : 0))} GiB`;
}

/** What one job could be: `4 × 8c 32 GiB 2×huawei/ascend910b` is four nodes, each with all of that. */
export function shapeText({ nodes, coresPerNode, memoryMibPerNode, accelerators }: StartableShape, say: Say): string {
  const cards = accelerators ? ` ${accelerators.perNode}×${accelerators.vendor}/${accelerators.model}` : "";
  return say("shapeThere", { nodes, cores: coresPerNode, memory: memoryText(memoryMibPerNode), cards });
}

export type Amounts = { readonly coreMs: string; readonly milliCardMs: string; readonly memoryMibS: string };

/** Amounts in hours, to three places, none as `0`; what there is never shows as nothing. */
export function amountTexts(
  amounts: Amounts,
  rounding: Rounding = "half",
): { readonly cores: string; readonly cards: string; readonly memory: string } {
  const text = ([ms, of]: readonly [bigint, bigint]) => {
    if (ms === 0n) return "0";
    const places = roundedHours(ms, of * 3_600_000n, rounding);
    return places === "0.000" ? "<0.001" : places;
  };
  const { cores, cards, memory } = inMs(amounts);
  return { cores: text(cores), cards: text(cards), memory: text(memory) };
}

/** Each as milliseconds of so many parts of one core, card or GiB. */
function inMs({ coreMs, milliCardMs, memoryMibS }: Amounts) {
  return {
    cores: [BigInt(coreMs), 1n],
    cards: [BigInt(milliCardMs), 1000n],
    memory: [BigInt(memoryMibS) * 1000n, 1024n],
  } as const;
}

/** `CNY 0.00 (free)`, 「¥0.00（免费）」. */
export function costText(
  { amountMicroYuan, tariffVersion }: { readonly amountMicroYuan: string; readonly tariffVersion: string },
  say: Say,
): string {
  return say("beside", {
    words: say("yuan", { amount: yuanText(amountMicroYuan) }),
    more: named("tariff", tariffVersion, say),
  });
}

export const memoryWayText = (way: string, say: Say): string => named("memoryWay", way, say);
export const intakeStepText = (step: string, say: Say): string => named("intakeStep", step, say);

/** What the server says, its times as all others here. */
export function inNetworkTime(words: string): string {
  return withTimes(words, (time) => timeText(Date.parse(time)));
}

/** A cause of Weir's own in the reader's language; the server keeps them in English. */
export function causeText(cause: string, say: Say, language: Language): string {
  return inNetworkTime(causeWords(cause, language) ?? named("outcome", cause, say));
}

function named(prefix: string, name: string, say: Say): string {
  const key = `${prefix}_${name}`;
  return isKey(key) ? say(key) : name;
}

/** Micro-yuan as yuan with all the places that say something, at least two. */
export function yuanText(microYuan: string): string {
  const sign = microYuan.startsWith("-") ? "-" : "";
  const digits = microYuan.replace("-", "").padStart(7, "0");
  const places = digits.slice(-6).replace(/0{1,4}$/, "");
  return `${sign}${digits.slice(0, -6)}.${places.padEnd(2, "0")}`;
}

export function outcomeText(
  outcome: { readonly kind: string; readonly exitCode: number | null; readonly signal: number | null },
  say: Say,
): string {
  if (outcome.kind === "failed" && outcome.signal !== null)
    return say("outcome_failedSignal", { signal: outcome.signal });
  if (outcome.kind === "failed" && outcome.exitCode !== null)
    return say("outcome_failedCode", { code: outcome.exitCode });
  const key = `outcome_${outcome.kind}`;
  return isKey(key) ? say(key) : outcome.kind;
}

/** Of an array, whose tasks may differ: `failed (1–4)`, where the codes are known, else `failed`. */
export function arrayOutcomeText(
  kind: string,
  exitCodes: { readonly least: number; readonly greatest: number } | null,
  say: Say,
): string {
  if (exitCodes === null) return outcomeText({ kind, exitCode: null, signal: null }, say);
  const { least, greatest } = exitCodes;
  return say("outcome_failedCode", { code: least === greatest ? least : `${least}–${greatest}` });
}

/** The defaults that Weir filled in, in words. */
export function defaultsText(
  defaults: readonly { readonly field: string; readonly value: string }[],
  say: Say,
  language: Language,
): string {
  const parts = defaults.map(({ field, value }) => {
    const text = /S$/.test(field) ? durationWords(Number(value) * 1000, language) : value;
    return `${filledInName(field, language)} ${text}`;
  });
  return parts.join(say("comma")) || say("none");
}

/** `2.500 core-hours, 4.000 GiB-hours`; cards only where there were any. */
export function amountsText(amounts: Amounts, say: Say, rounding: Rounding = "half"): string {
  const { cores, cards, memory } = amountTexts(amounts, rounding);
  return [
    `${cores} ${say("coreTime")}`,
    ...(amounts.milliCardMs === "0" ? [] : [`${cards} ${say("cardTime")}`]),
    `${memory} ${say("memoryTime")}`,
  ].join(say("comma"));
}

export function stateText(state: string, say: Say): string {
  const key = `state_${state}`;
  return isKey(key) ? say(key) : state;
}

export function connectionText(state: string, say: Say): string {
  const key = `connection_${state}`;
  return isKey(key) ? say(key) : state;
}

function isKey(key: string): key is WordsKey {
  return Object.hasOwn(words, key);
}

/** The state; of what has ended, the outcome. */
export function stateCell(
  { state, outcome }: { readonly state: string; readonly outcome: WireOutcome | null },
  say: Say,
): Cell {
  if (outcome) return { text: outcomeText(outcome, say), colour: outcomeColours[outcome.kind] ?? "red" };
  return { text: stateText(state, say), colour: stateColours[state] ?? "dim" };
}

const stateColours: Readonly<Record<string, Colour>> = {
  queued: "yellow",
  placed: "yellow",
  starting: "blue",
  running: "blue",
  ended: "dim",
};
const outcomeColours: Readonly<Record<string, Colour>> = { succeeded: "green", cancelled: "dim" };

/** From the first start to the end, or to now. */
export function elapsedText(
  { startedMs, endedMs }: Pick<JobSummary, "startedMs" | "endedMs">,
  nowMs: number,
  language: Language,
): string {
  return startedMs === null ? "" : durationWords((endedMs ?? nowMs) - startedMs, language);
}
