// That the clusters are real, and hostile where real ones are; whoever tests against them relies on this.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { processIdentity } from "#local/process.ts";
import { requires } from "../requirement.ts";
import { allClaims } from "./claims.ts";
import { type Cluster, type Clusters, clusterOf, startClusters } from "./clusters.ts";
import { aliveDaemons } from "./daemon.ts";
import { until } from "./readiness.ts";

const skip = requires("root", "slurm");

describe("two real clusters", { skip }, () => {
  let clusters: Clusters;
  let jinan: Cluster;
  let qingdao: Cluster;
  before(async () => {
    clusters = await startClusters();
    jinan = clusterOf(clusters, "jinan");
    qingdao = clusterOf(clusters, "qingdao");
  });
  after(async () => clusters?.stop());

  test("every node is idle, and nothing but slurmdbd listens off loopback", async () => {
    for (const cluster of [jinan, qingdao]) {
      const { stdout } = await cluster.run("root", ["sinfo", "-h", "-o", "%P %D %t %G"]);
      const gres = "npu:ascend910b:8,gpu:4";
      assert.deepEqual(stdout.trim().split("\n"), [
        `batch* 2 idle ${gres}`,
        `accel 2 idle ${gres}`,
        `short 2 idle ${gres}`,
      ]);
      const conf = readFileSync(cluster.slurmConf, "utf8");
      const ports = [...conf.matchAll(/\b(?:SlurmctldPort|Port)=(\d+)/g)].map((match) => Number(match[1]));
      for (const port of [...ports, Number(new URL(cluster.restUrl).port)])
        assert.deepEqual(listenersAt(port), ["0100007F"], `port ${port} of ${cluster.name}`);
    }
  });

  test("a user's job runs as that user and its exit code comes back", async () => {
    for (const cluster of [jinan, qingdao]) {
      const out = join(cluster.sharedFolder, "weirt-wang", "first");
      const script = "#!/bin/sh\nid -un\nexit 3\n";
      const id = await submit(cluster, "weirt-wang", ["--gres=npu:ascend910b:2", "-o", out], script);
      const job = await ended(cluster, "weirt-wang", id);
      assert.equal(job.JobState, "FAILED");
      assert.equal(job.ExitCode, "3:0");
      assert.equal(readFileSync(out, "utf8"), "weirt-wang\n");
    }
    assert.match(readFileSync(qingdao.jobCompletions ?? "", "utf8"), /JobState=FAILED .*ExitCode=3:0/);
    assert.equal(jinan.jobCompletions, null);
    assert.equal(await accounted(jinan, "weirt-wang", "1"), "FAILED|3:0|ai-lab");
  });

  test("jinan refuses an account that is not the user's, and root", async () => {
    const foreign = await jinan.run("weirt-zhao", ["sbatch", "--account=ai-lab", "--wrap=true"]);
    assert.match(foreign.stderr, /Invalid account or account\/partition combination/);
    const closed = await jinan.run("weirt-zhao", ["sbatch", "--hold", "--account=closed", "--wrap=true"]);
    assert.equal(closed.status, 0, "closed is for the site's policy to refuse");
    const root = await jinan.run("root", ["sbatch", "--wrap=true"]);
    assert.match(root.stderr, /Invalid user id/);
    assert.equal((await qingdao.run("root", ["sbatch", "--hold", "--wrap=true"])).status, 0);
  });

  test("jinan hides the jobs of others, also in its accounts; qingdao does not", async () => {
    const held = (cluster: Cluster): Promise<string> => submit(cluster, "weirt-li", ["--hold"]);
    const sees = async (cluster: Cluster, user: string, id: string): Promise<boolean> =>
      (await cluster.run(user, ["squeue", "-h", "-o", "%i"])).stdout.split("\n").includes(id);
    const hidden = await held(jinan);
    assert.equal(await sees(jinan, "weirt-li", hidden), true);
    assert.equal(await sees(jinan, "weirt-wang", hidden), false);
    assert.equal((await jinan.run("weirt-li", ["sacct", "-n", "-a", "-u", "weirt-wang"])).stdout, "");
    assert.equal(await sees(qingdao, "weirt-wang", await held(qingdao)), true);
  });

  test("the plugin of qingdao rewrites comments", async () => {
    const words = ["--hold", "--comment=mine"];
    for (const [cluster, comment] of [
      [qingdao, "site:mine"],
      [jinan, "mine"],
    ] as const) {
      assert.equal((await show(cluster, "weirt-li", await submit(cluster, "weirt-li", words))).Comment, comment);
    }
  });

  test("a job over its memory is killed for it", async () => {
    const out = join(jinan.sharedFolder, "weirt-li", "hungry");
    const hungry = "#!/bin/sh\nexec perl -e '$x = \"a\" x 2e8; sleep 60'\n";
    const id = await submit(jinan, "weirt-li", ["--mem=50", "-o", out], hungry);
    assert.equal((await ended(jinan, "weirt-li", id)).ExitCode, "0:9");
    assert.match(readFileSync(out, "utf8"), /exceeded memory limit/);
    assert.equal(await accounted(jinan, "weirt-li", id), "FAILED|0:9|ai-lab");
  });

  test("slurmrestd knows a user by a token, at its port and at its socket", async () => {
    const { stdout } = await jinan.run("weirt-li", ["scontrol", "token", "lifespan=60"]);
    const token = stdout.trim().replace("SLURM_JWT=", "");
    const headers = { "X-SLURM-USER-NAME": "weirt-li", "X-SLURM-USER-TOKEN": token };
    const url = `${jinan.restUrl}/slurm/v0.0.38/jobs`;
    assert.equal((await fetch(url, { headers })).status, 200);
    assert.notEqual((await fetch(url)).status, 200);
    assert.equal(statSync(jinan.restSocket).isSocket(), true);
    await qingdao.rest.kill();
    await assert.rejects(fetch(qingdao.restUrl));
    await qingdao.rest.restart();
    assert.equal((await fetch(qingdao.restUrl)).status, 401);
  });

  test("slurmctld killed and started again keeps a running job, and without its state forgets all", async () => {
    const id = await startSleep(qingdao, "weirt-li", []);
    await qingdao.controller.saveState();
    await qingdao.controller.kill("SIGKILL");
    assert.equal(qingdao.controller.alive(), false);
    await qingdao.controller.restart();
    assert.equal((await show(qingdao, "weirt-li", id)).JobState, "RUNNING");

    await qingdao.controller.restart({ keepState: false });
    assert.match((await qingdao.run("weirt-li", ["scontrol", "show", "job", id])).stderr, /Invalid job id/);
    assert.equal(await submit(qingdao, "weirt-li", ["--hold"]), "1");
  });

  test("an MPI program runs on two nodes, started by mpirun and by srun", { skip: requires("openmpi") }, async () => {
    const folder = join(jinan.sharedFolder, "weirt-li");
    const program = join(folder, "sum");
    const built = await jinan.run("weirt-li", ["mpicc", "-x", "c", "-o", program, "-"], mpiSum);
    assert.equal(built.status, 0, built.stderr);
    // Both nodes are one machine here, and would take each other's shared memory for their own.
    const script = `#!/bin/sh\nexport OMPI_MCA_btl=self,tcp\nmpirun ${program}\nsrun --mpi=pmix ${program}\n`;
    const out = join(folder, "mpi");
    const id = await submit(
      jinan,
      "weirt-li",
      ["-N2", "-n4", "--ntasks-per-node=2", "-o", out, "-e", `${out}.err`],
      script,
    );
    assert.equal((await ended(jinan, "weirt-li", id)).JobState, "COMPLETED", readFileSync(`${out}.err`, "utf8"));
    const ranks = ["0 jinan1 10", "1 jinan1 10", "2 jinan2 10", "3 jinan2 10"];
    assert.deepEqual(readFileSync(out, "utf8").trim().split("\n").sort(), [...ranks, ...ranks].sort());
  });

  test("a node without power takes its jobs along, and what they left behind", async () => {
    const file = join(jinan.sharedFolder, "weirt-li", "daemon");
    const leave = `setsid -f env -i sh -c 'echo $$ > ${file}; exec sleep 600'\nuntil [ -s ${file} ]; do sleep 0.1; done`;
    await startSleep(jinan, "weirt-li", ["--nodelist=jinan2"], leave);
    const daemon = Number(readFileSync(file, "utf8"));
    assert.notEqual(processIdentity(daemon), null);
    await jinan.node("jinan2").kill();
    assert.notEqual(processIdentity(daemon), null, "slurmd alone takes nothing along");
    await jinan.node("jinan2").powerOff();
    assert.equal(processIdentity(daemon), null);
    assert.equal(jinan.node("jinan1").alive(), true);
    await jinan.node("jinan2").restart();
  });

  test("a wrong clock is one daemon's alone", { skip: requires("faketime") }, async () => {
    await jinan.controller.restart({ clockOffsetS: 90 });
    const beganMs = Date.now();
    const job = await show(jinan, "weirt-li", await submit(jinan, "weirt-li", ["--hold"]));
    const submittedMs = Date.parse(`${job.SubmitTime}`);
    // Slurm's times are whole seconds.
    const told = `${submittedMs - beganMs} ms ahead`;
    assert.ok(submittedMs > beganMs + 88_000 && submittedMs <= Date.now() + 91_000, told);
  });

  test("in the end nothing is left", async () => {
    const file = join(qingdao.sharedFolder, "weirt-zhao", "daemon");
    const { stdout } = await qingdao.run(
      "weirt-zhao",
      ["sbatch", "--parsable"],
      `#!/bin/sh\necho $$ > ${file}.new; mv ${file}.new ${file}; sleep 600\n`,
    );
    await until(`job ${stdout} to start`, qingdao.logFolder, async () => existsSync(file));
    const pids = [...aliveDaemons(clusters.top).map(({ pid }) => pid), Number(readFileSync(file, "utf8"))];
    assert.equal(pids.length, 12);
    await clusters.stop();
    assert.deepEqual(
      pids.filter((pid) => processIdentity(pid) !== null),
      [],
    );
    assert.deepEqual(processesNaming(clusters.top), []);
    assert.equal(existsSync(clusters.top), false);
    assert.equal(
      allClaims().some(({ top }) => top === clusters.top),
      false,
    );
  });
});

