import { type Packing, packings } from "#core/scheduling/packing/packer.ts";
import { readNodes, readPods } from "#simulator/alibaba.ts";
import { allocatedShare, packPods } from "#simulator/pods.ts";
import { readTrace } from "#simulator/read-trace.ts";
import { traceFile } from "#simulator/traces-testing.ts";
import { figure } from "./figures.ts";

const [podFile, nodeFile] = ["openb_pod_list_default.csv.gz", "openb_node_list_gpu_node.csv.gz"];
const promises = { fragmentation: "mean ≥ 94.8", "best-fit": "" } as const satisfies Record<Packing, string>;

/**
 * How much of Alibaba's 6 212 devices is allocated when pods that ask for 130 % of them have come, by seed and rule; the
 * CPU time of a run. Skipped by name where the two lists are absent.
 */
export async function packing(): Promise<void> {
  const [podPath, nodePath] = [traceFile(podFile), traceFile(nodeFile)];
  if (!podPath || !nodePath) {
    process.stdout.write(`packing: skipped, no ${podFile} and ${nodeFile} (WEIR_TRACES names their folder)\n`);
    return;
  }
  const { pods } = readPods(readTrace(podPath), podPath);
  const { nodes } = readNodes(readTrace(nodePath), nodePath);
  const percents = new Map<Packing, readonly number[]>();
  for (const rule of packings) {
    const found: number[] = [];
    const secondsOfCpu: number[] = [];
    for (let seed = 0; seed < 10; seed += 1) {
      const before = process.threadCpuUsage();
      const packed = packPods(pods, nodes, rule, seed);
      const { user, system } = process.threadCpuUsage(before);
      secondsOfCpu.push((user + system) / 1e6);
      found.push(allocatedShare(packed) * 100);
    }
    percents.set(rule, found);
    process.stdout.write(`${JSON.stringify({ packing: rule, allocatedPercentBySeed: found.map(rounded) })}\n`);
    figure(`devices allocated, ${rule}, seeds 0–9`, "%", promises[rule], found);
    figure(`a run of ${packPods(pods, nodes, rule, 0).pods} pods, ${rule}`, "s of CPU", "", secondsOfCpu);
  }
  const bestFit = percents.get("best-fit") ?? [];
  const gained = (percents.get("fragmentation") ?? []).map((percent, seed) => percent - (bestFit[seed] ?? 0));
  figure("the same samples: fragmentation beyond best-fit", "points", "mean ≥ 0.5", gained);
  const mean = (values: readonly number[]) => rounded(values.reduce((sum, each) => sum + each, 0) / values.length);
  const means = [...percents].map(([rule, found]) => [rule, mean(found)]);
  process.stdout.write(`${JSON.stringify({ meanPercent: Object.fromEntries(means), beyondBestFit: mean(gained) })}\n`);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
