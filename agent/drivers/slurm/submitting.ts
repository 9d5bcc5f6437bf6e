import { setTimeout as delay } from "node:timers/promises";
import type { StartAnswer } from "#agent/driver.ts";
import { Unwritten } from "#agent/json-lines.ts";
import { nothingUsed } from "#agent/keeper.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation, RunOrder } from "#core/run-order.ts";
import { chunkName, type Group, groupOrders, type Place, submissionOf } from "./chunks.ts";
import type { Doubts } from "./doubts.ts";
import type { Engine, SubmitAnswer } from "./engine.ts";
import { withoutName } from "./mapping.ts";
import type { ChunkFacts, Notebook, NotebookLine, NotedChunk } from "./notebook.ts";
import type { Placed } from "./placing.ts";

/**
 * The way of an order to the engine's id: with others of its turn into a chunk, which is noted on disk, submitted, and
 * looked up where its answer is in doubt (R3).
 */
export type Submitting = {
  /** Orders of one turn of the event loop go together. */
  readonly start: (order: RunOrder) => Promise<StartAnswer>;
  /** Also one that is not noted yet. */
  readonly underWay: (run: RunId) => Promise<StartAnswer> | null;
  /** Told once the engine's id is on disk; before that the tag would be looked up. */
  readonly taken: (facts: ChunkFacts, engineId: string) => Promise<StartAnswer>;
  /** Nothing of it was submitted: its folder goes, so that nothing of it can run, and then its runs are free. */
  readonly forget: (facts: ChunkFacts) => Promise<void>;
  /** After a restart, without the orders: found, it is followed; proved not to be there, its runs never started (R1). */
  readonly resolve: (chunk: NotedChunk) => Promise<void>;
};

export type SubmitSettings = {
  readonly engine: Engine;
  readonly notebook: Notebook;
  readonly doubtful: Doubts;
  readonly place: (order: RunOrder) => Promise<Placed>;
  readonly maxArraySize: () => Promise<number>;
  readonly mostTasksOfChunk: number;
  /** What this network's runs are known by at the engine. */
  readonly mark: () => string;
  /** It has its id: it is followed from now on. */
  readonly follow: (chunk: NotedChunk) => void;
  readonly tell: (observation: RunObservation) => void;
  /** The engine's words for a submission that it did not take. */
  readonly heard: (user: string, words: string) => void;
  readonly note: (words: string, facts: object) => void;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly signal: AbortSignal;
};

/** An order for a user whose credential is awaited is looked at again so often, while its lease lasts. */
const unreadyPauseMs = 2_000;
/** What the agent's disk does not take is offered to it again so often. */
const unwrittenPauseMs = 1_000;
const doubtWords =
  "the engine gave no certain answer to its submission: it is looked for there, and sent again only if it never arrived";

