import { setTimeout as delay } from "node:timers/promises";
import type { Driver, StartAnswer } from "#agent/driver.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation, RunOrder } from "#core/run-order.ts";
import type { Ended } from "./judge.ts";

/** What the checks act through: every run they start is followed, and gone when all is over. */
export type Probe = {
  readonly driver: Driver;
  readonly patienceMs: number;
  /** Tries again while the engine is busy, as the agent does; what it says at last. */
  readonly start: (order: RunOrder, withinMs?: number) => Promise<StartAnswer>;
  /** Started, or in the queue; throws where it was refused. */
  readonly begin: (order: RunOrder) => Promise<Followed>;
  readonly follow: (run: RunId) => Followed;
  readonly log: (
    run: RunId,
    stream?: "stdout" | "stderr",
  ) => Promise<{ readonly text: string; readonly final: boolean } | null>;
  readonly tidy: () => Promise<void>;
};

export type Followed = {
  readonly run: RunId;
  /** Everything told of it, with when it was heard by this process's clock. */
  readonly heard: readonly { readonly observation: RunObservation; readonly atMs: number }[];
  readonly started: () => Promise<number>;
  readonly ended: () => Promise<Ended>;
  readonly hasStarted: () => boolean;
};

type Following = Followed & { readonly heard: { observation: RunObservation; atMs: number }[]; wake: () => void };

export function openProbe(driver: Driver, patienceMs: number, signal: AbortSignal): Probe {
  const runs = new Map<RunId, Following>();
  driver.listen((observation) => {
    const one = follow(observation.run);
    one.heard.push({ observation, atMs: Date.now() });
    one.wake();
  });

  function follow(run: RunId): Following {
    const known = runs.get(run);
    if (known) return known;
    const heard: { observation: RunObservation; atMs: number }[] = [];
    const waiting = new Set<() => void>();
    /** Woken by what is heard; also looks for itself, for what happened while nobody listened. */
    const until = async <Value>(what: string, look: () => Value | null): Promise<Value> => {
      const deadline = performance.now() + patienceMs;
      for (;;) {
        const value = look();
        if (value !== null) return value;
        if (signal.aborted) throw new Error("the test was stopped");
        if (performance.now() > deadline) throw new Error(`${run} was not seen ${what} within ${patienceMs / 1000} s`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(done, 500);
          function done(): void {
            clearTimeout(timer);
            waiting.delete(done);
            resolve();
          }
          waiting.add(done);
        });
      }
    };
    const end = () => heard.map(({ observation }) => observation).find((one) => one.kind === "ended") ?? null;
    const start = () => {
      const seen = heard.find(({ observation }) => observation.kind === "started")?.observation.atMs;
      return seen ?? end()?.usage.startedMs ?? null;
    };
    const following: Following = {
      run,
      heard,
      started: () =>
        until("started", () => {
          const atMs = start();
          const over = end();
          if (atMs === null && over) throw new Error(`${run} ended without a start: ${JSON.stringify(over.end)}`);
          return atMs;
        }),
      ended: () => until("ended", end),
      hasStarted: () => start() !== null,
      wake: () => {
        for (const wake of [...waiting]) wake();
      },
    };
    runs.set(run, following);
    return following;
  }

  async function start(order: RunOrder, withinMs = patienceMs): Promise<StartAnswer> {
    follow(order.run);
    const deadline = performance.now() + withinMs;
    for (;;) {
      const answer = await startOnce(order);
      if (answer.kind !== "busy" || performance.now() > deadline || signal.aborted) return answer;
      await delay(50);
    }
  }

  /** In doubt, the engine is asked before anything is tried again (R3). */
  async function startOnce(order: RunOrder): Promise<StartAnswer> {
    try {
      return await driver.start(order);
    } catch (error) {
      if ((await driver.find([order.run])).length > 0) return { kind: "already-there" };
      return { kind: "busy", words: String(error) };
    }
  }

  return {
    driver,
    patienceMs,
    start,
    follow,
    async begin(order) {
      const answer = await start(order);
      if (answer.kind === "refused" || answer.kind === "busy") throw new Error(`${answer.kind}: ${answer.words}`);
      return follow(order.run);
    },
    async log(run, stream = "stdout") {
      const read = await driver.readLog(run, stream, 0, 2 ** 20);
      return read.kind === "none" ? null : { text: Buffer.from(read.bytes).toString(), final: read.final };
    },
    async tidy() {
      await Promise.all([...runs.keys()].map((run) => endAndRemove(driver, run)));
    },
  };
}

/** Within a bounded time: what cannot be removed now goes with the next test of this centre. */
export async function endAndRemove(driver: Driver, run: RunId): Promise<void> {
  for (let turn = 0; turn < 40; turn++) {
    try {
      const [found] = await driver.find([run]);
      if (!found) return;
      if (found.state === "ended") return await driver.remove(run);
      if (turn === 0) await driver.cancel(run);
    } catch {
      // The engine may be away, or end it at this moment: it is asked again.
    }
    await delay(turn < 20 ? 50 : 500);
  }
}
