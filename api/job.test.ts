import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type JobRequest, jobRequest } from "#api/job.ts";
import { limits } from "#api/limits.ts";
import { admit, type Request } from "#core/job/admit.ts";
import { refusalWords } from "#core/refusal.ts";
import { policies } from "#core/scheduling/policy.ts";

// What the schema lets through is what core takes: this line is the check, by the compiler.
const request = (value: JobRequest): Request => value;
const context = {
  defaultProject: "default",
  projects: [{ name: "default", tenant: "default" }],
  classes: policies.weir,
  centres: ["local"],
  limits,
  nowMs: 0,
};

const option = fc.constantFrom(
  ..."-N2 -n8 -c0 --mem=1G -G4 --gpus-per-task=3 -a1-5 -dafterok:1 --export=A,B=2 -t1-0 -L x:2".split(" "),
);
const anyRequest = fc.record(
  {
    name: fc.string({ minLength: 1, maxLength: 200 }),
    script: fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string().map((text) => `#!/bin/sh\n#SBATCH ${text}\n`),
    ),
    command: fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 3 }),
    arguments: fc.array(fc.string(), { maxLength: 2 }),
    environment: fc.dictionary(fc.stringMatching(/^[A-Za-z_]\w{0,5}$/), fc.string({ unit: "binary" })),
    workingDirectory: fc.string(),
    nodes: fc.integer({ min: 1, max: limits.nodes }),
    tasks: fc.integer({ min: 1, max: limits.tasks }),
    memoryMibPerCore: fc.integer({ min: 1, max: limits.memoryMib }),
    accelerators: fc.record({ perNode: fc.integer({ min: 1, max: 8 }) }),
    array: fc.string({ minLength: 1, unit: fc.constantFrom(..."0123456789,:%-") }),
    dependencies: fc.array(
      fc.record({ kind: fc.constant("afterok" as const), job: fc.oneof(fc.string(), fc.integer({ min: 1 })) }),
    ),
    inputFiles: fc.array(fc.record({ path: fc.string({ minLength: 1 }), contentBase64: fc.base64String() })),
    labels: fc.dictionary(fc.string({ minLength: 1, maxLength: 9 }), fc.string()),
    stdout: fc.string({ minLength: 1 }),
    sbatchOptions: fc.array(fc.oneof(option, fc.string()), { maxLength: 4 }),
  },
  { requiredKeys: [] },
);

test("property: whatever passes the schema is answered, never thrown at; what is admitted is whole", () => {
  fc.assert(
    fc.property(anyRequest, (value) => {
      const parsed = jobRequest.safeParse(value);
      if (!parsed.success) return;
      const answer = admit(request(parsed.data), context);
      if (answer.kind === "refused") return void refusalWords(answer.refusal, "zh");
      const { shape, timeLimitS } = answer.spec;
      assert.ok(shape.tasks >= shape.nodes && shape.nodes >= 1 && shape.coresPerTask >= 1 && timeLimitS >= 1);
      assert.ok(JSON.stringify(answer).isWellFormed());
    }),
    { numRuns: 500 },
  );
});
