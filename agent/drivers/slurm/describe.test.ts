import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { submitAnswer } from "./commands.ts";
import { configurationOf, enforcement } from "./configuration.ts";
import { foreignLoad, foreignRows, gresOf, gresWords, nodeState, poolsOf, switchesOf } from "./describe.ts";
import {
  clockFinding,
  configurationFindings,
  containerFinding,
  mappingFinding,
  sharedFindings,
  sharingNodes,
  shutPartitions,
} from "./doctor.ts";
import { waitKind } from "./reasons.ts";
import { parseSite } from "./site.ts";
import { durationS, hostList, indexList, indicesOf, sizeMib, wordsOf } from "./slurm-text.ts";
import { sbatchAnswer } from "./submit-words.ts";

// Texts of Slurm 22.05.8, shortened.
const node = (name: string, more: string) =>
  wordsOf(
    `NodeName=${name} Arch=x86_64 CoresPerSocket=8  CPUAlloc=1 CPUEfctv=8 CPUTot=8 AvailableFeatures=kunpeng,ib ActiveFeatures=kunpeng,ib Gres=npu:ascend910b:8,gpu:4(S:0-1) GresDrain=N/A GresUsed=npu:ascend910b:2,gpu:1 OS=Linux 6.18.44 #1 SMP PREEMPT_DYNAMIC @0  RealMemory=8000 AllocMem=50 Partitions=accel,main  CfgTRES=cpu=8,mem=8000M,billing=8,gres/gpu=8,gres/npu=8 ${more}`,
  );
const partition = (name: string, more: string) =>
  wordsOf(`PartitionName=${name} AllowGroups=ALL Default=YES MinNodes=0 Nodes=a[1-2] JobDefaults=(null) ${more}`);

test("who enforces memory is said by what Slurm's configuration says", () => {
  const memory = (...lines: readonly string[]) => enforcement(configurationOf(lines.join("\n"))).memory;
  const sampled = "JobAcctGatherParams     = OverMemoryKill";
  assert.match(memory("TaskPlugin              = task/none") ?? "", /^not enforced/);
  assert.equal(
    memory("TaskPlugin              = task/none", sampled),
    "sampled by Slurm, and ended when above (OverMemoryKill)",
  );
  const cgroup = ["TaskPlugin              = task/affinity,task/cgroup", "ConstrainRAMSpace       = yes"];
  assert.equal(memory(...cgroup, sampled), "by the kernel, through Slurm (task/affinity,task/cgroup)");
  // The plugin alone does not bind memory.
  assert.match(memory(cgroup[0] ?? "", "ConstrainRAMSpace       = no") ?? "", /^not enforced/);
  assert.equal(
    enforcement(configurationOf("ProctrackType           = proctrack/cgroup")).ending,
    "by Slurm (proctrack/cgroup)",
  );
});

