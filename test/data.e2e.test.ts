import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { JobDetail } from "#api/job.ts";
import { eventually, type Network, repository, startNetwork } from "./network.ts";

// Where a job's input is, from the command line to its centre: at the real local one and a simulated one, and recorded.

const folder = mkdtempSync(join(tmpdir(), "weir-data-"));
// Written by the server's own user.
const recording = process.getuid?.() === 0 ? join("/tmp", `weir-data-${process.pid}`) : join(folder, "recording");
const description = join(folder, "far.json");
const script = join(folder, "job.sh");
let network: Network;
let agents: ReturnType<typeof spawn>;

before(async () => {
  const nodes = [{ names: "n[1-2]", cores: 8, memoryMib: 16384 }];
  const far = { title: "Far (simulated)", regionCode: "370100", seed: 1, pools: [{ name: "batch", nodes }] };
  writeFileSync(description, JSON.stringify({ centres: { far } }));
  network = await startNetwork({ env: { WEIR_RECORD: recording, WEIR_LOCAL_CORES: "4" } });
  const args = [join(repository, "dist/weir.mjs"), "centre", "simulate", description, "--test"];
  const env = { PATH: process.env.PATH, WEIR_HOME: network.home, WEIR_SERVER: network.url };
  agents = spawn(process.execPath, args, { cwd: repository, env, stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  agents.stdout?.on("data", (piece) => (printed += piece));
  await eventually("far is tested", async () => (/^far: grade C$/m.test(printed) ? true : null), 300_000);
});
after(async () => {
  if (agents?.exitCode === null) {
    agents.kill("SIGINT");
    await once(agents, "exit");
  }
  await network?.remove();
  rmSync(folder, { recursive: true, force: true });
  rmSync(recording, { force: true });
});

async function submitted(...args: string[]): Promise<number> {
  const done = await network.weir(["submit", "--parsable", ...args]);
  assert.equal(done.status, 0, done.stderr);
  return Number(done.stdout);
}

async function ended(
  id: number,
): Promise<{ readonly job: JobDetail; readonly centre: string; readonly startedMs: number }> {
  const shown = async (name: string) => JSON.parse((await network.weir(["show", name, "--json"])).stdout);
  const job: JobDetail = await eventually(`${id} ends`, async () => {
    const one = await shown(`${id}`);
    return one.state === "ended" ? one : null;
  });
  const { runs } = await shown(`${id}_0`);
  return { job, centre: runs[0].centre, startedMs: runs[0].startedMs };
}

test("jobs start where their data are, from the moment on that they said, at the real centre and the simulated one", {
  timeout: 300_000,
}, async () => {
  writeFileSync(script, "#!/bin/sh\n#WEIR-SIM run=1s\n#WEIR --data-at=far=8s\ntrue\n");
  const far = await submitted(script);
  const local = await submitted("--data-at", "local=8s", "--", "true");
  const here = await submitted(
    "--data-at",
    "local",
    "--data-elsewhere",
    "1d",
    "--env",
    "WEIR_SIM=run=1s",
    "--",
    "true",
  );
  const why = await network.weir(["why", `${far}`]);
  assert.match(why.stdout, /waits for its data, .* at far first, from /, why.stdout);
  assert.match(why.stdout, /local +data-not-there /);
  const now = await ended(here);
  assert.equal(now.centre, "local");
  for (const [id, centre] of [
    [far, "far"],
    [local, "local"],
  ] as const) {
    const late = await ended(id);
    const readyMs = late.job.spec.data?.at[0]?.fromMs ?? Number.POSITIVE_INFINITY;
    assert.equal(late.centre, centre);
    assert(late.startedMs >= readyMs, `${centre}: ${late.startedMs} is not before ${readyMs}`);
    assert(now.startedMs < readyMs, "the one whose data were there did not wait");
  }
});

test("what was said is shown, a slip is refused before anything is kept", async () => {
  const dry = await network.weir(["submit", "--dry-run", "--data-at", "far=2h", "--centre", "far", "--", "true"]);
  assert.equal(dry.status, 0, dry.stderr);
  assert.match(dry.stdout, /its data +at far from 20\d\d-/);
  assert.match(dry.stdout, /, when its data are at far, if there is room then/);
  const slips = [
    [["--data-at", "far=soon"], 2, /--data-at.*far=soon.*90s, 30m, 2h, 1d/s],
    [["--data-at", "farr"], 3, /no centre "farr"\. Is far meant\?/],
    [["--data-at", "far=2020-01-01T00:00"], 3, /is over .*name a moment to come/s],
    [["--data-elsewhere", "never"], 3, /names no centre where its data are/],
  ] as const;
  for (const [options, status, words] of slips) {
    const refused = await network.weir(["submit", ...options, "--", "true"]);
    assert.deepEqual([refused.status, words.test(refused.stderr)], [status, true], refused.stderr);
  }
});

test("all of it, replayed, gives the same plans byte for byte", { timeout: 120_000 }, async () => {
  agents.kill("SIGINT");
  await once(agents, "exit");
  await network.stop();
  const replayed = await network.weir(["replay", recording, "--json"]);
  const { kind, placements } = JSON.parse(replayed.stdout);
  assert.deepEqual([kind, placements >= 3], ["equal", true], replayed.stdout);
  assert.match(readFileSync(recording, "utf8"), /"data":\{"at":\[\{"centre":"far","fromMs":\d+\}\]/);
});
