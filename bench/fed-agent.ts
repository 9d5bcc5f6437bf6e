import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "#agent/connection.ts";
import type { Driver } from "#agent/driver.ts";
import type { TestAgent } from "#agent/drivers/slurm/site-testing.ts";
import { openJournal } from "#agent/journal.ts";
import { keepRuns } from "#agent/keeper.ts";
import { clocks } from "#agent/serve-centre.ts";
import { keepInSync } from "#agent/sync.ts";
import type { SyncAnswer, SyncRequest } from "#api/agent.ts";
import type { RunOrder } from "#core/run-order.ts";

/** All that an agent does with orders, without a server: its protocol's answers are prepared, its journal is on the disk. */
export type FedAgent = {
  /** Makes the text of the answer to `sync` that has these. To be called before the next is made. */
  readonly prepare: (orders: readonly RunOrder[]) => Prepared;
  readonly close: () => Promise<void>;
};

/** Gives the answer. Resolves once the engine has all of its orders in its queue. */
export type Prepared = () => Promise<void>;

/**
 * An agent over the driver of `agent`, which goes on telling its own listeners. It writes its requests and reads its answers
 * as texts, as on the wire; what a server does with them is no part of it. Ends are committed by the next answer. The journal
 * lies in /var/tmp, where the driver has its notebook.
 */
export async function feedBySync(agent: TestAgent): Promise<FedAgent> {
  const folder = mkdtempSync("/var/tmp/weir-bench-agent-");
  const stop = new AbortController();
  let given = { generation: 1, text: answerOf(1, true, [], []) };
  const committed = new Set<string>();
  let wakePoll: () => void = () => {};
  let accepted: (answer: Awaited<ReturnType<Driver["start"]>>) => void = () => {};

  const connection: Connection = {
    post: async (_path, body) => {
      // The agent's own request, as it is typed where it is made.
      const request = body as SyncRequest;
      JSON.stringify(request);
      for (const seen of request.observations) if (seen.kind === "ended") committed.add(seen.run);
      if (request.waitMs > 0 && given.generation <= request.generation)
        await Promise.race([
          new Promise<void>((resolve) => {
            wakePoll = resolve;
          }),
          delay(request.waitMs, undefined, { signal: stop.signal }).catch(() => undefined),
        ]);
      const isNew = given.generation > request.generation;
      const text = isNew ? given.text : answerOf(given.generation, false, [], [...committed]);
      if (!isNew) committed.clear();
      return { kind: "ok", body: JSON.parse(text), serverMs: null };
    },
    close: () => {},
  };
  const driver: Driver = {
    ...agent.driver,
    listen: agent.tell,
    start: async (order) => {
      const answer = await agent.driver.start(order);
      accepted(answer);
      return answer;
    },
  };
  const journal = openJournal(join(folder, "journal"), Date.now());
  const keeper = keepRuns(driver, journal, clocks, () => {});
  const first = Promise.withResolvers<void>();
  const end = keepInSync({
    connection,
    driver,
    keeper,
    credential: "bench",
    session: 1,
    agentVersion: "bench",
    pollMs: 25_000,
    signal: stop.signal,
    onFirstAnswer: () => first.resolve(),
    onRotate: () => {},
    onRetention: () => {},
    onTest: () => {},
    note: () => {},
  });
  await first.promise;
  return {
    prepare(orders) {
      const next = { generation: given.generation + 1, text: answerOf(given.generation + 1, false, orders, []) };
      return () => {
        const all = Promise.withResolvers<void>();
        let left = orders.length;
        accepted = (answer) => {
          if (answer.kind !== "queued") return all.reject(new Error(JSON.stringify(answer)));
          left -= 1;
          if (left === 0) all.resolve();
        };
        given = next;
        wakePoll();
        return all.promise;
      };
    },
    async close() {
      stop.abort();
      await end;
      agent.tell(() => {});
      journal.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function answerOf(
  generation: number,
  whole: boolean,
  start: readonly RunOrder[],
  committed: readonly string[],
): string {
  return JSON.stringify({
    server: "bench",
    generation,
    whole,
    start,
    expected: [],
    cancel: [],
    withdraw: [],
    committed,
    reads: [],
  } satisfies { readonly [Key in keyof SyncAnswer]?: unknown });
}
