import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { AccountLimits } from "#core/centre/account-limits.ts";
import type { EnginePool } from "#core/centre/engine.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { examineSite } from "./doctor.ts";
import { makeTestSite, orderOf, type TestAgent, type TestSite, when } from "./site-testing.ts";

// What binds a mapped user at a real centre, and what is coming there: jinan, with slurmdbd and PrivateData=jobs,usage.

describe("limits, maintenance and the load of others at a real cluster", {
  skip: requires("root", "slurm", "sudo"),
}, () => {
  let clusters: Clusters;
  let site: TestSite;
  let agent: TestAgent;
  before(async () => {
    clusters = await startClusters({ only: ["jinan"] });
    site = makeTestSite(clusters, "jinan");
    await modify(
      "user",
      "weirt-li",
      "where",
      "account=ai-lab",
      "set",
      "MaxSubmitJobs=3",
      "MaxJobs=2",
      "MaxWall=01:00:00",
    );
    await modify("account", "ai-lab", "set", "GrpTRES=cpu=12,gres/gpu=2", "GrpTRESMins=cpu=6000");
    agent = await site.open({ listEveryMs: 500 });
  });
  after(async () => {
    await agent?.driver.close();
    await clusters?.stop();
    site?.remove();
  });

  async function root(...words: readonly string[]): Promise<void> {
    const done = await site.cluster.run("root", words);
    assert.equal(done.status, 0, done.stderr);
  }
  const modify = (...words: readonly string[]) => root("sacctmgr", "--immediate", "modify", ...words);

  async function limitsOf(person: number): Promise<AccountLimits | undefined> {
    return (await agent.driver.describe()).limits?.find((one) => one.person === person);
  }

  test("the limits of user, account and QoS are told by ids, and no local name goes out", async () => {
    const limits = await when(
      () => limitsOf(1),
      (found) => found !== undefined,
    );
    assert.deepEqual(limits, {
      person: 1,
      project: null,
      submitted: 0,
      othersHold: [],
      mostRunning: 2,
      mostSubmitted: 3,
      mostTimeS: 3600,
      together: [
        { name: "cpu", most: 12 },
        { name: "gres/gpu", most: 2 },
      ],
      togetherMinutes: [{ name: "cpu", most: 6000 }],
      fairShare: 1,
    });
    const told = JSON.stringify((await agent.driver.describe()).limits);
    for (const name of ["weirt", "ai-lab", "hpc", "normal"]) assert(!told.includes(name), told);
  });

  describe("what changes there", { concurrency: 3 }, () => {
    // A job of the user's own; it runs before a test beside this one drains nodes.
    before(async () => {
      const own = await site.cluster.run("weirt-li", ["sbatch", "-o/dev/null", "--mem=50", "--wrap=sleep 900"]);
      assert.equal(own.status, 0, own.stderr);
      await when(
        async () => (await site.cluster.run("root", ["squeue", "-h", "-u", "weirt-li", "-t", "R"])).stdout.trim(),
        (running) => running !== "",
      );
    });

    test("at the limit of submissions Slurm says no for now, and the network learns how many there are", async () => {
      const orders = [
        orderOf("sleep 900", { timeLimitS: 1_200 }),
        orderOf("sleep 900", { timeLimitS: 1_200 }),
        orderOf("true"),
      ];
      const [first, second, third] = orders;
      assert(first && second && third);
      await agent.queue(first);
      await agent.queue(second);
      const over = await agent.driver.start(third);
      assert.equal(over.kind, "busy", JSON.stringify(over));
      const full = await when(
        () => limitsOf(1),
        (limits) => limits?.submitted === 3 && (limits.othersHold?.length ?? 0) > 0,
      );
      assert.deepEqual(full?.othersHold, [
        { name: "job", count: 1 },
        { name: "cpu", count: 1 },
        { name: "node", count: 1 },
      ]);
      await Promise.all([agent.driver.cancel(first.run), agent.driver.cancel(second.run)]);
      await Promise.all([agent.ended(first.run), agent.ended(second.run)]);
      assert.equal((await limitsOf(1))?.submitted, 1, "what is the network's own is counted as it ends");
      await site.cluster.run("weirt-li", ["scancel", "--user=weirt-li"]);
    });

    test("maintenance that is coming, and nodes that are drained", async () => {
      const window = ["starttime=now+1hour", "duration=120", "flags=maint,ignore_jobs", "users=root"];
      await root("scontrol", "create", "reservation", "reservationname=repair", "nodes=jinan1", ...window);
      await root("scontrol", "update", "nodename=jinan2", "state=drain", "reason=new disk");
      const batch = await when(
        async () => (await agent.driver.describe()).pools.find(({ name }) => name === "batch") as EnginePool,
        (pool) => pool.nodes.length === 2 && pool.nodes.some(({ maintenance }) => maintenance),
      );
      const [one, two] = batch.nodes;
      assert(one?.maintenance && two);
      assert.deepEqual([one.names, one.state], ["jinan1", "up"]);
      const { startsInMs, endsInMs } = one.maintenance;
      assert(startsInMs > 3_500_000 && startsInMs <= 3_600_000 && endsInMs - startsInMs === 7_200_000, `${startsInMs}`);
      assert.deepEqual([two.names, two.state, two.maintenance], ["jinan2", "draining", undefined]);
      assert.match(two.reason ?? "", /^new disk/);
      await root("scontrol", "update", "nodename=jinan2", "state=resume");
      await root("scontrol", "delete", "reservationname=repair");
    });

    test("others' jobs are seen through the helper's list without names where the policy allows it, else hidden", async () => {
      const words = [
        "sbatch",
        "--parsable",
        "-n3",
        "-t20",
        "-o/dev/null",
        "--mem=100",
        "--account=hpc",
        "--wrap=sleep 900",
      ];
      const theirs = await site.cluster.run("weirt-zhao", words);
      assert.equal(theirs.status, 0, theirs.stderr);
      const foreign = async () => (await agent.driver.describe()).pools.find(({ name }) => name === "batch")?.foreign;
      const seen = await when(foreign, (load) => load?.kind === "seen" && load.running.length > 0);
      assert(seen?.kind === "seen");
      const [running] = seen.running;
      assert(running && running.cores >= 3 && running.endsInMs > 1_000_000 && running.endsInMs <= 1_200_000);

      const policy = join(dirname(site.settings.folder), "policy");
      writeFileSync(policy, readFileSync(policy, "utf8").replace(/^load yes$/m, "load no"));
      const hidden = await when(foreign, (load) => load?.kind === "hidden");
      assert.match(hidden?.kind === "hidden" ? hidden.why : "", /PrivateData=jobs hides the work of others/);
      const { pools, mechanisms } = await agent.driver.describe();
      assert.match(mechanisms.load ?? "", /policy allows no listing/);
      const free = pools
        .find(({ name }) => name === "batch")
        ?.nodes.reduce((sum, each) => sum + each.count * each.free.cores, 0);
      assert(free !== undefined && free <= 13, `what they take is seen on the nodes: ${free} free`);
      await site.cluster.run("root", ["scancel", theirs.stdout.trim()]);
    });
  });

  test("an association that the site takes away is noticed, tried, and serves again once it is back", async () => {
    const entry = () => agent.driver.mapping.entries().find(({ person }) => person === 2) ?? assert.fail("no entry");
    const readiness = async () => entry().readiness;
    assert.equal(entry().readiness.kind, "ready");
    await root("sacctmgr", "--immediate", "delete", "user", "weirt-wang", "where", "account=ai-lab");
    await agent.driver.close();
    agent = await site.open({ listEveryMs: 500 });
    const gone = await when(readiness, (seen) => seen.kind === "created" && seen.words !== null);
    assert.match(gone.kind === "created" ? (gone.words ?? "") : "", /Invalid account/);
    const refused = await agent.driver.start(orderOf("true", { person: { id: 2, name: "wang" } }));
    assert.match(
      refused.kind === "refused" ? refused.words : refused.kind,
      /has not passed its test submission.*Invalid account/,
    );
    await root("sacctmgr", "--immediate", "add", "user", "weirt-wang", "account=ai-lab");
    agent.driver.mapping.put({ ...entry(), readiness: { kind: "created", sinceMs: Date.now(), words: null } });
    await when(readiness, (seen) => seen.kind === "ready");
  });

  test("the doctor names a federation, which no driver follows to its other clusters", async () => {
    const examined = async () => {
      const findings = await examineSite(site.settings.site, site.settings.folder, site.settings.identity);
      return findings.find(({ name }) => name === "federation");
    };
    assert.equal(await examined(), undefined);
    await root("sacctmgr", "--immediate", "add", "federation", "east", "clusters=jinan");
    const found = await when(examined, (finding) => finding !== undefined);
    assert.equal(found?.verdict, "wrong");
    assert.match(found?.words ?? "", /in the federation east: .*not followed/);
    await root("sacctmgr", "--immediate", "delete", "federation", "east");
    await when(examined, (finding) => finding === undefined);
  });
});
