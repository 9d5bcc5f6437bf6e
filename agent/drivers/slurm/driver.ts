import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Driver, FoundRun, StartAnswer } from "#agent/driver.ts";
import { nothingUsed } from "#agent/keeper.ts";
import { type Amounts, type DeviceCount, noOffers } from "#core/centre/engine.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation, RunOrder } from "#core/run-order.ts";
import { prepared } from "../prologue.ts";
import { keepLimits } from "./account-limits.ts";
import { keepAccounts } from "./accounts.ts";
import { chunkName, type Group, groupOrders, type Place, submissionOf } from "./chunks.ts";
import { keepDelegations } from "./delegations.ts";
import { gresWords } from "./describe.ts";
import { doubts } from "./doubts.ts";
import { type Engine, EngineSilent } from "./engine.ts";
import { follow } from "./following.ts";
import { forerunners } from "./forerunners.ts";
import { type CommandSettings, localCommands } from "./local-commands.ts";
import { type Mapping, openMapping } from "./mapping.ts";
import { openNetworkMark } from "./network-mark.ts";
import { type ChunkFacts, type NotedChunk, openNotebook } from "./notebook.ts";
import { offering, tableOf } from "./offering.ts";
import type { EndedRun } from "./past-runs.ts";
import { keepProving } from "./proving.ts";
import { readSite, type Site } from "./site.ts";
import { type Look, mostTimeS, poolsSeen, surroundings } from "./surroundings.ts";
import { openEngine } from "./transport.ts";
import { openWeirAs } from "./weir-as.ts";
import { noWords, translated } from "./words.ts";

/** Where the driver keeps what, and for tests the pace. */
export type SlurmSettings = {
  /** The agent's own folder: the notebook, the network's name here, slurm.json and the mapping. */
  readonly folder: string;
  readonly site: Site;
  readonly identity: CommandSettings["identity"];
  readonly recordsEveryMs: number;
  readonly listEveryMs: number;
  /** null: by the cluster's own MessageTimeout. */
  readonly messageTimeoutMs: number | null;
  /** How long after its lease a run that the site holds is taken out of the queue. */
  readonly heldBeyondMs: number;
};

const recordsEveryMs = 1000;
const listEveryMs = 10_000;
const heldBeyondMs = 120_000;
/** An order for a user whose credential is awaited is looked at again so often, while its lease lasts. */
const unreadyPauseMs = 2_000;

/** The driver of a centre with Slurm, as main.ts starts it: `slurm.json` in the agent's folder, or WEIR_SLURM_CONFIG. */
export function openSlurmDriver(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
  note: (words: string, facts: object) => void,
): Promise<Driver> {
  const site = readSite(environment.WEIR_SLURM_CONFIG ?? join(folder, "slurm.json"));
  const pace = { recordsEveryMs, listEveryMs, messageTimeoutMs: null, heldBeyondMs };
  return openSlurm({ folder, site, identity: null, ...pace }, note);
}

