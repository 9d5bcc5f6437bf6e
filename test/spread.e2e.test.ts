import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createClient } from "#api/client.ts";
import { requires } from "../tools/requirement.ts";
import { type Clusters, startClusters } from "../tools/slurm/clusters.ts";
import { eventually, type Network, startNetwork } from "./network.ts";
import { joinSlurm, type SlurmCentre } from "./slurm-centre.ts";

// One `weir submit --array` of 200 tasks over two real Slurm clusters and the local centre, with an agent killed in the
// middle: every task runs once, sees the user's whole array, and its exit code, log and usage are right. What the scheduler
// was told and decided meanwhile, replayed without it, comes out the same.

const tasks = 200;

describe("an array over three centres", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let network: Network;
  const centres: SlurmCentre[] = [];
  let folder = "";
  // Written by the server's own user.
  const recording = join("/tmp", `weir-spread-recording-${process.pid}`);
  before(async () => {
    const env = { WEIR_LOCAL_CORES: "4", WEIR_RECORD: recording };
    [clusters, network] = await Promise.all([startClusters(), startNetwork({ env })]);
    for (const name of ["jinan", "qingdao"] as const) centres.push(await joinSlurm(network, clusters, name, {}));
    folder = mkdtempSync(join(tmpdir(), "weir-spread-"));
  });
  after(async () => {
    for (const centre of centres) await centre.remove();
    await network?.remove();
    await clusters?.stop();
    if (folder) rmSync(folder, { recursive: true });
    rmSync(recording, { force: true });
  });

  test("each of 200 tasks runs once, and all of it is right", { timeout: 560_000 }, async () => {
    const agents = centres.map((centre) => centre.start());
    for (const centre of centres) await centre.connected();
    writeFileSync(join(folder, "task.sh"), script);
    const submitted = await network.weir(
      ["submit", `--array=1-${tasks}`, "--mem=64M", "-t", "5:00", "--parsable", "-Q", "task.sh"],
      { cwd: folder },
    );
    assert.equal(submitted.status, 0, submitted.stderr);
    const job = Number(submitted.stdout.trim());
    const client = createClient({ baseUrl: network.url, token: () => network.token });
    const shown = async () => {
      const reply = await client.call("job", { params: { job } });
      if (reply.kind === "problem") throw new Error(reply.problem.detail);
      return reply.value;
    };

    await eventually("a part has ended", async () => ((await shown()).counts.ended >= 20 ? true : null));
    await agents[0]?.end("SIGKILL");
    centres[0]?.start();
    const done = await eventually(
      "all have ended",
      async () => ((await shown()).state === "ended" ? shown() : null),
      360_000,
    );
    assert.equal(done.counts.ended, tasks);

    const seen = new Map<string, number>();
    let coreMs = 0n;
    for (let index = 1; index <= tasks; index += 1) {
      const reply = await client.call("task", { params: { job, index } });
      if (reply.kind === "problem") throw new Error(reply.problem.detail);
      // What was taken back from one centre's queue, to be done earlier at another, has not run there.
      const runs = reply.value.runs.filter(({ end, startedMs }) => end?.kind !== "withdrawn" || startedMs !== null);
      assert.equal(runs.length, 1, `task ${index} ran ${runs.length} times`);
      const run = runs[0] ?? assert.fail();
      const end = run.end ?? assert.fail(`task ${index} has no end`);
      assert.deepEqual(
        [end.kind, end.exitCode ?? 0],
        index % 7 === 0 ? ["failed", 3] : ["succeeded", 0],
        `task ${index} at ${run.centre}: ${JSON.stringify(end)}`,
      );
      const wallMs = run.usage?.wallMs ?? 0;
      assert.ok(wallMs >= 1_900 && wallMs < 60_000, `task ${index} at ${run.centre}: ${wallMs} ms`);
      // One core each: what is billed is the time that it ran.
      assert.equal(run.amounts?.coreMs, String(wallMs), `task ${index} at ${run.centre}`);
      coreMs += BigInt(wallMs);
      seen.set(run.centre, (seen.get(run.centre) ?? 0) + 1);
      // The agent that has it may be slow to answer on a busy machine: then it is asked again.
      const log = await eventually(`the log of task ${index}`, async () => {
        const asked = await client.call("log", { params: { job }, query: { index, stream: "stdout", offset: 0 } });
        if (asked.kind === "problem" && asked.problem.status !== 503)
          throw new Error(`task ${index}: ${asked.problem.detail}`);
        return asked.kind === "answer" ? asked.value : null;
      });
      const text = Buffer.from(log.base64, "base64").toString();
      assert.equal(text, `${index} of ${tasks}, 1 to ${tasks} by 1\n`, `task ${index} at ${run.centre}`);
    }
    assert.deepEqual([...seen.keys()].toSorted(), ["jinan", "local", "qingdao"], JSON.stringify([...seen]));

    const usage = JSON.parse((await network.weir(["usage", "--by", "centre", "--json"])).stdout);
    assert.deepEqual([usage.total.runs, usage.total.amounts.coreMs], [tasks, String(coreMs)]);
    for (const { key, runs } of usage.rows) assert.equal(runs, seen.get(key), key);
    const books = JSON.parse((await network.weir(["ledger", "check", "--json"])).stdout);
    assert.equal(books.balanced, true);

    await network.stop();
    const replayed = await network.weir(["replay", recording, "--json"]);
    assert.equal(replayed.status, 0, replayed.stdout.slice(0, 2000));
    const { kind, placements } = JSON.parse(replayed.stdout);
    assert.equal(kind, "equal");
    assert.ok(placements >= tasks, `${placements} placements`);
  });
});

// More than a second: Slurm's accounting counts in whole ones.
const script = `#!/bin/sh
echo "$SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT, $SLURM_ARRAY_TASK_MIN to $SLURM_ARRAY_TASK_MAX by $SLURM_ARRAY_TASK_STEP"
sleep 2
test $((SLURM_ARRAY_TASK_ID % 7)) -ne 0 || exit 3
`;
