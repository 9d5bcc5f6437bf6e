import { hostNames } from "#core/centre/host-list.ts";
import { present, type Words } from "./slurm-text.ts";

/**
 * Slurm's own shares of a GPU (`gres/shard`, since 22.05): a node counts so many shards over all its GPUs, a job asks for some
 * and gets them on one GPU. Which GPU that is, and what each has left, 22.05 does not tell: `GresUsed` names the GPUs that
 * shards are given out of, and jobs say how many they have.
 */

/** Into how many equal parts each GPU of the node is given out; null: whole ones alone, or of GPUs that differ nobody knows which. */
export function shardsOfEach(gres: string | undefined): number | null {
  const words = wordsIn(gres);
  const shards = words.find(({ name }) => name === "shard");
  const gpus = words.filter(({ name }) => name === "gpu");
  const [only] = gpus;
  if (!shards || !only || gpus.length > 1 || only.count === 0) return null;
  const each = shards.count / only.count;
  return Number.isInteger(each) && each >= 2 ? each : null;
}

/**
 * Of each GPU that shards are given out of, how many are left. Newer versions say it (`shard:3(1/4,2/4)`); else what jobs have
 * on the node is spread evenly, which promises no more than there is. `used` null: jobs are hidden, and nothing is left.
 */
export function shardsLeft(gresUsed: string | undefined, each: number, used: number | null): readonly number[] {
  const said = /(?:^|,)shard:[^,(]*(?:\(null\):\d+)?\(([^)]*)\)/.exec(present(gresUsed) ?? "")?.[1] ?? "";
  if (/^\d+\/\d+/.test(said))
    return said
      .split(",")
      .map((one) => Number(one.split("/")[0]))
      .filter((taken) => taken > 0)
      .map((taken) => Math.max(0, each - taken));
  const begun = indicesIn(said);
  if (begun === 0) return [];
  const left = used === null ? 0 : Math.max(0, begun * each - used);
  return Array.from({ length: begun }, (_, at) => Math.floor(left / begun) + (at < left % begun ? 1 : 0));
}

/** By node, how many shards jobs have there, by rows with `state`, `gres` (of each node) and `nodelist`. */
export function shardsHeld(rows: readonly Words[]): ReadonlyMap<string, number> {
  const held = new Map<string, number>();
  for (const row of rows) {
    const count = Number(/(?:^|,)gres[:/]shard:(?:[A-Za-z][\w.-]*:)?(\d+)/.exec(row.get("gres") ?? "")?.[1] ?? 0);
    if (count === 0 || row.get("state") === "PENDING") continue;
    for (const node of hostNames(present(row.get("nodelist")) ?? "") ?? [])
      held.set(node, (held.get(node) ?? 0) + count);
  }
  return held;
}

/** The words for `--gres` that ask for so many thousandths of a GPU; as many shards as that comes to. */
export function shardWords(shareMilli: number, each: number): string {
  return `shard:${Math.ceil((shareMilli * each) / 1000)}`;
}

function wordsIn(text: string | undefined): readonly { readonly name: string; readonly count: number }[] {
  return (present(text) ?? "")
    .replace(/\([^)]*\)/g, "")
    .split(",")
    .flatMap((word) => {
      const parts = word.split(":");
      const count = Number(parts.at(-1));
      return Number.isInteger(count) && parts.length > 1 ? [{ name: parts[0] ?? "", count }] : [];
    });
}

/** `IDX:0-1,3` is three, `IDX:N/A` none. */
function indicesIn(text: string): number {
  let count = 0;
  for (const range of text.replace(/^IDX:/, "").split(",")) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first !== undefined) count += Number(last) - Number(first) + 1;
  }
  return count;
}
