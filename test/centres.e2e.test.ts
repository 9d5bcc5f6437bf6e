import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createClient } from "#api/client.ts";
import type { ConnectionTest } from "#api/connection-test.ts";
import type { TestReport } from "#core/centre/connection-test.ts";
import { eventually, type Network, repository, startNetwork } from "./network.ts";

// The guides "A network of many centres" and "The connection test", their commands word for word: three simulated
// centres beside the real local one, tested, in service, and 200 tasks over all of them with their agent killed.

let network: Network;
let simulation: Simulation;
before(async () => {
  // So long that what is unreachable in the last but two is so by its agent's goodbye and not by silence.
  network = await startNetwork({ env: { WEIR_UNREACHABLE_AFTER_S: "600", WEIR_ARRAY_TASKS: "500" } });
});
after(async () => {
  await simulation?.end();
  await network?.remove();
});

const guide = readFileSync(join(repository, "docs/guides/many-centres.md"), "utf8");
const [tryIt = "", takeAway = ""] = guide.split("## Take them away again");
const [simulateCommand = "", ...useCommands] = commandsOf(tryIt);

test("an array has no more tasks than the network is set to take", async () => {
  const { status, stderr } = await network.weir(["submit", "--array=1-501", "--", "true"]);
  assert.deepEqual([status, /501.*500/s.test(stderr)], [3, true], stderr);
});

function commandsOf(text: string): readonly string[] {
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, lines = ""]) => lines.trim().split("\n"));
}

type Simulation = {
  readonly printed: () => string;
  readonly exited: () => boolean;
  readonly agent: () => number | null;
  readonly end: () => Promise<void>;
};

function simulate(line: string): Simulation {
  const [weir, ...args] = line.split(" ");
  assert.equal(weir, "weir");
  const child = spawn(process.execPath, [join(repository, "dist/weir.mjs"), ...args], {
    cwd: repository,
    env: { PATH: process.env.PATH, WEIR_HOME: network.home, WEIR_SERVER: network.url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (printed += piece));
  return {
    printed: () => printed,
    exited: () => child.exitCode !== null || child.signalCode !== null,
    agent: () => childOf(child.pid ?? 0),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGINT");
      await once(child, "exit");
    },
  };
}

/** The agent that `weir centre simulate` started. */
function childOf(parent: number): number | null {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      if (Number(stat[1]) === parent) return Number(name);
    } catch {
      // It has ended since the folder was read.
    }
  }
  return null;
}

async function json<Value>(
  args: readonly string[],
): Promise<{ readonly status: number | null; readonly value: Value }> {
  const run = await network.weir([...args, "--json"]);
  return { status: run.status, value: JSON.parse(run.stdout) };
}

type Centres = {
  readonly centres: readonly { readonly id: string; readonly lifeCycle: string; readonly state: string }[];
};

test("three centres are registered, connected, tested and in service by one command", async () => {
  simulation = simulate(simulateCommand);
  await eventually(
    "the three are tested",
    async () => (/Ctrl-C ends/.test(simulation.printed()) || simulation.exited() ? true : null),
    300_000,
  );
  assert.match(simulation.printed(), /3 simulated centres are connected/);
  for (const centre of ["jinan-cpu", "qingdao-npu", "weihai-shared"]) {
    assert.match(simulation.printed(), new RegExp(`^${centre}: grade C$`, "m"), simulation.printed());
    const last = await json<ConnectionTest>(["centre", "test", centre, "--last"]);
    assert.deepEqual([last.status, last.value.grade, last.value.checks.length], [0, "C", 20]);
  }
  const { value } = await json<Centres>(["centres"]);
  assert.deepEqual(
    value.centres.map(({ id, lifeCycle, state }) => `${id} ${lifeCycle} ${state}`),
    ["jinan-cpu", "local", "qingdao-npu", "weihai-shared"].map((id) => `${id} in-service connected`),
  );
});

test("200 tasks run over all of them, each once, with the agent killed in the middle", async () => {
  const [list = "", submit = "", ...rest] = useCommands;
  assert.equal((await network.weir(list.split(" ").slice(1))).status, 0);
  const running = network.weir(submit.split(" ").slice(1));
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  await eventually("some tasks run", async () => {
    const listed = await client.call("jobs");
    const newest = listed.kind === "answer" ? listed.value.jobs[0] : undefined;
    return (newest?.counts.running ?? 0) > 20 ? true : null;
  });
  process.kill(simulation.agent() ?? assert.fail("no agent"), "SIGKILL");
  await eventually("it is told", async () => (simulation.exited() ? true : null));
  assert.match(simulation.printed(), /The agent ended with status/);
  simulation = simulate(simulateCommand);
  const done = await running;
  assert.equal(done.status, 0, done.stderr);
  for (const line of rest) assert.equal((await network.weir(line.split(" ").slice(1))).status, 0, line);
  const usage = await json<{ rows: readonly { key: string; runs: number }[]; total: { runs: number } }>([
    "usage",
    "--by",
    "centre",
  ]);
  assert.equal(usage.value.total.runs, 200);
  assert.ok(usage.value.rows.length >= 2, JSON.stringify(usage.value.rows));
  const books = await json<{ balanced: boolean }>(["ledger", "check"]);
  assert.equal(books.value.balanced, true);
});

