import assert from "node:assert/strict";
import { test } from "node:test";
import { submitBody } from "./rest-request.ts";
import { prepared, submission } from "./rest-sample-testing.ts";
import { knownVersions, newestCommon, servedVersions } from "./rest-version.ts";

test("22.05 is asked by sbatch's options, as measured there", () => {
  const { script, job } = submitBody(submission, prepared, "plain") as { script: string; job: Record<string, unknown> };
  assert.equal(script, prepared.batch);
  // `requeue: false` would switch it on, and `nodes` as a pair would be passed over.
  assert.deepEqual([job.no_requeue, "requeue" in job, job.nodes], [true, false, 1]);
  assert.deepEqual([job.deadline, job.gres, job.nodelist], ["uts1795373560", "npu:ascend910b:2,gpu:1", "jinan2"]);
  assert.deepEqual([job.name, job.comment, job.account, "qos" in job], ["probe.weir-c-1", "weir-c-1", "ai-lab", false]);
  assert.equal((job.environment as Record<string, string>).SLURM_CPUS_PER_TASK, "1");
});

test("the data parser's form, not run live", () => {
  const { job } = submitBody(submission, prepared, "typed") as { job: Record<string, unknown> };
  assert.deepEqual([job.requeue, job.nodes, job.deadline], [false, "1", 1795373560]);
  assert.deepEqual(job.memory_per_node, { set: true, infinite: false, number: 64 });
  assert.deepEqual([job.tres_per_node, job.required_nodes], ["gres/npu:ascend910b:2,gres/gpu:1", ["jinan2"]]);
  assert.ok((job.environment as string[]).includes("SLURM_CPUS_PER_TASK=1"));
});

test("the newest version that both sides know; what nobody tried is not guessed", () => {
  const document = (...versions: string[]) => ({
    paths: Object.fromEntries(
      versions.flatMap((one) => [
        [`/slurm/${one}/job/submit`, {}],
        [`/slurm/${one}/ping`, {}],
      ]),
    ),
  });
  const common = (...versions: string[]) => newestCommon(servedVersions(document(...versions)))?.name ?? null;
  assert.equal(common("v0.0.37", "v0.0.38"), "v0.0.38");
  assert.equal(common("v0.0.39", "v0.0.40", "v0.0.41"), "v0.0.41");
  assert.equal(common("v0.0.39"), null);
  assert.equal(common("v0.0.99"), null);
  assert.deepEqual(servedVersions({ paths: { "/slurmdb/v0.0.38/jobs": {} } }), []);
  assert.deepEqual(servedVersions("no document"), []);
  assert.deepEqual(
    knownVersions.filter(({ isRunLive }) => isRunLive).map(({ name }) => name),
    ["v0.0.38", "v0.0.37"],
  );
});
