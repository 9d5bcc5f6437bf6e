import type { z } from "zod";
import type { quote } from "#api/job.ts";
import { coresPerNode, type JobSpec, memoryMibPerNode, taskCount } from "#core/job/spec.ts";
import { quoteOf as coreQuoteOf, tariffInForce } from "#core/ledger/tariff.ts";
import type { Amounts } from "#core/ledger/unit.ts";
import { amountsView } from "#server/store/read/amounts.ts";

/**
 * What a job may use at most: the hold of each task's placement, times its tasks. `memoryMibPerCore` stands for the
 * centre's where the job named no memory.
 */
export function quoteOf(spec: JobSpec, memoryMibPerCore: number): z.output<typeof quote> {
  const { shape } = spec;
  const { tasks, perTask, total, cost } = coreQuoteOf(
    tariffInForce,
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
    taskCount(spec.array),
  );
  return {
    tasks,
    perTask: view(perTask),
    total: view(total),
    cost: { ...cost, amountMicroYuan: cost.amountMicroYuan.toString() },
  };
}

function view(amounts: Amounts): z.output<typeof quote>["total"] {
  return amountsView(Object.fromEntries([...amounts].map(([unit, amount]) => [unit, amount.toString()])));
}