describe("pools", () => {
  test("alike nodes are one group, with what is free of one; one that leaves says why", () => {
    const [pool] = poolsOf({
      nodes: [
        node("a1", "State=MIXED ThreadsPerCore=1"),
        node("a2", "State=MIXED ThreadsPerCore=1"),
        node("a3", "State=MIXED+DRAIN ThreadsPerCore=1 Reason=bad disk = yes [root@1795368540]"),
        wordsOf("NodeName=b1 Partitions=other State=IDLE"),
      ],
      partitions: [partition("main", "MaxTime=1-00:00:00 MaxNodes=UNLIMITED State=UP DefMemPerCPU=256")],
      foreign: new Map(),
      ours: new Map(),
      maintenance: new Map(),
      switches: new Map(),
      shardsHeld: new Map(),
      devices: {},
      only: null,
    });
    assert.deepEqual(pool?.limits, { timeLimitS: 86_400, leastNodes: 1, mostNodes: null });
    assert.deepEqual([pool?.state, pool?.memoryMibPerCore], ["up", 256]);
    const [up, leaving] = pool?.nodes ?? [];
    assert.deepEqual([up?.names, up?.count, up?.state, up?.reason], ["a[1-2]", 2, "up", null]);
    assert.deepEqual(up?.accelerators, [
      { vendor: "huawei", model: "ascend910b", count: 8 },
      { vendor: "unknown", model: "gpu", count: 4 },
    ]);
    assert.deepEqual(up?.free, {
      cores: 7,
      memoryMib: 7950,
      accelerators: [
        { vendor: "huawei", model: "ascend910b", count: 6 },
        { vendor: "unknown", model: "gpu", count: 3 },
      ],
    });
    assert.deepEqual(
      [leaving?.names, leaving?.state, leaving?.reason],
      ["a3", "draining", "bad disk = yes [root@1795368540]"],
    );
    assert.equal(pool?.nodes.length, 2);
  });

  test("nodes at different switches are apart, and a site says in which numbers it gives cards", () => {
    const topology = [
      "SwitchName=leaf1 Level=0 LinkSpeed=1 Nodes=a[1-2]",
      "SwitchName=leaf2 Level=0 LinkSpeed=1 Nodes=a3",
      "SwitchName=spine Level=1 LinkSpeed=1 Nodes=a[1-3] Switches=leaf[1-2]",
    ];
    const [pool] = poolsOf({
      nodes: ["a1", "a2", "a3"].map((name) => node(name, "State=MIXED ThreadsPerCore=1")),
      partitions: [partition("main", "State=UP")],
      foreign: new Map(),
      ours: new Map(),
      maintenance: new Map(),
      switches: switchesOf(topology.map(wordsOf)),
      shardsHeld: new Map(),
      devices: { npu: { vendor: "huawei", model: "ascend910b", counts: [1, 2, 4, 8] } },
      only: null,
    });
    assert.deepEqual(
      pool?.nodes.map(({ names, within }) => [names, within]),
      [
        ["a[1-2]", "leaf1"],
        ["a3", "leaf2"],
      ],
    );
    assert.deepEqual(pool?.nodes[0]?.accelerators[0]?.counts, [1, 2, 4, 8]);
    assert.equal(switchesOf([wordsOf("slurm_load_topo error: Requested operation not supported")]).size, 0);
  });

  test("nodes in other partitions are apart, so that partitions that share nodes name the same groups", () => {
    const words = (name: string, partitions: string) =>
      new Map([...node(name, "State=IDLE"), ["Partitions", partitions] as const]);
    const seen = {
      nodes: [words("a1", "batch,debug"), words("a2", "batch"), words("a3", "batch,debug"), words("a4", "batch,old")],
      partitions: [partition("batch", "State=UP"), partition("debug", "State=UP"), partition("old", "State=UP")],
      foreign: new Map(),
      ours: new Map(),
      maintenance: new Map(),
      switches: new Map(),
      shardsHeld: new Map(),
      devices: {},
    };
    const named = (only: readonly string[] | null) =>
      poolsOf({ ...seen, only }).map(({ name, nodes }) => [name, nodes.map(({ names }) => names)]);
    assert.deepEqual(named(null), [
      ["batch", ["a[1,3]", "a2", "a4"]],
      ["debug", ["a[1,3]"]],
      ["old", ["a4"]],
    ]);
    // What the site does not use tells nothing apart.
    assert.deepEqual(named(["batch", "debug"])[0], ["batch", ["a[1,3]", "a[2,4]"]]);
  });

  test("states of nodes", () => {
    const states = {
      IDLE: "up",
      "IDLE+PLANNED": "up",
      "IDLE~": "up",
      "IDLE+CLOUD+POWERED_DOWN": "up",
      "DOWN*": "down",
      "IDLE*": "down",
      "DOWN+DRAIN": "down",
      "MIXED+NOT_RESPONDING": "down",
      "IDLE+DRAIN": "draining",
      "ALLOCATED+DRAIN": "draining",
      "IDLE+MAINTENANCE": "maintenance",
      "IDLE+REBOOT_ISSUED": "maintenance",
      "IDLE+REBOOT_REQUESTED": "draining",
      "IDLE+INVALID_REG": "draining",
      UNKNOWN: "down",
    };
    for (const [text, state] of Object.entries(states)) assert.equal(nodeState(text), state, text);
  });

  test("a partition's state, its bounds of nodes, and what nodes keep for themselves; one that is to come is none", () => {
    const poolWith = (more: string, ...nodes: readonly string[]) =>
      poolsOf({
        nodes: nodes.map((facts) => wordsOf(`Partitions=main ${facts}`)),
        partitions: [partition("main", `MaxTime=UNLIMITED ${more}`)],
        ...{ foreign: new Map(), ours: new Map(), maintenance: new Map(), switches: new Map() },
        ...{ shardsHeld: new Map(), devices: {}, only: null },
      })[0] ?? assert.fail("no pool");
    const stateOf = (state: string) => poolWith(`State=${state}`).state;
    assert.deepEqual(["UP", "DRAIN", "INACTIVE", "DOWN"].map(stateOf), ["up", "drained", "drained", "down"]);
    const bounds = poolWith("State=UP MaxNodes=4").limits;
    assert.deepEqual([bounds.timeLimitS, bounds.mostNodes], [null, 4]);
    const wide = wordsOf("PartitionName=wide MinNodes=2 MaxNodes=UNLIMITED State=UP");
    const none = { nodes: [], foreign: new Map(), ours: new Map(), maintenance: new Map(), switches: new Map() };
    const [two] = poolsOf({ ...none, partitions: [wide], shardsHeld: new Map(), devices: {}, only: null });
    assert.deepEqual([two?.limits.leastNodes, two?.limits.mostNodes], [2, null]);
    const specialised =
      "NodeName=s1 State=IDLE CPUEfctv=6 CPUTot=8 CPUAlloc=2 RealMemory=8001 MemSpecLimit=1000 AllocMem=100";
    const pool = poolWith("State=UP", specialised, "NodeName=f1 State=FUTURE CPUTot=8 RealMemory=8000");
    const [group, ...others] = pool.nodes;
    assert.deepEqual(others, []);
    assert.deepEqual([group?.cores, group?.memoryMib, group?.free.cores, group?.free.memoryMib], [6, 7001, 4, 6901]);
    assert.equal(pool.memoryMibPerCore, 1166, "all six cores can be asked for with it");
    const reserved = poolWith("State=UP", "NodeName=r1 State=IDLE+RESERVED CPUTot=8 RealMemory=8000").nodes[0];
    assert.deepEqual([reserved?.state, reserved?.reason, reserved?.free.cores], ["up", "reserved", 0]);
  });

  test("devices of one type are counted together, of another apart; what Slurm does not count is none", () => {
    assert.deepEqual(gresOf("gpu:a100:2(S:0),gpu:a100:2(S:1),gpu:v100:1,npu:8,dcu:4", {}), [
      { vendor: "nvidia", model: "a100", count: 4 },
      { vendor: "nvidia", model: "v100", count: 1 },
      { vendor: "huawei", model: "npu", count: 8 },
      { vendor: "hygon", model: "dcu", count: 4 },
    ]);
    assert.deepEqual(gresOf("gpu:no_consume:4", {}), []);
    const nodes = [wordsOf("NodeName=m1 Partitions=main Gres=gpu:a100:4,gpu:v100:4,npu:ascend910b:8 State=IDLE")];
    const words = (model: string | null, count: number) =>
      gresWords(nodes, "main", { vendor: "nvidia", model, count }, {});
    assert.deepEqual([words("v100", 2), words("h100", 1), words(null, 1)], ["gpu:v100:2", null, "gpu:a100:1"]);
  });

  test("devices by the table, by the site's own words; and the words that ask for them", () => {
    assert.deepEqual(gresOf("gpu:a100:4(S:0-1),craynetwork:1,mlu:mlu370:8", {}), [
      { vendor: "nvidia", model: "a100", count: 4 },
      { vendor: "cambricon", model: "mlu370", count: 8 },
    ]);
    assert.deepEqual(gresOf("gpu:mi300x:8", {})[0]?.vendor, "amd");
    const devices = { gpu: { vendor: "nvidia", model: "h20" } };
    assert.deepEqual(gresOf("gpu:8", devices), [{ vendor: "nvidia", model: "h20", count: 8 }]);
    const nodes = [node("a1", "State=IDLE")];
    assert.equal(gresWords(nodes, "main", { vendor: "huawei", model: "ascend910b", count: 2 }, {}), "npu:ascend910b:2");
    assert.equal(gresWords(nodes, "main", { vendor: "nvidia", model: "h20", count: 1 }, devices), "gpu:1");
    assert.equal(gresWords(nodes, "main", { vendor: "huawei", model: "ascend910b", count: 9 }, {}), null);
    assert.equal(gresWords(nodes, "elsewhere", { vendor: null, model: null, count: 1 }, {}), null);
  });

  test("the work of others, without the network's own", () => {
    const text = [
      "RUNNING|main|4|1000060|N/A|N/A|n1|(null)|mine|with a bar",
      "RUNNING|main|2|1000030|7|N/A|n1|(null)|theirs",
      "PENDING|main,accel|1|N/A|0-2,4-199%2|N/A||(null)|theirs",
      "RUNNING|main|8|1000060|N/A|N/A|n1|(null)|probe.weir-abc-1.0.1-1",
      "",
    ].join("\n");
    const load = foreignLoad(foreignRows(text), 1_000_000);
    assert.deepEqual(load.get("main"), {
      kind: "seen",
      running: [
        { cores: 2, endsInMs: 30_000 },
        { cores: 4, endsInMs: 60_000 },
      ],
      waiting: { jobs: 199, cores: 199 },
    });
    assert.equal(load.get("accel")?.kind, "seen");
    // Without a limit it never has to end; a job that only speaks of Weir is somebody else's; of very many the first to end count.
    const odd = foreignLoad(foreignRows("RUNNING|main|4|Unknown|N/A|N/A|n1|(null)|weir-like.weir-"), 1_000_000).get(
      "main",
    );
    assert.deepEqual(odd?.kind === "seen" && odd.running, [{ cores: 4, endsInMs: 365 * 86_400_000 }]);
    const many = Array.from({ length: 10_001 }, (_, at) => `RUNNING|main|1|${2_000_000 - at}|N/A|N/A|n1|(null)|x`);
    const busy = foreignLoad(foreignRows(many.join("\n")), 1_000_000).get("main");
    assert.deepEqual(busy?.kind === "seen" && [busy.running.length, busy.running[0]?.endsInMs], [10_000, 990_000_000]);
  });
});

