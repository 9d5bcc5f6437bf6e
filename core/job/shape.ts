import type { Asked, AskedAccelerators } from "#core/job/asked.ts";
import { type Phrase, type PhraseKind, phrase } from "#core/job/phrase.ts";
import type { Accelerators, Memory, Shape } from "#core/job/spec.ts";
import type { Refusal } from "#core/refusal.ts";

/**
 * The shape of one task from what was asked in Slurm's many ways: tasks per node, accelerators in all or for each task,
 * cores or memory for each accelerator. What nobody said is one node, one task a node, one core a task.
 */
export function shapeOf(asked: Asked, limits: ShapeLimits): Shaped {
  const perNode = asked.tasksPerNode ?? null;
  const inAll = asked.acceleratorsInAll ?? null;
  const perTask = asked.acceleratorsPerTask ?? null;

  let tasks = asked.tasks ?? null;
  if (tasks === null && perTask && perTask.count > 0 && inAll) {
    if (inAll.count % perTask.count !== 0) {
      return disagree("--gpus", `${inAll.count}`, "multiple-of-each-task", { count: perTask.count });
    }
    tasks = inAll.count / perTask.count;
  }
  const nodes = asked.nodes ?? (tasks !== null && perNode !== null ? Math.ceil(tasks / perNode) : 1);
  if (tasks === null && perNode !== null) tasks = nodes * perNode;

  const perNodeCount = acceleratorsPerNode(asked, nodes, tasks ?? nodes);
  if (typeof perNodeCount !== "number") return { kind: "refused", refusal: perNodeCount };
  if (tasks === null && asked.tasksPerAccelerator !== undefined) {
    tasks = asked.tasksPerAccelerator * perNodeCount * nodes;
    if (tasks === 0) return disagree("--ntasks-per-gpu", `${asked.tasksPerAccelerator}`, "accelerators-beside");
  }
  tasks ??= nodes;
  if (tasks < nodes) return disagree("tasks", `${tasks}`, "as-many-tasks-as-nodes", { nodes });
  if (perNode !== null && tasks > nodes * perNode) {
    return disagree("tasks", `${tasks}`, "tasks-that-fit", { nodes, perNode });
  }

  const coresPerTask = coresFor(asked, perNodeCount, Math.ceil(tasks / nodes));
  if (typeof coresPerTask !== "number") return { kind: "refused", refusal: coresPerTask };
  const memory = memoryFor(asked, perNodeCount);
  if ("option" in memory) return { kind: "refused", refusal: memory };
  const accelerators = acceleratorsFor(asked, perNodeCount);
  if (accelerators?.shareMilli !== undefined && perNodeCount > 1)
    return disagree("accelerators.shareMilli", `${accelerators.shareMilli}`, "a-share-of-one");
  const { wholeNodes = false, nodeGroups, contiguous = false, domestic = false } = asked;
  const shape = {
    nodes,
    tasks,
    coresPerTask,
    memory,
    accelerators,
    ...(wholeNodes && { wholeNodes }),
    // One node is always within one group, and a row.
    ...(nodeGroups !== undefined && nodes > 1 && { nodeGroups }),
    ...(contiguous && nodes > 1 && { contiguous }),
    ...(domestic && { domestic }),
  };
  if (wholeNodes && accelerators?.shareMilli !== undefined)
    return disagree("accelerators.shareMilli", `${accelerators.shareMilli}`, "not-with-whole-nodes");
  const refusal = tooLarge(shape, limits);
  return refusal ? { kind: "refused", refusal } : { kind: "shaped", shape };
}

export type ShapeLimits = {
  readonly nodes: number;
  readonly tasks: number;
  readonly cores: number;
  readonly memoryMib: number;
  readonly accelerators: number;
};

export type Shaped =
  | { readonly kind: "shaped"; readonly shape: Shape }
  | { readonly kind: "refused"; readonly refusal: Refusal };

type BadValue = Extract<Refusal, { readonly kind: "bad-option-value" }>;

