import { usualPace } from "#agent/drivers/slurm/driver.ts";
import { arrayOrders, makeTestSite, orderOf } from "#agent/drivers/slurm/site-testing.ts";
import { slurmPossible, startClusters } from "../tools/slurm/clusters.ts";
import { figure } from "./figures.ts";

const nodes = 60;
const tasks = 200;

/** The driver on one cluster of 60 real slurmds: an array of 200 tasks, each on a whole node, until each end is told. */
export async function slurmWide(): Promise<void> {
  const possible = slurmPossible();
  if (possible.kind === "missing") {
    process.stdout.write(`slurm-wide: not measured: ${possible.words}\n`);
    return;
  }
  const startedMs = performance.now();
  const clusters = await startClusters({ only: ["qingdao"], nodes, cpus: 2 });
  figure(`${nodes} slurmds in one cluster, until all are idle`, "s", "", [(performance.now() - startedMs) / 1000]);
  const site = makeTestSite(clusters, "qingdao");
  const agent = await site.open(usualPace);
  try {
    const described: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const askedMs = performance.now();
      const { pools } = await agent.driver.describe();
      described.push(performance.now() - askedMs);
      const count = pools[0]?.nodes.reduce((sum, group) => sum + group.count, 0);
      if (count !== nodes) throw new Error(`${count} nodes are told`);
    }
    figure(`${nodes} nodes: one description by the driver`, "ms", "", described);
    const allocation = { ...orderOf("true").allocation, coresPerTask: 2, coresPerNode: 2 };
    const array = { ranges: [{ first: 0, last: tasks - 1, step: 1 }], throttle: null };
    const script = "echo $SLURMD_NODENAME; sleep 3; exit $((SLURM_ARRAY_TASK_ID % 3))";
    const indices = Array.from({ length: tasks }, (_, index) => index);
    const orders = arrayOrders(script, array, indices).map((order) => ({ ...order, allocation }));
    const sentMs = performance.now();
    const sentWallMs = Date.now();
    await Promise.all(orders.map((order) => agent.queue(order)));
    figure(`${nodes} nodes: ${tasks} tasks in Slurm's queue`, "s", "", [(performance.now() - sentMs) / 1000]);
    const ends = () => agent.seen.flatMap((one) => (one.kind === "ended" ? [one] : []));
    await agent.until(() => ends().length === tasks, 240_000);
    figure(`${nodes} nodes: ${tasks} ends told`, "s", "", [(performance.now() - sentMs) / 1000]);
    const waits = agent.seen.flatMap((one) => (one.kind === "started" ? [(one.atMs - sentWallMs) / 1000] : []));
    figure(`${nodes} nodes: submission to start`, "s", "", waits);
    for (const [at, order] of orders.entries()) {
      const end = ends().find(({ run }) => run === order.run)?.end;
      if ((end?.kind === "failed" ? end.exitCode : end?.kind === "succeeded" ? 0 : -1) !== at % 3)
        throw new Error(`${order.run} ended as ${JSON.stringify(end)}`);
    }
    const names = await Promise.all(orders.map((order) => agent.log(order.run)));
    figure(`${nodes} nodes: how many of them had work`, "", "", [new Set(names).size]);
  } finally {
    await agent.driver.close();
    await clusters.stop();
    site.remove();
  }
}
