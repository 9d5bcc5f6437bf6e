import type { z } from "zod";
import type { quote, wouldGet } from "#api/job.ts";
import { type Phrase, phrase } from "#core/job/phrase.ts";
import { coresPerNode, type JobSpec, memoryMibPerNode, taskCount } from "#core/job/spec.ts";
import { quoteOf as coreQuoteOf, type QuotedJob } from "#core/ledger/quote.ts";
import { type Cost, costOf, tariffInForce } from "#core/ledger/tariff.ts";
import type { Amounts } from "#core/ledger/unit.ts";
import { holdOf } from "#core/ledger/usage.ts";
import { mibText } from "#core/measures.ts";
import type { Allocation } from "#core/run-order.ts";
import type { Asker, EverFit, WaitingExplanation } from "#core/scheduling/explanation.ts";
import type { World } from "#core/scheduling/world.ts";

/**
 * Whether any centre could ever run a job, and then what it may use at most, wherever it goes and however often it is tried:
 * docs/decisions/0046-what-a-quote-is.md.
 */
export function outlookOf(
  world: Pick<World, "couldEverFit" | "everGiven" | "description">,
  spec: JobSpec,
  asker: Asker,
): Outlook {
  const before = keptFor(world.description());
  const asked = askedText(spec, asker);
  const known = before.get(asked);
  if (known !== undefined) return known;
  const fits = world.couldEverFit(spec.shape, spec.centres, asker);
  if (fits.kind === "refused") return fits;
  const ever = world.everGiven(spec.shape, spec.centres, asker).map(({ allocation }) => allocation);
  const quote = makeQuote(spec, ever);
  const made = { ...fits, quote, quoteJson: JSON.stringify(quote), memory: memoryOf(spec, ever) };
  if (before.size >= mostKept) before.clear();
  // Names of nodes may change without another description.
  if (spec.siteWords.nodelist === undefined && !spec.shape.contiguous) before.set(asked, made);
  return made;
}

export type Quote = z.output<typeof quote>;
type Fits = Extract<EverFit, { kind: "fits" }> & {
  readonly quote: Quote;
  readonly quoteJson: string;
  readonly memory: Phrase | null;
};
type Outlook = Fits | Extract<EverFit, { kind: "refused" }>;

/** By the description that they were made by, each by all that it depends on: of thousands of jobs few differ in it. */
const kept = new WeakMap<object, Map<string, Fits>>();
const mostKept = 1_000;

function keptFor(description: object): Map<string, Fits> {
  const before = kept.get(description);
  if (before !== undefined) return before;
  const none = new Map<string, Fits>();
  kept.set(description, none);
  return none;
}

/** By project too: its rules say where it may ever go. */
function askedText(spec: JobSpec, { demands = null, project }: Asker): string {
  const { shape, timeLimitS, graceS, array, retries, centres } = spec;
  const { nodes, tasks, coresPerTask, memory, accelerators, wholeNodes, nodeGroups, contiguous, domestic } = shape;
  const mib = memory.kind === "default" ? "" : memory.mib;
  const { perNode = 0, vendor = null, model = null, shareMilli = 1000 } = accelerators ?? {};
  const size = `${nodes} ${tasks} ${coresPerTask} ${memory.kind}${mib} ${perNode}×${shareMilli} ${vendor} ${model}`;
  const isAnywhere = centres.only.length + centres.except.length === 0 && centres.simulated === undefined;
  const where = isAnywhere && demands === null ? "" : JSON.stringify([centres, demands]);
  return `${project} ${size} ${domestic} ${wholeNodes} ${nodeGroups} ${contiguous} ${timeLimitS} ${graceS} ${taskCount(array)} ${retries} ${comesAgain(spec)} ${where}`;
}

/** What memory comes to where it is the centres' to say, of all that could ever be given; null: the job says it, or nobody can. */
function memoryOf({ shape }: JobSpec, ever: readonly Allocation[]): Phrase | null {
  if (shape.memory.kind !== "default" || ever.length === 0) return null;
  const mib = ever.map(({ memoryMibPerNode }) => memoryMibPerNode);
  const [least, most] = [mibText(Math.min(...mib)), mibText(Math.max(...mib))];
  return least === most ? phrase("memory-given", { memory: least }) : phrase("memory-given-between", { least, most });
}

function makeQuote(spec: JobSpec, ever: readonly Allocation[]): Quote {
  const { timeLimitS, graceS, array, retries } = spec;
  const given = ever.length > 0 ? ever : [asAsked(spec)];
  const job: QuotedJob = { given, timeLimitS, graceS, tasks: taskCount(array), retries };
  const { tasks, attempts, perTask, total, cost } = coreQuoteOf(tariffInForce, job);
  return {
    tasks,
    attempts,
    comesAgain: comesAgain(spec),
    perTask: amountsView(perTask),
    total: amountsView(total),
    cost: costView(cost),
  };
}

function comesAgain({ requeue, preemptible }: JobSpec): boolean {
  return requeue || preemptible !== "no";
}

/** Where no centre that could run it has described itself: what was asked, and no memory where that is the centre's. */
function asAsked({ shape }: JobSpec): Allocation {
  const { nodes, tasks, coresPerTask, accelerators } = shape;
  return {
    nodes,
    tasks,
    coresPerTask,
    coresPerNode: coresPerNode(shape),
    memoryMibPerNode: memoryMibPerNode(shape, 0),
    acceleratorsPerNode: accelerators?.perNode ?? 0,
    acceleratorVendor: accelerators?.vendor ?? null,
    acceleratorModel: accelerators?.model ?? null,
    acceleratorShareMilli: accelerators?.shareMilli,
  };
}

/** What a task would be given if it were placed this moment, and what would be held for it. */
export function wouldGetView(
  { timeLimitS, graceS, dependencies }: JobSpec,
  given: NonNullable<WaitingExplanation["wouldGet"]>,
): z.output<typeof wouldGet> {
  const { centre, pool, allocation } = given;
  const { nodes, coresPerNode, memoryMibPerNode, acceleratorsPerNode: perNode } = allocation;
  const { acceleratorVendor: vendor, acceleratorModel: model, acceleratorShareMilli: shareMilli } = allocation;
  const holds = holdOf(allocation, timeLimitS, graceS);
  return {
    centre,
    pool,
    startsNow: given.startsNow && dependencies.length === 0,
    nodes,
    coresPerNode,
    memoryMibPerNode,
    accelerators: perNode === 0 ? null : { vendor, model, perNode, ...(shareMilli !== undefined && { shareMilli }) },
    holds: amountsView(holds),
    cost: costView(costOf(tariffInForce, holds)),
  };
}

/** A task gets cards of one class: of several that it may get, the dearest counts. */
function amountsView(amounts: Amounts): Quote["total"] {
  const cards = [...amounts].flatMap(([unit, amount]) => (unit.startsWith("milli-card-ms:") ? [amount] : []));
  const milliCardMs = cards.reduce((most, amount) => (amount > most ? amount : most), 0n);
  return {
    coreMs: `${amounts.get("core-ms") ?? 0n}`,
    milliCardMs: `${milliCardMs}`,
    memoryMibS: `${amounts.get("mib-s") ?? 0n}`,
    wallMs: `${amounts.get("wall-ms") ?? 0n}`,
  };
}

function costView({ amountMicroYuan, ...cost }: Cost): Quote["cost"] {
  return { ...cost, amountMicroYuan: amountMicroYuan.toString() };
}
