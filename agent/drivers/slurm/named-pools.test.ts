import assert from "node:assert/strict";
import { test } from "node:test";
import { foreignLoad, foreignRows, poolsOf } from "./describe.ts";
import { poolsFound } from "./doctor-pools.ts";
import { allowsWord, type NamedPools, poolSubmittedTo, reservationsOf } from "./named-pools.ts";
import { parseSite } from "./site.ts";
import { wordsOf } from "./slurm-text.ts";
import { sbatchAnswer } from "./submit-words.ts";
import { wordsOffered, wordTable } from "./words.ts";

// Lines of Slurm 22.05.8 with SLURM_TIME_FORMAT=%s, as they were printed: shortened where nothing reads them.
const weir =
  "ReservationName=weir StartTime=1795459040 EndTime=1795459280 Duration=00:04:00 Nodes=jinan1 NodeCnt=1 CoreCnt=8 Features=(null) PartitionName=(null) Flags=SPEC_NODES TRES=cpu=8 Users=weirt-li Groups=(null) Accounts=(null) Licenses=(null) State=ACTIVE BurstBuffer=(null) Watts=n/a MaxStartDelay=(null)";
const later =
  "ReservationName=later StartTime=1795462642 EndTime=1795466242 Duration=01:00:00 Nodes=jinan2 NodeCnt=1 CoreCnt=8 Features=(null) PartitionName=(null) Flags=SPEC_NODES TRES=cpu=8 Users=weirt-li Groups=(null) Accounts=(null) Licenses=(null) State=INACTIVE BurstBuffer=(null) Watts=n/a MaxStartDelay=(null)";
const parts =
  "ReservationName=two StartTime=1795466248 EndTime=1795469848 Duration=01:00:00 Nodes=jinan[1-2] NodeCnt=2 CoreCnt=5 Features=(null) PartitionName=batch Flags=FLEX   NodeName=jinan1 CoreIDs=0-1   NodeName=jinan2 CoreIDs=0-2 TRES=cpu=5 Users=weirt-li,weirt-wang Groups=(null) Accounts=(null) Licenses=(null) State=INACTIVE BurstBuffer=(null) Watts=n/a MaxStartDelay=(null)";
/** The same before Slurm has chosen the cores. */
const partsAtFirst = parts.replace(/ {3}NodeName.*(?= TRES)/, "");
const nowS = 1_795_459_100;

const nodes = ["jinan1", "jinan2"].map((name) =>
  wordsOf(
    `NodeName=${name} CoresPerSocket=8  CPUAlloc=0 CPUEfctv=8 CPUTot=8 RealMemory=32000 AllocMem=0 Sockets=1 State=${name === "jinan1" ? "IDLE+RESERVED" : "IDLE"} Partitions=batch,accel`,
  ),
);
const partitions = ["batch", "accel"].map((name) => wordsOf(`PartitionName=${name} State=UP MaxTime=UNLIMITED`));
const site = (text: object) => parseSite(JSON.stringify(text), "slurm.json");
const pools = site({
  pools: {
    night: { partition: "batch", reservation: "weir" },
    morning: { partition: "batch", reservation: "later" },
    spare: { partition: "accel", qos: "low" },
  },
}).pools;

function named(changes: Partial<NamedPools> = {}, lines: readonly string[] = [weir, later]): NamedPools {
  return { pools, reservations: reservationsOf(lines.map(wordsOf), nodes, nowS), allows: null, ...changes };
}

function seen(of: NamedPools) {
  const none = { foreign: new Map(), ours: new Map(), maintenance: new Map(), switches: new Map(), shardsHeld: null };
  return poolsOf({ ...none, nodes, partitions, devices: {}, only: null, named: of });
}

test("an open reservation has its nodes alone, one to come has them with the partition, and a QoS is beside it", () => {
  assert.deepEqual(
    seen(named()).map((pool) => [pool.name, pool.state, pool.nodes.map(({ names }) => names), pool.window]),
    [
      ["batch", "up", ["jinan2"], undefined],
      ["accel", "up", ["jinan2"], undefined],
      ["night", "up", ["jinan1"], { startsInMs: 0, endsInMs: 180_000 }],
      ["morning", "up", ["jinan2"], { startsInMs: 3_542_000, endsInMs: 7_142_000 }],
      ["spare", "up", ["jinan2"], undefined],
    ],
  );
  // Reserved, and for the network: what is free there is to be had.
  assert.equal(seen(named())[2]?.nodes[0]?.free.cores, 8);
  const over = seen({ ...named(), reservations: reservationsOf([wordsOf(weir)], nodes, 1_795_459_280) });
  assert.deepEqual(
    over.map(({ name, shut = null }) => [name, shut]).filter(([, shut]) => shut !== null),
    [
      ["night", "no-reservation"],
      ["morning", "no-reservation"],
    ],
  );
  // Somebody else's, then.
  assert.deepEqual(
    over[0]?.nodes.map(({ names, free }) => [names, free.cores]),
    [
      ["jinan1", 0],
      ["jinan2", 8],
    ],
  );
});

