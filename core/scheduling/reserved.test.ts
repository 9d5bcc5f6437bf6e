import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId, jobId, personId, projectId } from "#core/ids.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import { poolOfNodes, runScenario } from "#core/scheduling/scenario-testing.ts";
import { createWorld } from "#core/scheduling/world.ts";

// Pools whose nodes are the network's for a time (docs/decisions/0077-a-reservation-is-a-pool.md).

const scenarios: Record<string, string> = {
  "nothing starts before its time, nor what would last beyond it": `
    pool alpha/night  1×8 reserved 600-4200
    job hour   cores 1 time 3600
    job more   cores 1 time 3601
    expect hour waits alpha: reservation-ahead
    expect more waits alpha: reservation-ends
    at 600
    expect hour starts alpha/night
    at 601
    expect hour waits alpha: reservation-ends
    at 4201
    expect hour waits alpha: reservation-ends
  `,
  "what would last beyond it keeps no shorter work from its nodes": `
    pool alpha/night  1×8 reserved 0-600
    job long   cores 8 time 1200
    job short  cores 8 time 300
    expect long waits alpha: reservation-ends
    expect short starts alpha/night
  `,
  "before its time its nodes are the other pool's too, and counted once": `
    pool alpha/batch  2×8 named n[1-2]
    pool alpha/night  2×8 named n[1-2] reserved 600-4200
    job one    cores 8
    job two    cores 8
    job three  cores 8
    expect one starts alpha/batch
    expect two starts alpha/batch
    expect three waits alpha: cores-busy
  `,
  "one that is gone is waited for, and refuses nothing": `
    pool alpha/night  gone
    job any    cores 64
    expect any waits alpha: pool-without-reservation
    pool alpha/night  1×64
    expect any starts alpha/night
  `,
};

for (const [name, scenario] of Object.entries(scenarios)) test(name, () => void runScenario(scenario));

const alpha = { id: centreId("alpha"), driver: "slurm", lifeCycle: "in-service", intake: "open" } as const;

function submit(
  world: ReturnType<typeof createWorld>,
  job: number,
  siteWords: Partial<Record<"partition" | "qos" | "reservation", readonly string[]>>,
): void {
  const demands = { residency: [], siteWords, software: [], container: false, fileSystems: [], licences: [] };
  const { shape } = sampleSpec;
  world.apply({
    kind: "job-queued",
    ...{ job: jobId(job), submittedMs: job, project: projectId(1), person: personId(1), name: "probe", shape },
    ...{
      timeLimitS: 60,
      array: null,
      dependencies: [],
      wishes: { only: [], prefer: [], except: [] },
      demands,
      past: null,
    },
  });
}

test("who asks for a reservation goes to the pool that it is, and to no other reservation", () => {
  const reserved = { startsMs: 0, endsMs: 1e12, lastsMs: 1e12 };
  const aliases = { partition: [], qos: [], constraint: [], gres: [], licences: [], reservation: ["weir", "course"] };
  const offers = {
    ...{ aliases, software: [], containers: [], mpi: [], fileSystems: [], licences: [] },
    reservationPools: { weir: "night" },
  };
  const world = createWorld();
  const nodes = [{ count: 1, cores: 8 }];
  const pools = [poolOfNodes("batch", nodes, {}), poolOfNodes("night", nodes, { reserved })];
  world.apply({ kind: "centre-changed", centre: { ...alpha, connection: "connected", pools, offers, accounts: null } });
  submit(world, 1, { reservation: ["weir"] });
  submit(world, 2, { reservation: ["course"] });
  const placed = world.decide(10, 10).place.map(({ job, pool }) => [job, pool]);
  assert.deepEqual(placed, [
    [1, "night"],
    [2, "batch"],
  ]);
});

test("who asks for a QoS goes to the pool that it is, where it is one, and else to none that is another", () => {
  const aliases = { partition: ["spare", "batch"], qos: ["cheap", "urgent"], constraint: [], gres: [], licences: [] };
  const offers = {
    ...{
      aliases: { ...aliases, reservation: [] },
      software: [],
      containers: [],
      mpi: [],
      fileSystems: [],
      licences: [],
    },
    qosPools: { spare: ["cheap"], best: [] },
  };
  const nodes = [{ count: 1, cores: 8 }];
  const pools = ["spare", "best", "batch"].map((name) => poolOfNodes(name, nodes, {}));
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: { ...alpha, connection: "connected", pools, offers, accounts: null } });
  submit(world, 1, { qos: ["cheap"] });
  submit(world, 2, { qos: ["urgent"] });
  submit(world, 3, { qos: ["urgent"], partition: ["spare"] });
  submit(world, 4, { qos: ["cheap"], partition: ["batch"] });
  const placed = world.decide(10, 10).place.map(({ job, pool }) => [job, pool]);
  assert.deepEqual(placed, [
    [1, "spare"],
    [2, "batch"],
  ]);
  const why = (job: number) => {
    const explained = world.explain({ job: jobId(job), index: 0 }, 10);
    assert(explained.kind === "waiting", explained.kind);
    return explained.candidates.map(({ rule, facts }) => [rule, facts]);
  };
  assert.deepEqual(why(3), [["another-qos", { word: "urgent", pool: "spare" }]]);
  assert.deepEqual(why(4), [["another-qos-pool", { word: "cheap", meant: "spare", pool: "batch" }]]);
});

test("a run placed there may wait no longer than it still ends in time", () => {
  const world = createWorld();
  const reserved = { startsMs: 0, endsMs: 100_000, lastsMs: 100_000 };
  const pools = [poolOfNodes("night", [{ count: 1, cores: 8 }], { reserved, leaseMs: 300_000 })];
  world.apply({
    kind: "centre-changed",
    centre: { ...alpha, connection: "connected", pools, offers: null, accounts: null },
  });
  submit(world, 1, {});
  assert.equal(world.decide(10_000, 10).place[0]?.leaseMs, 30_000);
});

test("the words name the moment, and what is left", () => {
  const facts = { pool: "night", starts: "2026-11-24T20:00:00+08:00" };
  assert.match(
    reasonWords("reservation-ahead", facts, "en"),
    /^the nodes of pool night are reserved for the network from /,
  );
  assert.match(reasonWords("reservation-ahead", facts, "zh"), /^资源池 night 的节点自 .* 起才为算力网保留$/);
  const ends = { pool: "night", askedS: 3600, leftS: 60 };
  assert.match(
    reasonWords("reservation-ends", ends, "en"),
    /asks for .*, and .* reserved for the network for .* more$/,
  );
});

test("as its time passes work is grouped anew only where some asks for more than is left", () => {
  const world = createWorld();
  const tell = (lastsMs: number) => {
    const reserved = { startsMs: 0, endsMs: lastsMs, lastsMs };
    const pools = [poolOfNodes("night", [{ count: 1, cores: 8 }], { reserved })];
    world.apply({
      kind: "centre-changed",
      centre: { ...alpha, connection: "connected", pools, offers: null, accounts: null },
    });
    return world.description();
  };
  tell(100_000);
  submit(world, 1, {});
  const before = tell(90_000);
  assert.equal(tell(70_000), before, "60 s fit still");
  assert.notEqual(tell(50_000), before);
  const told = world.explain({ job: jobId(1), index: 0 }, 0);
  assert.deepEqual(told.kind === "waiting" && told.candidates.map(({ rule }) => rule), ["reservation-ends"]);
});
