import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sampleAllocation } from "#core/sample-testing.ts";
import { jobEnvironment, type RunPlace } from "./environment.ts";
import { orderFor } from "./sandbox.ts";

const place: RunPlace = {
  work: "/w/runs/7.3.2/work",
  temporary: "/w/runs/7.3.2/tmp",
  user: { name: "ada", home: "/home/ada", shell: "/bin/bash" },
  bin: "/opt/weir/bin",
  node: "node1",
  centre: "local",
  language: "C.UTF-8",
  moduleInit: null,
};
const order = orderFor("true", {
  job: 7,
  index: 9,
  taskJob: 10,
  attempt: 2,
  name: "fit",
  array: {
    ranges: [
      { first: 1, last: 10, step: 4 },
      { first: 20, last: 20, step: 1 },
    ],
    throttle: null,
  },
  allocation: { ...sampleAllocation, tasks: 2, coresPerTask: 3, coresPerNode: 6, memoryMibPerNode: 4096 },
});

test("`module` passes through where the machine has it, also into a script of bash", () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-module-"));
  try {
    const moduleInit = join(folder, "init");
    writeFileSync(moduleInit, "module() { echo module $*; }\n");
    const script = join(folder, "script");
    writeFileSync(script, "module load gcc\n");
    const ask = (env: Record<string, string>) => spawnSync("/bin/bash", [script], { env, encoding: "utf8" });
    assert.equal(ask(jobEnvironment(order, { ...place, moduleInit })).stdout, "module load gcc\n");
    assert.equal(ask(jobEnvironment(order, place)).status, 127);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the variables that sbatch scripts read, of the user's whole array", () => {
  const environment = jobEnvironment(order, place);
  const slurm = {
    SLURM_JOB_ID: "10",
    SLURM_JOB_NAME: "fit",
    SLURM_ARRAY_JOB_ID: "7",
    SLURM_ARRAY_TASK_ID: "9",
    SLURM_ARRAY_TASK_COUNT: "4",
    SLURM_ARRAY_TASK_MIN: "1",
    SLURM_ARRAY_TASK_MAX: "20",
    SLURM_ARRAY_TASK_STEP: "1",
    SLURM_NTASKS: "2",
    SLURM_NTASKS_PER_NODE: "2",
    SLURM_JOB_USER: "ada",
    SLURM_CLUSTER_NAME: "local",
    SLURM_CPUS_PER_TASK: "3",
    SLURM_CPUS_ON_NODE: "6",
    SLURM_MEM_PER_NODE: "4096",
    SLURM_NNODES: "1",
    SLURM_JOB_NODELIST: "node1",
    SLURM_SUBMIT_DIR: "/w/runs/7.3.2/work",
    SLURM_RESTART_COUNT: "1",
  };
  for (const [name, value] of Object.entries(slurm)) assert.equal(environment[name], value, name);
  assert.equal(environment.WEIR_JOB_ID, "7");
  assert.equal(environment.OMP_NUM_THREADS, undefined);
});

test("memory is said for the node or, where it was asked so, for each core, never both", () => {
  const memory = (asked: number | null) =>
    Object.entries(jobEnvironment({ ...order, memoryMibPerCore: asked }, place)).filter(([name]) => /_MEM_/.test(name));
  assert.deepEqual(memory(null), [["SLURM_MEM_PER_NODE", "4096"]]);
  assert.deepEqual(memory(512), [["SLURM_MEM_PER_CPU", "512"]]);
});

test("a plain job has no array variables", () => {
  const names = Object.keys(jobEnvironment({ ...order, array: null }, place));
  assert.deepEqual(
    names.filter((name) => name.includes("ARRAY")),
    [],
  );
});

test("the user's variables are on top, and srun stays on the path", () => {
  const environment = jobEnvironment(
    { ...order, environment: { HOME: "/x", PATH: "/mine", SLURM_NTASKS: "9" } },
    place,
  );
  assert.equal(environment.HOME, "/x");
  assert.equal(environment.SLURM_NTASKS, "9");
  assert.equal(environment.PATH, "/opt/weir/bin:/mine");
});

test("with a leased uid the launcher names the user, and HOME is the run's own", () => {
  const environment = jobEnvironment(order, { ...place, user: null });
  assert.equal(environment.USER, undefined);
  assert.equal(environment.SLURM_JOB_USER, undefined);
  assert.equal(environment.HOME, "/w/runs/7.3.2/tmp");
});
