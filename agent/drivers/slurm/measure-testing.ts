import { startClusters } from "../../../tools/slurm/clusters.ts";
import { submissionOf } from "./chunks.ts";
import { makeTestSite, orderOf } from "./site-testing.ts";

// How many plain jobs a second reach slurmctld through the driver, beside raw `sbatch` through weir-as in the same run;
// and what following costs this process while foreign jobs wait:
//   node agent/drivers/slurm/measure-testing.ts [RUNS] [FOREIGN]
const [runs, foreign] = [Number(process.argv[2] ?? 100), Number(process.argv[3] ?? 10_000)];
const clusters = await startClusters({
  only: ["qingdao"],
  extra: ["SchedulerParameters=batch_sched_delay=0,bf_interval=30"],
});
const site = makeTestSite(clusters, "qingdao");
const agent = await site.open({ recordsEveryMs: 1000, listEveryMs: 10_000 });
try {
  await agent.driver.describe();
  const place = { user: "weirt-li", account: null, partition: "batch", qos: null, gres: null, mostTimeS: null };
  const rate = async (act: () => Promise<unknown>): Promise<number> => {
    const begunMs = performance.now();
    await act();
    return Math.round((runs / (performance.now() - begunMs)) * 10_000) / 10;
  };
  const raw = (round: number) =>
    rate(async () => {
      const queue = Array.from({ length: runs }, () => orderOf("true"));
      const lane = async (): Promise<void> => {
        for (let order = queue.shift(); order; order = queue.shift()) {
          const submission = submissionOf(
            { orders: [order], isArray: false },
            place,
            `raw-${round}-${order.job}`,
            600,
            false,
          );
          const answer = await agent.driver.engine.submit(submission);
          if (answer.kind !== "submitted") throw new Error(JSON.stringify(answer));
        }
      };
      await Promise.all(Array.from({ length: 8 }, lane));
    });
  const driven = () => rate(() => Promise.all(Array.from({ length: runs }, () => agent.queue(orderOf("true")))));
  const [raws, drivens]: [number[], number[]] = [[], []];
  for (let round = 0; round < 3; round += 1) {
    raws.push(await raw(round));
    drivens.push(await driven());
  }
  await agent.until(() => agent.seen.filter(({ kind }) => kind === "ended").length >= 3 * runs, 180_000);
  for (let left = foreign; left > 0; left -= 1000)
    await site.cluster.run("weirt-zhao", [
      ...["sbatch", "--hold", "--mem=10", "-o/dev/null", `--array=1-${Math.min(1000, left)}`, "--wrap=true"],
    ]);
  const long = orderOf("sleep 25");
  await agent.queue(long);
  await agent.started(long.run);
  const [cpu, begunMs] = [process.cpuUsage(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  const used = process.cpuUsage(cpu);
  const cores = (used.user + used.system) / 1000 / (performance.now() - begunMs);
  await agent.ended(long.run);
  const end = agent.seen.find((one) => one.kind === "ended" && one.run === long.run);
  const describeBegunMs = performance.now();
  await agent.driver.describe();
  console.log(
    JSON.stringify({
      rawPerS: raws,
      drivenPerS: drivens,
      followingCoresPercent: Math.round(cores * 1000) / 10,
      describeMs: Math.round(performance.now() - describeBegunMs),
      rssMib: Math.round(process.memoryUsage.rss() / 2 ** 20),
      end: end?.kind === "ended" ? end.end.kind : null,
    }),
  );
} finally {
  await agent.driver.close();
  await clusters.stop();
  site.remove();
}
