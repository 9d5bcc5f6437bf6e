import type { RunId } from "#core/ids.ts";
import type { PoolState, Work } from "./cluster.ts";
import { copied, giveBack, type Node, pick, take } from "./node.ts";

/** Beyond these an estimate costs more than it tells. */
const mostNodes = 1000;
const mostAhead = 200;

/**
 * When a waiting run starts if everybody uses their whole time limit and nobody else comes, in the centre's ms from
 * now; null: unknown.
 */
export function startsInMs(pool: PoolState, run: RunId, nowMs: number): number | null {
  const place = pool.queue.findIndex((work) => work.run === run);
  if (place === -1 || place > mostAhead || pool.nodes.length > mostNodes) return null;
  const copies = new Map(pool.nodes.map((node): [Node, Node] => [node, copied(node)]));
  const nodes = [...copies.values()];
  const copyOf = (on: readonly Node[]) => on.flatMap((node) => copies.get(node) ?? []);
  const ends: { readonly work: Work; readonly on: readonly Node[]; readonly atMs: number }[] = [...pool.running].map(
    (work) => ({ work, on: copyOf(work.on), atMs: endOf(work, nowMs) }),
  );
  let atMs = nowMs;
  for (const work of pool.queue.slice(0, place + 1)) {
    let on: readonly Node[] | null = pick(nodes, work.ask);
    while (!on) {
      ends.sort((a, b) => b.atMs - a.atMs);
      const next = ends.pop();
      if (!next) return null;
      atMs = Math.max(atMs, next.atMs);
      for (const node of next.on) giveBack(node, next.work.ask);
      on = pick(nodes, work.ask);
    }
    for (const node of on) take(node, work.ask);
    ends.push({ work, on, atMs: atMs + work.limitMs });
  }
  return atMs - nowMs;
}

function endOf(work: Work, nowMs: number): number {
  return Math.max(nowMs, (work.startedMs ?? nowMs) + work.limitMs);
}
