import type { z } from "zod";
import type { quote } from "#api/job.ts";
import { coresPerNode, type JobSpec, memoryMibPerNode, taskCount } from "#core/job/spec.ts";
import { holdOf } from "#core/ledger/usage.ts";
import { amountsView, costView } from "#server/store/read/amounts.ts";

/** The tariff in force; placements pin it. */
export const tariffVersion = "free";

/**
 * What a job may use at most: the hold of each task's placement, times its tasks. `memoryMibPerCore` stands for the
 * centre's where the job named no memory.
 */
export function quoteOf(spec: JobSpec, memoryMibPerCore: number): z.output<typeof quote> {
  const { shape } = spec;
  const tasks = taskCount(spec.array);
  const perTask = holdOf(
    {
      nodes: shape.nodes,
      tasks: shape.tasks,
      coresPerTask: shape.coresPerTask,
      coresPerNode: coresPerNode(shape),
      memoryMibPerNode: memoryMibPerNode(shape, memoryMibPerCore),
      acceleratorsPerNode: shape.accelerators?.perNode ?? 0,
      acceleratorVendor: shape.accelerators?.vendor ?? null,
      acceleratorModel: shape.accelerators?.model ?? null,
    },
    spec.timeLimitS,
    spec.graceS,
  );
  const times = (count: number) =>
    amountsView(Object.fromEntries([...perTask].map(([unit, amount]) => [unit, String(amount * BigInt(count))])));
  return { tasks, perTask: times(1), total: times(tasks), cost: costView(tariffVersion) };
}
