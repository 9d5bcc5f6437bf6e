import type { SyncAnswer, SyncRequest } from "#api/agent.ts";
import { runEndView } from "#api/outcome-view.ts";
import { type EngineReport, noOffers, oneMachine } from "#core/centre/engine.ts";
import { type CentreId, centreId, parseRunId, type RunId, runId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { sampleUsage } from "#core/sample-testing.ts";
import { createWorld } from "#core/scheduling/world.ts";
import { type Desk, openDesk } from "#server/centres/desk.ts";
import { until } from "#server/patience-testing.ts";
import type { Database } from "#server/store/database.ts";
import { type Feed, openFeed } from "#server/store/feed.ts";
import { readWorld } from "#server/store/read-world.ts";
import { openTransitionWriter, type TransitionWriter } from "#server/store/transitions.ts";
import { openSubmitWriter, type SubmitWriter } from "#server/store/writer.ts";
import { type Leader, openLeader } from "./lead.ts";
import { openScheduler, type Scheduler } from "./schedule.ts";
import { openTending, type TendingSettings } from "./tend.ts";

/** For tests: everything of a server behind its HTTP, wired as server/main.ts does. */
export type Inside = {
  readonly submits: SubmitWriter;
  readonly transitions: TransitionWriter;
  readonly feed: Feed;
  readonly leader: Leader;
  readonly scheduler: Scheduler;
  readonly desk: Desk;
  readonly close: () => Promise<void>;
};

export async function openInside(db: Database, tending: Partial<TendingSettings> = {}): Promise<Inside> {
  const world = createWorld();
  const { snapshot, runs } = await readWorld(db, (event) => world.apply(event));
  const feed = openFeed(db, { from: snapshot });
  const transitions = openTransitionWriter(db, { onCommitted: () => feed.wake() });
  const leader = openLeader(db, transitions, { retryMs: 50 });
  const scheduler = openScheduler({ db, feed, transitions, leader, world });
  const desk = openDesk({ db, feed, transitions, runs });
  const tend = openTending({ db, transitions, leader, ...tending });
  const submits = openSubmitWriter(db, {
    onSending: scheduler.noteSubmitting,
    onCommitted: (batch) => {
      scheduler.noteSubmitted(batch);
      feed.wakeSoon();
    },
  });
  return {
    submits,
    transitions,
    feed,
    leader,
    scheduler,
    desk,
    close: async () => {
      await tend.close();
      await submits.close();
      await desk.close();
      await scheduler.close();
      await leader.close();
      await transitions.close();
      await feed.close();
    },
  };
}

export const engine: EngineReport = {
  pools: [oneMachine("n1", { cores: 4, memoryMib: 4_096, memoryMibPerCore: 512 })],
  offers: noOffers,
  mechanisms: {},
};

/** A make-believe agent: holds its numbers, and tells what the test makes it see. */
export async function openAgent(desk: Desk, centre: CentreId = centreId("alpha")) {
  const { session } = await desk.session(centre);
  let server = "";
  let generation = 0;
  /** What came with the answer to a report, which a test does not look at: it is in the answer to the next poll too. */
  let early: Pick<SyncAnswer, "start" | "cancel" | "withdraw"> = nothingEarly;
  const sync = async (
    changes: {
      readonly waitMs?: number;
      readonly see?: readonly RunObservation[];
      readonly engine?: typeof engine;
    } = {},
  ): Promise<SyncAnswer> => {
    const request: SyncRequest = {
      protocol: 1,
      session,
      agentVersion: "1",
      server,
      generation,
      waitMs: early === nothingEarly ? (changes.waitMs ?? 0) : 0,
      engine: changes.engine ?? null,
      observations: (changes.see ?? []).map((seen) =>
        seen.kind === "ended" ? { ...seen, end: runEndView(seen.end) } : { ...seen },
      ),
    };
    const answer = await desk.sync(centre, request, new AbortController().signal);
    if (answer.kind === "refused") throw new Error(JSON.stringify(answer.refusal));
    if (answer.body.server !== server || answer.body.generation > generation) {
      server = answer.body.server;
      generation = answer.body.generation;
    }
    const { start, cancel, withdraw } = answer.body;
    const all = {
      start: [...early.start, ...start],
      cancel: [...early.cancel, ...cancel],
      withdraw: [...early.withdraw, ...withdraw],
    };
    const isReport = (changes.see ?? []).length > 0;
    early = isReport && Object.values(all).some((each) => each.length > 0) ? all : nothingEarly;
    return isReport ? answer.body : { ...answer.body, ...all };
  };
  /** Polls as an agent does until so many orders have come. */
  const orders = async (count: number): Promise<SyncAnswer["start"]> => {
    const all: SyncAnswer["start"][number][] = [];
    await until(async () => {
      if (all.length < count) all.push(...(await sync({ waitMs: 5_000 })).start);
      return all.length >= count ? true : null;
    });
    return all;
  };
  return { session, sync, orders };
}

const nothingEarly = { start: [], cancel: [], withdraw: [] };

export function asRun(text: string): RunId {
  const parsed = parseRunId(text);
  if (!parsed) throw new Error(`not a run: ${text}`);
  return runId(parsed);
}

export function succeeded(run: RunId): RunObservation {
  return { kind: "ended", run, atMs: 6_000, end: { kind: "succeeded" }, usage: sampleUsage, words: null };
}
