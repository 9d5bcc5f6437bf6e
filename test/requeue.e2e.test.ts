import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { requires } from "../tools/requirement.ts";
import { type Clusters, clusterOf, startClusters } from "../tools/slurm/clusters.ts";
import { eventually, type Network, startNetwork } from "./network.ts";
import { joinSlurm, type SlurmCentre } from "./slurm-centre.ts";

// A requeue that the user asks for (R5), on a real cluster: after the node has lost its power, and after Slurm has
// pre-empted the run, the same task runs again as another attempt, with a record, a log and usage of its own.

describe("a requeue that is asked for", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let network: Network;
  let centre: SlurmCentre;
  before(async () => {
    [clusters, network] = await Promise.all([
      startClusters({ only: ["jinan"], nodeTimeoutS: 5 }),
      startNetwork({ env: { WEIR_LOCAL_CORES: "1" } }),
    ]);
    // In the partition accel the network's runs may be pre-empted by the centre's own.
    centre = await joinSlurm(network, clusters, "jinan", {}, { qos: { accel: "preemptible" } });
    centre.start();
    await centre.connected();
  });
  after(async () => {
    await centre?.remove();
    await network?.remove();
    await clusters?.stop();
  });
  const cluster = () => clusterOf(clusters, "jinan");

  /** Sleeps for long in its first attempt, and says which one it is. */
  const script = 'echo attempt $WEIR_ATTEMPT; [ "$WEIR_ATTEMPT" != 1 ] || exec sleep 600; sleep 2';
  const submit = async (...args: readonly string[]) => {
    const words = ["submit", "--requeue", "--centre", "jinan", "--mem=64M", "--parsable", "-Q", ...args];
    const { status, stdout, stderr } = await network.weir([...words, "--", "sh", "-c", script]);
    assert.equal(status, 0, stderr);
    return stdout.trim();
  };
  const show = async (job: string) => JSON.parse((await network.weir(["show", job, "--json"])).stdout);
  const becomes = (job: string, state: string) =>
    eventually(`job ${job} is ${state}`, async () => {
      const shown = await show(job);
      return shown.state === state ? shown : null;
    });
  const engineIdOf = async (job: string) => {
    const { stdout } = await cluster().run("root", ["squeue", "-h", "-t", "R", "-o", "%i %j"]);
    const line = stdout.split("\n").find((one) => one.includes(`-${job}.0.1-`) || one.includes(`${job}.0.1`));
    return line?.split(" ")[0] ?? assert.fail(`nothing of job ${job} runs: ${stdout}`);
  };

  /** Two attempts of one task: how each ended, what each wrote, and what each is billed for. */
  async function assertTwice(job: string, firstEnd: string): Promise<void> {
    const shown = await becomes(job, "ended");
    assert.equal(shown.outcome.kind, "succeeded");
    const { runs } = shown.firstTasks[0];
    assert.deepEqual(
      runs.map((run: Run) => [run.attempt, run.end?.kind, run.billed]),
      [
        [1, firstEnd, false],
        [2, "succeeded", true],
      ],
    );
    const [first, second] = runs as readonly [Run, Run];
    assert.ok(first.usage && first.usage.wallMs > 0 && first.usage.wallMs < 400_000, JSON.stringify(first));
    assert.ok(second.usage && second.usage.wallMs >= 2_000 && second.usage.wallMs < 60_000, JSON.stringify(second));
    assert.deepEqual([first.amounts?.wallMs, second.amounts?.wallMs], ["0", String(second.usage.wallMs)]);
    assert.ok(first.startedMs);
    assert.deepEqual([shown.startedMs, shown.firstTasks[0].startedMs], [first.startedMs, first.startedMs]);
    for (const { attempt } of runs)
      assert.equal((await network.weir(["logs", job, "--attempt", `${attempt}`])).stdout, `attempt ${attempt}\n`);
    const history = (await network.weir(["show", job, "--history"])).stdout;
    assert.match(history, new RegExp(firstEnd));
    const books = JSON.parse((await network.weir(["ledger", "check", "--json"])).stdout);
    assert.equal(books.balanced, true);
  }

  test("after its node has lost its power", async () => {
    const job = await submit();
    await becomes(job, "running");
    const id = await engineIdOf(job);
    const { stdout } = await cluster().run("root", ["squeue", "-h", "-j", id, "-o", "%N"]);
    const node = cluster().node(stdout.trim());
    await node.powerOff();
    await assertTwice(job, "node-failed");
    await node.restart();
    await cluster().run("root", ["scontrol", "update", `nodename=${stdout.trim()}`, "state=resume"]);
    await cluster().idle();
  });

  test("after Slurm has pre-empted it for the centre's own work; while it waits again its start is the first attempt's", async () => {
    const job = await submit("-p", "accel");
    await becomes(job, "running");
    const words = ["sbatch", "--parsable", "-N2", "--exclusive", "--mem=100", "-t10", "-o/dev/null", "--account=hpc"];
    const strong = await cluster().run("weirt-zhao", [...words, "--qos=normal", "--wrap=sleep 600"]);
    assert.equal(strong.status, 0, strong.stderr);
    const again = await eventually("it waits again", async () => {
      const shown = await show(job);
      return shown.state !== "running" && shown.firstTasks[0].runs[0]?.end ? shown : null;
    });
    const { runs, startedMs } = again.firstTasks[0];
    assert.ok(startedMs);
    assert.deepEqual([again.startedMs, runs[0].startedMs], [startedMs, startedMs]);
    assert.equal((await cluster().run("root", ["scancel", strong.stdout.trim()])).status, 0);
    await assertTwice(job, "preempted");
  });
});

type Run = {
  readonly attempt: number;
  readonly end: { readonly kind: string } | null;
  readonly billed: boolean;
  readonly startedMs: number | null;
  readonly usage: { readonly wallMs: number } | null;
  readonly amounts: { readonly wallMs: string } | null;
};
