import type { Verdict } from "#core/centre/connection-test.ts";
import type { RunEnd } from "#core/job/state.ts";
import type { RunObservation, RunOrder, RunUsage } from "#core/run-order.ts";

/** What is made of what was seen: no waiting, no clock. */
export type Judged = { readonly verdict: Verdict; readonly seen: string };
export type Ended = Extract<RunObservation, { readonly kind: "ended" }>;

export function passedIf(passed: boolean, seen: string): Judged {
  return { verdict: passed ? "pass" : "fail", seen };
}

/** All must pass; what was seen is told of each. */
export function together(judged: readonly Judged[]): Judged {
  const seen = judged.map((one) => one.seen).join("; ");
  if (judged.some(({ verdict }) => verdict === "fail")) return { verdict: "fail", seen };
  return { verdict: judged.every(({ verdict }) => verdict === "not-offered") ? "not-offered" : "pass", seen };
}

export function judgeEnd(ended: Ended, wanted: RunEnd): Judged {
  const same = JSON.stringify(ended.end) === JSON.stringify(wanted);
  return passedIf(same, `ended ${endText(ended.end)}${same ? "" : `, not ${endText(wanted)}`}${wordsOf(ended)}`);
}

export function judgeKind(ended: Ended, wanted: RunEnd["kind"]): Judged {
  const same = ended.end.kind === wanted;
  return passedIf(same, `ended ${endText(ended.end)}${same ? "" : `, not ${wanted}`}${wordsOf(ended)}`);
}

/** The end of a run that must not have begun. */
export function judgeUnstarted(ended: Ended, wanted: RunEnd["kind"]): Judged {
  const started = ended.usage.startedMs !== null;
  return together([judgeKind(ended, wanted), passedIf(!started, started ? "it had started" : "it never started")]);
}

/** Wall time by the engine: not less than asked, not much more. */
export function judgeWall(usage: RunUsage, leastMs: number, mostMs: number): Judged {
  return passedIf(
    usage.startedMs !== null && usage.wallMs >= leastMs && usage.wallMs <= mostMs,
    `started ${usage.startedMs === null ? "at an unknown time" : "at a known time"}, ran ${usage.wallMs} ms (${leastMs} to ${mostMs} expected), CPU ${usage.cpuUserMs + usage.cpuSystemMs} ms, ${usage.peakMemoryMib} MiB by ${usage.memoryWay}`,
  );
}

/** What the engine dates must lie between when it was asked and when it was heard of. */
export function judgeClock(atMs: number, askedMs: number, heardMs: number, toleranceMs: number): Judged {
  const offMs = atMs < askedMs ? atMs - askedMs : atMs > heardMs ? atMs - heardMs : 0;
  return passedIf(
    Math.abs(offMs) <= toleranceMs,
    offMs === 0 ? "its time lies between the request and the report" : `its time is off by at least ${offMs} ms`,
  );
}

/** Names of the agent's, the server's and npm's own, which no job may find. */
const foreign =
  /^(npm_|NODE_OPTIONS$|DATABASE_URL$|PG[A-Z]+$|INIT_CWD$|WEIR_(TOKEN|SERVER|SERVER_URL|HOME|PORT|CONTROL_FD|LAUNCHER_SOCKET|ENROLMENT_TOKEN|DRIVER|SIMULATION)$)/;