export function openSubmitting(settings: SubmitSettings): Submitting {
  const { engine, notebook, doubtful, note, nowMs, monotonicMs, signal } = settings;
  type Waiting = { readonly order: RunOrder; readonly answer: PromiseWithResolvers<StartAnswer> };
  const waiting: Waiting[] = [];
  /** What each run of a chunk that is on its way will be answered. */
  const submitting = new Map<RunId, Promise<StartAnswer>>();
  const inLane = openLanes(engine.atOnce);
  /** Whose history says already that they were not taken at once. */
  const toldLater = new Set<RunId>();

  function tellLater({ runs, user }: ChunkFacts, words: string): void {
    // What cannot be written at the site is told with paths of its own, which are nothing to the network (P2).
    const why = /(?:^|\s)\//.test(words) ? "a fault at the site, named in its agent's log" : withoutName(words, user);
    const untold = runs.filter(({ run }) => !toldLater.has(run));
    for (const { run } of untold) toldLater.add(run);
    remark({ runs: untold }, `not taken yet, and asked again: ${why}`);
  }

  function remark({ runs }: Pick<ChunkFacts, "runs">, words: string): void {
    for (const { run } of runs) settings.tell({ kind: "remark", run, atMs: nowMs(), words });
  }

  /** All that came in one turn of the event loop, as few chunks as can be; noted on disk before the first is sent. */
  async function flush(): Promise<void> {
    const taken = waiting.splice(0);
    const answers = new Map(taken.map(({ order, answer }) => [order.run, answer]));
    try {
      const fresh = await chunksOf(
        taken.map(({ order }) => order),
        answers,
      );
      notebook.append(
        fresh.map(({ facts }) => ({ kind: "chunk", facts })),
        "synced",
      );
      for (const one of fresh) inLane(() => answerAll(one, answers));
    } catch (error) {
      for (const { answer } of taken) answer.reject(error);
    }
  }

  type Answers = ReadonlyMap<RunId, Waiting["answer"]>;
  type Fresh = { readonly group: Group; readonly facts: ChunkFacts; readonly place: Place };

  /** Those that have no place here are answered at once. */
  async function chunksOf(orders: readonly RunOrder[], answers: Answers): Promise<readonly Fresh[]> {
    const fresh: Fresh[] = [];
    for (const group of groupOrders(orders, await settings.maxArraySize(), settings.mostTasksOfChunk)) {
      const placed = await settings.place(group.orders[0]);
      if (placed.kind === "placed") {
        const chunk = chunkName(settings.mark(), group);
        fresh.push({ group, facts: factsOf(group, placed.place, chunk, nowMs()), place: placed.place });
        continue;
      }
      for (const { run } of group.orders)
        answers.get(run)?.resolve(placed.kind === "busy" ? delay(unreadyPauseMs, placed) : placed);
    }
    return fresh;
  }

  async function answerAll({ group, facts, place }: Fresh, answers: Answers): Promise<void> {
    try {
      const answer = await submit(group, facts, place);
      for (const { run } of group.orders) answers.get(run)?.resolve(answer);
    } catch (error) {
      for (const { run } of group.orders) answers.get(run)?.reject(error);
    }
  }

  /** To a certain answer, however long it takes: in doubt the tag is looked up, and only what is not there is sent again. */
  async function submit(group: Group, facts: ChunkFacts, place: Place): Promise<StartAnswer> {
    const deadlineMs = monotonicMs() + leaseMs(group) - (nowMs() - facts.submittedMs);
    for (let isAgain = false; ; ) {
      const startWithinS = Math.floor((deadlineMs - monotonicMs()) / 1000);
      if (startWithinS < 1) {
        await forget(facts);
        for (const { run } of facts.runs) toldLater.delete(run);
        return { kind: "busy", words: "its lease is over" };
      }
      const answer = ofPool(place, await engine.submit(submissionOf(group, place, facts.chunk, startWithinS, isAgain)));
      switch (answer.kind) {
        case "submitted":
          if (answer.words.trim() !== "") note("sbatch warned", { chunk: facts.chunk, words: answer.words.trim() });
          return taken(facts, answer.engineId);
        case "refused":
          settings.heard(facts.user, answer.words);
          await forget(facts);
          for (const { run } of facts.runs) toldLater.delete(run);
          note("a submission was refused", { chunk: facts.chunk, words: answer.words });
          return { ...answer, words: withoutName(answer.words, facts.user) };
        case "later":
          settings.heard(facts.user, answer.words);
          tellLater(facts, answer.words);
          await forget(facts);
          await doubtful.pause(facts.user, answer.words);
          return { kind: "busy", words: answer.words };
        case "in-doubt": {
          note("a submission is in doubt; its tag is looked up", { chunk: facts.chunk, words: answer.words });
          if (!isAgain) remark(facts, doubtWords);
          const found = await doubtful.lookUp(facts);
          if (found !== null) return taken(facts, found);
          isAgain = true;
        }
      }
    }
  }

  async function taken(facts: ChunkFacts, engineId: string): Promise<StartAnswer> {
    await noteDown({ kind: "engine", chunk: facts.chunk, engineId });
    const noted = notebook.chunks.get(facts.chunk);
    if (noted) settings.follow(noted);
    doubtful.eased(facts.user);
    for (const { run } of facts.runs) toldLater.delete(run);
    return { kind: "queued", engineId };
  }

  /** However long the disk is full: it is so already, and while it is not noted nothing else may be done with the chunk. */
  async function noteDown(line: NotebookLine): Promise<void> {
    for (;;) {
      try {
        notebook.append([line], "unsynced");
        return await notebook.synced();
      } catch (error) {
        if (!(error instanceof Unwritten)) throw error;
        note("what the engine has answered cannot be written down; it is tried again", { line, error: error.message });
      }
      await delay(unwrittenPauseMs, undefined, { signal });
    }
  }

  async function forget(facts: ChunkFacts): Promise<void> {
    await removeFolder(facts);
    await noteDown({ kind: "void", chunk: facts.chunk });
  }

  async function removeFolder({ user, chunk }: ChunkFacts): Promise<void> {
    for (;;) {
      const removed = await engine.remove(user, chunk).catch((error: unknown) => {
        note("a folder that was never used stays", { chunk, error: String(error) });
        return "removed" as const;
      });
      if (removed === "removed") return;
      await delay(500, undefined, { signal: signal });
    }
  }

  async function resolve({ facts }: NotedChunk): Promise<void> {
    for (;;) {
      const found = await doubtful.lookUp(facts);
      if (found !== null) {
        await taken(facts, found);
        return;
      }
      if ((await engine.remove(facts.user, facts.chunk)) === "removed") break;
    }
    const evidence = "the agent ended before its submission was certain; queue and accounting have nothing of it";
    for (const { run } of facts.runs) {
      const observation = {
        kind: "ended",
        run,
        atMs: nowMs(),
        end: { kind: "withdrawn", evidence },
        words: null,
      } as const;
      const ended = { ...observation, usage: nothingUsed };
      await noteDown({ kind: "ended", chunk: facts.chunk, observation: ended });
      settings.tell(ended);
    }
  }

  return {
    start(order) {
      const answer = Promise.withResolvers<StartAnswer>();
      if (waiting.length === 0) setImmediate(() => void flush());
      waiting.push({ order, answer });
      submitting.set(order.run, answer.promise);
      return answer.promise.finally(() => submitting.delete(order.run));
    },
    underWay: (run) => submitting.get(run) ?? null,
    taken,
    forget,
    resolve,
  };
}

