import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { sampleAllocation } from "#core/sample-testing.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, clusterOf, startClusters } from "../../../tools/slurm/clusters.ts";
import { examineSite } from "./doctor.ts";
import { type RestProxy, startRestProxy } from "./rest-testing.ts";
import { arrayOrders, makeTestSite, orderOf, type TestAgent, type TestSite } from "./site-testing.ts";

// Both transports on real clusters, through the same checks; then what slurmrestd may do wrong: none lost, none doubled.

const names = ["jinan", "qingdao"] as const;

describe("both transports", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let proxy: RestProxy;
  const sites = new Map<string, TestSite>();
  const agents = new Map<string, TestAgent>();
  before(async () => {
    clusters = await startClusters({ nodeTimeoutS: 5 });
    const { restSocket, restUrl } = clusterOf(clusters, "qingdao");
    proxy = await startRestProxy(restUrl);
    const ways: Record<string, Parameters<typeof makeTestSite>> = {
      "jinan by commands": [clusters, "jinan"],
      "qingdao by commands": [clusters, "qingdao"],
      "jinan by REST": [clusters, "jinan", rest({ url: clusterOf(clusters, "jinan").restUrl })],
      "qingdao by REST": [clusters, "qingdao", rest({ socket: restSocket })],
      "qingdao behind a proxy": [clusters, "qingdao", rest({ url: proxy.url, patienceS: 3 })],
    };
    for (const [way, words] of Object.entries(ways)) {
      const made = makeTestSite(...words);
      sites.set(way, made);
      agents.set(way, await made.open());
    }
  });
  after(async () => {
    for (const agent of agents.values()) await agent.driver.close();
    await proxy?.close();
    await clusters?.stop();
    for (const made of sites.values()) made.remove();
  });
  const site = (way: string) => sites.get(way) ?? assert.fail(`no ${way}`);
  const agent = (way: string) => agents.get(way) ?? assert.fail(`no ${way}`);

  describe("at both centres at once", { concurrency: 2 }, () => {
    for (const name of names)
      describe(`at ${name}`, { concurrency: 2 }, () => {
        for (const transport of ["commands", "REST"]) endings(`${name} by ${transport}`, name === "jinan");
      });
  });

  /** At each cluster, how many tests want the partition `short` to start nothing. */
  const shut = new Map<string, number>();
  async function withShortDown(way: string, act: () => Promise<void>): Promise<void> {
    const { cluster } = site(way);
    const set = (state: string) => cluster.run("root", ["scontrol", "update", "PartitionName=short", `State=${state}`]);
    const change = (by: number): number => {
      const now = (shut.get(cluster.name) ?? 0) + by;
      shut.set(cluster.name, now);
      return now;
    };
    change(1);
    try {
      await set("DOWN");
      await act();
    } finally {
      if (change(-1) === 0) await set("UP");
    }
  }

  function endings(way: string, hasAccounting: boolean): void {
    describe(way, { concurrency: 4 }, () => {
      const ends = {
        "exit 0": { kind: "succeeded" },
        "exit 3": { kind: "failed", exitCode: 3 },
        "exit 137": { kind: "failed", exitCode: 137 },
        "exit 255": { kind: "failed", exitCode: 255 },
        "kill -9 $$": { kind: "signalled", signal: 9 },
        "kill -TERM $$": { kind: "signalled", signal: 15 },
      } as const;
      for (const [script, end] of Object.entries(ends))
        test(script, async () => assert.deepEqual((await agent(way).run(script)).end, end));

      test("the time limit, and more memory than asked for", async () => {
        const [late, large] = await Promise.all([
          agent(way).run("sleep 100", { timeLimitS: 2 }),
          agent(way).run(`exec perl -e 'my $x = "x" x 300_000_000; sleep 30'`),
        ]);
        assert.deepEqual([late.end.kind, large.end], ["timed-out", { kind: "out-of-memory" }]);
      });

      test("a cancel while it runs; CPU and memory are the accounting's where there is one", async () => {
        const order = orderOf("sleep 100");
        await agent(way).queue(order);
        await agent(way).started(order.run);
        assert.equal(await agent(way).driver.cancel(order.run), "cancelling");
        assert.deepEqual((await agent(way).ended(order.run)).end, { kind: "cancelled", by: "user", reason: null });
        const busy = await agent(way).run("sleep 3");
        assert.equal(busy.usage.memoryWay, hasAccounting ? "engine" : "sampled");
      });

      test("tasks of an array see the user's whole array, and each ends for itself", async () => {
        const script = "echo $SLURM_ARRAY_TASK_COUNT $SLURM_ARRAY_TASK_ID\nexit $((SLURM_ARRAY_TASK_ID / 10))";
        const array = { ranges: [{ first: 0, last: 398, step: 2 }], throttle: null };
        const orders = arrayOrders(script, array, [10, 20, 60]);
        const ids = await Promise.all(orders.map((order) => agent(way).queue(order)));
        assert.equal(new Set(ids).size, 1, "they travel as one array");
        for (const [at, order] of orders.entries()) {
          assert.deepEqual((await agent(way).ended(order.run)).end, { kind: "failed", exitCode: [1, 2, 6][at] });
          assert.equal(await agent(way).log(order.run), `200 ${order.index}\n`);
        }
      });

      test("steps on two nodes, cards, and the same environment", async () => {
        const two = { ...sampleAllocation, nodes: 2, tasks: 2, memoryMibPerNode: 64 };
        const cards = { acceleratorsPerNode: 2, acceleratorVendor: "huawei", acceleratorModel: "ascend910b" };
        const [steps, npus] = await Promise.all([
          agent(way).run(
            "srun hostname -s | wc -l; echo $SLURM_NTASKS $SLURM_NTASKS_PER_NODE $SLURM_CPUS_PER_TASK $SLURM_JOB_NODELIST",
            { allocation: two },
          ),
          agent(way).run("scontrol -o show job $SLURM_JOB_ID | grep -o 'Requeue=.\\|TresPerNode=[^ ]*'", {
            pool: "accel",
            allocation: { ...sampleAllocation, memoryMibPerNode: 64, ...cards },
          }),
        ]);
        assert.equal(await agent(way).log(steps.run), `2\n2 1 1 ${agent(way).nodes(steps.run)}\n`);
        assert.equal(await agent(way).log(npus.run), "Requeue=0\nTresPerNode=gres:npu:ascend910b:2\n");
      });

      test("a deadline is a fence, and a cancel in the queue", () =>
        withShortDown(way, async () => {
          // Long enough that a busy machine has submitted it by then.
          const leaseMs = 20_000;
          const askedMs = Date.now();
          const [late, mine] = [
            orderOf("true", { pool: "short", startWithinMs: leaseMs }),
            orderOf("true", { pool: "short" }),
          ];
          const [id = ""] = await Promise.all([agent(way).queue(late), agent(way).queue(mine)]);
          const queuedMs = Date.now();
          const shown = await site(way).cluster.run("root", ["scontrol", "-o", "show", "job", id]);
          const endsByMs = Date.parse(/ Deadline=(\S+)/.exec(shown.stdout)?.[1] ?? "");
          const limitMs = 60_000 * Math.ceil((late.timeLimitS + late.graceS) / 60);
          const startsByMs = endsByMs - limitMs;
          // The lease is counted from when the agent submits; Slurm keeps whole seconds.
          const told = `${startsByMs - askedMs} ms after it was asked, queued after ${queuedMs - askedMs} ms`;
          assert.ok(startsByMs > askedMs && startsByMs <= queuedMs + leaseMs, told);
          assert.equal(await agent(way).driver.cancel(mine.run), "cancelling");
          assert.deepEqual((await agent(way).ended(mine.run)).end, { kind: "cancelled", by: "user", reason: null });
          const ended = await agent(way).ended(late.run);
          // A partition that is down does not look at deadlines: what is late there is taken out.
          assert.match(ended.end.kind === "withdrawn" ? ended.end.evidence : "", /DEADLINE|its lease passed/);
        }));
    });
  }

  describe("where slurmrestd serves v0.0.37 alone", () => {
    const way = "qingdao by REST, v0.0.37";
    before(async () => {
      const { rest: daemon, restSocket } = clusterOf(clusters, "qingdao");
      await daemon.restart({ versions: ["v0.0.37"] });
      const made = makeTestSite(clusters, "qingdao", rest({ socket: restSocket }));
      sites.set(way, made);
      agents.set(way, await made.open());
    });
    after(() => clusterOf(clusters, "qingdao").rest.restart());

    endings(way, false);

    test("that version was spoken, and the doctor names it", async () => {
      assert.match(agent(way).driver.engine.transport, /, v0\.0\.37,/);
      const { settings } = site(way);
      const findings = await examineSite(settings.site, settings.folder, settings.identity);
      const found = findings.find(({ name }) => name === "transport");
      assert.deepEqual([found?.verdict, /v0\.0\.37, with/.test(found?.words ?? "")], ["good", true], found?.words);
    });
  });

  test("a job that is not the network's is not cancelled by REST either", async () => {
    const by = agent("qingdao by REST").driver.engine;
    const cluster = site("qingdao by REST").cluster;
    const { stdout } = await cluster.run("weirt-li", ["sbatch", "--parsable", "--hold", "-o/dev/null", "--wrap=true"]);
    const id = stdout.trim();
    for (const other of [id, "4000000"])
      assert.deepEqual(await by.cancel("weirt-li", [{ id: other, tag: "a-1.0.1-1" }], "all"), { notThere: [other] });
    assert.equal((await cluster.run("root", ["squeue", "-h", "-j", id, "-o", "%T"])).stdout.trim(), "PENDING");
    await cluster.run("root", ["scancel", id]);
  });

  describe("faults", () => {
    const way = "qingdao behind a proxy";
    const by = () => agent(way);
    const cluster = () => site(way).cluster;
    afterEach(async () => {
      proxy.spoil({ kind: "none" });
      if (cluster().rest.alive()) await cluster().rest.kill("SIGCONT");
      else await cluster().rest.restart();
    });
    const copiesOf = async (run: string) => {
      const { stdout } = await cluster().run("root", ["squeue", "-a", "-h", "-t", "all", "-o", "%j"]);
      return stdout.split("\n").filter((line) => line.includes(`-${run}-1`)).length;
    };
    const noted = (words: RegExp) => by().notes.some((note) => words.test(note));
    const foldersOf = async (run: string) => {
      const folders = `${cluster().sharedFolder}/weirt-li/.weir/*/${run}-*`;
      return (await cluster().run("weirt-li", ["sh", "-c", `ls -d ${folders}`])).stdout.trim().split("\n").length;
    };

    for (const kind of ["half-body", "hang-up"] as const)
      test(`${kind}: what was submitted all the same is found by its tag`, async () => {
        proxy.spoil({ kind, method: "POST", times: 1 });
        const order = orderOf("echo ran; exit 4");
        await by().queue(order);
        assert.deepEqual((await by().ended(order.run)).end, { kind: "failed", exitCode: 4 });
        assert.deepEqual([await copiesOf(order.run), await by().log(order.run)], [1, "ran\n"]);
        assert.ok(noted(/a submission is in doubt.*slurmrestd http.*POST \/slurm\/v0\.0\.38\/job\/submit/));
      });

    test("500: it is proved that nothing arrived, and then it is sent again", async () => {
      proxy.spoil({ kind: "500", method: "POST", times: 1 });
      const order = orderOf("exit 5");
      await by().queue(order);
      assert.deepEqual((await by().ended(order.run)).end, { kind: "failed", exitCode: 5 });
      assert.equal(await copiesOf(order.run), 1);
      assert.ok(noted(/in doubt.*HTTP 500: Internal Server Error/));
    });

    test("500 and half bodies to every question: the run is followed once they pass", async () => {
      const order = orderOf("sleep 5; exit 6");
      await by().queue(order);
      const notes = by().notes.length;
      proxy.spoil({ kind: "half-body", method: "GET" });
      await by().until(() =>
        by()
          .notes.slice(notes)
          .some((note) => /cannot be followed.*GET/.test(note)),
      );
      proxy.spoil({ kind: "500", method: "GET" });
      await delay(1_000);
      proxy.spoil({ kind: "none" });
      assert.deepEqual((await by().ended(order.run)).end, { kind: "failed", exitCode: 6 });
    });

    for (const which of ["wrong", "expired"])
      test(`a token that is ${which}: a new one is minted, and nothing is in doubt`, async () => {
        let token = "no.such.token";
        if (which === "expired") {
          const { stdout } = await cluster().run("weirt-li", ["scontrol", "token", "lifespan=1"]);
          token = stdout.trim().replace("SLURM_JWT=", "");
          await delay(2_500);
        }
        const [spoilt, notes] = [proxy.spoilt(), by().notes.length];
        proxy.spoil({ kind: "token", token });
        const order = orderOf("exit 7");
        await by().queue(order);
        assert.deepEqual((await by().ended(order.run)).end, { kind: "failed", exitCode: 7 });
        assert.equal(await copiesOf(order.run), 1);
        assert.ok(proxy.spoilt() > spoilt, "the token was tried");
        assert.deepEqual(
          by()
            .notes.slice(notes)
            .filter((note) => /in doubt/.test(note)),
          [],
        );
      });

    test("slurmrestd killed: nothing is sent, and the run is taken once it is back", async () => {
      const direct = agent("qingdao by REST");
      await cluster().rest.kill("SIGKILL");
      const order = orderOf("exit 8");
      const answer = await direct.driver.start(order);
      assert.equal(answer.kind, "busy", JSON.stringify(answer));
      assert.match(answer.kind === "busy" ? answer.words : "", /slurmrestd unix:.*(?:ECONNREFUSED|ENOENT)/);
      await cluster().rest.restart();
      await direct.queue(order);
      assert.deepEqual((await direct.ended(order.run)).end, { kind: "failed", exitCode: 8 });
      assert.equal(await copiesOf(order.run), 1);
    });

    test("slurmrestd killed under a submission: it is in doubt until it is proved, and one job runs", async () => {
      await cluster().rest.kill("SIGSTOP");
      const order = orderOf("exit 8");
      const [notes, heard] = [by().notes.length, proxy.heard.length];
      const answer = by().driver.start(order);
      await by().until(() => proxy.heard.slice(heard).some((asked) => /^POST .*\/job\/submit/.test(asked)));
      await cluster().rest.kill("SIGKILL");
      await by().until(() =>
        by()
          .notes.slice(notes)
          .some((note) => /in doubt/.test(note)),
      );
      await cluster().rest.restart();
      assert.equal((await answer).kind, "queued");
      assert.deepEqual((await by().ended(order.run)).end, { kind: "failed", exitCode: 8 });
      assert.deepEqual([await copiesOf(order.run), await foldersOf(order.run)], [1, 1]);
    });

    test("slurmrestd stands still with a submission, and does it later: one job runs", async () => {
      await by().run("true");
      await cluster().rest.kill("SIGSTOP");
      const order = orderOf("echo ran; exit 9");
      const notes = by().notes.length;
      const answer = by().driver.start(order);
      await by().until(() =>
        by()
          .notes.slice(notes)
          .some((note) => /in doubt.*no whole answer within 3 s/.test(note)),
      );
      await delay(6_000);
      await cluster().rest.kill("SIGCONT");
      assert.equal((await answer).kind, "queued");
      assert.deepEqual((await by().ended(order.run)).end, { kind: "failed", exitCode: 9 });
      assert.equal(await by().log(order.run), "ran\n");
      assert.equal(await foldersOf(order.run), 1);
      assert.equal(await copiesOf(order.run), 1);
    });

    test("the controller killed under a submission by REST", async () => {
      await cluster().controller.kill("SIGSTOP");
      const order = orderOf("exit 10");
      const answer = by().driver.start(order);
      await delay(1_000);
      await cluster().controller.kill("SIGKILL");
      await cluster().controller.restart();
      const said = await answer;
      if (said.kind !== "queued") await by().queue(order);
      assert.deepEqual((await by().ended(order.run)).end, { kind: "failed", exitCode: 10 });
      assert.equal(await foldersOf(order.run), 1);
    });

    test("many at once: each runs once, on at most eight connections", async () => {
      const orders = Array.from({ length: 40 }, (_, at) => orderOf(`exit ${at % 3}`));
      await Promise.all(orders.map((order) => by().queue(order)));
      for (const [at, order] of orders.entries()) {
        const { end } = await by().ended(order.run);
        assert.deepEqual(end, at % 3 === 0 ? { kind: "succeeded" } : { kind: "failed", exitCode: at % 3 });
      }
      assert.ok(proxy.connections() <= 8, `${proxy.connections()} connections`);
    });
  });

  test("the doctor names transport, version and range", async () => {
    for (const way of ["qingdao by REST", "jinan by commands"]) {
      const { settings } = site(way);
      const findings = await examineSite(settings.site, settings.folder, settings.identity);
      const found = findings.find(({ name }) => name === "transport");
      assert.equal(found?.verdict, "good", JSON.stringify(findings));
      assert.match(found?.words ?? "", way === "qingdao by REST" ? /v0\.0\.38/ : /commands through weir-as/);
    }
    const { settings } = site("qingdao by REST");
    const dead = { ...settings.site, rest: { socket: "/no/such", url: null, patienceS: 2 } };
    const findings = await examineSite(dead, settings.folder, settings.identity);
    assert.match(
      findings.find(({ verdict, name }) => name === "transport" && verdict === "wrong")?.words ?? "",
      /\/no\/such/,
    );
  });
});

function rest(where: object): { readonly site: object } {
  return { site: { transport: "rest", rest: where } };
}