/** `printed`: what `env` printed in the job. */
export function judgeEnvironment(printed: string, order: RunOrder): Judged {
  const found = new Map(
    printed.split("\n").flatMap((line): (readonly [string, string])[] => {
      const at = line.indexOf("=");
      return at > 0 && /^\w+$/.test(line.slice(0, at)) ? [[line.slice(0, at), line.slice(at + 1)]] : [];
    }),
  );
  const leaked = [...found.keys()].filter((name) => foreign.test(name));
  const wanted: readonly (readonly [string, string | RegExp])[] = [
    ["WEIR_JOB_ID", String(order.job)],
    ["WEIR_ATTEMPT", String(order.attempt)],
    ["WEIR_RUN_ID", order.run],
    ["SLURM_JOB_ID", /^\d+$/],
    ["SLURM_NTASKS", "1"],
    ...Object.entries(order.environment),
  ];
  const missing = wanted.flatMap(([name, value]) => {
    const has = found.get(name);
    const right = has !== undefined && (typeof value === "string" ? has === value : value.test(has));
    return right ? [] : [`${name} is ${has === undefined ? "not there" : JSON.stringify(has)}`];
  });
  const wrong = [...missing, ...leaked.map((name) => `${name} does not belong there`)];
  return passedIf(
    wrong.length === 0,
    wrong.length === 0 ? `${found.size} variables, all as they should be` : wrong.join(", "),
  );
}

/**
 * Of a job that asked for one device: each variable that lists devices lists one. Where an engine counts devices without
 * naming them there is none, and whether the job has one to itself cannot be seen. `printed`: null: nothing was executed.
 */
export function judgeDevices(printed: string | null, device: string): Judged {
  if (printed === null) return passedIf(true, `${device}: no variable`);
  const told = printed.split("\n").flatMap((line): readonly (readonly [string, string])[] => {
    const at = line.indexOf("=");
    return at > 0 && line.length > at + 1 ? [[line.slice(0, at), line.slice(at + 1).trim()]] : [];
  });
  if (told.length === 0)
    return { verdict: "not-offered", seen: `${device}: no variable names it, so how many a job has cannot be seen` };
  const isOne = told.every(([, list]) => !/,|^\d+-\d+$|^NoDevFiles$/.test(list));
  return passedIf(isOne, `${device}: ${told.map(([name, list]) => `${name}=${list}`).join(" ")}`);
}

/** `printed`: a line `node NAME` by each task. */
export function judgeNodes(printed: string, wanted: number): Judged {
  const names = new Set([...printed.matchAll(/^node (\S+)$/gm)].map(([, name]) => name));
  return passedIf(names.size === wanted, `tasks ran on ${names.size} nodes: ${[...names].join(" ")}`);
}

/** `during`: what was read while it ran; null: nothing could be. */
export function judgeStream(
  during: string | null,
  after: { readonly text: string; readonly final: boolean } | null,
): Judged {
  if (during === null || during === "") return passedIf(false, "nothing could be read while it ran");
  if (after === null) return passedIf(false, "nothing could be read after its end");
  const whole = after.text.startsWith(during) && after.text.length > during.length;
  return passedIf(
    whole && after.final,
    `${during.length} bytes while it ran, ${after.text.length} after its end${whole ? "" : ", which do not go on from the first"}${after.final ? "" : ", not said to be final"}`,
  );
}

export function judgeRate(runs: number, tookMs: number, leastPerS: number): Judged {
  const perS = (runs * 1000) / Math.max(1, tookMs);
  return passedIf(perS >= leastPerS, `${runs} runs taken in ${Math.round(tookMs)} ms: ${perS.toFixed(1)} a second`);
}

/** Limits are upper bounds, so an estimate may be too late; too early is what misleads. `estimates`: real times. */
export function judgeEstimate(estimatesMs: readonly number[], startedMs: number, toleranceMs: number): Judged {
  const last = estimatesMs.at(-1);
  if (last === undefined) return { verdict: "not-offered", seen: "the engine gave no estimate" };
  const errorMs = Math.round(startedMs - last);
  const given = estimatesMs.length === 1 ? "1 estimate" : `${estimatesMs.length} estimates`;
  const words = `${given}; it started ${Math.abs(errorMs)} ms ${errorMs > 0 ? "later" : "earlier"} than the last one said`;
  return passedIf(errorMs <= toleranceMs, words);
}

export function endText(end: RunEnd): string {
  const { kind, ...facts } = end;
  if ("reason" in end && end.reason) return `${kind} (${end.reason})`;
  return [kind, ...Object.values(facts).filter((value) => value !== null)].join(" ");
}

function wordsOf({ words }: Ended): string {
  return words === null ? "" : ` (${words})`;
}
