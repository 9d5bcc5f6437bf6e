import { join } from "node:path";
import type { Driver, FoundRun } from "#agent/driver.ts";
import { readLeaving } from "#agent/leaving.ts";
import { noOffers } from "#core/centre/engine.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { prepared } from "../prologue.ts";
import { openAccountKeys } from "./account-keys.ts";
import { keepLimits } from "./account-limits.ts";
import { keepAccounts } from "./accounts.ts";
import { tagPrefix } from "./chunks.ts";
import { enforcement, engineText } from "./configuration.ts";
import { keepDelegations } from "./delegations.ts";
import { doubts } from "./doubts.ts";
import { type Engine, EngineSilent } from "./engine.ts";
import { follow } from "./following.ts";
import { forerunners, unseenOf } from "./forerunners.ts";
import { heldByPool } from "./held.ts";
import { carriesTag, type JobWord } from "./job-word.ts";
import { openKeptOutput } from "./kept-output.ts";
import { sparingWhoIsNotLetIn } from "./let-in.ts";
import { type CommandSettings, localCommands } from "./local-commands.ts";
import { type Mapping, openMapping, sharedUsers } from "./mapping.ts";
import { openNetworkMark } from "./network-mark.ts";
import { openNotebook } from "./notebook.ts";
import { offering } from "./offering.ts";
import type { EndedRun } from "./past-runs.ts";
import { placeOf } from "./placing.ts";
import { keepProving } from "./proving.ts";
import { partitionsUsed, readSite, type Site } from "./site.ts";
import { openSubmitting } from "./submitting.ts";
import { poolsSeen, surroundings } from "./surroundings.ts";
import { jobOf, openTakingOut } from "./taking-out.ts";
import { openEngine } from "./transport.ts";
import { forgottenAfterMs } from "./vanished.ts";
import { openWarnings } from "./warnings.ts";
import { openWeirAs, type Refusals } from "./weir-as.ts";
import { whereaboutsOf } from "./whereabouts.ts";

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

/** No listing of a cluster is made more often than every 10 s (P6). */
export const usualPace = {
  recordsEveryMs: 1000,
  listEveryMs: 10_000,
  messageTimeoutMs: null,
  heldBeyondMs: 120_000,
} as const satisfies Partial<SlurmSettings>;

