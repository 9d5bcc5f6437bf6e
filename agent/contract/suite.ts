import { setTimeout as delay } from "node:timers/promises";
import type { Driver } from "#agent/driver.ts";
import { type CheckName, type CheckResult, checkNames } from "#core/centre/connection-test.ts";
import { carriable } from "#core/one-line.ts";
import { type Check, finalLog, plainChecks, type Stage, throughputCheck, whileItRuns } from "./checks.ts";
import { type Judged, judgeEnd, passedIf, together } from "./judge.ts";
import { type ContractOffer, offerOf } from "./offer.ts";
import { endAndRemove, openProbe } from "./probe.ts";
import { driveQueue, type QueueCheck, queueAsked } from "./queue-checks.ts";
import { openReplaceable, type ReplaceableDriver } from "./replaceable.ts";
import { isTrialRun, type TrialFor, trialOrders } from "./trial.ts";

/**
 * The contract of every driver, driven as the agent drives it: what each check asked, what was seen, and whether that
 * is right. The same suite is the connection test of a centre. Its runs are of no job, and none is left behind.
 */
export async function runSuite(settings: SuiteSettings): Promise<readonly CheckResult[]> {
  const { engine, offer, trial, signal = new AbortController().signal, patienceMs = 120_000 } = settings;
  const probe = openProbe(engine.trial, patienceMs, signal);
  const stage: Stage = { probe, order: trialOrders(trial, offer.pool), offer, heldBackMs: settings.heldBackMs };
  const results: CheckResult[] = [];
  const wanted = (check: CheckName) => settings.only?.includes(check) ?? true;

  function done(check: CheckName, asked: string, startedMs: number, judged: Judged): void {
    // What a job printed may be anything; evidence is text of a bounded length.
    const seen = carriable(judged.seen, 3_000);
    const result = { check, verdict: judged.verdict, asked, seen, startedMs, tookMs: Date.now() - startedMs };
    results.push(result);
    settings.onResult?.(result);
  }

  async function drive({ check, asked, drive: act }: Check): Promise<void> {
    if (!wanted(check) || signal.aborted) return;
    const startedMs = Date.now();
    try {
      done(check, asked, startedMs, await within(act(stage), 3 * patienceMs));
    } catch (error) {
      done(check, asked, startedMs, passedIf(false, error instanceof Error ? error.message : String(error)));
    }
  }

  const waiting = [...plainChecks];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await drive(next);
  };
  try {
    await Promise.all(Array.from({ length: checksAtOnce }, lane));
    if ((["deadline", "cancel-queued", "estimate"] as const).some(wanted) && !signal.aborted) {
      const startedMs = Date.now();
      const told = (check: QueueCheck, judged: Judged) =>
        wanted(check) && done(check, queueAsked[check], startedMs, judged);
      await within(driveQueue(stage, told), 5 * patienceMs).catch((error: unknown) => {
        const words = error instanceof Error ? error.message : String(error);
        for (const check of ["cancel-queued", "deadline", "estimate"] as const)
          if (!results.some((result) => result.check === check)) told(check, passedIf(false, words));
      });
    }
    await drive(throughputCheck);
    await drive(restartCheck(engine.reopen));
  } finally {
    await probe.tidy();
  }
  return results.sort((a, b) => checkNames.indexOf(a.check) - checkNames.indexOf(b.check));
}

export type SuiteSettings = {
  readonly engine: ReplaceableDriver;
  readonly offer: ContractOffer;
  readonly trial: TrialFor;
  /** How long any one thing is waited for. */
  readonly patienceMs?: number;
  /** For an engine that nobody else uses. */
  readonly heldBackMs?: number;
  readonly only?: readonly CheckName[];
  readonly onResult?: (result: CheckResult) => void;
  readonly signal?: AbortSignal;
};

/** For the tests of a driver: `open` is called again where the agent restarts. `offer`: else what the engine reports. */
export async function runContract(
  open: () => Promise<Driver>,
  settings: Partial<Omit<SuiteSettings, "engine">> & { readonly pool?: string } = {},
): Promise<readonly CheckResult[]> {
  const engine = await openReplaceable(open);
  try {
    const offer = settings.offer ?? offerOf(await engine.trial.describe(), engine.trial.name, settings.pool ?? null);
    if (!offer) throw new Error("no pool is up: there is nothing to test");
    const trial = { test: 1, session: 1, person: { id: 1, name: "ada" }, project: { id: 1, name: "default" } };
    return await runSuite({ ...settings, engine, offer, trial: settings.trial ?? trial });
  } finally {
    await engine.trial.close();
  }
}

/** What an earlier test could not take away, because its agent was killed. */
export async function sweepTrials(driver: Driver): Promise<void> {
  const left = (await driver.find()).filter(({ run }) => isTrialRun(run));
  await Promise.all(left.map(({ run }) => endAndRemove(driver, run)));
}

const checksAtOnce = 4;

/** A driver whose promise never settles fails the check, and the test goes on. */
async function within<Value>(act: Promise<Value>, ms: number): Promise<Value> {
  const late = new AbortController();
  const timeout = delay(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error(`the driver did not answer within ${ms / 1000} s`);
  });
  timeout.catch(() => {});
  try {
    return await Promise.race([act, timeout]);
  } finally {
    late.abort();
  }
}

function restartCheck(reopen: () => Promise<void>): Check {
  return {
    check: "restart",
    asked: "to close the driver under two runs and open it again",
    async drive({ probe, order }) {
      const look = async (lastsS: number) => {
        const script = `#WEIR-SIM run=${lastsS}s exit=5\necho before; sleep ${lastsS}; echo after; exit 5`;
        const long = order(script);
        const short = order("#WEIR-SIM run=200ms exit=6\nsleep 0.2; exit 6");
        const runs = await Promise.all([probe.begin(long), probe.begin(short)]);
        await Promise.all(runs.map((run) => run.started()));
        await reopen();
        // Known at once; that it runs, an engine may have to be asked first.
        const known = await probe.driver.find([long.run]);
        let found = known;
        for (let turn = 0; turn < 10 * lastsS && found[0]?.state === "waiting"; turn++) {
          await delay(100);
          found = await probe.driver.find([long.run]);
        }
        return { long, runs, known, found, isOver: found[0]?.state === "ended" };
      };
      const { long, runs, known, found } = await whileItRuns([4, 30], look);
      const again = await probe.start(long);
      const [longEnd, shortEnd] = await Promise.all([endOf(probe, runs[0]), endOf(probe, runs[1])]);
      const log = await finalLog(probe, long.run);
      return together([
        passedIf(
          known.length === 1 && found[0]?.state === "running",
          `found again: ${known[0]?.state ?? "nothing"}, then ${found[0]?.state ?? "nothing"}`,
        ),
        passedIf(again.kind === "already-there", `started again: ${again.kind}`),
        judgeEnd(longEnd, { kind: "failed", exitCode: 5 }),
        judgeEnd(shortEnd, { kind: "failed", exitCode: 6 }),
        passedIf((log?.text.length ?? 0) > 0 && (log?.final ?? false), `its log has ${log?.text.length ?? 0} bytes`),
      ]);
    },
  };
}

/** As after a restart of the agent: what ended while nobody listened is found, the rest is heard. */
async function endOf(probe: Stage["probe"], run: ReturnType<Stage["probe"]["follow"]>) {
  const [found] = await probe.driver.find([run.run]);
  if (found?.state === "ended" && found.observation.kind === "ended") return found.observation;
  return run.ended();
}
