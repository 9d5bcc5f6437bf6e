import { resolve } from "node:path";
import { badValue, type Call } from "#cli/call.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { type Packing, packings } from "#core/scheduling/packing/packer.ts";
import { readNodes, readPods } from "#simulator/alibaba.ts";
import { allocatedShare, type PodsPacked, packPods } from "#simulator/pods.ts";
import { readTrace } from "#simulator/read-trace.ts";
import { TraceRefused, traceRefusalWords } from "#simulator/trace-refusal.ts";

/** Whether what is to be replayed is a list of pods, told by its name: a table. They are packed on the nodes of `--network`. */
export function isOfPods(paths: readonly string[]): boolean {
  return paths.length === 1 && /\.csv(\.gz)?$/i.test(paths[0] ?? "");
}

/**
 * Packs pods drawn from the list on empty nodes, under Weir's own rule and best-fit, or the one that `--policy` names.
 * JSON: devices and what was asked and allocated of them in thousandths, a line for each rule and seed.
 */
export async function simulatePods(call: Call, path: string): Promise<number> {
  const { say } = call;
  for (const option of ofQueues)
    if (call.has(option)) throw new Stop(exitCodes.usage, say("simulatePodsNot", { option }));
  const network = call.one("network");
  if (network === null) throw new Stop(exitCodes.usage, say("simulatePodsNoNetwork"));
  const population = read(call, path, (bytes) => readPods(bytes, path));
  const { nodes, dropped: nodesLeftOut } = read(call, network, (bytes) => readNodes(bytes, network));
  const seed = call.number("seed", 0);
  const seeds = seed === null ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] : [seed];
  const runs = rulesAsked(call).flatMap((rule) => seeds.map((each) => packPods(population.pods, nodes, rule, each)));
  const leftOut = { pods: population.dropped, nodes: nodesLeftOut };
  if (call.json) await call.printJson({ runs, means: meansOf(runs), leftOut });
  else await printRuns(call, runs, leftOut);
  return exitCodes.done;
}

/** What is asked of a replay of jobs that wait. */
const ofQueues = [
  ...["estimates", "routing", "days", "from", "count", "processors", "resource", "report"],
  ...["generate", "jobs", "load", "write"],
];

function rulesAsked(call: Call): readonly Packing[] {
  const said = call.one("policy");
  if (said === null) return packings;
  const rule = said === "weir" ? "fragmentation" : packings.find((each) => each === said);
  if (rule === undefined) throw badValue(call.say, "--policy", said, ["weir", ...packings].join(call.say("comma")));
  return [rule];
}

/** The mean share allocated, by rule. */
function meansOf(runs: readonly PodsPacked[]): Readonly<Record<string, number>> {
  const rules = [...new Set(runs.map(({ packing }) => packing))];
  return Object.fromEntries(
    rules.map((rule) => {
      const shares = runs.filter(({ packing }) => packing === rule).map(allocatedShare);
      return [rule, shares.reduce((sum, each) => sum + each, 0) / shares.length];
    }),
  );
}

async function printRuns(
  call: Call,
  runs: readonly PodsPacked[],
  leftOut: { readonly pods: number; readonly nodes: number },
): Promise<void> {
  const { say } = call;
  const right = (title: string) => ({ title, align: "right" }) as const;
  const devices = (milli: number) => (milli / 1000).toFixed(1);
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  await call.printTable(
    [
      { title: say("columnPacking") },
      right(say("columnSeed")),
      right(say("columnPods")),
      right(say("columnDropped")),
      right(say("columnDevicesAsked")),
      right(say("columnDevicesAllocated")),
      right(say("columnOfAllDevices")),
    ],
    runs.map((each) => [
      each.packing,
      `${each.seed}`,
      `${each.pods}`,
      `${each.dropped}`,
      devices(each.offeredMilli),
      devices(each.allocatedMilli),
      percent(allocatedShare(each)),
    ]),
  );
  await call.print("\n");
  await call.printFacts(
    Object.entries(meansOf(runs)).map(([rule, share]) => [say("podsMean", { rule }), percent(share)] as const),
  );
  if (leftOut.pods + leftOut.nodes > 0) call.note(say("podsLeftOut", leftOut));
}

function read<Read>(call: Call, path: string, take: (bytes: Uint8Array) => Read): Read {
  try {
    return take(readTrace(resolve(call.terminal.folder, path)));
  } catch (error) {
    if (error instanceof TraceRefused)
      throw new Stop(exitCodes.refused, traceRefusalWords(path, error.refusal, call.language));
    throw new Stop(exitCodes.usage, call.say("simulateNotRead", { path, words: fileTroubleWords(error, call.say) }));
  }
}