/** The driver of a centre with Slurm, as main.ts starts it: `slurm.json` in the agent's folder, or WEIR_SLURM_CONFIG. */
export function openSlurmDriver(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
  note: (words: string, facts: object) => void,
): Promise<Driver> {
  const site = readSite(environment.WEIR_SLURM_CONFIG ?? join(folder, "slurm.json"));
  return openSlurm({ folder, site, identity: null, ...usualPace }, note);
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
  const around = surroundings(localCommands({ ...site, identity }), engine, clocks, site.pools, note);
  const offered = offering(site, clocks.monotonicMs);
  const closing = new AbortController();
  let listener: (observation: RunObservation) => void = () => {};
  const tell = (observation: RunObservation) => listener(observation);

  async function messageTimeoutMs(): Promise<number> {
    if (settings.messageTimeoutMs !== null) return settings.messageTimeoutMs;
    return 1000 * (await around.configuration()).messageTimeoutS;
  }

  /** For its history: of what runs as a user whom the site does not let in nothing is known, and nothing is told as its end. */
  function toldOfUser(user: string, rule: string | null): void {
    const words =
      rule === null
        ? "the centre lets the network act as this run's local user again"
        : `the centre does not let the network act as this run's local user (${rule}): what becomes of the run is known once it does again`;
    for (const { run, facts } of following.all())
      if (facts.user === user) tell({ kind: "remark", run, atMs: clocks.nowMs(), words });
    if (rule === null) void takingOut.goOn([...notebook.chunks.values()].filter(({ facts }) => facts.user === user));
  }
  const sparing = sparingWhoIsNotLetIn(engine, { ...clocks, changed: toldOfUser });
  const kept = openKeptOutput({ folder: join(folder, "slurm-output"), engine, note });
  const following = follow({
    ...settings,
    ...clocks,
    engine: sparing,
    notebook,
    tell,
    note,
    vanishedAfterMs: async () => settings.messageTimeoutMs ?? forgottenAfterMs(site, await messageTimeoutMs()),
    keep: kept.keep,
    whereabouts: (started) => whereaboutsOf(started, around.look),
  });
  const warnings = openWarnings(note, settings.recordsEveryMs);
  const takingOut = openTakingOut({
    engine: sparing,
    lookSoon: following.lookSoon,
    tell,
    note,
    nowMs: clocks.nowMs,
    signal: closing.signal,
  });
  const doubtful = doubts({
    engine: sparing,
    note,
    messageTimeoutMs,
    listEveryMs: settings.listEveryMs,
    ...clocks,
    signal: closing.signal,
  });

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
      return partitionsUsed(site)?.find((name) => names.includes(name)) ?? first;
    },
  });
  const accounts = keepAccounts({
    path: join(folder, "accounts-asked.json"),
    quotaPath: join(folder, "accounts-quota.json"),
    mapping,
    keyOfUser: openAccountKeys(join(folder, "account-secret")),
    engine,
    helper,
    note,
    nowMs: clocks.nowMs,
    signal: closing.signal,
    everyMs: settings.listEveryMs,
    isLeaving: () => readLeaving(folder) !== null,
  });
  if ("renewed" in engine)
    void keepDelegations({
      helper,
      lapsed: (user) => engine.forgetToken(user),
      renewed: (user) => engine.renewed(user, (job) => takingOut.done(user, job)),
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
  const submitting = openSubmitting({
    engine,
    notebook,
    doubtful,
    place: (order) => placeOf(order, { mapping, around, site }),
    maxArraySize: async () => (await around.configuration()).maxArraySize,
    mostTasksOfChunk: site.mostTasksOfChunk,
    mark: network.mark,
    follow: following.take,
    tell,
    heard: limits.heard,
    note,
    ...clocks,
    signal: closing.signal,
  });

  /**
   * Another agent of this centre may have submitted these, and its folder is not this one's: of each mapped user what
   * lies in their folder of runs, and what queue and accounting have of it (R3). All chunks with one of these are taken up;
   * of one that never reached the engine, that is proved first.
   */
  async function catchUp(wanted: ReadonlySet<string>): Promise<void> {
    const users = new Set(mapping.entries().map(({ user }) => user));
    const looks = await Promise.all(
      [...users].map(async (user) => ({
        user,
        ...(await forerunners({ engine: sparing, network, user, site, note, wanted, nowMs: clocks.nowMs() })),
      })),
    );
    const found = looks.flatMap((look) => look.found);
    const runs = new Set<string>(found.flatMap(({ facts }) => facts.runs.map(({ run }) => run)));
    // Nobody may look is not: nothing is there (R2).
    const unseen = unseenOf(looks);
    if (unseen && [...wanted].some((run) => !runs.has(run)))
      throw new EngineSilent(
        `an earlier agent's runs are not all found, and the site's policy lets nobody look as ${unseen.user} (${unseen.refused}): let the user in again, or take its entry out of the mapping (weir-agent accounts remove WHO --forget)`,
      );
    const unmapped = accounts.readiness().find(({ readiness }) => readiness === "requested");
    // Where the mapping was lost too, what is not found may well run, as a user whom nobody here knows yet.
    if (unmapped && [...wanted].some((run) => !runs.has(run)))
      throw new EngineSilent(
        `an earlier agent's runs are not all found, and the mapping has no entry for person ${unmapped.person} in project ${unmapped.project}: restore it, or add the entry`,
      );
    for (const { facts, engineId } of found) {
      const isPast = facts.runs.some(({ run }) => notebook.past.of(run)?.chunk === facts.chunk);
      if (isPast || notebook.chunks.has(facts.chunk)) continue;
      notebook.append([{ kind: "chunk", facts }], "synced");
      const id = engineId ?? (await doubtful.lookUp(facts));
      if (id === null) await submitting.forget(facts);
      else await submitting.taken(facts, id);
    }
    network.caughtUp();
  }

  async function endNow(run: RunId): Promise<void> {
    warnings.forget(run);
    const noted = notebook.chunkOf(run);
    if (noted === null || noted.ended.has(run)) return;
    if (!noted.asked.has(run)) notebook.append([{ kind: "cancel", chunk: noted.facts.chunk, run }], "synced");
    await takingOut.takeOut(noted, run, "all");
  }

  function isNoted(run: RunId): boolean {
    return notebook.chunkOf(run) !== null || notebook.past.has(run);
  }

  for (const noted of [...notebook.chunks.values()]) {
    if (noted.engineId !== null) following.take(noted);
    else if (noted.ended.size === 0)
      submitting.resolve(noted).catch((error: unknown) => {
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
          engine: engineText(configuration),
          transport: engine.transport,
          identity: "each run as the local user of the site's mapping",
          accounting: configuration.hasAccounting
            ? "slurmdbd"
            : "none: times by scontrol, CPU and memory by the wrapper",
          ...enforcement(configuration),
          ...sharedText(sharedUsers(mapping.entries()).length),
          ...refusedText(helper.refusals()),
          ...(look.hidden === null ? {} : { load: look.hidden.slice(0, 500) }),
          ...(look.closed === null ? {} : { trouble: look.closed }),
          ...(look.trouble === null ? {} : { trouble: look.trouble.slice(0, 500) }),
        };
        const pools = poolsSeen(look, site, heldByPool(following.all()));
        return { pools, offers: await offered.offers(look, pools, configuration), mechanisms, limits: limits.told() };
      } catch (error) {
        if (!(error instanceof EngineSilent)) throw error;
        // Nothing was ever seen: nothing can be placed here until the engine answers.
        return { pools: [], offers: noOffers, mechanisms: { engine: error.message.slice(0, 500) } };
      }
    },

    start(order) {
      // Also one that is not noted yet: a second start of the same turn must not take the first one's answer away.
      const underWay = submitting.underWay(order.run);
      if (underWay) return underWay;
      if (isNoted(order.run)) return Promise.resolve({ kind: "already-there" });
      return submitting.start(prepared(order, offered.means));
    },

    async cancel(run, warn = false) {
      const noted = notebook.chunkOf(run);
      if (noted === null) return notebook.past.has(run) ? "already-ended" : "not-there";
      if (noted.ended.has(run)) return "already-ended";
      const { facts, engineId } = noted;
      // On its way, or in doubt: whoever asks comes again.
      if (engineId === null) return "not-there";
      const { warning, user } = facts;
      if (warn && warning && !noted.asked.has(run)) {
        const tell = () => sparing.warn(user, [jobOf(noted, run)], warning.signal);
        await warnings.warn(run, warning.beforeS, tell, () => endNow(run));
      } else await endNow(run);
      return "cancelling";
    },

    async withdraw(run) {
      if (notebook.past.has(run)) return "started";
      const noted = notebook.chunkOf(run);
      if (noted === null || noted.engineId === null) return "not-there";
      if (noted.ended.has(run) || following.track(run)?.phase === "running") return "started";
      if (!noted.takenBack.has(run)) notebook.append([{ kind: "withdraw", chunk: noted.facts.chunk, run }], "synced");
      await takingOut.takeOut(noted, run, "waiting");
      return "asked";
    },

    begin: (session) => network.begin(session),

    async find(only) {
      const unknown = only?.filter((run) => !isNoted(run) && submitting.underWay(run) === null) ?? [];
      if (unknown.length > 0 && network.isBehind()) await catchUp(new Set(unknown));
      const going = () => [...notebook.chunks.values()].flatMap(({ facts }) => facts.runs.map(({ run }) => run));
      const past = () => [...notebook.past.all()].flatMap(({ ends }) => ends.map(({ run }) => run));
      const runs = only ?? [...past(), ...going()];
      return runs.flatMap((run) => found(run) ?? []);
    },

    async byTag(run) {
      const place = notebook.chunkOf(run)?.facts ?? notebook.past.of(run);
      if (!place) return { queue: false, accounting: null };
      const { queue, accounting } = await engine.list(place.user, tagPrefix(place.chunk), tagSinceS);
      const has = (words: readonly Pick<JobWord, "name" | "comment">[]) =>
        words.some((word) => carriesTag(word, place.chunk));
      return { queue: has(queue), accounting: accounting === null ? null : has(accounting) };
    },

    endedBefore: async (atMs) => notebook.past.endedBefore(atMs),

    listen(onObservation) {
      listener = onObservation;
      void takingOut.goOn(notebook.chunks.values());
    },

    async readLog(run, stream, offset, maxBytes) {
      const noted = notebook.chunkOf(run);
      const folder = noted?.facts ?? notebook.past.of(run);
      if (!folder) return { kind: "none", words: `the centre has nothing of ${run}` };
      const { user, chunk } = folder;
      const hasEnded = noted === null || noted.ended.has(run);
      const most = Math.min(maxBytes, 2 ** 20);
      const read = await engine.read({ user, chunk, run, stream, offset, maxBytes: most });
      const ours = hasEnded && read.kind === "none" ? kept.read(run, stream, offset, most) : null;
      if (ours !== null) return ours;
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
      kept.remove(run);
    },

    async close() {
      closing.abort();
      warnings.close();
      following.close();
      engine.close();
      notebook.close();
    },
  };
}

const tagSinceS = 3600;

/** How many, and never who (P2). */
function sharedText(users: number): Record<string, string> {
  return users === 0 ? {} : { shared: `${users}, each the account of several people` };
}

/** For the centre's page: that the network asked for what the site's policy forbids, by which of its lines. */
function refusedText(refusals: Refusals | null): Record<string, string> {
  if (refusals === null) return {};
  const { count, lastMs, rule } = refusals;
  const at = new Date(lastMs).toISOString();
  return {
    alarm: `the site's policy refused ${count} requests, the last at ${at} by ${rule}; the site's audit says more`,
  };
}
