import assert from "node:assert/strict";
import { test } from "node:test";
import type { LimitTexts } from "./engine.ts";
import { hasAssociation, localLimits } from "./limits.ts";

// Tables of sacctmgr and sshare of Slurm 22.05.8, in the columns that the helper asks for.
const texts: LimitTexts = {
  associations: `Cluster|Account|User|Partition|Share|MaxJobs|MaxSubmit|MaxWall|MaxTRES|MaxTRESMins|GrpJobs|GrpSubmit|GrpTRES|GrpTRESMins|GrpWall|QOS|Def QOS
jinan|ai-lab|weirt-li||1|3|200|01:00:00|||||cpu=4|||normal,preemptible|normal
jinan|hpc|weirt-li||1|||||||||||normal,preemptible|normal
other|ai-lab|weirt-li||1|1|1|00:01:00||||||||normal|normal
`,
  accounts: `Cluster|Account|User|ParentName|GrpJobs|GrpSubmit|GrpTRES|GrpTRESMins|GrpWall
jinan|ai-lab||root|||cpu=12,mem=40G,gres/gpu=2|cpu=6000|
`,
  qos: `Name|Priority|Preempt|PreemptMode|Flags|GrpTRES|GrpTRESMins|GrpJobs|MaxWall|MaxTRES|MaxTRESPU|MaxJobsPU|MaxSubmitPU|MaxJobsPA|MaxSubmitPA
normal|100|preemptible|cluster||||||||||||
preemptible|0||cluster||gres/gpu=8|||2-00:00:00||cpu=10||50||
`,
  shares: `Account|User|RawShares|NormShares|RawUsage|EffectvUsage|FairShare
ai-lab|weirt-li|1|0.500000|120|0.300000|0.250000
hpc|weirt-li|1|0.500000|0|0.000000|1.000000
`,
  queue: `ai-lab|normal|4|0|1|8|2
ai-lab|normal|10|1|3|3|3
ai-lab|preemptible|7|0|0|0|0
hpc|normal|2|0|2|2|2
`,
};
const of = { cluster: "jinan", user: "weirt-li", account: "ai-lab", qos: null };

test("the association's limits, and what its account may have as a whole: the least of each at every level", () => {
  assert.deepEqual(localLimits(texts, of), {
    mostRunning: 3,
    mostSubmitted: 200,
    mostTimeS: 3600,
    together: [
      { name: "cpu", most: 4 },
      { name: "gres/gpu", most: 2 },
      { name: "mem", most: 40_960 },
    ],
    togetherMinutes: [{ name: "cpu", most: 6000 }],
    fairShare: 0.25,
    submittedByOthers: 11,
    othersHold: [
      { name: "job", count: 1 },
      { name: "cpu", count: 8 },
      { name: "node", count: 2 },
    ],
  });
});

test("what the QoS sets goes before the association's, and counts what is in that QoS", () => {
  const limits = localLimits(texts, { ...of, qos: "preemptible" });
  assert.deepEqual([limits.mostRunning, limits.mostSubmitted, limits.mostTimeS], [3, 50, 172_800]);
  assert.deepEqual(
    limits.together.map(({ name, most }) => `${name}=${most}`),
    ["cpu=4", "gres/gpu=8", "mem=40960"],
  );
  assert.equal(limits.submittedByOthers, 7);
});

test("without an account only a sole association counts; no texts, no limits", () => {
  const none = {
    mostRunning: null,
    mostSubmitted: null,
    mostTimeS: null,
    together: [],
    togetherMinutes: [],
    fairShare: null,
  };
  const empty = { associations: "", accounts: "", qos: "", shares: "", queue: "" };
  assert.deepEqual(localLimits(empty, of), { ...none, submittedByOthers: 0, othersHold: [] });
  assert.equal(localLimits({ ...texts, accounts: "" }, { ...of, account: null }).mostTimeS, null);
  const [titles = "", first = ""] = texts.associations.split("\n");
  const sole = { ...texts, associations: `${titles}\n${first}\n` };
  assert.equal(localLimits(sole, { ...of, account: null }).mostTimeS, 3600);
  assert.equal(localLimits(texts, { ...of, account: "hpc" }).fairShare, 1);
});

test("a running limit of the QoS goes first too; rows of a partition, and of another cluster, bind nobody here", () => {
  const busy = { ...texts, qos: texts.qos.replace("cpu=10||50||", "cpu=10|2|50||") };
  assert.equal(localLimits(busy, { ...of, qos: "preemptible" }).mostRunning, 2);
  const row = "jinan|ai-lab|weirt-li||1|3|200|01:00:00|||||cpu=4|||normal,preemptible|normal";
  const ofPartition = row.replace("weirt-li||1|3", "weirt-li|gpu|1|9");
  const apart = { ...texts, associations: texts.associations.replace(row, `${ofPartition}\n${row}`) };
  assert.equal(localLimits(apart, of).mostRunning, 3);
  const elsewhere = "other|ai-lab|weirt-li||1|1|1|00:01:00||||||||normal|normal";
  const first = { ...texts, associations: texts.associations.replace(row, `${elsewhere}\n${row}`) };
  assert.equal(localLimits(first, of).mostRunning, 3);
  const accounts = `${texts.accounts}other|ai-lab||root|||cpu=1||\n`;
  assert.equal(localLimits({ ...texts, accounts }, { ...of, account: "hpc" }).together[0]?.most, 12);
});

test("whether Slurm knows a user in an account of this cluster", () => {
  const known = (account: string | null, cluster = "jinan") => hasAssociation(texts, { ...of, cluster, account });
  assert.deepEqual([known("ai-lab"), known("hpc"), known(null), known("law")], [true, true, true, false]);
  assert.deepEqual([known("hpc", "other"), known(null, "third")], [false, false]);
});
