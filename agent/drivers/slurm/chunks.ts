import { warningText } from "#agent/drivers/process/environment.ts";
import { taskCount } from "#core/job/spec.ts";
import type { RunOrder } from "#core/run-order.ts";
import type { Submission } from "./engine.ts";
import { indexList } from "./slurm-text.ts";
import type { LocalWords } from "./words.ts";

/** What an order is submitted as at this centre. */
export type Place = {
  readonly user: string;
  readonly account: string | null;
  readonly partition: string;
  readonly qos: string | null;
  /** The words for `--gres`; null: none asked for. */
  readonly gres: string | null;
  /** What else the job's words are here (W1); its QoS and generic resources are among the fields above. */
  readonly words?: LocalWords;
  /** Its reservation is the pool's, which nobody asked for by name. */
  readonly isReserved?: true;
  /** What the partition allows at most; null: no limit. */
  readonly mostTimeS: number | null;
};

/** Runs that go to the engine together; the first one names the chunk. */
export type Group = { readonly orders: readonly [RunOrder, ...RunOrder[]]; readonly isArray: boolean };

/**
 * Orders of one turn as chunks (R6): tasks of one job, alike in all but index and attempt, to one pool, at most `most`
 * together and with indices that Slurm takes (below MaxArraySize). Those whose lease is much shorter than the others' go
 * apart, since a chunk has one deadline, its shortest lease. A plain job, and an index too great for Slurm, go alone.
 */
export function groupOrders(orders: readonly RunOrder[], maxArraySize: number, most: number): readonly Group[] {
  const groups: { orders: [RunOrder, ...RunOrder[]]; isArray: boolean }[] = [];
  const open = new Map<string, (typeof groups)[number]>();
  const byLease = [...orders].sort((a, b) => b.startWithinMs - a.startWithinMs || a.index - b.index);
  for (const order of byLease) {
    const isArray = order.array !== null && order.index < maxArraySize;
    const key = isArray ? groupKey(order) : order.run;
    const group = open.get(key);
    const fits =
      group !== undefined &&
      group.orders.length < Math.min(most, maxArraySize) &&
      order.startWithinMs >= group.orders[0].startWithinMs / 2 &&
      // Two attempts of one task never travel together: an array has each index once.
      !group.orders.some((one) => one.index === order.index);
    if (fits) group.orders.push(order);
    else {
      const fresh: (typeof groups)[number] = { orders: [order], isArray };
      groups.push(fresh);
      open.set(key, fresh);
    }
  }
  return groups;
}

/** Tasks of one job have one spec; what a placement may change is in the key. */
function groupKey({ job, pool, project, person, allocation, timeLimitS, graceS }: RunOrder): string {
  return JSON.stringify([job, pool, project.id, person.id, allocation, timeLimitS, graceS]);
}

/** The chunk's folder, and the tag that its job carries: `<network>-<first run>-<runs>`. */
export function chunkName(network: string, { orders }: Group): string {
  return `${network}-${orders[0].run}-${orders.length}`;
}

/** What the tags of all chunks of the same network begin with. */
export function tagPrefix(chunk: string): string {
  return chunk.slice(0, chunk.indexOf("-") + 1);
}

export function submissionOf(
  group: Group,
  place: Place,
  chunk: string,
  startWithinS: number,
  isAgain: boolean,
): Submission {
  const [order] = group.orders;
  const { work, allocation } = order;
  const runs = group.orders.map(({ index, run }) => ({ index, run }));
  return {
    user: place.user,
    account: place.account,
    partition: place.partition,
    qos: place.qos,
    chunk,
    // Control characters would be refused by the helper; the longest name that leaves room for the tag.
    name: order.name.replace(/\p{Cc}/gu, " ").slice(0, 100),
    nodes: allocation.nodes,
    tasks: allocation.tasks,
    cpusPerTask: allocation.coresPerTask,
    tasksPerNode: allocation.nodes > 1 ? Math.ceil(allocation.tasks / allocation.nodes) : null,
    memMibPerNode: allocation.memoryMibPerNode,
    gres: place.gres,
    ...(allocation.wholeNodes && { wholeNodes: true }),
    ...(allocation.nodeGroups !== undefined && { nodeGroups: allocation.nodeGroups }),
    ...(allocation.contiguous && { contiguous: true }),
    ...(place.words && { words: place.words }),
    timeLimitMin: engineMinutes(order.timeLimitS, order.graceS, place.mostTimeS),
    timeLimitMs: order.timeLimitS * 1000,
    graceMs: order.graceS * 1000,
    startWithinS,
    array: group.isArray ? indexList(runs.map(({ index }) => index)) : null,
    wholeArray: order.array && wholeArray(order.array),
    runs,
    script: work.kind === "script" ? withInterpreter(work.text) : null,
    arguments: work.kind === "script" ? work.arguments : work.argv,
    environment: {
      ...order.environment,
      WEIR_PROJECT: order.project.name,
      ...(order.warning && { WEIR_WARNING: warningText(order.warning) }),
    },
    files: order.inputFiles.map((file) => ({
      path: file.path,
      isExecutable: file.executable,
      bytes: Buffer.from(file.contentBase64, "base64"),
    })),
    workingDirectory: order.workingDirectory,
    stdout: order.stdout,
    // As sbatch: into stdout's file, where that has a name and stderr has none.
    stderr: order.stderr ?? order.stdout,
    isAgain,
  };
}

/**
 * Slurm's limit in whole minutes: room for the grace that the wrapper gives at the exact second, unless the partition
 * allows no more; the exact limit is what must fit.
 */
export function engineMinutes(timeLimitS: number, graceS: number, mostTimeS: number | null): number {
  const needed = Math.ceil(timeLimitS / 60);
  const wanted = Math.ceil((timeLimitS + graceS) / 60);
  return mostTimeS === null ? wanted : Math.max(needed, Math.min(wanted, Math.floor(mostTimeS / 60)));
}

function wholeArray(array: NonNullable<RunOrder["array"]>): Submission["wholeArray"] {
  const lasts = array.ranges.map((range) => range.last - ((range.last - range.first) % range.step));
  return {
    count: taskCount(array),
    least: Math.min(...array.ranges.map((range) => range.first)),
    most: Math.max(...lasts),
    step: array.ranges.length === 1 ? (array.ranges[0]?.step ?? 1) : 1,
  };
}

/** The wrapper runs it by its first line; admission has refused scripts without one, or filled it in. */
function withInterpreter(script: string): string {
  return script.startsWith("#!") ? script : `#!/bin/sh\n${script}`;
}
