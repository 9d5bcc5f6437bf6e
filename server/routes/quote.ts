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
export function quoteOf(spec: JobSpec, memoryMibPerCore: number): Quoted {
  const { shape, timeLimitS, graceS } = spec;
  const { nodes, tasks, coresPerTask, accelerators } = shape;
  const { perNode = 0, vendor = null, model = null, shareMilli = 1000 } = accelerators ?? {};
  const memoryMib = memoryMibPerNode(shape, memoryMibPerCore);
  // All that a quote depends on. Of thousands of jobs few differ in it.
  const asked = `${nodes} ${tasks} ${coresPerTask} ${memoryMib} ${perNode}×${shareMilli} ${vendor} ${model} ${timeLimitS} ${graceS} ${taskCount(spec.array)}`;
  const before = given.get(asked);
  if (before !== undefined) return before;
  if (given.size >= mostGiven) given.clear();
  const made = makeQuote(spec, memoryMib);
  const quoted = { quote: made, json: JSON.stringify(made) };
  given.set(asked, quoted);
  return quoted;
}

type Quote = z.output<typeof quote>;
type Quoted = { readonly quote: Quote; readonly json: string };

const given = new Map<string, Quoted>();
const mostGiven = 1_000;

function makeQuote(spec: JobSpec, memoryMib: number): Quote {
  const { shape } = spec;
  const { tasks, perTask, total, cost } = coreQuoteOf(
    tariffInForce,
    {
      nodes: shape.nodes,
      tasks: shape.tasks,
      coresPerTask: shape.coresPerTask,
      coresPerNode: coresPerNode(shape),
      memoryMibPerNode: memoryMib,
      acceleratorsPerNode: shape.accelerators?.perNode ?? 0,
      acceleratorVendor: shape.accelerators?.vendor ?? null,
      acceleratorModel: shape.accelerators?.model ?? null,
      acceleratorShareMilli: shape.accelerators?.shareMilli,
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
