import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  accountingFile,
  gresConf,
  jobSubmitLua,
  nodeNames,
  type Site,
  slurmConf,
  slurmdbdConf,
} from "./configuration.ts";

const site: Site = {
  name: "jinan",
  folder: "/top/jinan",
  host: "vm",
  mungeSocket: "/top/munge/socket",
  jwtKey: "/top/jwt.key",
  controllerPort: 10_001,
  restPort: 10_002,
  nodePorts: [10_005, 10_006],
  accountingPort: 10_000,
  cpus: 8,
  memoryMib: 32_000,
  npus: 8,
  gpus: 4,
  shards: 0,
  minJobAgeS: 300,
  nodeTimeoutS: 30,
  extra: [],
};

/** The values of a setting, in order. */
function valuesOf(text: string, name: string): readonly string[] {
  return text.split("\n").flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []));
}

test("the cluster with accounting enforces it, refuses root and hides jobs", () => {
  const text = slurmConf(site);
  assert.deepEqual(valuesOf(text, "AccountingStorageEnforce"), ["associations,limits,qos,safe"]);
  assert.deepEqual(valuesOf(text, "AccountingStoragePort"), ["10000"]);
  assert.deepEqual(valuesOf(text, "DisableRootJobs"), ["YES"]);
  assert.deepEqual(valuesOf(text, "PrivateData"), ["jobs,usage"]);
  assert.deepEqual(valuesOf(text, "JobSubmitPlugins"), []);
});

test("the cluster without accounting names nothing that slurmctld refuses without slurmdbd", () => {
  const text = slurmConf({ ...site, name: "qingdao", accountingPort: null });
  assert.deepEqual(valuesOf(text, "AccountingStorageType"), ["accounting_storage/none"]);
  // Fatal there: accounting_storage_TRES wants slurmdbd.
  assert.deepEqual(valuesOf(text, "AccountingStorageTRES"), []);
  assert.deepEqual(valuesOf(text, "JobSubmitPlugins"), ["lua"]);
  assert.deepEqual(valuesOf(text, "JobCompLoc"), ["/top/jinan/log/jobcomp.log"]);
});

test("both kill a job over its memory, run daemons as slurm and listen on loopback only", () => {
  for (const accountingPort of [10_000, null]) {
    const text = slurmConf({ ...site, accountingPort });
    assert.deepEqual(valuesOf(text, "JobAcctGatherParams"), ["OverMemoryKill"]);
    assert.deepEqual(valuesOf(text, "SlurmUser"), ["slurm"]);
    assert.deepEqual(valuesOf(text, "CommunicationParameters"), ["NoCtldInAddrAny,NoInAddrAny"]);
    assert.deepEqual(valuesOf(text, "SlurmctldHost"), ["vm(127.0.0.1)"]);
  }
});

test("every node has a name and a port of its own, and lines of the caller come last", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1_024, max: 60_000 }), (count, first) => {
      const nodePorts = Array.from({ length: count }, (_, index) => first + index);
      const text = slurmConf({ ...site, nodePorts, extra: ["MinJobAge=2"] });
      const nodes = valuesOf(text, "NodeName");
      assert.deepEqual(
        nodes.map((node) => node.split(" ")[0]),
        nodeNames({ name: "jinan", nodePorts }),
      );
      assert.deepEqual(
        nodes.map((node) => /Port=(\d+)/.exec(node)?.[1]),
        nodePorts.map(String),
      );
      assert.equal(new Set(nodes).size, count);
      assert.deepEqual(valuesOf(text, "MinJobAge"), ["300", "2"]);
      assert.equal(text.endsWith("\nMinJobAge=2\n"), true);
    }),
  );
});

test("devices: NPUs by number, GPUs by file", () => {
  assert.equal(
    gresConf(site),
    "AutoDetect=off\nName=npu Type=ascend910b Count=8\nName=gpu File=/top/jinan/devices/gpu[0-3]\n",
  );
});

test("slurmdbd's file holds no password", () => {
  const text = slurmdbdConf({ ...site, folder: "/top/slurmdbd", port: 10_000 });
  assert.deepEqual(valuesOf(text, "DbdPort"), ["10000"]);
  assert.deepEqual(valuesOf(text, "PrivateData"), ["jobs,usage"]);
  assert.deepEqual(valuesOf(text, "StoragePass"), []);
});

test("each user of the accounts has a default account, and is in it", () => {
  const text = accountingFile("jinan");
  const users = [...text.matchAll(/^User - '(weirt-\w+)':DefaultAccount='([\w-]+)'$/gm)];
  assert.equal(users.length, 7);
  for (const [, user, account] of users) {
    const part = text.split(`Parent - '${account}'\n`)[1]?.split("Parent")[0];
    assert.match(part ?? "", new RegExp(`^User - '${user}'`, "m"));
  }
  assert.equal((text.match(/^Account - /gm) ?? []).length, 3);
});

test("the site's plugin is whole", () => {
  for (const name of ["slurm_job_submit", "slurm_job_modify"])
    assert.match(jobSubmitLua, new RegExp(`^function ${name}`, "m"));
});
