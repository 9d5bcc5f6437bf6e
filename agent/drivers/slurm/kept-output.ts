import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { LogRead } from "#agent/driver.ts";
import type { RunId } from "#core/ids.ts";
import type { Engine, ReadAnswer } from "./engine.ts";

/**
 * The end of what a run wrote, kept by the agent before the run's end is told (P4): the user may delete the folder of the
 * run, and the site may let nobody read there any more. Files that the job named itself are the user's own and stay
 * theirs alone.
 */
export type KeptOutput = {
  /** Resolves once it is kept, or the time for it is over; never throws. Not synced: a loss of power may take it. */
  readonly keep: (runs: readonly Wanted[]) => Promise<void>;
  /** null: nothing was kept of it. */
  readonly read: (run: RunId, stream: Stream, offset: number, maxBytes: number) => Bytes | null;
  readonly remove: (run: RunId) => void;
};

type Stream = "stdout" | "stderr";
type Bytes = Extract<LogRead, { readonly kind: "bytes" }>;
type Wanted = {
  readonly user: string;
  readonly chunk: string;
  readonly run: RunId;
  /** Need not be read: by the wrapper's record nothing was written there. */
  readonly empty: readonly Stream[];
};

export type KeptOutputSettings = {
  readonly folder: string;
  readonly engine: Pick<Engine, "read">;
  readonly note: (words: string, facts: object) => void;
  /** In all; beyond it the oldest go. */
  readonly mostBytes?: number;
  /** For all that end together. */
  readonly patienceMs?: number;
};

/** Of each stream its end: there it says what went wrong. */
export const mostOfStream = 2 ** 20;
const usualMostBytes = 2 ** 28;
const usualPatienceMs = 5_000;
const atOnce = 4;

export function openKeptOutput(settings: KeptOutputSettings): KeptOutput {
  const { folder, engine, note, mostBytes = usualMostBytes, patienceMs = usualPatienceMs } = settings;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  /** In the order in which they were kept. */
  const sizes = new Map(
    readdirSync(folder)
      .map((name) => ({ name, stat: statSync(join(folder, name)) }))
      .sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs)
      .map(({ name, stat }) => [name, stat.size]),
  );
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 0);

  function drop(name: string): void {
    total -= sizes.get(name) ?? 0;
    sizes.delete(name);
    rmSync(join(folder, name), { force: true });
  }

  function store(name: string, answer: Extract<ReadAnswer, { readonly kind: "bytes" }>): void {
    const { bytes, offset, sizeBytes } = answer;
    drop(name);
    if (bytes.length === 0) return;
    const cut = offset === 0 ? "" : `[weir: ${offset} of ${sizeBytes} bytes before this were not kept]\n`;
    const whole = Buffer.concat([Buffer.from(cut), bytes]);
    writeFileSync(join(folder, `${name}.new`), whole, { mode: 0o600 });
    renameSync(join(folder, `${name}.new`), join(folder, name));
    sizes.set(name, whole.length);
    total += whole.length;
    for (const oldest of sizes.keys()) {
      if (total <= mostBytes) break;
      drop(oldest);
    }
  }

  async function keepOne({ user, chunk, run, empty }: Wanted, isOver: () => boolean): Promise<void> {
    for (const stream of ["stdout", "stderr"] as const) {
      if (empty.includes(stream)) continue;
      const ask = { user, chunk, run, stream, offset: -mostOfStream, maxBytes: mostOfStream, own: true } as const;
      const answer = await engine.read(ask);
      if (isOver()) return;
      if (answer.kind === "bytes") store(nameOf(run, stream), answer);
    }
  }

  return {
    async keep(runs) {
      let isOver = false;
      const left = [...runs];
      async function work(): Promise<void> {
        for (let one = left.shift(); one && !isOver; one = left.shift())
          await keepOne(one, () => isOver).catch((error: unknown) =>
            note("what a run wrote is not kept", { run: one.run, error: String(error) }),
          );
      }
      const over = new AbortController();
      const late = delay(patienceMs, "late", { signal: over.signal }).catch(() => "");
      const all = Promise.all(Array.from({ length: atOnce }, work));
      if ((await Promise.race([all, late])) === "late")
        note("what runs wrote is not kept of all: it took too long", { runs: left.length });
      isOver = true;
      over.abort();
    },
    read(run, stream, offset, maxBytes) {
      const name = nameOf(run, stream);
      if (!sizes.has(name)) return null;
      const whole = readFileSync(join(folder, name));
      const from = Math.min(whole.length, offset < 0 ? Math.max(0, whole.length + offset) : offset);
      const bytes = whole.subarray(from, from + maxBytes);
      return {
        kind: "bytes",
        bytes,
        offset: from,
        sizeBytes: whole.length,
        final: from + bytes.length === whole.length,
      };
    },
    remove(run) {
      for (const stream of ["stdout", "stderr"] as const) drop(nameOf(run, stream));
    },
  };
}

function nameOf(run: RunId, stream: Stream): string {
  return `${run}.${stream}`;
}