/** Runs as jobs of a Slurm cluster, each as the local user to whom the site's mapping leads (P2). */
export async function openSlurm(
  settings: SlurmSettings,
  note: (words: string, facts: object) => void,
): Promise<Driver & { readonly mapping: Mapping; readonly engine: Engine }> {
  const { folder, site, identity } = settings;
  const network = openNetworkMark(join(folder, "slurm-network"));
  const notebook = openNotebook(join(folder, "slurm-runs"));
  const mapping = openMapping(site.mapping ?? join(folder, "mapping.json"), note);
  const helper = openWeirAs({ command: site.helper, identity }, note);
  const engine = openEngine(site, helper, note);
  const clocks = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
  const around = surroundings(localCommands({ ...site, identity }), engine, clocks);
  const offered = offering(site, clocks.monotonicMs);
  const closing = new AbortController();
  let listener: (observation: RunObservation) => void = () => {};
  const tell = (observation: RunObservation) => listener(observation);

  async function messageTimeoutMs(): Promise<number> {
    if (settings.messageTimeoutMs !== null) return settings.messageTimeoutMs;
    return 1000 * (await around.configuration()).messageTimeoutS;
  }

  const following = follow({
    ...settings,
    ...clocks,
    engine,
    notebook,
    tell,
    note,
    vanishedAfterMs: settings.messageTimeoutMs ?? 60_000,
  });
  const doubtful = doubts({ engine, note, messageTimeoutMs, ...clocks, signal: closing.signal });

  void keepProving({
    engine,
    mapping,
    note,
    ...clocks,
    signal: closing.signal,
    everyMs: settings.listEveryMs,
    async partition() {
      const { partitions } = await around.lastLook();
      const names = partitions.map((one) => one.get("PartitionName") ?? "");
      const first = partitions.find((one) => one.get("Default") === "YES")?.get("PartitionName") ?? names[0] ?? "";
      return site.partitions?.find((name) => names.includes(name)) ?? first;
    },
  });
  const accounts = keepAccounts({
    path: join(folder, "accounts-asked.json"),
    mapping,
    engine,
    helper,
    note,
    nowMs: clocks.nowMs,
    signal: closing.signal,
    everyMs: settings.listEveryMs,
  });
  if ("renewed" in engine)
    void keepDelegations({
      helper,
      engine,
      mapping,
      note,
      nowMs: clocks.nowMs,
      signal: closing.signal,
      everyMs: settings.recordsEveryMs,
    });
  const limits = keepLimits({
    engine,
    mapping,
    chunks: () => notebook.chunks.values(),
    cluster: async () => {
      const { hasAccounting, clusterName, all } = await around.configuration();
      const isEnforced = (all.get("AccountingStorageEnforce") ?? "").split(",").includes("associations");
      return hasAccounting ? { name: clusterName, isEnforced } : null;
    },
    note,
    ...clocks,
    signal: closing.signal,
    everyMs: settings.listEveryMs,
  });
  /** What each run of a chunk that is on its way will be answered. */
  const submitting = new Map<RunId, Promise<StartAnswer>>();
  const waiting: { readonly order: RunOrder; readonly answer: PromiseWithResolvers<StartAnswer> }[] = [];
  const inLane = openLanes(engine.atOnce);

  /** All that came in one turn of the event loop, as few chunks as can be; noted on disk before the first is sent. */
  async function flush(): Promise<void> {
    const taken = waiting.splice(0);
    const refuse = (error: unknown) => {
      for (const { answer } of taken) answer.reject(error);
    };
    try {
      const { maxArraySize } = await around.configuration();
      const groups = groupOrders(
        taken.map(({ order }) => order),
        maxArraySize,
        site.mostTasksOfChunk,
      );
      const answers = new Map(taken.map(({ order, answer }) => [order.run, answer]));
      const fresh: { readonly group: Group; readonly facts: ChunkFacts; readonly place: Place }[] = [];
      for (const group of groups) {
        const place = await placeOf(group.orders[0]);
        if (place.kind === "refused") for (const { run } of group.orders) answers.get(run)?.resolve(place);
        else if (place.kind === "busy")
          for (const { run } of group.orders) answers.get(run)?.resolve(delay(unreadyPauseMs, place));
        else
          fresh.push({
            group,
            facts: factsOf(group, place.place, chunkName(network.mark(), group)),
            place: place.place,
          });
      }
      notebook.append(
        fresh.map(({ facts }) => ({ kind: "chunk", facts })),
        "synced",
      );
      for (const { group, facts, place } of fresh)
        inLane(async () => {
          const answer = await submit(group, facts, place).catch((error: unknown) => error);
          for (const { run } of group.orders)
            if (answer instanceof Error) answers.get(run)?.reject(answer);
            else answers.get(run)?.resolve(answer as StartAnswer);
        });
    } catch (error) {
      refuse(error);
    }
  }

  type Placed =
    | { readonly kind: "placed"; readonly place: Place }
    | { readonly kind: "refused"; readonly words: string }
    | { readonly kind: "busy"; readonly words: string };

  async function placeOf(order: RunOrder): Promise<Placed> {
    const resolved = mapping.resolve(order.person, order.project);
    if (resolved.kind === "not-ready") return { kind: "refused", words: resolved.words };
    if (resolved.kind === "needs-credential") return { kind: "busy", words: resolved.words };
    const { allocation, pool } = order;
    const hasPool = ({ partitions }: Look) => partitions.some((one) => one.get("PartitionName") === pool);
    const last = await around.lastLook();
    const look = hasPool(last) ? last : await around.look();
    if (!hasPool(look)) return { kind: "refused", words: `this cluster has no partition ${pool}` };
    let gres: string | null = null;
    if (allocation.acceleratorsPerNode > 0) {
      const { acceleratorVendor: vendor, acceleratorModel: model, acceleratorsPerNode: count } = allocation;
      gres = gresWords(look.nodes, pool, { vendor, model, count }, site.devices);
      if (gres === null)
        return { kind: "refused", words: `no node of ${pool} has ${count} × ${vendor ?? "any"}/${model ?? "any"}` };
    }
    // One that was asked for by a word may be new since; who asks for nothing pays for no table.
    const local = translated(order, order.demands ? tableOf(look, poolsSeen(look, site, new Map()), site) : noWords);
    if (local.kind === "refused") return local;
    const { user, account, qos } = resolved.entry;
    const { words } = local;
    const place = {
      user,
      account,
      partition: pool,
      qos: words.qos ?? qos ?? site.qos[pool] ?? null,
      gres: [gres, words.gres].filter((word) => word !== null).join(",") || null,
      words,
      mostTimeS: mostTimeS(look, pool),
    };
    return { kind: "placed", place };
  }

  function factsOf(group: Group, place: Place, chunk: string): ChunkFacts {
    const [{ allocation, pool, timeLimitS }] = group.orders;
    const nowMs = clocks.nowMs();
    return {
      chunk,
      user: place.user,
      account: place.account,
      pool,
      isArray: group.isArray,
      submittedMs: nowMs,
      startBeforeMs: nowMs + leaseMs(group),
      timeLimitS,
      cores: allocation.nodes * allocation.coresPerNode,
      memoryMib: allocation.nodes * allocation.memoryMibPerNode,
      memoryMibPerNode: allocation.memoryMibPerNode,
      accelerators: allocation.nodes * allocation.acceleratorsPerNode,
      acceleratorVendor: allocation.acceleratorVendor,
      acceleratorModel: allocation.acceleratorModel,
      runs: group.orders.map(({ index, run }) => ({ index, run })),
    };
  }

  /** To a certain answer, however long it takes: in doubt the tag is looked up, and only what is not there is sent again. */
  async function submit(group: Group, facts: ChunkFacts, place: Place): Promise<StartAnswer> {
    const deadlineMs = clocks.monotonicMs() + leaseMs(group) - (clocks.nowMs() - facts.submittedMs);
    for (let isAgain = false; ; ) {
      const startWithinS = Math.floor((deadlineMs - clocks.monotonicMs()) / 1000);
      if (startWithinS < 1) {
        await forget(facts);
        return { kind: "busy", words: "its lease is over" };
      }
      const answer = await engine.submit(submissionOf(group, place, facts.chunk, startWithinS, isAgain));
      switch (answer.kind) {
        case "submitted":
          if (answer.words.trim() !== "") note("sbatch warned", { chunk: facts.chunk, words: answer.words.trim() });
          return taken(facts, answer.engineId);
        case "refused":
          limits.heard(facts.user, answer.words);
          await forget(facts);
          return { kind: "refused", words: answer.words };
        case "later":
          limits.heard(facts.user, answer.words);
          await forget(facts);
          await doubtful.pause(facts.user, answer.words);
          return { kind: "busy", words: answer.words };
        case "in-doubt": {
          note("a submission is in doubt; its tag is looked up", { chunk: facts.chunk, words: answer.words });
          const found = await doubtful.lookUp(facts);
          if (found !== null) return taken(facts, found);
          isAgain = true;
        }
      }
    }
  }

  /** Told once the engine's id is on disk; before that the tag would be looked up. */
  async function taken(facts: ChunkFacts, engineId: string): Promise<StartAnswer> {
    notebook.append([{ kind: "engine", chunk: facts.chunk, engineId }], "unsynced");
    await notebook.synced();
    const noted = notebook.chunks.get(facts.chunk);
    if (noted) following.take(noted);
    doubtful.eased(facts.user);
    return { kind: "queued", engineId };
  }

  /** Nothing of it was submitted: its folder goes, so that nothing of it can run, and then its runs are free. */
  async function forget(facts: ChunkFacts): Promise<void> {
    await removeFolder(facts);
    notebook.append([{ kind: "void", chunk: facts.chunk }], "synced");
  }

  async function removeFolder({ user, chunk }: ChunkFacts): Promise<void> {
    for (;;) {
      const removed = await engine.remove(user, chunk).catch((error: unknown) => {
        note("a folder that was never used stays", { chunk, error: String(error) });
        return "removed" as const;
      });
      if (removed === "removed") return;
      await delay(500, undefined, { signal: closing.signal });
    }
  }

  /** After a restart, without the orders: found, it is followed; proved not to be there, its runs never started (R1). */
  async function resolveAfterRestart({ facts }: NotedChunk): Promise<void> {
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
        atMs: clocks.nowMs(),
        end: { kind: "withdrawn", evidence },
        words: null,
      } as const;
      const ended = { ...observation, usage: nothingUsed };
      notebook.append([{ kind: "ended", chunk: facts.chunk, observation: ended }], "synced");
      tell(ended);
    }
  }

  /**
   * Another agent of this centre may have submitted these, and its folder is not this one's: of each mapped user what
   * lies in their folder of runs, and what queue and accounting have of it (R3). All chunks with one of these are taken up;
   * of one that never reached the engine, that is proved first.
   */
  async function catchUp(wanted: ReadonlySet<string>): Promise<void> {
    const users = new Set(mapping.entries().map(({ user }) => user));
    const found = await Promise.all(
      [...users].map((user) => forerunners({ engine, network, user, site, note, wanted, nowMs: clocks.nowMs() })),
    );
    const runs = new Set<string>(found.flat().flatMap(({ facts }) => facts.runs.map(({ run }) => run)));
    const unmapped = accounts.readiness().find(({ readiness }) => readiness === "requested");
    // Where the mapping was lost too, what is not found may well run, as a user whom nobody here knows yet.
    if (unmapped && [...wanted].some((run) => !runs.has(run)))
      throw new EngineSilent(
        `an earlier agent's runs are not all found, and the mapping has no entry for person ${unmapped.person} in project ${unmapped.project}: restore it, or add the entry`,
      );
    for (const { facts, engineId } of found.flat()) {
      const isPast = facts.runs.some(({ run }) => notebook.past.of(run)?.chunk === facts.chunk);
      if (isPast || notebook.chunks.has(facts.chunk)) continue;
      notebook.append([{ kind: "chunk", facts }], "synced");
      const id = engineId ?? (await doubtful.lookUp(facts));
      if (id === null) await forget(facts);
      else await taken(facts, id);
    }
    network.caughtUp();
  }

  function isNoted(run: RunId): boolean {
    return notebook.chunkOf(run) !== null || notebook.past.has(run);
  }

  for (const noted of [...notebook.chunks.values()]) {
    if (noted.engineId !== null) following.take(noted);
    else if (noted.ended.size === 0)
      resolveAfterRestart(noted).catch((error: unknown) => {
        if (!closing.signal.aborted) note("a submission stays in doubt until the next start", { error: String(error) });
      });
  }

  function pastEnd(run: RunId): EndedRun | undefined {
    return notebook.past.of(run)?.ends.find((end) => end.run === run);
  }

  function found(run: RunId): FoundRun | null {
    const noted = notebook.chunkOf(run);
    if (noted?.removed.has(run)) return null;
    const ended = noted === null ? pastEnd(run) : noted.ended.get(run);
    if (ended) return { run, state: "ended", observation: ended };
    if (noted === null) return null;
    const track = following.track(run);
    if (track?.phase === "running") return { run, state: "running", startedMs: Math.round(track.startedMs) };
    return { run, state: "waiting", engineId: noted.engineId ?? noted.facts.chunk };
  }

  /** What the runs that have started hold, by pool. */
  function ours(): ReadonlyMap<string, Amounts> {
    const sums = new Map<string, { cores: number; memoryMib: number; cards: Map<string, DeviceCount> }>();
    for (const { phase, facts } of following.all()) {
      if (phase !== "running") continue;
      const sum = sums.get(facts.pool) ?? { cores: 0, memoryMib: 0, cards: new Map() };
      sums.set(facts.pool, sum);
      sum.cores += facts.cores;
      sum.memoryMib += facts.memoryMib;
      const { acceleratorVendor: vendor, acceleratorModel: model, accelerators } = facts;
      if (accelerators === 0 || vendor === null || model === null) continue;
      const key = `${vendor}/${model}`;
      sum.cards.set(key, { vendor, model, count: (sum.cards.get(key)?.count ?? 0) + accelerators });
    }
    return new Map(
      [...sums].map(([pool, { cores, memoryMib, cards }]) => [
        pool,
        { cores, memoryMib, accelerators: [...cards.values()] },
      ]),
    );
  }

  return {
    name: "slurm",
    notesBeforeStart: true,
    mapping,
    engine,
    accounts,

    async describe() {
      try {
        const [configuration, look] = await Promise.all([around.configuration(), around.look()]);
        const mechanisms: Record<string, string> = {
          engine: `Slurm ${configuration.version}, cluster ${configuration.clusterName}`,
          transport: engine.transport,
          identity: "each run as the local user of the site's mapping",
          accounting: configuration.hasAccounting
            ? "slurmdbd"
            : "none: times by scontrol, CPU and memory by the wrapper",
          ...(look.hidden === null ? {} : { load: look.hidden.slice(0, 500) }),
          ...(look.trouble === null ? {} : { trouble: look.trouble.slice(0, 500) }),
        };
        const pools = poolsSeen(look, site, ours());
        return { pools, offers: await offered.offers(look, pools, configuration), mechanisms, limits: limits.told() };
      } catch (error) {
        if (!(error instanceof EngineSilent)) throw error;
        // Nothing was ever seen: nothing can be placed here until the engine answers.
        return { pools: [], offers: noOffers, mechanisms: { engine: error.message.slice(0, 500) } };
      }
    },

    start(order) {
      // Also one that is not noted yet: a second start of the same turn must not take the first one's answer away.
      const underWay = submitting.get(order.run);
      if (underWay) return underWay;
      if (isNoted(order.run)) return Promise.resolve({ kind: "already-there" });
      const answer = Promise.withResolvers<StartAnswer>();
      if (waiting.length === 0) setImmediate(() => void flush());
      waiting.push({ order: prepared(order, offered.means), answer });
      submitting.set(order.run, answer.promise);
      return answer.promise.finally(() => submitting.delete(order.run));
    },

    async cancel(run) {
      const noted = notebook.chunkOf(run);
      if (noted === null) return notebook.past.has(run) ? "already-ended" : "not-there";
      if (noted.ended.has(run)) return "already-ended";
      const { facts, engineId } = noted;
      // On its way, or in doubt: whoever asks comes again.
      if (engineId === null) return "not-there";
      if (!noted.asked.has(run)) notebook.append([{ kind: "cancel", chunk: facts.chunk, run }], "synced");
      const index = facts.runs.find((one) => one.run === run)?.index ?? 0;
      const id = facts.isArray ? `${engineId}_${index}` : engineId;
      const { waitsFor } = await engine.cancel(facts.user, [id], "all");
      if (waitsFor !== undefined)
        tell({ kind: "remark", run, atMs: clocks.nowMs(), words: `the cancel waits until ${waitsFor}` });
      following.lookSoon(run);
      return "cancelling";
    },

    async withdraw(run) {
      if (notebook.past.has(run)) return "started";
      const noted = notebook.chunkOf(run);
      if (noted === null || noted.engineId === null) return "not-there";
      if (noted.ended.has(run) || following.track(run)?.phase === "running") return "started";
      const { facts, engineId } = noted;
      if (!noted.takenBack.has(run)) notebook.append([{ kind: "withdraw", chunk: facts.chunk, run }], "synced");
      const index = facts.runs.find((one) => one.run === run)?.index ?? 0;
      await engine.cancel(facts.user, [facts.isArray ? `${engineId}_${index}` : engineId], "waiting");
      following.lookSoon(run);
      return "asked";
    },

    begin: (session) => network.begin(session),

    async find(only) {
      const unknown = only?.filter((run) => !isNoted(run) && !submitting.has(run)) ?? [];
      if (unknown.length > 0 && network.isBehind()) await catchUp(new Set(unknown));
      const going = () => [...notebook.chunks.values()].flatMap(({ facts }) => facts.runs.map(({ run }) => run));
      const past = () => [...notebook.past.all()].flatMap(({ ends }) => ends.map(({ run }) => run));
      const runs = only ?? [...past(), ...going()];
      return runs.flatMap((run) => found(run) ?? []);
    },

    endedBefore: async (atMs) => notebook.past.endedBefore(atMs),

    listen(onObservation) {
      listener = onObservation;
    },

    async readLog(run, stream, offset, maxBytes) {
      const noted = notebook.chunkOf(run);
      const folder = noted?.facts ?? notebook.past.of(run);
      if (!folder) return { kind: "none", words: `the centre has nothing of ${run}` };
      const { user, chunk } = folder;
      const hasEnded = noted === null || noted.ended.has(run);
      const read = await engine.read({ user, chunk, run, stream, offset, maxBytes: Math.min(maxBytes, 2 ** 20) });
      if (read.kind === "none") {
        const isWaiting = !hasEnded && following.track(run)?.phase !== "running";
        return {
          kind: "none",
          words: isWaiting ? "it waits in the centre's queue and has written nothing" : read.words,
        };
      }
      const final = hasEnded && read.offset + read.bytes.length >= read.sizeBytes;
      return { kind: "bytes", bytes: read.bytes, offset: read.offset, sizeBytes: read.sizeBytes, final };
    },

    async remove(run) {
      const noted = notebook.chunkOf(run);
      const past = noted === null ? notebook.past.of(run) : null;
      if (noted && !noted.ended.has(run)) throw new Error(`${run} cannot be removed: it has not ended`);
      const folder = noted?.facts ?? past;
      if (!folder) return;
      const isLast = past?.ends.every((end) => end.run === run) ?? false;
      if (isLast && (await engine.remove(folder.user, folder.chunk)) === "busy")
        throw new EngineSilent(`${folder.chunk} is busy`);
      notebook.append([{ kind: "removed", chunk: folder.chunk, run }], "synced");
    },

    async close() {
      closing.abort();
      following.close();
      engine.close();
      notebook.close();
    },
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