test("plain work does not go to a simulated centre, and fails as it says", async () => {
  const ran = await network.weir(["submit", "--wait", "--", "sh", "-c", "exit 3"]);
  assert.equal(ran.status, 3, ran.stderr);
  const wide = await network.weir(["submit", "-c", "32", "--nodes", "2", "--ntasks", "2", "--", "true"]);
  assert.equal(wide.status, 3);
  assert.match(wide.stderr, /jinan-cpu: is simulated, executes nothing/);
  const named = await network.weir(["submit", "--wait", "--centre", "jinan-cpu", "--", "sh", "-c", "exit 3"]);
  assert.equal(named.status, 0);
  assert.match(named.stderr, /warning: simulated: nothing is executed if it goes to jinan-cpu/);
});

test("after Ctrl-C the centres are unreachable at once; they leave for good by the guide's commands", async () => {
  await simulation.end();
  const states = async () =>
    (await json<Centres>(["centres"])).value.centres.map(({ id, lifeCycle, state }) => `${id} ${lifeCycle} ${state}`);
  const simulated = ["jinan-cpu", "qingdao-npu", "weihai-shared"];
  await eventually("their agent has said goodbye", async () =>
    (await states()).filter((one) => one.endsWith(" unreachable")).length === 3 ? true : null,
  );
  const commands = commandsOf(takeAway);
  const remove = commands.at(-1) ?? "";
  for (const line of commands.slice(0, -1))
    assert.equal((await network.weir(line.split(" ").slice(1))).status, 0, line);
  await eventually("they are retired", async () =>
    (await states()).filter((one) => / retired /.test(one)).length === simulated.length ? true : null,
  );
  const again = await network.weir(simulateCommand.split(" ").slice(1));
  assert.equal(again.status, 3);
  assert.match(again.stderr, /jinan-cpu has left the network for good/);
  assert.equal((await network.weir(["centre", "enrol", "jinan-cpu"])).status, 3);
  execFileSync("/bin/sh", ["-c", remove], { env: { PATH: process.env.PATH, WEIR_HOME: network.home } });
  assert.equal(existsSync(join(network.home, "simulated")), false);
});

test("the local centre passes with an A though it serves users, and its report verifies by OpenSSL alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-report-"));
  try {
    const page = readFileSync(join(repository, "docs/guides/connection-test.md"), "utf8");
    const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].at(-1)?.[1] ?? "";
    writeFileSync(
      join(folder, "weir"),
      `#!/bin/sh\nexec ${process.execPath} ${join(repository, "dist/weir.mjs")} "$@"\n`,
      {
        mode: 0o755,
      },
    );
    const said = execFileSync("/bin/sh", ["-e", "-c", commands], {
      cwd: folder,
      encoding: "utf8",
      // As on the machine of `npm start`: nobody has said where the server is.
      env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder, WEIR_HOME: network.home },
    });
    assert.match(said, /Signature Verified Successfully/);
    const report: TestReport = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
    // How fast it takes runs is the machine's affair: a busy one may be too slow for an A.
    const isSlow = report.checks.some(
      ({ check, verdict, seen }) => check === "throughput" && verdict === "fail" && /20 of 20 succeeded/.test(seen),
    );
    assert.deepEqual([report.centre, report.grade], ["local", isSlow ? "B" : "A"]);
    writeFileSync(join(folder, "report.json"), JSON.stringify({ ...report, grade: "C" }));
    assert.throws(() =>
      execFileSync("/bin/sh", ["-c", commands.trim().split("\n").at(-1) ?? ""], { cwd: folder, stdio: "pipe" }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("one agent by itself, as the guide says, beside the centres that are there", async () => {
  const section = guide.split("## One agent by itself")[1] ?? "";
  const commands = /```text\n([\s\S]*?)```/.exec(section)?.[1] ?? "";
  const folder = mkdtempSync(join(tmpdir(), "weir-own-agent-"));
  const weir = `#!/bin/sh\nexec env WEIR_HOME=${network.home} ${process.execPath} ${join(repository, "dist/weir.mjs")} "$@"\n`;
  writeFileSync(join(folder, "weir"), weir, { mode: 0o755 });
  const typed = commands
    .replaceAll("/tmp/", `${folder}/`)
    .replace("http://127.0.0.1:8470", network.url)
    .replace("node dist/agent.mjs", `exec ${process.execPath} dist/agent.mjs`);
  const agent = spawn("/bin/sh", ["-e", "-c", typed], {
    cwd: repository,
    env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  agent.stderr.on("data", (piece) => (said += piece));
  try {
    await eventually(`jinan-2 is connected: ${said}`, async () => {
      assert.equal(agent.exitCode, null, said);
      const { value } = await json<Centres>(["centres"]);
      return value.centres.some(({ id, state }) => id === "jinan-2" && state === "connected") ? true : null;
    });
    const run = await network.weir(["centre", "test", "jinan-2"]);
    assert.equal(run.status, 0, run.stdout + run.stderr);
  } finally {
    if (agent.exitCode === null) {
      agent.kill("SIGTERM");
      await once(agent, "exit");
    }
    rmSync(folder, { recursive: true });
  }
});