describe("words of Slurm", () => {
  test("times, sizes, lists", () => {
    assert.deepEqual(["1-02:03:04", "02:03:04", "03:04.500", "90", "2-12", "UNLIMITED"].map(durationS), [
      93_784,
      7384,
      184.5,
      5400,
      216_000,
      null,
    ]);
    assert.deepEqual(["168132K", "50M", "1.5G", "4000", "x", "2T"].map(sizeMib), [
      165,
      50,
      1536,
      4000,
      null,
      2_097_152,
    ]);
    assert.deepEqual(indicesOf("0-6:3,9%2"), [0, 3, 6, 9]);
    assert.equal(indicesOf("0,2,..."), null);
    assert.equal(indicesOf("0-4294967294"), null, "nobody has so many tasks");
    // Whoever writes a comment writes it behind what the controller says.
    assert.equal(wordsOf("JobId=7 JobState=RUNNING Comment=x JobState=COMPLETED").get("JobState"), "RUNNING");
    assert.equal(indexList([9, 5, 6, 7]), "5-7,9");
    assert.equal(hostList(["c001", "c002", "c010", "login", "d9", "d10"]), "c[001-002,010],login,d9,d10");
  });

  test("reasons have a kind; an unknown one has none", () => {
    const kinds = {
      Priority: "priority",
      "ReqNodeNotAvail, UnavailableNodes:c12": "nodes-down",
      "Nodes required for job are DOWN, DRAINED or reserved": "nodes-down",
      AssocGrpCPUMinutesLimit: "account-limit",
      QOSMaxJobsPerUserLimit: "qos-limit",
      JobHeldAdmin: "held-by-centre",
      Licenses: "licences",
      Brewing: null,
    };
    for (const [word, kind] of Object.entries(kinds)) assert.equal(waitKind(word), kind, word);
  });

  test("what sbatch complains of: a no, not now, or a doubt", () => {
    const failed = "sbatch: error: Batch job submission failed: ";
    const kinds = {
      [`${failed}Invalid account or account/partition combination specified`]: "refused",
      [`${failed}Requested node configuration is not available`]: "refused",
      [`${failed}Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)`]: "later",
      [`${failed}Unable to contact slurm controller (connect failure)`]: "later",
      "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying": "later",
      [`${failed}Socket timed out on send/recv operation`]: "in-doubt",
      [`${failed}Zero Bytes were transmitted or received`]: "in-doubt",
      "": "in-doubt",
    };
    for (const [text, kind] of Object.entries(kinds)) assert.equal(sbatchAnswer(text, 1).kind, kind, text);
    const isDefinite = (text: string) => {
      const answer = sbatchAnswer(text, 1);
      return answer.kind === "refused" ? answer.definite === true : null;
    };
    for (const text of [
      "Invalid account or account/partition combination specified",
      "Invalid qos specification",
      "Requested node configuration is not available",
      "Access/permission denied",
      "User's group not permitted to use this partition",
    ])
      assert.equal(isDefinite(`sbatch: error: words of a plugin\n${failed}${text}\n`), true, text);
    for (const text of [
      `${failed}Invalid partition name specified`,
      `${failed}Unspecified error`,
      "sbatch: error: cli_filter: Requested node configuration is not available",
      "sbatch: error: s_p_parse_file: unable to status file /etc/slurm/slurm.conf",
    ])
      assert.equal(isDefinite(text), false, text);
    assert.equal(
      sbatchAnswer(`${failed}Invalid partition name specified`, 1).words,
      "sbatch: Batch job submission failed: Invalid partition name specified",
    );
  });
});