/** The ways of saying it must agree where several were used. */
function acceleratorsPerNode(asked: Asked, nodes: number, tasks: number): number | BadValue {
  const { acceleratorsPerNode: perNode, acceleratorsInAll: inAll, acceleratorsPerTask: perTask } = asked;
  if (!perNode && !inAll && !perTask) return 0;
  const models = [perNode, inAll, perTask].filter((one) => one !== undefined && one.model !== null);
  if (new Set(models.map((one) => one?.model)).size > 1) {
    return badValue("accelerators", models.map((one) => one?.model).join(", "), "one-model");
  }
  if (inAll && inAll.count % nodes !== 0) {
    return badValue("--gpus", `${inAll.count}`, "shared-evenly", { nodes });
  }
  const counts = [
    ...(perNode ? [perNode.count] : []),
    ...(inAll ? [inAll.count / nodes] : []),
    ...(perTask ? [perTask.count * Math.ceil(tasks / nodes)] : []),
  ];
  if (new Set(counts).size > 1) {
    return badValue("accelerators", counts.join(", "), "one-number-for-each-node");
  }
  return counts[0] ?? 0;
}

function acceleratorsFor(asked: Asked, perNode: number): Accelerators | null {
  if (perNode === 0) return null;
  const said: readonly (AskedAccelerators | undefined)[] = [
    asked.acceleratorsPerNode,
    asked.acceleratorsInAll,
    asked.acceleratorsPerTask,
  ];
  const shareMilli = said.find((one) => one?.shareMilli !== undefined)?.shareMilli;
  return {
    vendor: said.find((one) => one?.vendor)?.vendor ?? null,
    model: said.find((one) => one?.model)?.model ?? null,
    perNode,
    ...(shareMilli !== undefined && { shareMilli }),
  };
}

function coresFor(asked: Asked, accelerators: number, tasksOnNode: number): number | BadValue {
  if (asked.coresPerAccelerator === undefined) return asked.coresPerTask ?? 1;
  const value = `${asked.coresPerAccelerator}`;
  if (asked.coresPerTask !== undefined) return badValue("--cpus-per-gpu", value, "no-cores-per-task-beside");
  if (accelerators === 0) return badValue("--cpus-per-gpu", value, "accelerators-beside");
  return Math.ceil((asked.coresPerAccelerator * accelerators) / tasksOnNode);
}

function memoryFor(asked: Asked, accelerators: number): Memory | BadValue {
  if (!asked.memory) return { kind: "default" };
  const { kind, mib } = asked.memory;
  if (kind !== "per-accelerator") return { kind, mib };
  if (accelerators === 0) return badValue("--mem-per-gpu", `${mib}`, "accelerators-beside");
  return { kind: "per-node", mib: mib * accelerators };
}

function tooLarge({ nodes, tasks, coresPerTask, memory, accelerators }: Shape, limits: ShapeLimits): Refusal | null {
  return (
    over("the number of nodes", nodes, limits.nodes, "nodes") ??
    over("the number of tasks", tasks, limits.tasks, "tasks") ??
    over("the number of cores per task", coresPerTask, limits.cores, "cores") ??
    over("memory", memory.kind === "default" ? 0 : memory.mib, limits.memoryMib, "MiB") ??
    over("accelerators per node", accelerators?.perNode ?? 0, limits.accelerators, "accelerators")
  );
}

function over(what: string, actual: number, limit: number, unit: string): Refusal | null {
  return actual > limit ? { kind: "too-large", what, actual, limit, unit } : null;
}

function disagree(option: string, value: string, expected: PhraseKind, facts: Phrase["facts"] = {}): Shaped {
  return { kind: "refused", refusal: badValue(option, value, expected, facts) };
}

function badValue(option: string, value: string, expected: PhraseKind, facts: Phrase["facts"] = {}): BadValue {
  return { kind: "bad-option-value", option, line: null, value, expected: phrase(expected, facts) };
}
