import { setTimeout as delay } from "node:timers/promises";
import { type AccountLimits, boundTogether } from "#core/centre/account-limits.ts";
import type { Engine } from "./engine.ts";
import { hasAssociation, type LocalLimits, localLimits } from "./limits.ts";
import type { Mapping, MappingEntry } from "./mapping.ts";
import type { NotedChunk } from "./notebook.ts";

/**
 * What binds each local user of the mapping that is ready: asked for every ten minutes each, or every minute beside jobs
 * of theirs that are not the network's, one after the other,
 * and sooner only after a refusal that names a limit. Told by the network's ids; which local user it is stays here (P2).
 */
export type KeptLimits = {
  /** What the network is told; of those who are asked for the first time, nothing yet. */
  readonly told: () => readonly AccountLimits[];
  /** The engine's words for a submission that it did not take. */
  readonly heard: (user: string, words: string) => void;
};

export type LimitSettings = {
  readonly engine: Engine;
  readonly mapping: Mapping;
  readonly chunks: () => Iterable<NotedChunk>;
  /** null: this cluster keeps no accounts, so nothing binds anybody. */
  readonly cluster: () => Promise<{ readonly name: string; readonly isEnforced: boolean } | null>;
  readonly note: (words: string, facts: object) => void;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly signal: AbortSignal;
  readonly everyMs: number;
};

const keptMs = 600_000;
/** Where jobs that are not the network's may keep its own waiting: how much they hold changes as they end. */
const keptBesideOthersMs = 60_000;
/** After a refusal. */
const leastMs = 10_000;

function keptFor(limits: LocalLimits | null): number {
  const isShared = limits !== null && limits.othersHold.length > 0 && boundTogether(limits).length > 0;
  return isShared ? keptBesideOthersMs : keptMs;
}

export function keepLimits(settings: LimitSettings): KeptLimits {
  const { mapping, monotonicMs, signal, note } = settings;
  const known = new Map<string, { readonly limits: LocalLimits | null; readonly atMs: number }>();
  /** When a refusal of a submission of that user named a limit. */
  const doubtedMs = new Map<string, number>();
  let wake = new AbortController();

  async function round(): Promise<void> {
    const cluster = await settings.cluster();
    if (cluster === null) return;
    for (const entry of ready(mapping)) {
      const key = keyOf(entry);
      const atMs = known.get(key)?.atMs ?? Number.NEGATIVE_INFINITY;
      const isDoubted = (doubtedMs.get(entry.user) ?? Number.NEGATIVE_INFINITY) > atMs;
      if (monotonicMs() - atMs < (isDoubted ? leastMs : keptFor(known.get(key)?.limits ?? null))) continue;
      signal.throwIfAborted();
      const limits = await ask(entry, cluster);
      known.set(key, { limits: limits ?? known.get(key)?.limits ?? null, atMs: monotonicMs() });
    }
  }

  type AskedCluster = NonNullable<Awaited<ReturnType<LimitSettings["cluster"]>>>;

  async function ask(entry: MappingEntry, { name: cluster, isEnforced }: AskedCluster): Promise<LocalLimits | null> {
    const { user, account, qos } = entry;
    try {
      const texts = await settings.engine.limits(user, account);
      if (isEnforced && !hasAssociation(texts, { cluster, user, account })) unprove(entry);
      return localLimits(texts, { cluster, user, account, qos });
    } catch (error) {
      note("the limits of a local user are not known", {
        person: entry.person,
        project: entry.project,
        error: String(error),
      });
      return null;
    }
  }

  /** Ready is what has been proved (P2): it is tried again, and Slurm's own words say why it is not. */
  function unprove(entry: MappingEntry): void {
    mapping.put({ ...entry, readiness: { kind: "created", sinceMs: settings.nowMs(), words: null } }, entry);
    note("Slurm has no association of a user any more; the account is tried again", {
      person: entry.person,
      project: entry.project,
    });
  }

  async function keep(): Promise<void> {
    while (!signal.aborted) {
      await round().catch((error: unknown) => {
        if (!signal.aborted) note("limits are asked for again later", { error: String(error) });
      });
      wake = new AbortController();
      await delay(settings.everyMs, undefined, { signal: AbortSignal.any([signal, wake.signal]) }).catch(() => {});
    }
  }
  void keep();

  return {
    told: () => tell(mapping, known, settings.chunks()),
    heard(user, words) {
      if (!namesLimit.test(words)) return;
      doubtedMs.set(user, monotonicMs());
      wake.abort();
    },
  };
}

/** Texts of src/common/slurm_errno.c of 22.05 that blame a limit of association or QoS. */
const namesLimit = /accounting\/QOS policy|submit limit|QOS[A-Z]|Assoc(?:Max|Grp)|time limit/i;

function tell(
  mapping: Mapping,
  known: ReadonlyMap<string, { readonly limits: LocalLimits | null }>,
  chunks: Iterable<NotedChunk>,
): readonly AccountLimits[] {
  const ours = new Map<string, number>();
  for (const { facts, ended, engineId } of chunks) {
    if (engineId === null) continue;
    const key = `${facts.user} ${facts.account}`;
    ours.set(key, (ours.get(key) ?? 0) + facts.runs.length - ended.size);
  }
  return ready(mapping).flatMap((entry) => {
    const limits = known.get(keyOf(entry))?.limits;
    if (!limits) return [];
    const { submittedByOthers, ...bound } = limits;
    const submitted = submittedByOthers + (ours.get(`${entry.user} ${entry.account}`) ?? 0);
    return [{ person: entry.person, project: entry.project, submitted, ...bound }];
  });
}

function ready(mapping: Mapping): readonly MappingEntry[] {
  return mapping.entries().filter(({ readiness }) => readiness.kind === "ready");
}

function keyOf({ user, account, qos }: MappingEntry): string {
  return `${user} ${account} ${qos}`;
}
