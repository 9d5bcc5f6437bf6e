import { setTimeout as delay } from "node:timers/promises";
import { type Connection, Unreachable } from "#agent/connection.ts";
import type { AskedTest } from "#api/agent.ts";
import type { CheckResult } from "#core/centre/connection-test.ts";
import { offerOf } from "./offer.ts";
import type { ReplaceableDriver } from "./replaceable.ts";
import { runSuite, sweepTrials } from "./suite.ts";

/**
 * Runs the connection test that the server asks for on the very driver that serves users' runs, one at a time, and
 * tells what is known so far as it goes. A test that this process has run is told again, not run again.
 */
export type Tester = {
  readonly asked: (test: AskedTest, session: TesterSession) => void;
  readonly close: () => Promise<void>;
};

/** By which the report goes; the newest counts. */
export type TesterSession = {
  readonly connection: Connection;
  readonly credential: string;
  readonly session: number;
};

export type TesterSettings = {
  readonly engine: ReplaceableDriver;
  readonly agentVersion: string;
  readonly note: (words: string, facts: object) => void;
};

export function openTester({ engine, agentVersion, note }: TesterSettings): Tester {
  const stop = new AbortController();
  let current: { readonly id: number; readonly done: Promise<void> } | null = null;
  let session: TesterSession | null = null;

  async function tell(id: number, checks: readonly CheckResult[], ended: boolean): Promise<void> {
    for (let backOffMs = 200; session && !stop.signal.aborted; backOffMs = Math.min(10_000, backOffMs * 2)) {
      const { connection, credential } = session;
      const body = { test: id, session: session.session, agentVersion, nowMs: Date.now(), checks, ended };
      try {
        const answer = await connection.post("/agent/test", body, credential, 15_000);
        if (answer.kind === "refused") note("the report of a test is refused", { test: id, words: answer.words });
        if (answer.kind === "ok" || !ended || answer.status !== 401) return;
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        // What is known so far comes again with the next check; the end must arrive.
        if (!ended) return;
      }
      await delay(backOffMs, undefined, { signal: stop.signal }).catch(() => {});
    }
  }

  async function run(test: AskedTest): Promise<void> {
    const checks: CheckResult[] = [];
    note("connection test", { test: test.id });
    await sweepTrials(engine.trial).catch((error: unknown) =>
      note("not all of an earlier test is gone", { error: String(error) }),
    );
    await tell(test.id, checks, false);
    const offer = offerOf(await engine.trial.describe(), engine.trial.name, test.pool);
    let telling = Promise.resolve();
    if (offer) {
      const trial = { test: test.id, session: session?.session ?? 1, person: test.person, project: test.project };
      const onResult = (result: CheckResult) => {
        checks.push(result);
        const known = [...checks];
        telling = telling.then(() => tell(test.id, known, false));
      };
      await runSuite({ engine, offer, trial, onResult, signal: stop.signal });
    } else note("no pool is up: nothing can be tested", { test: test.id, pool: test.pool });
    await telling;
    if (!stop.signal.aborted) await tell(test.id, checks, true);
    note("connection test ended", { test: test.id, checks: checks.length });
  }

  return {
    asked(test, by) {
      session = by;
      if (current !== null && current.id >= test.id) return;
      const before = current?.done ?? Promise.resolve();
      const done = before
        .then(() => run(test))
        .catch((error: unknown) => {
          note("a connection test failed; it is begun again when the server asks again", { error: String(error) });
          if (current?.id === test.id) current = null;
        });
      current = { id: test.id, done };
    },
    async close() {
      stop.abort();
      await current?.done;
    },
  };
}