test("what the helper refuses is definite where the site's program or policy says no to the job", () => {
  const said = (rule: string) => {
    const answer = submitAnswer(new Map(Object.entries({ ok: "0", error: "refused", rule, words: "no" }).map(inBytes)));
    return answer.kind === "refused" && answer.definite ? "definite" : answer.kind;
  };
  const root = submitAnswer(
    new Map(Object.entries({ ok: "0", error: "refused", rule: "root", words: "no" }).map(inBytes)),
  );
  assert.equal(root.kind === "refused" && root.rule, "root", "by which a slip is told from what may yet be let in");
  for (const rule of ["before-submit", "account", "partition", "qos", "licence", "max-time-min", "min-uid", "group"])
    assert.equal(said(rule), "definite", rule);
  for (const rule of ["field:task", "user", "runs", "cwd", "verb", "token-lifespan-max"])
    assert.equal(said(rule), "refused", rule);
  for (const rule of ["stopped", "too-late"]) assert.equal(said(rule), "later", rule);
});

function inBytes([name, value]: [string, string]): [string, Buffer[]] {
  return [name, [Buffer.from(value)]];
}

const configurationText = (version: string, hidden: string) => `Configuration data as of 2026-11-22T17:13:44
AccountingStorageType   = accounting_storage/none
ClusterName             = a
MaxArraySize            = 20001
MessageTimeout          = 60 sec
MinJobAge               = 30 sec
PrivateData             = ${hidden}
SLURM_VERSION           = ${version}
`;

