import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { EnginePool } from "#core/centre/engine.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { examineSite } from "./doctor.ts";
import { makeTestSite, orderOf, type TestAgent, type TestSite, when } from "./site-testing.ts";

// A reservation, and a QoS, that are pools of the network's own, at a real cluster: jinan, with slurmdbd and PrivateData=jobs.

const pools = {
  night: { partition: "batch", reservation: "weir" },
  spare: { partition: "accel", qos: "preemptible" },
  forbidden: { partition: "batch", reservation: "theirs" },
};
const aliases = { qos: { cheap: "preemptible", plain: "normal" } };
const inNight = { pool: "night" };
const create = ["scontrol", "create", "reservation", "reservationname=weir"];
const open = [...create, "starttime=now", "duration=60", "nodes=jinan1", "users=weirt-li,weirt-wang"];

describe("reservations and QoS as pools at a real cluster", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  const sites = new Map<string, TestSite>();
  const agents = new Map<string, TestAgent>();
  before(async () => {
    clusters = await startClusters({ only: ["jinan"] });
    const policy = ["reservation weir later"];
    const { restUrl } = clusters.clusters.jinan ?? assert.fail("no jinan");
    const ways = {
      commands: { pools, aliases },
      REST: { pools, aliases, transport: "rest", rest: { url: restUrl } },
    };
    for (const [way, site] of Object.entries(ways)) {
      const made = makeTestSite(clusters, "jinan", { policy, site });
      sites.set(way, made);
      agents.set(way, await made.open());
    }
  });
  after(async () => {
    for (const agent of agents.values()) await agent.driver.close();
    await clusters?.stop();
    for (const site of sites.values()) site.remove();
  });
  const site = (way: string) => sites.get(way) ?? assert.fail(`no ${way}`);
  const agent = (way: string) => agents.get(way) ?? assert.fail(`no ${way}`);
  const root = async (...words: readonly string[]) => {
    const done = await site("commands").cluster.run("root", words);
    assert.equal(done.status, 0, `${words.join(" ")}: ${done.stderr}`);
    return done.stdout;
  };
  const poolsSeen = async (way = "commands") =>
    new Map((await agent(way).driver.describe()).pools.map((pool) => [pool.name, pool]));
  const namesOf = (pool: EnginePool | undefined) => pool?.nodes.map(({ names }) => names).join(",");
  const poolWhen = (name: string, holds: (pool: EnginePool) => boolean) =>
    when(
      async () => (await poolsSeen()).get(name) ?? assert.fail(`no pool ${name}`),
      (pool) => holds(pool),
    );
  const findings = async () => {
    const { settings } = site("commands");
    const all = await examineSite(settings.site, settings.folder, settings.identity);
    return new Map(
      all.filter(({ name }) => name.startsWith("pool ")).map((one) => [`${one.name} ${one.verdict}`, one.words]),
    );
  };

  test("one that is not there, or that the policy does not name, is shut, and the doctor says why", async () => {
    const seen = await poolsSeen();
    assert.deepEqual(
      ["night", "forbidden"].map((name) => [seen.get(name)?.state, seen.get(name)?.shut, seen.get(name)?.nodes.length]),
      [
        ["down", "no-reservation", 0],
        ["down", "not-allowed", 0],
      ],
    );
    assert.equal(namesOf(seen.get("batch")), namesOf(seen.get("accel")));
    const said = await findings();
    assert.match(said.get("pool night wrong") ?? "", /no reservation weir/);
    assert.match(said.get("pool forbidden wrong") ?? "", /`partition batch; reservation theirs`/);
    assert.match(said.get("pool spare good") ?? "", /QoS preemptible/);
    // Nothing is asked of weir-as that would be an alarm.
    for (const way of ["commands", "REST"]) {
      const answer = await agent(way).driver.start(orderOf("exit 0", { pool: "forbidden" }));
      assert.deepEqual(answer, { kind: "busy", words: "pool forbidden is not there now" });
      assert.equal((await agent(way).driver.describe()).mechanisms.alarm, undefined);
    }
  });

  test("before its time it is told with its beginning, and its nodes are counted once", async () => {
    await root(
      "scontrol",
      "create",
      "reservation",
      "reservationname=weir",
      "starttime=now+3600",
      "duration=120",
      "nodes=jinan1",
      "users=weirt-li",
    );
    const night = await poolWhen("night", ({ window }) => window !== undefined);
    const { startsInMs, endsInMs } = night.window ?? assert.fail("no window");
    assert(startsInMs > 3_500_000 && startsInMs <= 3_600_000, `${startsInMs}`);
    assert(Math.abs(endsInMs - startsInMs - 7_200_000) <= 1000, `${endsInMs}`);
    assert.equal(night.state, "up");
    const seen = await poolsSeen();
    assert.equal(namesOf(seen.get("night")), "jinan1");
    // A group of its own there too, so that the network knows them for the same.
    assert.deepEqual(
      seen
        .get("batch")
        ?.nodes.map(({ names }) => names)
        .sort(),
      ["jinan1", "jinan2"],
    );
    assert.match(
      (await findings()).get("pool night good") ?? "",
      /reservation weir: jinan1 from .*Z until .*Z; nothing/,
    );
  });

  test("in its time its nodes are its own and no other pool's, whoever else waits", async () => {
    await root("scontrol", "delete", "reservation=weir");
    await root(...open);
    const night = await poolWhen("night", ({ window }) => window?.startsInMs === 0);
    const seen = await poolsSeen();
    assert.deepEqual(
      ["night", "batch", "accel", "spare"].map((name) => namesOf(seen.get(name))),
      ["jinan1", "jinan2", "jinan2", "jinan2"],
    );
    assert.deepEqual([night.nodes[0]?.state, night.nodes[0]?.free.cores], ["up", 8]);
    const { offers } = await agent("commands").driver.describe();
    assert.deepEqual(offers.reservationPools, { weir: "night" });
    const said = await findings();
    assert.match(said.get("pool night good") ?? "", /reservation weir: jinan1 until/);
    assert.match(said.get("pool night note") ?? "", /weirt-zhao/);
  });

  for (const way of ["commands", "REST"])
    describe(`by ${way}`, () => {
      test("runs go into the reservation, and others are kept off its nodes", async () => {
        const order = orderOf("echo in $SLURM_JOB_RESERVATION; sleep 1", inNight);
        await agent(way).queue(order);
        assert.deepEqual((await agent(way).ended(order.run)).end, { kind: "succeeded" });
        assert.equal(await agent(way).log(order.run), "in weir\n");
        assert.equal(agent(way).nodes(order.run), "jinan1");
        const plain = orderOf("sleep 1", { pool: "batch" });
        await agent(way).queue(plain);
        await agent(way).ended(plain.run);
        assert.equal(agent(way).nodes(plain.run), "jinan2");
      });

      test("a pool that is a QoS submits under it", async () => {
        const order = orderOf("scontrol show job $SLURM_JOB_ID | grep -o 'QOS=[a-z]*\\|Partition=[a-z]*'", {
          pool: "spare",
        });
        await agent(way).queue(order);
        assert.deepEqual((await agent(way).ended(order.run)).end, { kind: "succeeded" });
        assert.deepEqual((await agent(way).log(order.run)).trim().split("\n").sort(), [
          "Partition=accel",
          "QOS=preemptible",
        ]);
      });

      test("one that asks for another QoS than the pool's, or for the pool's elsewhere, is not sent", async () => {
        const asked = (pool: string, word: string) => {
          const demands = { siteWords: { qos: [word] }, software: [], container: null, fileSystems: [], licences: [] };
          return orderOf("scontrol show job $SLURM_JOB_ID | grep -o 'QOS=[a-z]*'", { pool, demands });
        };
        const { offers } = await agent(way).driver.describe();
        assert.deepEqual(offers.qosPools, { spare: ["cheap"] });
        for (const [pool, word] of [
          ["spare", "plain"],
          ["accel", "cheap"],
        ] as const)
          assert.deepEqual(await agent(way).driver.start(asked(pool, word)), {
            kind: "refused",
            words: `the job asks for QoS ${word}, which pool ${pool} is not: name another partition, or no QoS`,
          });
        for (const [pool, word, said] of [
          ["spare", "cheap", "preemptible"],
          ["accel", "plain", "normal"],
        ] as const) {
          const order = asked(pool, word);
          await agent(way).queue(order);
          assert.deepEqual((await agent(way).ended(order.run)).end, { kind: "succeeded" });
          assert.equal(await agent(way).log(order.run), `QOS=${said}\n`);
        }
      });

      test("whom the reservation keeps out is refused in Slurm's words, for good", async () => {
        const answer = await agent(way).driver.start(
          orderOf("exit 0", { ...inNight, person: { id: 3, name: "zhao" } }),
        );
        assert(answer.kind === "refused" && answer.definite, JSON.stringify(answer));
        assert.match(answer.words, /Access denied to requested reservation/);
      });

      test("one that has gone since the last look is asked for again, and nothing of it is left", async () => {
        await poolWhen("night", ({ shut }) => shut === undefined);
        await agent(way).driver.describe();
        await root("scontrol", "delete", "reservation=weir");
        const order = orderOf("exit 0", inNight);
        const answer = await agent(way).driver.start(order);
        await root(...open);
        assert(answer.kind === "busy", JSON.stringify(answer));
        assert.match(answer.words, /Requested reservation is invalid/);
        assert.deepEqual(await agent(way).driver.find([order.run]), []);
      });

      test("one that asks for another reservation, or a pool that is gone, is not sent there", async () => {
        const siteWords = { reservation: ["later"] };
        const demands = { siteWords, software: [], container: null, fileSystems: [], licences: [] };
        await root(
          "scontrol",
          "create",
          "reservation",
          "reservationname=later",
          "starttime=now+7200",
          "duration=60",
          "nodes=jinan2",
          "users=weirt-li",
        );
        await poolWhen("night", () => true);
        await when(
          async () => (await agent(way).driver.describe()).offers.aliases.reservation,
          (words) => words.includes("later"),
        );
        const answer = await agent(way).driver.start(orderOf("exit 0", { ...inNight, demands }));
        assert.deepEqual(answer, { kind: "refused", words: "the job asks for a reservation that pool night is not" });
        await root("scontrol", "delete", "reservation=later");
      });
    });

  test("that local users are shared is told, and how many, and no name of theirs", async () => {
    const { driver } = agent("commands");
    assert.equal((await driver.describe()).mechanisms.shared, undefined);
    const ready = { kind: "ready", sinceMs: 0 } as const;
    driver.mapping.put({ person: 9, project: null, user: "weirt-li", account: "ai-lab", qos: null, readiness: ready });
    const { mechanisms } = await driver.describe();
    assert.equal(mechanisms.shared, "1, each the account of several people");
    assert(!JSON.stringify(mechanisms).includes("weirt"), JSON.stringify(mechanisms));
  });

  test("when its time is over what runs there is ended by Slurm, and the pool is shut", async () => {
    const order = orderOf("sleep 600", { ...inNight, timeLimitS: 1200 });
    await agent("commands").queue(order);
    await agent("commands").started(order.run);
    await root("scontrol", "update", "reservationname=weir", "endtime=now+5");
    const ended = await agent("commands").ended(order.run);
    assert(ended.end.kind === "cancelled" && ended.end.by === "centre", JSON.stringify(ended.end));
    await poolWhen("night", ({ shut }) => shut === "no-reservation");
    const seen = await poolsSeen();
    assert.equal(namesOf(seen.get("batch")), "jinan1,jinan2");
  });

  test("one of some cores of a node is no pool", async () => {
    await root(
      "scontrol",
      "create",
      "reservation",
      "reservationname=weir",
      "starttime=now",
      "duration=60",
      "nodes=jinan1",
      "corecnt=2",
      "users=weirt-li",
    );
    await poolWhen("night", ({ shut }) => shut === "parts-of-nodes");
    assert.match((await findings()).get("pool night wrong") ?? "", /does not hold whole nodes/);
  });
});
