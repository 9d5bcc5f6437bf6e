import { parseRunId, runId } from "#core/ids.ts";
import { tagPrefix } from "./chunks.ts";
import { gresOf } from "./describe.ts";
import { type Engine, EngineSilent, type KnownChunk, PolicyRefusal } from "./engine.ts";
import { carriesTag } from "./job-word.ts";
import { poolSubmittedTo } from "./named-pools.ts";
import type { NetworkMark } from "./network-mark.ts";
import type { ChunkFacts } from "./notebook.ts";
import type { Site } from "./site.ts";

/** Of one mapped user; `refused`: the rule by which the site's policy lets nobody look. */
export type Forerunners = { readonly found: readonly Forerunner[]; readonly refused: string | null };

export type Forerunner = {
  readonly facts: ChunkFacts;
  /** null: neither its folder nor the listing has one. */
  readonly engineId: string | null;
};

/** Longer than a lease in a shared pool and the longest of runs in it. */
const accountingDays = 40;

/**
 * What an earlier agent of this centre submitted as this user, of the runs that are wanted: by the user's folder of runs,
 * and by one listing of queue and accounting for those whose engine's id is not recorded there. The folder is the user's
 * own, so a run counts only where it is of the job that the folder is named after.
 */
export async function forerunners(settings: {
  readonly engine: Engine;
  readonly network: NetworkMark;
  readonly user: string;
  readonly site: Pick<Site, "devices" | "pools">;
  readonly wanted: ReadonlySet<string>;
  readonly nowMs: number;
  readonly note: (words: string, facts: object) => void;
}): Promise<Forerunners> {
  const { engine, user, wanted } = settings;
  const prefix = `${settings.network.mark()}-`;
  try {
    const chunks = (await engine.chunks(user, prefix))
      .map(ofItsJob)
      .filter(({ chunk, runs }) => tagPrefix(chunk) === prefix && runs.some(({ run }) => wanted.has(run)));
    if (chunks.every(({ engineId }) => engineId !== null))
      return {
        found: chunks.map((chunk) => ({ facts: factsOf(chunk, settings), engineId: chunk.engineId })),
        refused: null,
      };
    const { queue, accounting, isPartial } = await engine.list(user, prefix, accountingDays * 86_400);
    if (isPartial) throw new EngineSilent(`${user} lends no credential now: what is not seen may be there`);
    const words = [...queue, ...(accounting ?? [])];
    const found = chunks.map((chunk) => {
      const word = words.find((one) => carriesTag(one, chunk.chunk));
      return {
        facts: factsOf(chunk, settings),
        engineId: chunk.engineId ?? (word ? String(word.arrayJob ?? word.jobId) : null),
      };
    });
    return { found, refused: null };
  } catch (error) {
    if (!(error instanceof PolicyRefusal)) throw error;
    settings.note("an earlier agent's runs of a user cannot be looked for", { user, rule: error.rule });
    return { found: [], refused: error.rule };
  }
}

/** Whose runs of before nobody may look for. As root nothing was ever submitted, whatever a mapping says. */
export function unseenOf<Look extends { readonly refused: string | null }>(looks: readonly Look[]): Look | null {
  return looks.find(({ refused }) => refused !== null && refused !== "root") ?? null;
}

function ofItsJob(chunk: KnownChunk): KnownChunk {
  const job = /^[a-z0-9]{8}-(\d+)\./.exec(chunk.chunk)?.[1];
  return { ...chunk, runs: chunk.runs.filter(({ run }) => run.startsWith(`${job}.`) && parseRunId(run) !== null) };
}

function factsOf(
  chunk: KnownChunk,
  {
    user,
    site,
    nowMs,
  }: { readonly user: string; readonly site: Pick<Site, "devices" | "pools">; readonly nowMs: number },
) {
  const [device] = gresOf(chunk.gres ?? undefined, site.devices);
  return {
    chunk: chunk.chunk,
    user,
    account: chunk.account,
    pool: poolSubmittedTo(chunk, site.pools),
    isArray: chunk.isArray,
    submittedMs: chunk.submittedMs ?? nowMs - accountingDays * 86_400_000,
    startBeforeMs: chunk.startBeforeMs,
    timeLimitS: Math.ceil(chunk.timeLimitMs / 1000),
    cores: chunk.tasks * chunk.cpusPerTask,
    memoryMib: chunk.nodes * chunk.memMibPerNode,
    memoryMibPerNode: chunk.memMibPerNode,
    accelerators: chunk.nodes * (device?.count ?? 0),
    acceleratorVendor: device?.vendor ?? null,
    acceleratorModel: device?.model ?? null,
    runs: chunk.runs.flatMap(({ index, run }) => {
      const parsed = parseRunId(run);
      return parsed === null ? [] : [{ index, run: runId(parsed) }];
    }),
  } satisfies ChunkFacts;
}
