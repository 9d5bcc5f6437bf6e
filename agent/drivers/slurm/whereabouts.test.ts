import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { wrapperRecord } from "./record.ts";
import { byNodes, whereaboutsOf } from "./whereabouts.ts";

// Lost is told on evidence that nothing lives (R2): by the process where it can be seen, else by the controller's nodes.

const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const pidNamespace = readlinkSync("/proc/self/ns/pid");

function startedWith(facts: Readonly<Record<string, string | number>>) {
  const lines = { engine: 7, startedMs: 1, node: "c1", nodes: "c[1-2]", ...facts, end: 1 };
  const text = Object.entries(lines).map(([name, value]) => `${name}=${value}\n`);
  return wrapperRecord("0", text.join(""), "")?.started ?? assert.fail();
}

function ticksOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

const node = (name: string, state: string) => new Map(Object.entries({ NodeName: name, State: state }));
const up = { nodes: [node("c1", "IDLE"), node("c2", "MIXED+DRAIN")], trouble: null };

test("on this machine the process itself is looked at; a number that was given again is another process", async () => {
  const child = spawn("sleep", ["60"]);
  const pid = child.pid ?? assert.fail();
  const started = startedWith({ pid, startTicks: ticksOf(pid), bootId, pidNamespace });
  const where = () => whereaboutsOf(started, async () => up);
  assert.deepEqual(await where(), { kind: "maybe", words: `its wrapper on c1 lives as process ${pid}` });
  const other = startedWith({ pid, startTicks: 1, bootId, pidNamespace });
  assert.equal((await whereaboutsOf(other, async () => up)).kind, "gone");
  // What has ended and is not yet taken note of by its parent lives no more.
  const parent = spawn("perl", ["-e", "$| = 1; my $pid = fork; exit unless $pid; print $pid; sleep 60"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [printed] = await once(parent.stdout, "data");
  const dead = Number(String(printed));
  while (!/^\d+ \(perl\) Z /.test(readFileSync(`/proc/${dead}/stat`, "utf8"))) await delay(2);
  const zombie = startedWith({ pid: dead, startTicks: ticksOf(dead), bootId, pidNamespace });
  assert.equal((await whereaboutsOf(zombie, async () => up)).kind, "gone");
  parent.kill("SIGKILL");
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.deepEqual(await where(), { kind: "gone", words: `its wrapper on c1, process ${pid} there, lives no more` });
});

test("of another machine, boot or name space of processes the nodes decide, as the controller has them", async () => {
  for (const facts of [
    {},
    { pid: 1, startTicks: ticksOf(process.pid), bootId: "another", pidNamespace },
    { pid: process.pid, startTicks: ticksOf(process.pid), bootId, pidNamespace: "pid:[1]" },
  ])
    assert.deepEqual(await whereaboutsOf(startedWith(facts), async () => up), {
      kind: "gone",
      words: "no node has it: c1 IDLE, c2 MIXED+DRAIN",
    });
});

test("a node that does not answer yet may have it; one that is given up, or is none any more, has not", () => {
  const started = startedWith({});
  const of = (state: string) => byNodes(started, { nodes: [node("c1", "IDLE"), node("c2", state)], trouble: null });
  for (const state of ["UNKNOWN", "UNKNOWN*", "IDLE*", "IDLE+NOT_RESPONDING", "MIXED*+DRAIN", "IDLE+REBOOT_ISSUED"])
    assert.equal(of(state).kind, "maybe", state);
  for (const state of ["IDLE", "ALLOCATED", "DOWN*+NOT_RESPONDING", "DOWN", "MIXED+DRAIN"])
    assert.equal(of(state).kind, "gone", state);
  assert.match(byNodes(started, { nodes: [], trouble: null }).words, /c2 is none that the engine shows/);
  assert.equal(byNodes(started, { nodes: up.nodes, trouble: "no answer" }).kind, "maybe");
});