test("whoever starts clusters and is killed takes them along; the next start clears away the rest", {
  skip,
}, async () => {
  const program = `import { startClusters } from "${join(import.meta.dirname, "clusters.ts")}";
    const { top } = await startClusters({ only: ["qingdao"], nodes: 1 }); console.log(top); setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const top = await new Promise<string>((settle) => child.stdout.setEncoding("utf8").once("data", settle));
  const folder = top.trim();
  assert.equal(aliveDaemons(folder).length, 4);
  child.kill("SIGKILL");
  await until("its daemons to end", folder, async () => processesNaming(folder).length === 0);
  assert.equal(existsSync(folder), true);
  const next = await startClusters({ only: ["qingdao"], nodes: 1 });
  assert.equal(existsSync(folder), false);
  await next.stop();
});

const mpiSum = `
  #include <mpi.h>
  #include <stdio.h>
  #include <stdlib.h>
  int main(int argc, char **argv) {
    int rank, own, sum;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    own = rank + 1;
    MPI_Allreduce(&own, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    printf("%d %s %d\\n", rank, getenv("SLURMD_NODENAME"), sum);
    MPI_Finalize();
    return 0;
  }
`;

/** Addresses, in the kernel's hexadecimal, that somebody listens at with this port. */
function listenersAt(port: number): readonly string[] {
  const listening = "0A";
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === listening && Number.parseInt(local?.split(":")[1] ?? "", 16) === port)
      .map(([, local]) => local?.split(":")[0] ?? ""),
  );
}

/** The pids of processes whose command line or environment names the folder. */
function processesNaming(folder: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) return false;
    try {
      return ["cmdline", "environ"].some((file) => readFileSync(join("/proc", pid, file), "utf8").includes(folder));
    } catch {
      return false;
    }
  });
}

async function submit(
  cluster: Cluster,
  user: string,
  words: readonly string[],
  script = "#!/bin/sh\n",
): Promise<string> {
  const { stdout, stderr } = await cluster.run(user, ["sbatch", "--parsable", ...words], script);
  assert.match(stdout, /^\d+\n$/, stderr);
  return stdout.trim();
}

/** The job's fields once it has ended. `sbatch --wait` would do, but looks only every few seconds. */
async function ended(cluster: Cluster, user: string, id: string): ReturnType<typeof show> {
  let job: Awaited<ReturnType<typeof show>> = {};
  await until(`job ${id} to end`, cluster.logFolder, async () => {
    job = await show(cluster, user, id);
    return !["PENDING", "RUNNING", "COMPLETING"].includes(`${job.JobState}`);
  });
  return job;
}

/** The fields of `scontrol show job`. */
async function show(cluster: Cluster, user: string, id: string): Promise<Readonly<Record<string, string | undefined>>> {
  const { stdout } = await cluster.run(user, ["scontrol", "-o", "show", "job", id]);
  return Object.fromEntries([...stdout.matchAll(/(\w+)=(\S*)/g)].map((match) => [match[1], match[2]]));
}

/** State, exit code and account, once slurmdbd has the job's end. */
async function accounted(cluster: Cluster, user: string, id: string): Promise<string> {
  let row = "";
  await until(`slurmdbd to have the end of job ${id}`, cluster.logFolder, async () => {
    const words = ["sacct", "-n", "-X", "-P", "-j", id, "-o", "State,ExitCode,Account"];
    row = (await cluster.run(user, words)).stdout.trim();
    return row !== "" && !row.startsWith("PENDING") && !row.startsWith("RUNNING");
  });
  return row;
}

/** A job that sleeps, after the given command; resolves to its id once that command is through. */
async function startSleep(cluster: Cluster, user: string, words: readonly string[], command = ":"): Promise<string> {
  const mark = join(cluster.sharedFolder, user, "sleeping");
  const script = `#!/bin/sh\n${command}\nwhile [ ! -s ${mark} ]; do echo yes > ${mark}; done\nsleep 600\n`;
  const id = await submit(cluster, user, ["-o", "/dev/null", ...words], script);
  await until(`job ${id} to start`, cluster.logFolder, async () => existsSync(mark));
  return id;
}
