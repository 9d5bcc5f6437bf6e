import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SpecView } from "#api/job.ts";
import { jobRequest } from "#api/job.ts";
import { parseSbatch } from "#core/job/sbatch.ts";
import { draftOf, emptyDraft, requestOf, shellWords } from "./draft.ts";

const spec: SpecView = {
  script: null,
  command: ["python3", "a b.py", "it's"],
  arguments: [],
  environment: { OMP_NUM_THREADS: "4", EMPTY: "" },
  workingDirectory: null,
  nodes: 1,
  tasks: 2,
  coresPerTask: 4,
  memoryMibPerNode: 8192,
  memoryMibPerCore: null,
  accelerators: { vendor: null, model: "a100", perNode: 2 },
  timeLimitS: 90_000,
  graceS: 30,
  array: "1-9%3",
  dependencies: [],
  stdout: null,
  stderr: null,
  retries: 2,
  requeue: false,
  preemptible: "no",
  warning: null,
  onUnreachable: "restart-after 1800 s",
  priorityClass: "high",
  software: ["gromacs/2024.1"],
  container: null,
  fileSystems: ["lustre"],
  licences: [{ name: "fem", count: 2 }],
  siteWords: { partition: ["fast", "batch"], constraint: ["ib", "bigmem"], gres: ["fpga:1"] },
  inputFiles: [],
  centres: { only: ["local"], except: [], prefer: [] },
  labels: { field: "medicine" },
  project: "default",
};

test("what a fresh draft sends is a request of the API", () => {
  assert.deepEqual(jobRequest.parse(requestOf(emptyDraft)), { script: emptyDraft.script });
});

test("submitting again asks for what the job asked for", () => {
  const draft = draftOf(spec, "fit");
  const request = jobRequest.parse(requestOf(draft));
  const { asked, refusals } = parseSbatch(draft.script, []);
  assert.deepEqual(refusals, []);
  assert.equal(asked.name, "fit");
  assert.equal(asked.tasks, 2);
  assert.equal(asked.coresPerTask, 4);
  assert.deepEqual(asked.memory, { kind: "per-node", mib: 8192 });
  assert.deepEqual(asked.acceleratorsPerNode, { vendor: null, model: "a100", count: 2 });
  assert.equal(asked.timeLimitS, 90_000);
  assert.equal(asked.array, "1-9%3");
  assert.deepEqual(asked.onlyCentres, ["local"]);
  assert.deepEqual([asked.partition, asked.constraint, asked.gres], [["fast", "batch"], ["ib", "bigmem"], ["fpga:1"]]);
  assert.deepEqual([asked.licences, request.software, request.fileSystems], [spec.licences, spec.software, ["lustre"]]);
  assert.deepEqual(request.onUnreachable, { kind: "restart-after", delayS: 1800 });
  assert.deepEqual(request.environment, { OMP_NUM_THREADS: "4", EMPTY: "" });
  assert.deepEqual(request.labels, { field: "medicine" });
  assert.equal(request.retries, 2);
  assert.match(draft.script, /\npython3 'a b\.py' 'it'\\''s'\n/);
});

test("submitting again keeps whether it makes way, is tried again, with what grace and in what container", () => {
  const container = `registry.example/md@sha256:${"0".repeat(64)}`;
  const asked = { preemptible: "checkpoints", requeue: true, graceS: 120, container } as const;
  const draft = draftOf({ ...spec, ...asked, warning: { signal: "USR1", beforeS: 60 } }, "fit");
  const request = jobRequest.parse(requestOf(draft));
  assert.deepEqual([request.preemptible, request.graceS, request.container], ["checkpoints", 120, container]);
  assert.equal(parseSbatch(draft.script, []).asked.requeue, true);
  assert.match(draft.script, /^#SBATCH --signal=B:USR1@60$/m);
  assert.equal(parseSbatch(draftOf(spec, "fit").script, []).asked.requeue, undefined);
});

test("submitting again keeps whole nodes, groups of nodes and the share of an accelerator", () => {
  const accelerators = { vendor: null, model: "a100", perNode: 1, shareMilli: 250 };
  const draft = draftOf({ ...spec, wholeNodes: true, nodeGroups: 2, contiguous: true, accelerators }, "fit");
  assert.match(draft.script, /^#SBATCH --exclusive$/m);
  const { asked, refusals } = parseSbatch(draft.script, []);
  assert.deepEqual(refusals, []);
  assert.deepEqual([asked.wholeNodes, asked.nodeGroups, asked.contiguous], [true, 2, true]);
  assert.deepEqual(jobRequest.parse(requestOf(draft)).accelerators, accelerators);
});

test("submitting again keeps where its data may be and that it wants domestic equipment, said once", () => {
  const draft = draftOf({ ...spec, residency: ["cn-gz"], domestic: true }, "fit");
  const { residency, domestic } = jobRequest.parse(requestOf(draft));
  assert.deepEqual([residency, domestic], [["cn-gz"], true]);
  // What the script says is changed in the script.
  const script = "#!/bin/sh\n#WEIR --residency=cn-gz --domestic\ntrue\n";
  const own = requestOf(draftOf({ ...spec, script, residency: ["cn-gz"], domestic: true }, "fit"));
  assert.deepEqual([own.residency, own.domestic], [undefined, undefined]);
});

test("submitting again says where its data are, each moment that is to come, once", () => {
  const fromMs = Date.parse("2999-01-01T08:00:00+08:00");
  const data = { at: [{ centre: "far", fromMs }, { centre: "local" }, { centre: "past", fromMs: 1 }] };
  const { script } = draftOf({ ...spec, data: { ...data, elsewhere: { fromMs } } }, "train");
  assert.match(
    script,
    /^#WEIR --data-at=far=2999-01-01T08:00:00,local,past\n#WEIR --data-elsewhere=2999-01-01T08:00:00$/m,
  );
  const own = "#!/bin/sh\n#WEIR --data-at=local\ntrue\n";
  assert.equal(draftOf({ ...spec, script: own, data }, "train").script.match(/--data-at/g)?.length, 1);
});

test("words are parted as a shell parts them", () => {
  assert.deepEqual(shellWords(`a "b c" 'd  e'f \\"g '' `), ["a", "b c", "d  ef", '"g', ""]);
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      const text = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
      assert.deepEqual(shellWords(text), words);
    }),
  );
});
