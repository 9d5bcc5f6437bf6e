import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { OrderDemands, RunOrder } from "#core/run-order.ts";
import { sampleAllocation } from "#core/sample-testing.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { makeTestSite, orderOf, type TestAgent, type TestSite } from "./site-testing.ts";

// Portable work (W1, W2) through the driver on real clusters: a site's table of words, its modules, MPI and job steps.

const nothing: OrderDemands = { siteWords: {}, software: [], container: null, fileSystems: [], licences: [] };

describe("portable work on real clusters", { skip: requires("root", "slurm", "sudo"), concurrency: 2 }, () => {
  let clusters: Clusters;
  let folder: string;
  const sites = new Map<string, TestSite>();
  const agents = new Map<string, TestAgent>();

  before(async () => {
    clusters = await startClusters();
    folder = mkdtempSync("/var/tmp/weir-portable-");
    chmodSync(folder, 0o755);
    const init = join(folder, "modules.sh");
    writeFileSync(
      init,
      `module() {
  case "$1 $2" in
    "load tides/3.1") export LOADEDMODULES=tides/3.1 TIDES=/opt/tides-3.1 PATH=${folder}:$PATH ;;
    "--terse avail") echo tides/3.1 >&2 ;;
    *) echo "no module $2" >&2; return 1 ;;
  esac
}
`,
    );
    writeFileSync(join(folder, "tides"), '#!/bin/sh\necho "tides of $TIDES"\n', { mode: 0o755 });
    // As Apptainer is called: what comes before the image, the image, the program.
    const inside = 'until echo "$1" | grep -q ^docker:; do shift; done';
    const told = 'echo "$1 for $(id -un) in job $APPTAINERENV_SLURM_JOB_ID"; shift; exec "$@"';
    writeFileSync(join(folder, "apptainer"), `#!/bin/sh\n${inside}\n${told}\n`, { mode: 0o755 });
    // As srun is with the plugin pyxis: its options are taken, the step is Slurm's own, with the node's root for the image's.
    const plugin = `#!/bin/bash
[ "$1" = --help ] && { echo "      --container-image=IMAGE"; exit; }
for word; do case $word in --container-image=*) echo "$word" >&2 ;; --*container-*) ;; *) words+=("$word") ;; esac; done
exec /usr/bin/srun "\${words[@]}"
`;
    mkdirSync(join(folder, "pyxis"));
    writeFileSync(join(folder, "pyxis/srun"), plugin, { mode: 0o755 });
    for (const name of ["jinan", "qingdao"] as const) {
      const site = {
        moduleInit: init,
        aliases: {
          partition: { fast: "short" },
          qos: name === "jinan" ? { cheap: "preemptible" } : {},
          constraint: { infiniband: "ib" },
          licences: { fem: "abaqus" },
          reservation: { course: "weir-course" },
        },
        fileSystems: [{ name: "shared", path: clusters.clusters[name]?.sharedFolder ?? "", shared: true }],
      };
      const made = makeTestSite(clusters, name, { policy: ["licence abaqus", "reservation weir-course"], site });
      sites.set(name, made);
      agents.set(name, await made.open());
    }
  });
  after(async () => {
    for (const agent of agents.values()) await agent.driver.close();
    await clusters?.stop();
    for (const made of sites.values()) made.remove();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });
  const site = (name: string) => sites.get(name) ?? assert.fail(`no ${name}`);
  const agent = (name: string) => agents.get(name) ?? assert.fail(`no ${name}`);
  const asking = (script: string, demands: Partial<OrderDemands>, changes: Partial<RunOrder> = {}) =>
    orderOf(script, { ...changes, demands: { ...nothing, ...demands } });
  const shown = async (name: string, id: string) =>
    (await site(name).cluster.run("weirt-li", ["scontrol", "-o", "show", "job", id])).stdout;

  for (const name of ["jinan", "qingdao"])
    describe(name, { concurrency: 1 }, () => {
      test("what it reports: its own names and its table, modules, MPI, licences under every word", async () => {
        const { offers } = await agent(name).driver.describe();
        const { aliases } = offers;
        assert.deepEqual(aliases.partition, ["accel", "batch", "fast", "short"]);
        assert.deepEqual(offers.partitionPools, { fast: "short" });
        assert.deepEqual(aliases.qos, name === "jinan" ? ["cheap"] : []);
        assert.deepEqual(aliases.constraint, ["ib", "infiniband", "kunpeng"]);
        assert.deepEqual(aliases.reservation, ["course"]);
        assert.deepEqual(offers.software, ["tides/3.1"]);
        assert.deepEqual(
          offers.licences.map(({ name: word, total }) => [word, total]),
          [
            ["abaqus", 4],
            ["fem", 4],
          ],
        );
        assert.ok(offers.mpi.includes("pmix"), JSON.stringify(offers.mpi));
        assert.deepEqual(offers.fileSystems, [
          { name: "shared", path: site(name).cluster.sharedFolder, shared: true, purgeDays: null },
        ]);
      });

      describe("what runs there", { concurrency: 4 }, () => {
        test("words of a script become this site's own", async () => {
          const qos = name === "jinan" ? { qos: ["cheap"] } : {};
          const siteWords = { partition: ["slow", "fast"], constraint: ["infiniband"], ...qos };
          const order = asking(
            "echo $SLURMD_NODENAME; echo $SLURM_JOB_PARTITION; sleep 1",
            { siteWords, licences: [{ name: "fem", count: 2 }] },
            { pool: "short" },
          );
          const id = await agent(name).queue(order);
          const words = await shown(name, id);
          assert.match(words, /Partition=short/);
          assert.match(words, /Features=ib/);
          assert.match(words, /Licenses=abaqus:2/);
          if (name === "jinan") assert.match(words, /QOS=preemptible/);
          assert.deepEqual((await agent(name).ended(order.run)).end, { kind: "succeeded" });
          assert.equal(await agent(name).log(order.run), `${name}1\nshort\n`);
        });

        test("a node by its name", async () => {
          const order = asking("echo $SLURMD_NODENAME", { siteWords: { nodelist: [`${name}2`] } });
          await agent(name).queue(order);
          await agent(name).ended(order.run);
          assert.equal(await agent(name).log(order.run), `${name}2\n`);
        });

        test("a reservation by the site's word", async () => {
          const made = await site(name).cluster.run("root", [
            ...["scontrol", "create", "reservation", "reservationname=weir-course", "users=weirt-li"],
            ...["starttime=now", "duration=10", "nodecnt=1", "corecnt=1", "partition=batch", "flags=flex"],
          ]);
          assert.equal(made.status, 0, made.stderr);
          const order = asking("echo in", { siteWords: { reservation: ["course"] } });
          const id = await agent(name).queue(order);
          assert.match(await shown(name, id), /Reservation=weir-course/);
          assert.deepEqual((await agent(name).ended(order.run)).end, { kind: "succeeded" });
          await site(name).cluster.run("root", ["scontrol", "delete", "ReservationName=weir-course"]);
        });

        test("a word that the table does not have is refused, never guessed", async () => {
          const start = (demands: Partial<OrderDemands>) => agent(name).driver.start(asking("true", demands));
          const words = async (demands: Partial<OrderDemands>) => {
            const answer = await start(demands);
            return answer.kind === "refused" ? answer.words : assert.fail(answer.kind);
          };
          assert.match(
            await words({ siteWords: { partition: ["huge"] } }),
            /no partition "huge"; it has: accel, batch/,
          );
          assert.match(await words({ siteWords: { partition: ["fast"] } }), /which is short, and was sent to batch/);
          assert.match(await words({ siteWords: { qos: ["normal"] } }), /no QoS "normal"/);
          assert.match(
            await words({ licences: [{ name: "ansys", count: 1 }] }),
            /no licence "ansys"; it has: abaqus, fem/,
          );
        });

        test("software is loaded before the user's program, whatever reads it", async () => {
          const loaded = asking("tides; echo $0 | grep -o '.weir/script'", { software: ["tides/3.1"] });
          const perl = asking(
            "",
            { software: ["tides/3.1"] },
            {
              work: {
                kind: "script",
                text: '#!/usr/bin/perl\nprint "$ENV{TIDES} @ARGV\\n"; exit 4\n',
                arguments: ["a b"],
              },
            },
          );
          const missing = asking("echo ran", { software: ["tides/9"] });
          for (const order of [loaded, perl, missing]) await agent(name).queue(order);
          assert.deepEqual((await agent(name).ended(loaded.run)).end, { kind: "succeeded" });
          assert.equal(await agent(name).log(loaded.run), "tides of /opt/tides-3.1\n.weir/script\n");
          assert.deepEqual((await agent(name).ended(perl.run)).end, { kind: "failed", exitCode: 4 });
          assert.equal(await agent(name).log(perl.run), "/opt/tides-3.1 a b\n");
          assert.deepEqual((await agent(name).ended(missing.run)).end, { kind: "failed", exitCode: 127 });
          assert.match(await agent(name).log(missing.run, "stderr"), /weir: module load tides\/9 failed/);
        });

        test("a container's command reaches its node as the user, by a stand-in: Apptainer itself is not run", async () => {
          const image = `registry.example/tides@sha256:${"0".repeat(64)}`;
          const order = asking(
            "echo $SLURM_JOB_ID; exit 6",
            { container: image },
            { environment: { PATH: `${folder}:/usr/bin:/bin` } },
          );
          await agent(name).queue(order);
          assert.deepEqual((await agent(name).ended(order.run)).end, { kind: "failed", exitCode: 6 });
          const [said = "", id = ""] = (await agent(name).log(order.run)).split("\n");
          assert.match(id, /^\d+$/);
          assert.equal(said, `docker://${image} for weirt-li in job ${id}`);
        });

        test("pyxis: a step of Slurm's own has the job's cores, variables, exit code and end; the plugin is a stand-in", async () => {
          const image = `registry.example/tides@sha256:${"0".repeat(64)}`;
          const environment = { PATH: `${folder}/pyxis:/usr/bin:/bin`, GREETING: "a b" };
          const allocation = { ...sampleAllocation, nodes: 2, tasks: 4, coresPerNode: 2, memoryMibPerNode: 128 };
          const script = 'echo "$GREETING $SLURM_JOB_ID $SLURM_STEP_ID $SLURM_CPUS_PER_TASK $0"; pwd; exit 6';
          const wide = asking(script, { container: image }, { environment, allocation });
          const long = asking("echo up; sleep 100", { container: image }, { environment });
          const late = asking("sleep 100", { container: image }, { environment, timeLimitS: 3 });
          const ids = await Promise.all([wide, long, late].map((order) => agent(name).queue(order)));
          assert.deepEqual((await agent(name).ended(wide.run)).end, { kind: "failed", exitCode: 6 });
          const [said, work] = (await agent(name).log(wide.run)).split("\n");
          assert.match(said ?? "", new RegExp(`^a b ${ids[0]} 0 2 ${work}/.weir/script$`));
          assert.match(
            await agent(name).log(wide.run, "stderr"),
            /^--container-image=registry.example#tides:sha256:0{64}$/m,
          );
          await agent(name).started(long.run);
          assert.equal(await agent(name).driver.cancel(long.run), "cancelling");
          assert.deepEqual((await agent(name).ended(long.run)).end, { kind: "cancelled", by: "user", reason: null });
          assert.equal((await agent(name).ended(late.run)).end.kind, "timed-out");
        });

        test("job steps: srun on each node, side by side, with their own exit codes", async () => {
          const allocation = {
            ...sampleAllocation,
            nodes: 2,
            tasks: 2,
            coresPerTask: 2,
            coresPerNode: 2,
            memoryMibPerNode: 128,
          };
          const script = `srun --ntasks=2 sh -c 'echo "$SLURM_PROCID of $SLURM_NTASKS on $SLURM_NODEID"' | sort
srun --nodes=1 --ntasks=1 --exact --mem=32M sh -c 'echo step $SLURM_STEP_ID; exit 5'; echo "ended $?"
srun --nodes=1 --ntasks=1 --exact --mem=32M --relative=0 sleep 1 &
srun --nodes=1 --ntasks=1 --exact --mem=32M --relative=1 sleep 1 &
wait
echo $SLURM_JOB_NUM_NODES $SLURM_NTASKS $SLURM_CPUS_PER_TASK $SLURM_JOB_NODELIST`;
          const ended = await agent(name).run(script, { allocation });
          assert.deepEqual(ended.end, { kind: "succeeded" });
          const said = (await agent(name).log(ended.run)).trimEnd().split("\n");
          assert.deepEqual(said.slice(0, 2), ["0 of 2 on 0", "1 of 2 on 1"]);
          assert.match(said[2] ?? "", /^step \d$/);
          assert.deepEqual(said.slice(3), ["ended 5", `2 2 2 ${name}[1-2]`]);
        });

        test("an MPI program on two nodes, unchanged, by mpirun and by srun", {
          skip: requires("openmpi"),
        }, async () => {
          const home = `${site(name).cluster.sharedFolder}/weirt-li`;
          const source = `#include <mpi.h>
#include <stdio.h>
int main(int argc, char **argv) {
  int rank, size, sum = 0; char node[256]; int length;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank); MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Get_processor_name(node, &length);
  int mine = rank + 1;
  MPI_Reduce(&mine, &sum, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
  if (rank == 0) printf("%d ranks, sum %d\\n", size, sum);
  MPI_Finalize();
  return 0;
}
`;
          const c = join(folder, `${name}-ring.c`);
          writeFileSync(c, source);
          execFileSync("mpicc", ["-o", join(folder, `${name}-ring`), c]);
          const program = join(folder, `${name}-ring`);
          const script = `export OMPI_MCA_btl=self,tcp
cd ${home}
mpirun ${program} && srun --mpi=pmix ${program}`;
          const allocation = { ...sampleAllocation, nodes: 2, tasks: 4, coresPerNode: 2, memoryMibPerNode: 512 };
          const ended = await agent(name).run(script, { allocation });
          const said = await agent(name).log(ended.run);
          assert.deepEqual(ended.end, { kind: "succeeded" }, `${said}${await agent(name).log(ended.run, "stderr")}`);
          assert.equal(said, "4 ranks, sum 10\n4 ranks, sum 10\n");
        });
      });
    });
});