test("what holds some cores of its nodes is no pool, also before Slurm has chosen them", () => {
  for (const line of [parts, partsAtFirst]) {
    const two = { two: { partition: "batch", reservation: "two", qos: null } };
    const [pool] = seen(named({ pools: two }, [line])).filter(({ name }) => name === "two");
    assert.deepEqual([pool?.shut, pool?.state, pool?.nodes.length], ["parts-of-nodes", "down", 0]);
  }
});

test("cores that a node keeps for itself are in no reservation of the whole node; parts of a node keep nobody else out", () => {
  const keeping = nodes.map((node) => new Map([...node, ["CoreSpecCount", "2"]]));
  const less = weir.replace("CoreCnt=8", "CoreCnt=6");
  assert.equal(reservationsOf([wordsOf(less)], keeping, nowS).get("weir")?.isWhole, true);
  assert.equal(reservationsOf([wordsOf(less)], nodes, nowS).get("weir")?.isWhole, false);
  const some = seen(named({}, [less, later]));
  assert.deepEqual(
    some.find(({ name }) => name === "batch")?.nodes.flatMap(({ names }) => names),
    ["jinan1", "jinan2"],
  );
});

test("nor is what holds a node that is hidden from the agent: how much of it, nobody knows", () => {
  // Eight cores in all, four of each; of the two nodes one is seen, which has eight.
  const hidden = parts.replace("CoreCnt=5", "CoreCnt=8");
  const found = reservationsOf([wordsOf(hidden)], nodes.slice(0, 1), nowS).get("two");
  assert.deepEqual([found?.isWhole, found?.nodes.size], [false, 2]);
  assert.equal(reservationsOf([wordsOf(weir)], nodes.slice(0, 1), nowS).get("weir")?.isWhole, true);
});

test("what the policy does not name, and a partition that is not there, shut a pool", () => {
  const allows = { partition: ["batch", "accel"], qos: ["-", "l?w"], reservation: ["we*"] };
  const shut = (of: NamedPools) => seen(of).flatMap(({ name, shut: why }) => (why ? [[name, why]] : []));
  assert.deepEqual(shut(named({ allows })), [["morning", "not-allowed"]]);
  const strict = { ...allows, reservation: ["*"], qos: ["-"] };
  assert.deepEqual(shut(named({ allows: strict })), [["spare", "not-allowed"]]);
  assert.deepEqual(shut(named({ pools: { odd: { partition: "gone", reservation: "weir", qos: null } } })), [
    ["odd", "no-partition"],
  ]);
  for (const [pattern, word, is] of [
    ["*", "any", true],
    ["a.b", "axb", false],
    ["a.b", "a.b", true],
    ["w[e]ir", "weir", false],
    ["-", "x", false],
  ] as const)
    assert.equal(allowsWord([pattern], word), is, `${pattern} ${word}`);
});

test("a named pool stands in the place of a partition of that name", () => {
  const all = seen(named({ pools: { batch: { partition: "batch", reservation: "weir", qos: null } } }));
  assert.deepEqual(
    all.map(({ name, nodes: groups }) => [name, groups.map(({ names }) => names)]),
    [
      ["accel", ["jinan2"]],
      ["batch", ["jinan1"]],
    ],
  );
});

test("others' work is load of the reservation on whose nodes it runs or in which it waits, and of nothing else", () => {
  const rows = foreignRows(
    [
      `RUNNING|batch|4|${nowS + 60}|N/A|N/A|jinan1|weir|theirs`,
      `RUNNING|batch|2|${nowS + 60}|N/A|N/A|jinan2|(null)|theirs`,
      "PENDING|batch|8|N/A|N/A|N/A||weir|theirs",
      "PENDING|accel|1|N/A|N/A|N/A||(null)|theirs",
      "",
    ].join("\n"),
  );
  const load = foreignLoad(rows, nowS, named());
  const of = (name: string) => {
    const one = load.get(name);
    return one?.kind === "seen" ? [one.running.map(({ cores }) => cores), one.waiting.jobs] : null;
  };
  assert.deepEqual(
    [of("night"), of("batch"), of("accel"), of("spare")],
    [
      [[4], 1],
      [[2], 0],
      [[], 1],
      [[], 1],
    ],
  );
});

