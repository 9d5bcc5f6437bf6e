import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { figure } from "./figures.ts";
import type { WorldScaled } from "./world-scale.ts";

/** Centres, nodes of each, and tasks in the network. */
const sizes = [
  [10, 10, 10_000],
  [100, 10, 100_000],
  [100, 100, 100_000],
  [100, 1000, 1_000_000],
  [1000, 100, 1_000_000],
  [1000, 1000, 10_000_000],
] as const;

/**
 * How the time of a decision of the live scheduler's world, and its memory, grow with centres, nodes and tasks (synthetic);
 * each size in a process of its own, once. The replay of jobs that ask for processors alone has curves in `simulate`.
 */
export async function worldScale(): Promise<void> {
  const program = join(import.meta.dirname, "world-scale.ts");
  for (const [centres, nodes, tasks] of sizes) {
    const words = ["--expose-gc", program, `${centres}`, `${nodes}`, `${tasks}`];
    const { status, stdout } = spawnSync(process.execPath, words, { encoding: "utf8" });
    if (status !== 0) throw new Error(`world-scale.ts ${centres} ${nodes} ${tasks}: status ${status}`);
    const found: WorldScaled = JSON.parse(stdout);
    const label = `synthetic, ${centres} centres × ${nodes} nodes, ${tasks} tasks`;
    figure(`${label}: starts of a decision`, "", "", [found.startsEach]);
    figure(`${label}: CPU time of a decision, median`, "ms", "", [found.medianMs]);
    figure(`${label}: CPU time of a decision, p99`, "ms", "", [found.p99Ms]);
    figure(`${label}: resident`, "MiB", "", [found.residentMib]);
  }
}
