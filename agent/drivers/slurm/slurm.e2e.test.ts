import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { sampleAllocation } from "#core/sample-testing.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { type Call, countCommands } from "./counting-testing.ts";
import { examineSite, findingsText } from "./doctor.ts";
import { usualPace } from "./driver.ts";
import { arrayOrders, makeTestSite, orderOf, type TestAgent, type TestSite, when } from "./site-testing.ts";

// Real clusters, through weir-as and sudo, as the agent's unprivileged user: jinan with slurmdbd, qingdao without.

describe("the Slurm driver on real clusters", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  const sites = new Map<string, TestSite>();
  const agents = new Map<string, TestAgent>();
  before(async () => {
    clusters = await startClusters({ nodeTimeoutS: 5 });
    for (const name of ["jinan", "qingdao"] as const) {
      const made = makeTestSite(clusters, name);
      sites.set(name, made);
      agents.set(name, await made.open());
    }
  });
  after(async () => {
    for (const agent of agents.values()) await agent.driver.close();
    await clusters?.stop();
    for (const made of sites.values()) made.remove();
  });
  const site = (name: string) => sites.get(name) ?? assert.fail(`no ${name}`);
  const agent = (name: string) => agents.get(name) ?? assert.fail(`no ${name}`);

  describe("at both at once", { concurrency: 3 }, () => {
    for (const name of ["jinan", "qingdao"]) endings(name);
    test("no listing comes sooner than 10 s after the one before it, however often is asked (P6)", () => pace());
  });
  async function pace(): Promise<void> {
    const counted = countCommands();
    const paced = makeTestSite(clusters, "jinan", { slurmBin: counted.bin });
    const own = await paced.open(usualPace);
    // Asked far more often than a server does.
    const asking = setInterval(() => void own.driver.describe().catch(() => undefined), 300);
    try {
      const long = orderOf("sleep 600", { person: { id: 2, name: "wang" } });
      await own.queue(long);
      counted.loseSubmissions("weirt-zhao", 1);
      const doubtful = orderOf("exit 6", { person: { id: 3, name: "zhao" } });
      const askedMs = Date.now();
      await own.queue(doubtful);
      const doubtMs = Date.now() - askedMs;
      const lookUps = counted
        .calls()
        .filter((call) => call.user === "weirt-zhao" && call.program === "sacct" && isListing(call));
      const most = Math.floor(doubtMs / 10_000) + 1;
      assert.ok(lookUps.length >= 2 && lookUps.length <= most, `${lookUps.length} in ${doubtMs} ms`);
      assert.deepEqual((await own.ended(doubtful.run)).end, { kind: "failed", exitCode: 6 });
      const listings = () => {
        const all = counted.calls().filter(isListing);
        return {
          "of others' work": all.filter(({ words }) => / --all /.test(words)),
          "of a user's own": all.filter(
            ({ user, program, words }) =>
              user === "weirt-wang" && program === "squeue" && words.match(drawnMark)?.length !== ownQueueMarks,
          ),
          "of a user's accounting": all.filter(({ user, program }) => user === "weirt-wang" && program === "sacct"),
        };
      };
      await own.until(() => Object.values(listings()).every((calls) => calls.length >= 3));
      for (const [what, calls] of Object.entries(listings())) {
        const gapsMs = calls.slice(1).map(({ atMs }, at) => atMs - (calls[at]?.atMs ?? 0));
        assert.ok(Math.min(...gapsMs) >= 9_900, `${what}: ${gapsMs}`);
      }
      await own.driver.cancel(long.run);
      await own.ended(long.run);
    } finally {
      clearInterval(asking);
      await own.driver.close();
      paced.remove();
      counted.remove();
    }
  }

  test("a preemptible run gives way, and says so", async () => {
    const jinan = agent("jinan");
    const { mapping } = jinan.driver;
    const [entry] = mapping.entries();
    assert.ok(entry);
    mapping.put({ ...entry, person: 7, qos: "preemptible" });
    const weak = orderOf("sleep 100", { person: { id: 7, name: "opportunist" } });
    await jinan.queue(weak);
    await jinan.started(weak.run);
    const words = ["sbatch", "--parsable", "-N2", "--exclusive", "--mem=100", "-t10", "-o/dev/null", "--account=hpc"];
    const strong = await site("jinan").cluster.run("weirt-zhao", [...words, "--qos=normal", "--wrap=sleep 600"]);
    assert.equal(strong.status, 0, strong.stderr);
    const ended = await jinan.ended(weak.run);
    await site("jinan").cluster.run("root", ["scancel", strong.stdout.trim()]);
    assert.deepEqual(ended.end, { kind: "preempted" });
    await site("jinan").cluster.idle();
  });

  for (const name of ["jinan", "qingdao"])
    test(`an account serves once its test submission at ${name} has succeeded, and says why it has not`, async () => {
      const { mapping } = agent(name).driver;
      const [entry] = mapping.entries();
      assert.ok(entry);
      const readiness = { kind: "created", sinceMs: 0, words: null } as const;
      mapping.put({ ...entry, person: 11, readiness });
      // Slurm accepts that account; the site's policy does not.
      mapping.put({ ...entry, person: 12, account: "closed", readiness });
      mapping.put({ ...entry, person: 13, user: "root", readiness });
      const of = (person: number) => mapping.entries().find((one) => one.person === person)?.readiness;
      const order = orderOf("true", { person: { id: 11, name: "new" } });
      assert.equal((await agent(name).driver.start(order)).kind, "refused");
      await agent(name).until(() => of(11)?.kind === "ready");
      await agent(name).until(() => [12, 13].every((person) => JSON.stringify(of(person)).includes("test submission")));
      assert.match(JSON.stringify(of(12)), /does not allow the account closed/);
      assert.match(JSON.stringify(of(13)), /the helper never acts as root/);
      const { mechanisms } = await agent(name).driver.describe();
      assert.match(
        mechanisms.alarm ?? "",
        /^the site's policy refused \d+ requests, the last at \S+ by (account|root);/,
      );
      assert.ok(agent(name).notes.some((note) => /^ALARM: .*"rule":"root"/.test(note)));
      await agent(name).queue({ ...order, run: orderOf("").run });
    });

  test("while the site takes no new work its pools are drained, and the run's history says why it waits", async () => {
    const qingdao = agent("qingdao");
    const { folder } = site("qingdao").settings;
    const states = async () => new Set((await qingdao.driver.describe()).pools.map((pool) => pool.state));
    const stop = join(dirname(folder), "log", "stop");
    writeFileSync(stop, "");
    const order = orderOf("true");
    try {
      assert.equal((await qingdao.driver.start(order)).kind, "busy");
      const remarks = qingdao.seen.filter((one) => one.run === order.run && one.kind === "remark");
      assert.deepEqual(
        remarks.map((one) => one.kind === "remark" && one.words),
        ["not taken yet, and asked again: the site takes no new work now (weir-agent stop-new)"],
      );
      await when(states, (seen) => seen.has("drained") && seen.size === 1);
      assert.match((await qingdao.driver.describe()).mechanisms.trouble ?? "", /^the site takes no new work now/);
    } finally {
      rmSync(stop);
    }
    assert.equal((await qingdao.driver.start(order)).kind, "queued");
    assert.deepEqual((await qingdao.ended(order.run)).end, { kind: "succeeded" });
    await when(states, (seen) => seen.has("up"));
  });

  test("a policy with a slip in it is not in force, so nothing new is taken, until it is mended", async () => {
    const qingdao = agent("qingdao");
    const policy = join(dirname(site("qingdao").settings.folder), "policy");
    const told = async () => (await qingdao.driver.describe()).mechanisms.trouble ?? null;
    const states = async () => new Set((await qingdao.driver.describe()).pools.map((pool) => pool.state));
    const before = readFileSync(policy, "utf8");
    writeFileSync(policy, `${before}max-nodse 4\n`);
    try {
      await when(told, (words) => words?.startsWith("the site's policy is not in force") ?? false);
      await when(states, (seen) => seen.has("drained") && seen.size === 1);
    } finally {
      writeFileSync(policy, before);
    }
    await when(states, (seen) => seen.has("up"));
    assert.equal(await told(), null);
  });

  test("what the doctor finds", async () => {
    for (const name of ["jinan", "qingdao"]) {
      const { settings } = site(name);
      const findings = await examineSite(settings.site, settings.folder, settings.identity);
      const found = (what: string) => findings.find((one) => one.name === what) ?? assert.fail(`${name}: no ${what}`);
      assert.deepEqual(
        [found("version").verdict, found("weir-as").verdict, found("clock").verdict],
        ["good", "good", "good"],
      );
      assert.equal(found("accounting").verdict, name === "jinan" ? "good" : "note");
      assert.equal(found("PrivateData").verdict, name === "jinan" ? "note" : "good");
      // The entries that the tests above made for root are refused.
      assert.match(found("user root").words, /never acts as root/);
      const broken = await examineSite(
        { ...settings.site, helper: ["/bin/false"] },
        settings.folder,
        settings.identity,
      );
      assert.equal(broken.find((one) => one.name === "weir-as")?.verdict, "wrong");
      assert.match(findingsText(broken), /^wrong {2}weir-as: weir-as: it ended with status 1/);
    }
  });
  function endings(name: string): void {
    describe(`how runs end at ${name}`, { concurrency: 8 }, () => {
      const ends = {
        "exit 0": { kind: "succeeded" },
        "exit 3": { kind: "failed", exitCode: 3 },
        "exit 127": { kind: "failed", exitCode: 127 },
        "exit 137": { kind: "failed", exitCode: 137 },
        "exit 255": { kind: "failed", exitCode: 255 },
        "kill -9 $$": { kind: "signalled", signal: 9 },
        "kill -TERM $$": { kind: "signalled", signal: 15 },
        "kill -SEGV $$": { kind: "signalled", signal: 11 },
        "no-such-command-here": { kind: "failed", exitCode: 127 },
      } as const;
      for (const [script, end] of Object.entries(ends))
        test(script, async () => {
          const ended = await agent(name).run(script);
          assert.deepEqual(ended.end, end);
          assert.ok(ended.usage.startedMs !== null);
          // Slurm, which keeps whole seconds, would call it nothing at all.
          assert.ok(ended.usage.wallMs > 0 && ended.atMs >= ended.usage.startedMs, JSON.stringify(ended));
        });

      test("an interpreter that is not there", async () => {
        const ended = await agent(name).run("", {
          work: { kind: "script", text: "#!/no/such/interpreter\n", arguments: [] },
        });
        assert.deepEqual(ended.end, { kind: "failed", exitCode: 127 });
        assert.match(ended.words ?? "", /interpreter/);
      });

      test("the time limit to the second, and a script that leaves at SIGTERM has timed out all the same", async () => {
        const [plain, polite] = await Promise.all([
          agent(name).run("sleep 100", { timeLimitS: 2 }),
          agent(name).run("trap 'exit 0' TERM\nwhile :; do sleep 0.1; done", { timeLimitS: 2, graceS: 100 }),
        ]);
        assert.deepEqual([plain.end.kind, polite.end.kind], ["timed-out", "timed-out"]);
        assert.ok(plain.usage.wallMs >= 2000 && plain.usage.wallMs <= 30_000, `${plain.usage.wallMs} ms`);
      });

      test("more memory than asked for", async () => {
        const ended = await agent(name).run(`exec perl -e 'my $x = "x" x 300_000_000; sleep 30'`);
        assert.deepEqual(ended.end, { kind: "out-of-memory" });
      });

      test("a cancel of a run that runs", async () => {
        const order = orderOf("sleep 100");
        await agent(name).queue(order);
        await agent(name).started(order.run);
        assert.equal(await agent(name).driver.cancel(order.run), "cancelling");
        assert.deepEqual((await agent(name).ended(order.run)).end, { kind: "cancelled", by: "user", reason: null });
        assert.equal(await agent(name).driver.cancel(order.run), "already-ended");
      });

      test("a cancel by the site, and one by the user at the centre", async () => {
        const [first, second] = [orderOf("sleep 100"), orderOf("sleep 100")];
        const ids = await Promise.all([agent(name).queue(first), agent(name).queue(second)]);
        await Promise.all([agent(name).started(first.run), agent(name).started(second.run)]);
        await site(name).cluster.run("root", ["scancel", ids[0]]);
        await site(name).cluster.run("weirt-li", ["scancel", ids[1]]);
        const [bySite, byUser] = await Promise.all([agent(name).ended(first.run), agent(name).ended(second.run)]);
        assert.equal(bySite.end.kind === "cancelled" && bySite.end.by, name === "jinan" ? "centre" : "unknown");
        // Only accounting knows who it was; without it nobody is named, and neither is billed (M7).
        assert.equal(byUser.end.kind === "cancelled" && byUser.end.by, name === "jinan" ? "user" : "unknown");
      });

      test("tasks of an array see the user's whole array, and each ends for itself", async () => {
        const script = `echo $SLURM_ARRAY_TASK_COUNT $SLURM_ARRAY_TASK_MIN $SLURM_ARRAY_TASK_MAX $SLURM_ARRAY_TASK_STEP $SLURM_ARRAY_TASK_ID
exit $((SLURM_ARRAY_TASK_ID / 10))`;
        const array = { ranges: [{ first: 0, last: 398, step: 2 }], throttle: null };
        const orders = arrayOrders(script, array, [10, 20, 30, 60]);
        const answers = await Promise.all(orders.map((order) => agent(name).driver.start(order)));
        const ids = answers.map((answer) => answer.kind === "queued" && answer.engineId);
        assert.equal(new Set(ids).size, 1, "they travel as one array");
        for (const [at, order] of orders.entries()) {
          const ended = await agent(name).ended(order.run);
          assert.deepEqual(ended.end, { kind: "failed", exitCode: [1, 2, 3, 6][at] });
          assert.equal(await agent(name).log(order.run), `200 0 398 2 ${order.index}\n`);
        }
      });

      test("an index that no array of Slurm may have", async () => {
        const array = { ranges: [{ first: 5, last: 900_005, step: 100_000 }], throttle: null };
        const [order] = arrayOrders("echo $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT", array, [900_005]);
        assert.ok(order);
        await agent(name).queue(order);
        assert.deepEqual((await agent(name).ended(order.run)).end, { kind: "succeeded" });
        assert.equal(await agent(name).log(order.run), "900005 of 10\n");
      });

      test("what it wrote is read while it runs, and is final after its end", async () => {
        const order = orderOf("echo first; echo wrong >&2; until [ -e go ]; do sleep 0.1; done; echo last");
        await agent(name).queue(order);
        await agent(name).started(order.run);
        const early = await readUntil(() => agent(name).log(order.run), "first\n");
        assert.equal(early, "first\n");
        const live = await agent(name).driver.readLog(order.run, "stdout", 0, 100);
        assert.equal(live.kind === "bytes" && live.final, false);
        assert.equal(await agent(name).log(order.run, "stderr"), "wrong\n");
        const work = `${site(name).cluster.sharedFolder}/weirt-li/.weir/*/${order.run}-0/work`;
        const touched = await site(name).cluster.run("weirt-li", ["sh", "-c", `cd ${work} && touch go`]);
        assert.deepEqual(touched, { status: 0, stdout: "", stderr: "" });
        await agent(name).ended(order.run);
        const done = await agent(name).driver.readLog(order.run, "stdout", -5, 100);
        assert.deepEqual(done.kind === "bytes" && [Buffer.from(done.bytes).toString(), done.final, done.offset], [
          "last\n",
          true,
          6,
        ]);
      });

      test("cards are asked for by this centre's own words", async () => {
        const cards = { acceleratorsPerNode: 2, acceleratorVendor: "huawei", acceleratorModel: "ascend910b" };
        const order = orderOf("sleep 2", {
          pool: "accel",
          allocation: { ...sampleAllocation, memoryMibPerNode: 64, ...cards },
        });
        const id = await agent(name).queue(order);
        await agent(name).started(order.run);
        const shown = await site(name).cluster.run("weirt-li", ["scontrol", "-o", "show", "job", id]);
        assert.match(shown.stdout, /TresPerNode=gres:npu:ascend910b:2/);
        assert.deepEqual((await agent(name).ended(order.run)).end, { kind: "succeeded" });
      });

      test("each run as the user to whom the mapping leads; nobody without one", async () => {
        const wang = orderOf("id -un", { person: { id: 2, name: "wang" } });
        await agent(name).queue(wang);
        await agent(name).ended(wang.run);
        assert.equal(await agent(name).log(wang.run), "weirt-wang\n");
        const nobody = await agent(name).driver.start(orderOf("id", { person: { id: 9, name: "eve" } }));
        assert.equal(nobody.kind, "refused");
        assert.match(nobody.kind === "refused" ? nobody.words : "", /no local account for person 9 \(eve\)/);
        const nowhere = await agent(name).driver.start(orderOf("id", { pool: "no-such" }));
        assert.deepEqual(nowhere, { kind: "refused", words: "this cluster has no partition no-such" });
      });

      test("whole nodes are nobody else's, and switches may be named", async () => {
        const { pools } = await agent(name).driver.describe();
        const [group] = pools.find((pool) => pool.name === orderOf("").pool)?.nodes ?? [];
        assert.ok(group);
        const { cores: coresPerNode, memoryMib: memoryMibPerNode } = group;
        const allocation = { ...sampleAllocation, coresPerNode, memoryMibPerNode: Math.min(64, memoryMibPerNode) };
        const script = "scontrol --oneliner show job $SLURM_JOB_ID";
        const whole = { ...allocation, wholeNodes: true, nodeGroups: 1 } as const;
        const { end, run } = await agent(name).run(script, { allocation: whole });
        assert.deepEqual(end, { kind: "succeeded" });
        const said = await agent(name).log(run);
        assert.match(said, new RegExp(`NumCPUs=${coresPerNode} `));
        assert.match(said, /OverSubscribe=NO/);
        assert.match(said, /Switch\w*=1\b/);
      });

      test("two nodes", async () => {
        const allocation = { ...sampleAllocation, nodes: 2, tasks: 2, memoryMibPerNode: 64 };
        const ended = await agent(name).run("srun hostname -s | wc -l; echo $SLURM_JOB_NUM_NODES $SLURM_JOB_NODELIST", {
          allocation,
        });
        assert.deepEqual(ended.end, { kind: "succeeded" });
        assert.equal(await agent(name).log(ended.run), `2\n2 ${agent(name).nodes(ended.run)}\n`);
      });

      test("what a user writes over their own record changes nothing: the engine says which nodes it had", async () => {
        const lies = `s/^node=.*/"node=" . ("\\0x" x 3000)/e; s/^nodes=.*/nodes=elsewhere[1-3]/`;
        const script = `perl -i -pe '${lies}' "$WEIR_WORK/../started" && echo $SLURM_JOB_NODELIST; sleep 2`;
        const ended = await agent(name).run(script);
        assert.deepEqual(ended.end, { kind: "succeeded" });
        assert.equal(await agent(name).log(ended.run), `${agent(name).nodes(ended.run)}\n`);
      });
    });
  }
});

async function readUntil(read: () => Promise<string>, wanted: string): Promise<string> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    const text = await read();
    if (text === wanted) return text;
    await delay(50);
  }
  return read();
}

/** What asks for named jobs is no listing. */
function isListing({ program, words }: Call): boolean {
  return (program === "squeue" || program === "sacct") && !/--jobs=/.test(words);
}

/** The helper draws what stands between fields by lot; its count of a user's jobs, for limits, has seven fields. */
const drawnMark = /=[0-9a-f]{24}=/g;
const ownQueueMarks = 8;
