import { type SwfLog, swfHeader } from "#simulator/swf.ts";
import { aiCluster } from "./ai-cluster.ts";
import { lublin } from "./lublin.ts";
import type { DrawnJob, DrawSettings } from "./model.ts";

export const models = { lublin, ai: aiCluster } as const;
export type ModelName = keyof typeof models;
export const modelNames: readonly ModelName[] = ["lublin", "ai"];

/** Whether a log says of itself that a model made it. */
export function isSynthetic(log: SwfLog): boolean {
  return log.header.fields.get("Note")?.startsWith("synthetic") ?? false;
}

export type GenerateRefusal =
  | {
      readonly kind: "outside";
      readonly what: "jobs" | "processors" | "load";
      readonly least: number;
      readonly most: number;
    }
  /** The last submission is later than the clock of the replay reaches. */
  | { readonly kind: "too-long"; readonly lastS: number; readonly limitS: number };

/** A log made by a model: the same for the same settings, and called synthetic wherever its name is shown. */
export function generate(settings: GenerateSettings): { readonly kind: "log"; readonly log: SwfLog } | GenerateRefusal {
  const model = models[settings.model];
  const { jobs, processors, seed, load } = settings;
  if (!isWhole(jobs, mostJobs)) return { kind: "outside", what: "jobs", least: 1, most: mostJobs };
  if (!isWhole(processors, model.mostProcessors))
    return { kind: "outside", what: "processors", least: 1, most: model.mostProcessors };
  if (load !== null && !(load >= 0.01 && load <= 100)) return { kind: "outside", what: "load", least: 0.01, most: 100 };
  const log = emptyLog(settings);
  const points = new Float64Array(jobs);
  let point = 0;
  let area = 0;
  model.draw({ jobs, processors, seed }, (job, i) => {
    point += job.gapS;
    points[i] = point;
    area += job.runS * job.processors;
    fill(log, i, job);
  });
  const wishedLoad = load ?? model.usualLoad;
  const stretch = wishedLoad === null ? 1 : area / (wishedLoad * processors * point);
  const clock = dailyClock(model.rates());
  for (let i = 0; i < jobs; i += 1) {
    const submitS = Math.floor(clock((points[i] ?? 0) * stretch));
    if (submitS > lastSecond) return { kind: "too-long", lastS: Math.floor(point * stretch), limitS: lastSecond };
    log.submitS[i] = submitS;
  }
  return { kind: "log", log };
}

/** What is wrong and what to do about it. */
export function generateRefusalWords(refusal: GenerateRefusal, language: "en" | "zh"): string {
  if (refusal.kind === "too-long") {
    const [en, zh] = [
      `The last of the jobs would be submitted after ${refusal.lastS} s; the clock ends at ${refusal.limitS} s. Ask for fewer --jobs, or a higher --load.`,
      `最后一个作业将在 ${refusal.lastS} 秒后提交，而时钟止于 ${refusal.limitS} 秒。请减少 --jobs，或提高 --load。`,
    ];
    return language === "zh" ? zh : en;
  }
  const { what, least, most } = refusal;
  return language === "zh" ? `--${what} 应为 ${least} 到 ${most}。` : `--${what} is from ${least} to ${most}.`;
}

/**
 * The second at which so much of the mean rate has passed, from a midnight on, where each half hour has its own rate. Its
 * inverse is the sum of rates: a job arrives when the sum has reached its point.
 */
export function dailyClock(rates: readonly number[]): (point: number) => number {
  const bucketS = 86_400 / rates.length;
  const passed = [0];
  for (const rate of rates) passed.push((passed.at(-1) ?? 0) + rate * bucketS);
  const dayPoints = passed.at(-1) ?? 0;
  return (point) => {
    const day = Math.floor(point / dayPoints);
    const rest = point - day * dayPoints;
    let bucket = 0;
    while (bucket < rates.length - 1 && (passed[bucket + 1] ?? 0) <= rest) bucket += 1;
    return day * 86_400 + bucket * bucketS + (rest - (passed[bucket] ?? 0)) / (rates[bucket] ?? 1);
  };
}

const mostJobs = 100_000_000;
const lastSecond = 1_000_000_000;

function isWhole(value: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= most;
}

function emptyLog({ model, jobs, processors, seed, load }: GenerateSettings): SwfLog {
  const column = () => new Int32Array(jobs);
  const asked = `--generate ${model} --jobs ${jobs} --processors ${processors} --seed ${seed}`;
  const fields = new Map([
    ["Version", "2.2"],
    ["Computer", "none"],
    ["Note", `synthetic: ${models[model].words}`],
    ["Generator", `weir simulate ${asked}${load === null ? "" : ` --load ${load}`}`],
    ["MaxJobs", `${jobs}`],
    ["MaxProcs", `${processors}`],
    ["UnixStartTime", "0"],
  ]);
  const name = `synthetic-${model}-${processors}-seed-${seed}`;
  const wanted = { number: column(), submitS: column(), runS: column(), allocated: column(), requested: column() };
  const others = { requestedS: column(), user: column(), group: column(), waitS: column().fill(-1) };
  const position = Int32Array.from({ length: jobs }, (_, place) => place);
  return { name, header: swfHeader(fields), count: jobs, position, ...wanted, ...others };
}

function fill(log: SwfLog, place: number, job: DrawnJob): void {
  log.number[place] = place + 1;
  log.runS[place] = job.runS;
  log.allocated[place] = job.processors;
  log.requested[place] = job.processors;
  log.requestedS[place] = job.requestedS;
  log.user[place] = job.user;
  log.group[place] = job.group;
}

export type GenerateSettings = DrawSettings & {
  readonly model: ModelName;
  /** Σ run × processors ÷ (machine × time of submission), reached by stretching the time between jobs. null: the model's. */
  readonly load: number | null;
};
