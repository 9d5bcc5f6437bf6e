import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, type Network, startNetwork } from "./network.ts";

// A run at a real centre makes way for work of a higher class, gets its grace, and is run again.

let network: Network;
before(async () => {
  network = await startNetwork({ env: { WEIR_LOCAL_CORES: "2" } });
});
after(async () => {
  await network.remove();
});

async function weir(...args: string[]): Promise<string> {
  const done = await network.weir(args);
  assert.equal(done.status, 0, `weir ${args.join(" ")}\n${done.stderr}`);
  return done.stdout;
}

const asked = ["--cpus-per-task=2", "--time=10", "--parsable"];

const detail = async (job: string) => JSON.parse(await weir("show", job, "--json"));
const ended = async (job: string) => {
  const shown = await detail(job);
  return shown.state === "ended" ? shown : null;
};

test("a run makes way with its grace, is not billed, and its task runs again", { timeout: 480_000 }, async () => {
  // It notes that it was asked to end, and the second time it ends at once.
  const script = `if [ "$WEIR_RUN_ID" != "\${WEIR_RUN_ID%.1}" ]; then trap 'echo saved; exit 0' TERM; sleep 600 & wait; fi`;
  const yields = ["--priority-class", "low", "--preemptible", "restarts", "--grace", "60"];
  const filler = (await weir("submit", ...asked, ...yields, "--", "bash", "-c", script)).trim();
  await eventually("the filler runs", async () => ((await detail(filler)).state === "running" ? true : null));
  const urgent = (await weir("submit", ...asked, "--priority-class", "high", "--", "true")).trim();
  assert.equal((await eventually("the urgent job ended", () => ended(urgent))).outcome.kind, "succeeded");
  const shown = await eventually("the filler ended", () => ended(filler));
  assert.equal(shown.outcome.kind, "succeeded");
  const [first, second] = shown.firstTasks[0].runs;
  assert.deepEqual([first.end.kind, first.end.reason, first.billed], ["preempted", `makes way for ${urgent}`, false]);
  assert.deepEqual([second.end.kind, second.billed, shown.firstTasks[0].runs.length], ["succeeded", true, 2]);
  assert.equal(first.amounts.coreMs, "0");
  assert(first.usage.wallMs > 0, "what it used stays visible");

  assert.match(await weir("logs", filler, "--attempt", "1"), /saved/);
  assert.match(await weir("show", filler, "--history"), new RegExp(`preempted: makes way for ${urgent}`));
  const chinese = await network.weir(["show", filler, "--history"], { env: { LANG: "zh_CN.UTF-8" } });
  assert.match(chinese.stdout, new RegExp(`为作业 ${urgent} 让出位置`));
});

test("a run that asked for a signal is warned, saves, and goes on from there", { timeout: 480_000 }, async () => {
  // SIGTERM would end it without a trace: only the warning makes it save and leave.
  const script = `if [ -e "$WEIR_FORMER_WORK/saved" ]; then cat "$WEIR_FORMER_WORK/saved"; exit 0; fi
trap 'echo 41 > saved; touch "$WEIR_CHECKPOINT"; echo warned; exit 85' USR1
echo ready; while :; do sleep 0.2; done`;
  const yields = ["--priority-class", "low", "--preemptible", "checkpoints", "--grace", "1", "--signal=B:USR1@200"];
  const filler = (await weir("submit", ...asked, ...yields, "--", "bash", "-c", script)).trim();
  const isReady = async () => ((await network.weir(["logs", filler])).stdout.includes("ready") ? true : null);
  await eventually("the filler listens", isReady);
  const urgent = (await weir("submit", ...asked, "--priority-class", "high", "--", "true")).trim();
  assert.equal((await eventually("the urgent job ended", () => ended(urgent))).outcome.kind, "succeeded");
  const shown = await eventually("the filler ended", () => ended(filler));
  const [first, second] = shown.firstTasks[0].runs;
  assert.equal(first.end.kind, "preempted");
  assert.equal(second.end.kind, "succeeded");
  assert.equal(await weir("logs", filler, "--attempt", "1"), "ready\nwarned\n");
  assert.equal(await weir("logs", filler, "--attempt", "2"), "41\n");
});
