import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { readNodes, readPods } from "./alibaba.ts";
import { readTrace } from "./read-trace.ts";
import { type TraceRefusal, TraceRefused } from "./trace-refusal.ts";
import { skipWithout, traceFile } from "./traces-testing.ts";

const head = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos";

function bytes(...lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.join("\n"));
}

function refusalOf(read: () => unknown): TraceRefusal {
  try {
    read();
  } catch (error) {
    if (error instanceof TraceRefused) return error.refusal;
    throw error;
  }
  return assert.fail("it was taken");
}

test("pods by the names of the columns, in any order, with further ones, and line ends of either kind", () => {
  const { pods, dropped } = readPods(
    bytes(
      "gpu_spec,num_gpu,cpu_milli,gpu_milli,memory_mib,more\r",
      "A10|T4,2,4000,1000,512,x\r",
      ",0,8000,0,1024,y\r",
      "",
      ",1,0,460,0,z",
    ),
    "list",
  );
  assert.deepEqual(pods, [
    { coresMilli: 4000, memoryMib: 512, devices: 2, shareMilli: 1000, models: ["A10", "T4"] },
    { coresMilli: 8000, memoryMib: 1024, devices: 0, shareMilli: 0, models: [] },
    { coresMilli: 0, memoryMib: 0, devices: 1, shareMilli: 460, models: [] },
  ]);
  assert.equal(dropped, 0);
});

test("what is missing or negative, and a share that is none, leaves the pod out and is counted", () => {
  const { pods, dropped } = readPods(
    bytes(
      head,
      "a,,1,0,0,,LS",
      "b,1,-1,0,0,,LS",
      "c,1,1,,0,,",
      "d,1,1,1,0,,",
      "e,1,1,1,1001,,",
      "f,1,1,1,,,",
      "g,1,1,0,,,",
    ),
    "list",
  );
  assert.deepEqual([pods.length, dropped], [1, 6]);
});

test("what is no list is refused, naming line, column and remedy", () => {
  const pod = (line: string) => refusalOf(() => readPods(bytes(head, "a,1,1,0,0,,LS", line), "list"));
  assert.deepEqual(pod("b,1,1,0,0"), { kind: "columns", line: 3, found: 5, expected: 7 });
  const cpu = { line: 3, column: 2, meaning: "cpu_milli" };
  assert.deepEqual(pod("b,4 cores,1,0,0,,LS"), { kind: "not-a-number", ...cpu, text: "4 cores" });
  assert.deepEqual(pod("b,0.5,1,0,0,,LS"), { kind: "not-a-number", ...cpu, text: "0.5" });
  assert.deepEqual(pod("b,2147483648,1,0,0,,LS"), {
    kind: "too-large",
    ...cpu,
    text: "2147483648",
    limit: 2_147_483_647,
  });
  assert.equal(refusalOf(() => readPods(bytes(head, "", ""), "list")).kind, "no-jobs");
  assert.equal(refusalOf(() => readNodes(bytes("sn,cpu_milli,memory_mib,gpu,model"), "list")).kind, "no-nodes");
  const nodes = bytes("sn,cpu_milli,memory_mib,gpu,model", "a,1,1,1000000000,T4");
  assert.equal(refusalOf(() => readNodes(nodes, "list")).kind, "too-large");
  assert.deepEqual(
    refusalOf(() => readPods(bytes(""), "list")),
    {
      kind: "no-column",
      line: 1,
      absent: "cpu_milli",
      needed: ["cpu_milli", "memory_mib", "num_gpu", "gpu_milli"],
    },
  );
});

test("nodes with devices of one model, and without any", () => {
  const { nodes, dropped } = readNodes(
    bytes("sn,cpu_milli,memory_mib,gpu,model", "n,96000,1024,2,G2", "m,4000,512,0,", "o,-1,1,1,T4"),
    "list",
  );
  assert.deepEqual(nodes, [
    { coresMilli: 96000, memoryMib: 1024, kinds: [{ model: "G2", leftMilli: [1000, 1000] }] },
    { coresMilli: 4000, memoryMib: 512, kinds: [] },
  ]);
  assert.equal(dropped, 1);
});

test("a gzip file cut short is refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-pods-"));
  try {
    const whole = gzipSync(bytes(head, ...Array.from({ length: 2000 }, (_, i) => `p${i},${i},1,0,0,,LS`)));
    const path = join(folder, "pods.csv.gz");
    writeFileSync(path, whole);
    assert.equal(readPods(readTrace(path), path).pods.length, 2000);
    writeFileSync(path, whole.subarray(0, whole.length >> 1));
    assert.equal(refusalOf(() => readPods(readTrace(path), path)).kind, "gzip");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const [podFile, nodeFile] = ["openb_pod_list_default.csv.gz", "openb_node_list_gpu_node.csv.gz"];

test("the public lists, whole", { skip: skipWithout(podFile, nodeFile) }, () => {
  const read = (name: string) => readTrace(traceFile(name) ?? "");
  const list = readPods(read(podFile), podFile);
  assert.deepEqual([list.pods.length, list.dropped], [8152, 0]);
  assert.equal(list.pods.filter(({ devices }) => devices > 0).length, 7064);
  const { nodes } = readNodes(read(nodeFile), nodeFile);
  assert.equal(nodes.length, 1213);
  assert.equal(
    nodes.reduce((sum, { kinds }) => sum + (kinds[0]?.leftMilli.length ?? 0), 0),
    6212,
  );
});