test("the doctor names a version that was not tested, and what is hidden", () => {
  const verdicts = (version: string, hidden: string) =>
    Object.fromEntries(
      configurationFindings(configurationOf(configurationText(version, hidden))).map((one) => [one.name, one.verdict]),
    );
  assert.deepEqual(verdicts("22.05.8", "none"), {
    version: "good",
    accounting: "note",
    PrivateData: "good",
    MinJobAge: "wrong",
    MessageTimeout: "good",
    MaxArraySize: "good",
  });
  assert.equal(verdicts("24.11.1", "none").version, "wrong");
  assert.equal(verdicts("22.05.8", "jobs,usage").PrivateData, "note");
  assert.equal(verdicts("22.05.8", "jobs,nodes").PrivateData, "wrong");
  assert.deepEqual([clockFinding(2).verdict, clockFinding(-90).verdict], ["good", "wrong"]);
});

test("partitions over the same nodes are named, as far as the site uses them", () => {
  const text =
    "PartitionName=batch Nodes=c[1-4] State=UP\nPartitionName=short Nodes=c4,d1 State=UP\nPartitionName=big Nodes=e[1-2] State=UP\nPartitionName=none Nodes=(null) State=UP\n";
  assert.deepEqual(sharingNodes(text, null), ["batch", "short"]);
  assert.deepEqual(sharingNodes(text, ["batch", "big"]), []);
});

