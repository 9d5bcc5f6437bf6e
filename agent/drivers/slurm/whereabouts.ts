import { readFileSync, readlinkSync } from "node:fs";
import { hostNames } from "#core/centre/host-list.ts";
import type { WrapperRecord } from "./record.ts";
import type { Look } from "./surroundings.ts";

/**
 * Of a run whose wrapper began and wrote no end, and of which Slurm, that answers, knows nothing: whether a process of it may
 * live. `maybe`: it does, or that will be known later.
 */
export type Whereabouts =
  | { readonly kind: "maybe"; readonly words: string }
  | { readonly kind: "gone"; readonly words: string };

type Started = NonNullable<WrapperRecord["started"]>;
type Around = Pick<Look, "nodes" | "trouble">;

/**
 * On the agent's own machine by the process itself. Elsewhere by the controller's word of its nodes: one that answers has
 * registered, and slurmctld ends there what it does not know; one that is DOWN is given up, as for NODE_FAIL.
 */
export async function whereaboutsOf(started: Started, look: () => Promise<Around>): Promise<Whereabouts> {
  const here = started.process === null ? null : processHere(started.process);
  const who = `its wrapper on ${started.node}`;
  if (here === "lives") return { kind: "maybe", words: `${who} lives as process ${started.process?.pid}` };
  if (here === "gone") return { kind: "gone", words: `${who}, process ${started.process?.pid} there, lives no more` };
  return byNodes(started, await look());
}

export function byNodes({ node, nodes }: Started, { nodes: seen, trouble }: Around): Whereabouts {
  if (trouble !== null) return { kind: "maybe", words: `the engine does not answer: ${trouble}` };
  const states = (hostNames(nodes ?? node) ?? [node]).map((name) => {
    const words = seen.find((one) => one.get("NodeName") === name);
    return { name, state: words?.get("State") ?? null };
  });
  const silent = states.find(({ state }) => state !== null && !isSettled(state));
  if (silent) return { kind: "maybe", words: `${silent.name} is ${silent.state}: what lives there is not known yet` };
  const told = states.map(({ name, state }) => `${name} ${state ?? "is none that the engine shows"}`).join(", ");
  return { kind: "gone", words: `no node has it: ${told}` };
}

/** It has registered with this controller, or was given up by it. */
function isSettled(state: string): boolean {
  return /\bDOWN\b/.test(state) || !/\*|NOT_RESPONDING|UNKNOWN|REBOOT|POWERING_UP/.test(state);
}

/** null: it is not, or may not be, a process that can be seen from here. */
function processHere({
  pid,
  startTicks,
  bootId,
  pidNamespace,
}: NonNullable<Started["process"]>): "lives" | "gone" | null {
  const bootHere = read("/proc/sys/kernel/random/boot_id")?.trim();
  // Where /proc hides other people's processes, init is not seen either.
  if (bootId !== bootHere || pidNamespace !== namespaceHere() || read("/proc/1/stat") === null) return null;
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return "gone";
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return /[ZX]/.test(fields[0] ?? "") || fields[19] !== String(startTicks) ? "gone" : "lives";
}

function namespaceHere(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