/** A reservation that has gone since the last look is nothing that the job asked for: it may come again, or another pool do. */
function ofPool({ isReserved }: Place, answer: SubmitAnswer): SubmitAnswer {
  const isGone = answer.kind === "refused" && isReserved && reservationGone.test(answer.words);
  return isGone ? { kind: "later", words: answer.words } : answer;
}

const reservationGone = /Requested reservation is invalid/i;

function factsOf(group: Group, place: Place, chunk: string, nowMs: number): ChunkFacts {
  const [{ allocation, pool, timeLimitS, warning }] = group.orders;
  return {
    chunk,
    user: place.user,
    account: place.account,
    pool,
    isArray: group.isArray,
    submittedMs: nowMs,
    startBeforeMs: nowMs + leaseMs(group),
    timeLimitS,
    ...(warning && { warning }),
    cores: allocation.nodes * allocation.coresPerNode,
    memoryMib: allocation.nodes * allocation.memoryMibPerNode,
    memoryMibPerNode: allocation.memoryMibPerNode,
    accelerators: allocation.nodes * allocation.acceleratorsPerNode,
    acceleratorVendor: allocation.acceleratorVendor,
    acceleratorModel: allocation.acceleratorModel,
    runs: group.orders.map(({ index, run }) => ({ index, run })),
  };
}

/** Runs what it is given, so many at once, in order. */
function openLanes(most: number): (act: () => Promise<void>) => void {
  const queued: (() => Promise<void>)[] = [];
  let busy = 0;
  function next(): void {
    if (busy >= most) return;
    const act = queued.shift();
    if (!act) return;
    busy += 1;
    void act().finally(() => {
      busy -= 1;
      next();
    });
  }
  return (act) => {
    queued.push(act);
    next();
  };
}

/** One deadline for the chunk: the shortest lease of its runs. */
function leaseMs({ orders }: Group): number {
  return Math.min(...orders.map(({ startWithinMs }) => startWithinMs));
}