test("partitions that start nothing, and those that Slurm does not show, are told, as far as the site uses them", () => {
  const text =
    "PartitionName=batch Nodes=c[1-4] State=UP\nPartitionName=short Nodes=c4 State=DOWN\nPartitionName=big Nodes=e1 State=DRAIN\n";
  const said = (partitions: readonly string[] | null) =>
    shutPartitions(text, partitions).map(({ verdict, words }) => [verdict, words.split(":")[0]]);
  assert.deepEqual(said(null), [
    ["note", "short is DOWN"],
    ["note", "big is DRAIN"],
  ]);
  assert.deepEqual(said(["batch", "big", "bacth"]), [
    ["note", "big is DRAIN"],
    ["wrong", "Slurm shows no partition bacth, which slurm.json names"],
  ]);
  assert.deepEqual(shutPartitions("", ["batch"]), [], "a controller that does not answer is named elsewhere");
});

test("what is out of use in the mapping does not count as an entry", () => {
  assert.match(mappingFinding(["ready", "removed", "created"]).words, /^2 entries, 1 ready/);
  assert.equal(mappingFinding(["removed"]).verdict, "note");
});

test("the doctor names the runtimes for containers, by the site's word and on this machine", async () => {
  const finding = (containers: readonly string[] | null) =>
    containerFinding(parseSite(JSON.stringify({ slurmBin: "/nowhere", containers }), "the test's site"));
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  try {
    assert.deepEqual(await finding(["pyxis", "podman"]), {
      name: "containers",
      verdict: "good",
      words: "by slurm.json: pyxis, podman; on this machine: nothing",
    });
    assert.deepEqual((await finding([])).words, "none, by slurm.json");
    const none = await finding(null);
    assert.equal(none.verdict, "note");
    assert.match(none.words, /^no runtime on this machine .* name it in slurm\.json/);
  } finally {
    process.env.PATH = path;
  }
});

test("the doctor speaks the terminal's language", () => {
  const module = (name: string) => JSON.stringify(new URL(`./${name}.ts`, import.meta.url).href);
  const program = `import { configurationFindings, findingsText } from ${module("doctor")};
import { configurationOf } from ${module("configuration")};
process.stdout.write(findingsText(configurationFindings(configurationOf(${JSON.stringify(configurationText("24.11.1", "jobs"))}))));`;
  const said = (LANG: string) =>
    spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, LANG },
    }).stdout.split("\n");
  assert.match(said("zh_CN.UTF-8")[0] ?? "", /^有误 {2}版本：Slurm 24\.11\.1 不在已测试的版本（22\.05）之列/);
  assert.match(said("zh_CN.UTF-8").join("\n"), /^注意 {2}PrivateData：看不到他人的作业/m);
  assert.match(said("C.UTF-8")[0] ?? "", /^wrong {2}version: Slurm 24\.11\.1 is not among the tested versions/);
});

test("the doctor names local users that several people are, and nobody's other projects", () => {
  const as = (person: number | null, project: number | null, user: string, kind: "ready" | "removed" = "ready") =>
    ({ person, project, user, account: null, qos: null, readiness: { kind, sinceMs: 0 } }) as const;
  const alone = [as(1, 1, "li"), as(1, 2, "li"), as(2, null, "wang"), as(3, null, "wang", "removed")];
  assert.deepEqual(sharedFindings(alone), []);
  const [finding, ...more] = sharedFindings([...alone, as(4, null, "li"), as(5, 1, "zhao"), as(null, 1, "zhao")]);
  assert.deepEqual([finding?.name, finding?.verdict, more.length], ["shared users", "note", 0]);
  assert.match(finding?.words ?? "", /several people of the network, .*: li, zhao$/);
  // Two projects on one account are two groups of people.
  const projects = sharedFindings([as(null, 1, "zhao"), as(null, 2, "zhao")])[0];
  assert.match(projects?.words ?? "", /: zhao$/);
});