test("the words of scripts lead to the pool that a reservation is", () => {
  const { aliases } = site({ aliases: { reservation: { course: "weir" } } });
  const own = { pools: ["batch", "night"], features: [], gres: [], licences: [], reservations: ["weir", "later", "x"] };
  const table = wordTable(own, { aliases, qos: {} });
  assert.deepEqual(wordsOffered(table, [], pools).reservationPools, {
    weir: "night",
    later: "morning",
    course: "night",
  });
  assert.equal(wordsOffered(table, []).reservationPools, undefined);
});

test("the words of scripts lead to the pool that a QoS is, and a pool that no word means has none", () => {
  const { aliases, qos } = site({ qos: { batch: "normal" }, aliases: { qos: { cheap: "low", urgent: "high" } } });
  const own = { pools: ["batch", "spare"], features: [], gres: [], licences: [], reservations: [] };
  const table = wordTable(own, { aliases, qos });
  const more = { ...pools, best: { partition: "batch", reservation: null, qos: "top" } };
  assert.deepEqual(wordsOffered(table, [], more).qosPools, { spare: ["cheap"], best: [] });
  assert.equal(wordsOffered(table, []).qosPools, undefined);
});

test("what an earlier agent submitted is known for its pool again", () => {
  const of = (reservation: string | null, qos: string | null, partition = "batch") =>
    poolSubmittedTo({ partition, reservation, qos }, pools);
  assert.deepEqual(
    [of("weir", null), of("weir", "urgent"), of("later", null), of(null, null), of("theirs", null)],
    ["night", "night", "morning", "batch", "batch"],
  );
  assert.deepEqual([of(null, "low", "accel"), of(null, null, "accel")], ["spare", "accel"]);
});

test("a pool of a site's own has a reservation or a QoS, by plain words", () => {
  assert.throws(() => site({ pools: { night: { partition: "batch" } } }), /"reservation" or a "qos"/);
  assert.throws(() => site({ pools: { night: { partition: "batch", reservation: "a b" } } }), /as Slurm names things/);
});

test("sbatch on reservations: whom it keeps out it keeps out for good, and one that is gone may come again", () => {
  const said = (words: string) => sbatchAnswer(`sbatch: error: Batch job submission failed: ${words}`, 1);
  assert.deepEqual(said("Access denied to requested reservation"), {
    kind: "refused",
    words: "sbatch: Batch job submission failed: Access denied to requested reservation",
    definite: true,
  });
  assert.deepEqual(said("Requested reservation is invalid"), {
    kind: "refused",
    words: "sbatch: Batch job submission failed: Requested reservation is invalid",
  });
});

test("the doctor: what there is, until when, and what is wrong with it", () => {
  const mapped = [
    { user: "weirt-li", account: "ai-lab" },
    { user: "weirt-zhao", account: "hpc" },
  ];
  const around = { nodes, partitions, hidden: [], mapped };
  const said = (of: NamedPools, more: object = {}) =>
    poolsFound(of, { ...around, qos: new Map([["low", "cpu=4"]]), ...more }).map(
      ({ name, verdict, words }) => `${verdict} ${name}: ${words}`,
    );
  const [open, keptOut, ahead, alsoKeptOut, qos] = said(named());
  assert.equal(
    open,
    "good pool night: reservation weir: jinan1 until 2026-11-23T18:41:20Z, and in no other pool till then",
  );
  assert.match(keptOut ?? "", /^note pool night: reservation weir does not let these mapped users in: weirt-zhao$/);
  assert.match(ahead ?? "", /^good pool morning: reservation later: jinan2 from 2026-11-23T19:37:22Z until 2026/);
  assert.match(alsoKeptOut ?? "", /^note pool morning/);
  assert.match(qos ?? "", /^note pool spare: QoS low, which may hold cpu=4 at once/);
  assert.match(said(named({}, [later]))[0] ?? "", /^wrong pool night: Slurm shows no reservation weir/);
  assert.match(said(named({}, [later]), { hidden: ["reservations"] })[0] ?? "", /PrivateData hides reservations/);
  const other = weir.replace("PartitionName=(null)", "PartitionName=accel");
  assert.match(said(named({}, [other, later]))[1] ?? "", /^wrong pool night: .* is of partition accel, not batch/);
  const elsewhere = nodes.map((node) => new Map([...node, ["Partitions", "accel"]]));
  assert.match(said(named(), { nodes: elsewhere })[1] ?? "", /^note pool night: .* are not counted: jinan1$/);
  assert.match(said(named(), { qos: new Map() })[4] ?? "", /^wrong pool spare: there is no QoS low/);
});
