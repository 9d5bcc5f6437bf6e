import assert from "node:assert/strict";
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { sampleAllocation } from "#core/sample-testing.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, clusterOf, startClusters } from "../../../tools/slurm/clusters.ts";
import { arrayOrders, type Ended, makeTestSite, orderOf, type TestAgent, type TestSite } from "./site-testing.ts";

// What runs used and for how long they ran, as real clusters count it: at jinan by the commands and its accounting, at qingdao
// by slurmrestd and the wrapper. Energy by Slurm's own plugin for Cray's counters, a copy of which reads a file of the test's.

/** Uses so much CPU time and holds so much memory meanwhile. */
const busy = (seconds: string, mib: string) =>
  `perl -e 'vec($x, ($ARGV[1] << 20) - 1, 8) = 1; do { @t = times } until $t[0] + $t[1] > $ARGV[0]' ${seconds} ${mib}`;
const roomy = { ...sampleAllocation, memoryMibPerNode: 512 };

describe("what runs of a Slurm centre used", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  const sites: TestSite[] = [];
  const agents = new Map<string, TestAgent>();
  const plugins = mkdtempSync("/var/tmp/weir-slurm-plugins-");
  chmodSync(plugins, 0o755);
  const counters = layCounters(plugins);
  before(async () => {
    clusters = await startClusters({ extra: { jinan: counters.extra } });
    const url = clusterOf(clusters, "qingdao").restUrl;
    const rest = { transport: "rest", rest: { url } };
    for (const [name, site] of [
      ["jinan", {}],
      ["qingdao", rest],
    ] as const) {
      const made = makeTestSite(clusters, name, { site });
      sites.push(made);
      agents.set(name, await made.open());
    }
  });
  after(async () => {
    counters.stop();
    for (const agent of agents.values()) await agent.driver.close();
    await clusters?.stop();
    for (const site of sites) site.remove();
    rmSync(plugins, { recursive: true });
  });
  const agentAt = (name: string) => agents.get(name) ?? assert.fail(`no ${name}`);

  describe("at both at once", { concurrency: 8 }, () => {
    for (const name of ["jinan", "qingdao"] as const) {
      const isAccounted = name === "jinan";

      test(`a plain job at ${name}`, async () => {
        const ended = await agentAt(name).run(busy("1", "100"), { allocation: roomy });
        used(ended, { cpuMs: 1_000, memoryMib: 100 });
        const { energyJoules, wallMs } = ended.usage;
        if (!isAccounted) return assert.equal(energyJoules, null);
        // Of 1 kW a joule a millisecond; Slurm reads the counter each second.
        assert.ok(Math.abs((energyJoules ?? 0) - wallMs) < 3_000 + 0.3 * wallMs, `${energyJoules} J in ${wallMs} ms`);
      });

      test(`tasks of an array at ${name}, each for itself`, async () => {
        const array = { ranges: [{ first: 1, last: 2, step: 1 }], throttle: null };
        const script = busy("$SLURM_ARRAY_TASK_ID", "$((100 * SLURM_ARRAY_TASK_ID))");
        const orders = arrayOrders(script, array, [1, 2]).map((order) => ({ ...order, allocation: roomy }));
        const ids = await Promise.all(orders.map((order) => agentAt(name).queue(order)));
        assert.equal(new Set(ids).size, 1, "they travel as one array");
        for (const { run, index } of orders)
          used(await agentAt(name).ended(run), { cpuMs: 1_000 * index, memoryMib: 100 * index });
      });

      test(`steps at ${name}: their CPU time together, the memory of the greatest`, async () => {
        const step = (mib: string) => `srun -n1 -N1 --exact --mem=256M ${busy("1", mib)} &`;
        const allocation = { ...roomy, nodes: 2, tasks: 2 };
        const ended = await agentAt(name).run(`${step("50")}\n${step("150")}\nwait`, { allocation });
        // Without accounting nobody but the wrapper measures, and steps are not below it.
        if (!isAccounted) return used(ended, { cpuMs: 0, memoryMib: 0 });
        used(ended, { cpuMs: 2_000, memoryMib: 150 });
        assert.ok((ended.usage.energyJoules ?? 0) > 0.5 * ended.usage.wallMs, JSON.stringify(ended.usage));
      });

      test(`what ${name} suspends stands still: that is neither in its limit nor in its time`, async () => {
        const agent = agentAt(name);
        const order = orderOf("sleep 3; exit 3", { timeLimitS: 7, graceS: 1 });
        const id = await agent.queue(order);
        await agent.started(order.run);
        const asRoot = async (word: "suspend" | "resume") => {
          const said = await clusterOf(clusters, name).run("root", ["scontrol", word, id]);
          assert.equal(said.status, 0, said.stderr);
        };
        await asRoot("suspend");
        const stands = delay(9_000);
        await agent.until(() => agent.seen.some((one) => one.kind === "remark" && /suspended it/.test(one.words)));
        await stands;
        await asRoot("resume");
        const { end, usage } = await agent.ended(order.run);
        assert.deepEqual(end, { kind: "failed", exitCode: 3 });
        assert.ok(usage.wallMs < 7_000, JSON.stringify(usage));
      });
    }
  });
});

function used({ end, usage }: Ended, least: { readonly cpuMs: number; readonly memoryMib: number }): void {
  assert.equal(end.kind, "succeeded");
  const { cpuUserMs, cpuSystemMs, peakMemoryMib } = usage;
  const cpuMs = cpuUserMs + cpuSystemMs;
  const words = JSON.stringify(usage);
  assert.ok(cpuMs >= least.cpuMs - 50 && cpuMs < least.cpuMs + 900, words);
  assert.ok(peakMemoryMib >= least.memoryMib && peakMemoryMib < least.memoryMib + 45, words);
}

/**
 * A copy of Slurm's plugin acct_gather_energy/pm_counters whose two files, of the same length, are the test's own; the counter
 * goes up by 1 kW.
 */
function layCounters(folder: string): { readonly extra: readonly string[]; readonly stop: () => void } {
  const [from = ""] = globSync("/usr/lib/*-linux-gnu/slurm-wlm/acct_gather_energy_pm_counters.so");
  const digits = String(process.pid).padStart(8, "0");
  const own = [
    ["/sys/cray/pm_counters/energy", `/dev/shm/weir-nrg-${digits}--`],
    ["/sys/cray/pm_counters/power", `/dev/shm/weir-pow-${digits}-`],
  ] as const;
  const plugin = readFileSync(from);
  for (const [theirs, ours] of own) {
    assert.equal(theirs.length, ours.length);
    const at = plugin.indexOf(`${theirs}\0`);
    assert.ok(at > 0, theirs);
    plugin.write(ours, at);
  }
  writeFileSync(join(folder, "acct_gather_energy_pm_counters.so"), plugin);
  const [energy = "", power = ""] = own.map(([, ours]) => ours);
  const beganMs = Date.now();
  const count = () => writeFileSync(energy, `${1000 + Date.now() - beganMs} J\n`);
  count();
  writeFileSync(power, "1000 W\n");
  const timer = setInterval(count, 100);
  return {
    extra: [
      `PluginDir=${folder}:${dirname(from)}`,
      "AcctGatherEnergyType=acct_gather_energy/pm_counters",
      "AcctGatherNodeFreq=1",
      "JobAcctGatherFrequency=task=1,energy=1",
    ],
    stop() {
      clearInterval(timer);
      for (const path of [energy, power]) rmSync(path, { force: true });
    },
  };
}
