import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createClient } from "#api/client.ts";
import { eventually, type Network, repository, startNetwork } from "./network.ts";

// Goal: what has run on a network is exported and replayed by the simulator: there and back through the two commands.

let network: Network;
before(async () => {
  network = await startNetwork({ env: { WEIR_LOCAL_CORES: "4" } });
});
after(() => network.remove());

test("jobs run, their history is exported, and weir simulate replays it", { timeout: 300_000 }, async () => {
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  const body = { command: ["sleep", "0.3"], array: "0-11", coresPerTask: 2, memoryMibPerNode: 16, timeLimitS: 60 };
  const submitted = await client.call("submit", { body });
  assert.ok(submitted.kind === "answer", JSON.stringify(submitted));
  await eventually("the end of the array", async () => {
    const job = await client.call("job", { params: { job: submitted.value.id } });
    return job.kind === "answer" && job.value.state === "ended" ? true : null;
  });
  const file = join(network.home, "history.jsonl");
  const exported = await network.weir(["export", "--history", "--write", file]);
  assert.equal(exported.status, 0, exported.stderr);
  const lines = readFileSync(file, "utf8").trim().split("\n");
  assert.equal(lines.length, 13);
  const printed = await network.weir(["export", "--history"]);
  assert.equal(printed.stdout, readFileSync(file, "utf8"), "the same on the output");
  const rows = lines.slice(1).map((line) => JSON.parse(line));

  const simulated = await network.weir(["simulate", "--trace", file, "--policy", "easy", "--json"]);
  assert.equal(simulated.status, 0, simulated.stderr);
  const result = JSON.parse(simulated.stdout);
  assert.equal(result.jobs, 12);
  assert.equal(result.processors, 4);
  assert.deepEqual(
    result.perHome.map((home: { name: string; jobs: number }) => [home.name, home.jobs]),
    [["local", 12]],
  );
  // Two at a time, each for a second or two after rounding up: the replay is as long as what it was made of.
  const runS = rows.reduce((sum, row) => sum + Math.ceil((row.endedMs - row.startedMs) / 1000), 0);
  assert.ok(result.makespanS >= runS / 2 && result.makespanS <= runS, `${result.makespanS} of ${runS}`);

  const diff = ["policy", "diff", "fcfs", "weir", "--json"];
  const own = await network.weir(diff);
  assert.equal(own.status, 0, own.stderr);
  assert.match(own.stderr, /last 30 days, 12 of them/);
  const { history, ...same } = JSON.parse(own.stdout);
  assert.deepEqual(history, { days: 30 });
  const given = await network.weir([...diff, "--trace", file]);
  assert.deepEqual(same, JSON.parse(given.stdout), "what ran here lately is what was exported");
  rmSync(file);
});

test("a sweep on the network gives what it gives on this machine", { timeout: 300_000 }, async () => {
  const sweep = ["simulate", "--generate", "lublin", "--jobs", "300", "--processors", "64", "--json"];
  const axes = ["--sweep", "policy=easy,saf-easy", "--sweep", "seed=1-2"];
  const here = await network.weir([...sweep, ...axes]);
  assert.equal(here.status, 0, here.stderr);
  const there = await network.weir([...sweep, ...axes, "--on-network"]);
  assert.equal(there.status, 0, there.stderr);
  const told = (text: string) =>
    JSON.parse(text).points.map((one: { point: object; result: { startChecksum: string } | null; words: string }) => [
      one.point,
      one.result?.startChecksum ?? one.words,
    ]);
  assert.deepEqual(told(there.stdout), told(here.stdout));
  // As a user's shell finds the command: the launcher, which is not what is to travel along.
  for (const program of ["node_modules/.bin/weir", "tools/weir.mjs"]) {
    const launched = await network.weir([...sweep, ...axes, "--on-network"], { program: join(repository, program) });
    assert.equal(launched.status, 0, launched.stderr);
    assert.deepEqual(told(launched.stdout), told(here.stdout), program);
  }
  assert.equal(new Set(told(here.stdout).map(([, checksum]: readonly [object, string]) => checksum)).size, 4);
});

test("a sweep carries traces and says which points cannot be run", { timeout: 300_000 }, async () => {
  const file = join(network.home, "made.swf");
  const made = [
    "simulate",
    "--generate",
    "ai",
    "--jobs",
    "100",
    "--processors",
    "16",
    "--write",
    file,
    "--policy",
    "easy",
  ];
  assert.equal((await network.weir(made)).status, 0);
  const axes = ["--sweep", "policy=easy", "--sweep", "routing=home,weir", "--on-network"];
  const swept = await network.weir(["simulate", "--trace", file, "--json", ...axes]);
  assert.equal(swept.status, 0, swept.stderr);
  const { points } = JSON.parse(swept.stdout);
  assert.equal(points[0].result.jobs, 100);
  assert.equal(points[1].result, null);
  assert.match(points[1].words, /--routing weir/);
  const said = await network.weir(["simulate", "--trace", file, "--lang", "zh", ...axes.slice(0, -1)]);
  assert.match(said.stdout, /^策略 +路由 +平均等待/);
  assert.match(said.stderr, /^– --routing weir 是 Weir 自己的调度器/m, "a replay of the sweep says it in Chinese too");
  rmSync(file);
});

test("a report is written beside the result, in the language of the command", { timeout: 300_000 }, async () => {
  const file = join(network.home, "report.html");
  const options = ["--generate", "ai", "--jobs", "300", "--processors", "32", "--policy", "easy", "--report", file];
  const done = await network.weir(["simulate", ...options], { env: { LANG: "zh_CN.UTF-8", LC_ALL: "" } });
  assert.equal(done.status, 0, done.stderr);
  const page = readFileSync(file, "utf8");
  assert.match(page, /<html lang="zh-CN">/);
  assert.match(page, /合成数据/);
  assert.match(page, /weir simulate --generate ai --jobs 300 --policy easy --processors 32</);
  rmSync(file);
});
