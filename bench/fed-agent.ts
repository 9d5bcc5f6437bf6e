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
  /** The next answer to `sync` has these. Resolves once the engine has all of them in its queue. */
  readonly submit: (orders: readonly RunOrder[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

/**
 * An agent over the driver of `agent`, which goes on telling its own listeners. Requests and answers are texts, as on the
 * wire; ends are committed by the next answer. The journal lies in /var/tmp, where the driver has its notebook.
 */
export async function feedBySync(agent: TestAgent): Promise<FedAgent> {
  const folder = mkdtempSync("/var/tmp/weir-bench-agent-");
  const stop = new AbortController();
  const answers: { readonly generation: number; readonly start: readonly RunOrder[] }[] = [];
  const committed = new Set<string>();
  let wakePoll: () => void = () => {};
  let accepted: (answer: Awaited<ReturnType<Driver["start"]>>) => void = () => {};

  const connection: Connection = {
    post: async (_path, body) => {
      const request: SyncRequest = JSON.parse(JSON.stringify(body));
      for (const seen of request.observations) if (seen.kind === "ended") committed.add(seen.run);
      const fresh = () => answers.filter(({ generation }) => generation > request.generation);
      if (request.waitMs > 0 && fresh().length === 0)
        await Promise.race([
          new Promise<void>((resolve) => {
            wakePoll = resolve;
          }),
          delay(request.waitMs, undefined, { signal: stop.signal }).catch(() => undefined),
        ]);
      const answer = {
        server: "bench",
        generation: answers.at(-1)?.generation ?? 1,
        whole: request.server === "",
        start: fresh().flatMap(({ start }) => start),
        expected: [],
        cancel: [],
        withdraw: [],
        committed: [...committed],
        reads: [],
      } satisfies { readonly [Key in keyof SyncAnswer]?: unknown };
      committed.clear();
      return { kind: "ok", body: JSON.parse(JSON.stringify(answer)), serverMs: null };
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
    submit(orders) {
      const all = Promise.withResolvers<void>();
      let left = orders.length;
      accepted = (answer) => {
        if (answer.kind !== "queued") return all.reject(new Error(JSON.stringify(answer)));
        left -= 1;
        if (left === 0) all.resolve();
      };
      answers.push({ generation: 2 + answers.length, start: orders });
      wakePoll();
      return all.promise;
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
