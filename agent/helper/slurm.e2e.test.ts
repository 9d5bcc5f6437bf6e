import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { factsOf } from "#agent/drivers/process/evidence.ts";
import type { Field } from "#agent/drivers/process/frame.ts";
import { placeHelper } from "#agent/install/place.ts";
import { allowSudo } from "#agent/install/sudo-testing.ts";
import { samplePolicy } from "#agent/install/texts.ts";
import { requires } from "../../tools/requirement.ts";
import { type Cluster, type Clusters, clusterOf, startClusters } from "../../tools/slurm/clusters.ts";
import { type Answer, decodePayload, type Helper, openHelper, submission } from "./serve-testing.ts";

// The helper and its wrapper on real clusters, asked as the agent asks: by an unprivileged user, through sudo.

describe("weir-as on real clusters", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let folder: string;
  const li = "weirt-li";
  const sites = new Map<string, { readonly cluster: Cluster; readonly helper: Helper }>();
  const rules: string[] = [];

  before(async () => {
    clusters = await startClusters({ nodes: 2, minJobAgeS: 300 });
    folder = mkdtempSync("/var/tmp/weir-as-");
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, "log"));
    for (const name of ["jinan", "qingdao"] as const) {
      const cluster = clusterOf(clusters, name);
      const policyPath = join(folder, `${name}.policy`);
      const program = placeHelper({ folder: join(folder, name), policyPath });
      const text = samplePolicy({
        slurmConf: cluster.slurmConf,
        slurmBin: "/usr/bin",
        runs: `${cluster.sharedFolder}/%u/.weir`,
        accounts: cluster.accounting ? ["ai-lab", "hpc"] : ["-"],
        partitions: ["batch", "accel", "short"],
        qos: ["-", "normal", "preemptible"],
        lines: [`output-root ${cluster.sharedFolder}/%u`, "load yes", "token-lifespan-max 600"],
      });
      writeFileSync(
        policyPath,
        text.replace(/^(stop|audit) .*$/gm, (_, key) => `${key} ${folder}/log/${name}.${key}`),
      );
      rules.push(allowSudo(clusters.agentUser.name, program, `helper-${name}`));
      // As the agent: no right of root's but the one rule.
      const asAgent = [
        "--reuid",
        clusters.agentUser.name,
        "--regid",
        clusters.agentUser.name,
        "--clear-groups",
      ] as const;
      sites.set(name, { cluster, helper: openHelper(["setpriv", ...asAgent, "sudo", "-n", program, "serve"]) });
    }
  });
  after(async () => {
    for (const { helper } of sites.values()) await helper.close();
    for (const rule of rules) rmSync(rule, { force: true });
    await clusters?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const site = (name: "jinan" | "qingdao") => {
    const found = sites.get(name);
    if (!found) throw new Error(`no ${name}`);
    return found;
  };
  async function submit(
    name: "jinan" | "qingdao",
    chunk: string,
    changes: Parameters<typeof submission>[2] = {},
  ): Promise<string> {
    const account = name === "jinan" ? "ai-lab" : [];
    const answer = await site(name).helper.ask("submit", submission(li, chunk, { account, ...changes }));
    assert.equal(answer.get("ok"), "1", answer.get("words"));
    return answer.get("engineId");
  }
  async function ended(name: "jinan" | "qingdao", chunk: string): Promise<Answer> {
    for (;;) {
      const answer = await site(name).helper.ask("records", [
        ["user", li],
        ["chunk", chunk],
      ]);
      const [record] = (answer.frame.get("record") ?? []).map(decodePayload);
      if (record && record.all("ended").length > 0 && record.all("ended").every((text) => text !== "")) return record;
      await delay(50);
    }
  }
  async function gone(name: "jinan" | "qingdao", engineId: string): Promise<Readonly<Record<string, string>>> {
    for (;;) {
      const answer = await site(name).helper.ask("list", [["user", li]]);
      const row = rowsOf(answer, "queue", "queueFields").find((one) => one.arrayJob === engineId);
      if (row && !/PENDING|RUNNING|COMPLETING|CONFIGURING/.test(row.state ?? "")) return row;
      await delay(100);
    }
  }
  const rowsOf = (answer: Answer, rows: string, names: string): Record<string, string>[] =>
    answer
      .all(rows)
      .map((row) =>
        Object.fromEntries(row.split("\t").map((value, at) => [answer.get(names).split("\t")[at] ?? "", value])),
      );
  const read = async (name: "jinan" | "qingdao", chunk: string, run: string, stream = "stdout") =>
    (
      await site(name).helper.ask("read", [
        ["user", li],
        ["chunk", chunk],
        ["run", run],
        ["stream", stream],
        ["offset", "0"],
        ["max", "1048576"],
      ])
    ).get("bytes");

  for (const name of ["jinan", "qingdao"] as const) {
    test(`${name}: a job runs as its user, and its end is known by record, queue and accounting`, async () => {
      const { helper } = site(name);
      const engineId = await submit(name, "11.0.1", {
        script:
          '#!/bin/bash\nid -un; echo "$GREETING"; echo "$SLURM_JOB_NAME $WEIR_JOB_ID"; env | grep -c -E "SUDO|weirt-agent"; cat in.txt; ulimit -c; exit 3\n',
        env: ["GREETING=two\nlines"],
        file: ["in.txt"],
        fileMode: ["-"],
        fileData: ["given\n"],
      });
      const record = await ended(name, "11.0.1");
      const facts = factsOf(record.get("ended"));
      assert.deepEqual([facts?.get("cause"), facts?.get("exitCode"), facts?.get("engine")], ["exited", "3", engineId]);
      assert.match(await read(name, "11.0.1", "11.0.1"), /^weirt-li\ntwo\nlines\nprobe 11\n0\ngiven\n/);
      const row = await gone(name, engineId);
      assert.deepEqual([row.state, row.name], ["FAILED", "probe.weir-11.0.1"]);
      assert.ok(Math.abs(Number(row.start) - Date.now() / 1000) < 600, row.start);
      const shown = await helper.ask("jobs", [
        ["user", li],
        ["engineId", engineId],
      ]);
      assert.match(shown.get("job"), / ExitCode=3:0 /, shown.get("words"));
      assert.match(shown.get("job"), / EndTime=\d+ /);
      assert.equal(shown.get("tampered"), "0");
      assert.equal(shown.get("hasAccounting"), name === "jinan" ? "1" : "0");
      // slurmdbd is told some seconds later.
      for (let known = !shown.get("hasAccounting").includes("1"); !known; await delay(200)) {
        const asked = await helper.ask("jobs", [
          ["user", li],
          ["engineId", engineId],
        ]);
        const job = rowsOf(asked, "accounting", "accountingFields").find((row) => row.JobID === engineId);
        known = job?.State === "FAILED";
        if (known) assert.deepEqual([job?.ExitCode, job?.JobName, job?.User], ["3:0", "probe.weir-11.0.1", li]);
      }
    });

    test(`${name}: cancels a waiting and a running job; the wrapper tells it was stopped`, async () => {
      const { helper } = site(name);
      const waiting = await submit(name, "12.0.1", {
        nodes: "2",
        tasks: "2",
        exclusive: "1",
        script: "#!/bin/sh\necho up\nexec sleep 600\n",
      });
      const pending = await submit(name, "13.0.1", {
        nodes: "2",
        tasks: "2",
        exclusive: "1",
        script: "#!/bin/sh\nexec sleep 600\n",
      });
      const folderOf = (chunk: string) => join(site(name).cluster.sharedFolder, li, ".weir", chunk);
      while ((await read(name, "12.0.1", "12.0.1")) !== "up\n") await delay(50);
      const cancel = (which: "all" | "waiting") =>
        helper.ask("cancel", [
          ["user", li],
          ["waiting", which === "waiting" ? "1" : "0"],
          ["engineId", pending],
          ["engineId", waiting],
        ]);
      const takenBack = await cancel("waiting");
      assert.deepEqual(takenBack.all("cancelled"), [pending], takenBack.get("words"));
      assert.equal((await gone(name, pending)).state, "CANCELLED");
      const still = await helper.ask("jobs", [
        ["user", li],
        ["engineId", waiting],
      ]);
      assert.match(still.get("job"), / JobState=RUNNING /);
      const all = await cancel("all");
      assert.ok(all.all("cancelled").includes(waiting), all.get("words"));
      assert.equal((await gone(name, waiting)).state, "CANCELLED");
      const facts = factsOf((await ended(name, "12.0.1")).get("ended"));
      assert.deepEqual([facts?.get("cause"), facts?.get("signal")], ["stopped", "15"]);
      assert.equal(existsSync(join(folderOf("13.0.1"), "13.0.1-0")), false);
    });

    test(`${name}: a chunk of an array sees the user's whole array`, async () => {
      const script =
        "#!/bin/sh\necho $SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_COUNT $SLURM_ARRAY_TASK_MIN $SLURM_ARRAY_TASK_MAX $SLURM_ARRAY_TASK_STEP\nexit $SLURM_ARRAY_TASK_ID\n";
      await submit(name, "14-a", {
        array: "5-7",
        task: ["5 14.5.1", "6 14.6.1", "7 14.7.2"],
        arrayCount: "200",
        arrayMin: "0",
        arrayMax: "199",
        arrayStep: "1",
        script,
      });
      let record = await ended(name, "14-a");
      while (record.all("run").length < 3) record = await ended(name, "14-a");
      assert.deepEqual(record.all("run"), ["14.5.1", "14.6.1", "14.7.2"]);
      assert.deepEqual(
        record.all("ended").map((text) => factsOf(text)?.get("exitCode")),
        ["5", "6", "7"],
      );
      assert.equal(await read(name, "14-a", "14.6.1"), "6 200 0 199 1\n");
    });

    test(`${name}: the time limit to the second; steps and nodes are Slurm's`, async () => {
      await submit(name, "15.0.1", {
        timeLimitMs: "2000",
        graceMs: "60000",
        script: "#!/bin/bash\ntrap 'echo told; exit 9' TERM\nsleep 100 & wait\n",
      });
      await submit(name, "16.0.1", {
        nodes: "2",
        tasks: "2",
        script: "#!/bin/sh\nsrun --overlap sh -c 'echo step $SLURM_PROCID on $SLURMD_NODENAME'\n",
      });
      const facts = factsOf((await ended(name, "15.0.1")).get("ended"));
      assert.deepEqual([facts?.get("cause"), facts?.get("exitCode")], ["time-limit", "9"]);
      const wall = Number(facts?.get("wallMs"));
      assert.ok(wall >= 2000 && wall < 60_000, `${wall} ms`);
      assert.equal(
        factsOf((await ended(name, "16.0.1")).get("ended"))?.get("exitCode"),
        "0",
        await read(name, "16.0.1", "16.0.1", "stderr"),
      );
      const steps = (await read(name, "16.0.1", "16.0.1")).trim().split("\n").sort();
      assert.deepEqual(steps, [`step 0 on ${name}1`, `step 1 on ${name}2`]);
    });
  }

  test("a start after the fence does not happen, even on idle nodes", async () => {
    const blocker = await submit("jinan", "17.0.1", {
      nodes: "2",
      tasks: "2",
      exclusive: "1",
      script: "#!/bin/sh\nexec sleep 600\n",
    });
    const late = await submit("jinan", "18.0.1", {
      nodes: "2",
      tasks: "2",
      exclusive: "1",
      startWithinS: "2",
      script: "#!/bin/sh\necho ran\n",
    });
    const row = await gone("jinan", late);
    assert.equal(row.state, "DEADLINE");
    await site("jinan").helper.ask("cancel", [
      ["user", li],
      ["engineId", blocker],
      ["signal", "KILL"],
    ]);
    const record = await site("jinan").helper.ask("records", [
      ["user", li],
      ["chunk", "18.0.1"],
    ]);
    assert.deepEqual(decodePayload(record.frame.get("record")?.[0] ?? Buffer.alloc(0)).all("run"), []);
  });

  test("what is submitted twice runs once; the second ends as a duplicate", async () => {
    const { cluster } = site("qingdao");
    const first = await submit("qingdao", "19.0.1", { script: "#!/bin/sh\necho ran >> ../../count\n" });
    await ended("qingdao", "19.0.1");
    const place = join(cluster.sharedFolder, li, ".weir", "19.0.1");
    const again = await site("qingdao").helper.ask("submit", submission(li, "19.0.1", { account: [] }));
    assert.deepEqual([again.get("existing"), again.get("engineId")], ["1", first]);
    // As if its helper had died before it could write the engine's id down.
    const order = readFileSync(join(place, "order"), "latin1");
    writeFileSync(
      join(place, "order"),
      order.replace(`engineId=${first}`, `engineId=${" ".repeat(first.length)}`),
      "latin1",
    );
    const second = await submit("qingdao", "19.0.1", { again: "1", script: "#!/bin/sh\necho ran >> ../../count\n" });
    assert.notEqual(second, first);
    const row = await gone("qingdao", second);
    assert.equal(row.state, "FAILED");
    const record = await ended("qingdao", "19.0.1");
    assert.equal(factsOf(record.get("duplicate"))?.get("engine"), second);
    assert.equal(readFileSync(join(place, "count"), "utf8"), "ran\n");
  });

  test("killed with its children at any moment of a submission: looked up, sent again where it is not there, and run once", async () => {
    const { helper, cluster } = site("qingdao");
    const rounds = 16;
    const chunkOf = (round: number) => `30.${round}.1`;
    const order = (round: number, changes = {}) =>
      submission(li, chunkOf(round), { account: [], script: "#!/bin/sh\necho ran >> ../../count\n", ...changes });
    const startedMs = performance.now();
    await submit("qingdao", "30.99.1", { script: "#!/bin/sh\ntrue\n" });
    const tookMs = performance.now() - startedMs;
    for (let round = 0; round < rounds; round++) {
      const own = openHelper([join(folder, "qingdao", "weir-as"), "serve"]);
      await own.ask("hello", []);
      const answered = own.ask("submit", order(round)).catch(() => {});
      // The first at once and the last when all is done; between them at any moment.
      await (round === rounds - 1 ? answered : delay((1.2 * tookMs * round) / rounds));
      for (const pid of [...treeOf(own.child.pid ?? 0)].reverse()) kill(pid);
      own.child.kill("SIGKILL");
    }
    const happened: string[] = [];
    for (let round = 0; round < rounds; round++) {
      for (let again = {}; ; ) {
        const answer = await helper.ask("submit", order(round, again));
        happened.push(answer.get("ok") === "1" ? `existing ${answer.get("existing")}` : answer.get("error"));
        if (answer.get("ok") === "1") break;
        assert.match(answer.get("error"), /^(in-doubt|busy)$/, answer.get("words"));
        // Longer than a request can still be on its way to slurmctld.
        await delay(300);
        const listed = await helper.ask("list", [
          ["user", li],
          ["tag", chunkOf(round)],
        ]);
        if (rowsOf(listed, "queue", "queueFields").length > 0) break;
        again = { again: "1" };
      }
    }
    for (let round = 0; round < rounds; round++) {
      const record = await ended("qingdao", chunkOf(round));
      assert.deepEqual(record.all("run"), [chunkOf(round)]);
      const place = join(cluster.sharedFolder, li, ".weir", chunkOf(round));
      assert.equal(readFileSync(join(place, "count"), "utf8"), "ran\n", happened.join(", "));
    }
    assert.ok(new Set(happened).size > 1, `the kills hit different moments: ${happened.join(", ")}`);
  });

  test("a forbidden account, another's job, a foreign job of the user's own: refused and audited", async () => {
    const { helper, cluster } = site("jinan");
    const closed = await helper.ask("submit", submission(li, "20.0.1", { account: "closed" }));
    assert.deepEqual([closed.get("error"), closed.get("rule")], ["refused", "account"]);
    const own = (
      await cluster.run(li, ["sbatch", "--parsable", "-o", "/dev/null", "--wrap", "sleep 60"])
    ).stdout.trim();
    const foreign = await helper.ask("cancel", [
      ["user", li],
      ["engineId", own],
    ]);
    assert.deepEqual([foreign.get("error"), foreign.get("rule")], ["refused", "foreign-job"]);
    const another = await helper.ask("cancel", [
      ["user", "weirt-wang"],
      ["engineId", own],
    ]);
    assert.deepEqual([another.get("ok"), another.all("notThere")], ["1", [own]], another.get("words"));
    const shown = await helper.ask("jobs", [
      ["user", "weirt-wang"],
      ["engineId", own],
    ]);
    assert.deepEqual(shown.all("job"), []);
    await cluster.run(li, ["scancel", own]);
    assert.match(
      readFileSync(join(folder, "log", "jinan.audit"), "utf8"),
      /refused verb=cancel user=weirt-li rule=foreign-job/,
    );
  });

  test("limits, a token, the load", async () => {
    const { helper } = site("jinan");
    const limits = await helper.ask("limits", [["user", li]]);
    assert.match(limits.get("associations"), /^Cluster\|Account\|User\|/, limits.get("words"));
    assert.match(limits.get("associations"), /\|ai-lab\|weirt-li\|/);
    assert.match(limits.get("qos"), /^normal\|/m);
    assert.match(limits.get("shares"), /^Account\|/);
    const token = await helper.ask("token", [
      ["user", li],
      ["lifespanS", "120"],
    ]);
    const claims: unknown = JSON.parse(
      Buffer.from(token.get("token").split(".")[1] ?? "", "base64url").toString() || "{}",
    );
    assert.match(JSON.stringify(claims), /"sun":"weirt-li"/, token.get("words"));
    const load = await helper.ask("load", []);
    assert.equal(load.get("ok"), "1", load.get("words"));
    const fields: readonly Field[] = [["user", li]];
    assert.equal((await helper.ask("list", fields)).get("hasAccounting"), "1");
  });

  test("of sudo the agent's user gets nothing else", () => {
    const asAgent = ["--reuid", clusters.agentUser.name, "--regid", clusters.agentUser.name, "--clear-groups"];
    const helper = join(folder, "jinan", "weir-as");
    for (const words of [
      [helper, "check"],
      [helper, "serve", "x"],
      ["/bin/sh"],
      [`${helper}/../../jinan/weir-as`, "check"],
      ["-u", li, "id"],
    ])
      assert.throws(
        () => execFileSync("setpriv", [...asAgent, "sudo", "-n", ...words], { stdio: "pipe" }),
        /password is required|not allowed/,
      );
  });
});

/** A process and all below it. */
function treeOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(path) ? readFileSync(path, "utf8").split(" ").filter(Boolean).map(Number) : [];
  return [pid, ...children.flatMap(treeOf)];
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
