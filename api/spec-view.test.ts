import assert from "node:assert/strict";
import { test } from "node:test";
import { specView as schema } from "#api/job.ts";
import { limits } from "#api/limits.ts";
import { specView } from "#api/spec-view.ts";
import { admit, type Request } from "#core/job/admit.ts";
import { policies } from "#core/scheduling/policy.ts";

function viewOf(request: Request) {
  const answer = admit(request, {
    defaultProject: "default",
    projects: [{ name: "default", tenant: "default" }],
    classes: policies.weir,
    centres: ["alpha"],
    limits,
    nowMs: 0,
  });
  assert.ok(answer.kind === "admitted", JSON.stringify(answer));
  return schema.parse(specView(answer.spec));
}

test("a spec is shown with the fields of a request", () => {
  const view = viewOf({
    script: "#!/bin/sh\n#SBATCH -a 1-9:2%2 --gres=gpu:a100:2 --mem=2G -d afterok:3_4,afterany:5,singleton\n",
    arguments: ["x"],
    inputFiles: [{ path: "a/b", contentBase64: Buffer.from("four").toString("base64") }],
    onUnreachable: { kind: "restart-after", delayS: 600 },
    centres: { prefer: ["alpha"] },
  });
  assert.equal(view.array, "1-9:2%2");
  assert.deepEqual(view.dependencies, ["afterok:3_4", "afterany:5", "singleton"]);
  assert.deepEqual(view.accelerators, { vendor: null, model: "a100", perNode: 2 });
  assert.deepEqual([view.memoryMibPerNode, view.memoryMibPerCore], [2048, null]);
  assert.deepEqual(view.inputFiles, [{ path: "a/b", bytes: 4, executable: false }]);
  assert.equal(view.onUnreachable, "restart-after 600 s");
  assert.deepEqual(view.arguments, ["x"]);
  assert.equal(view.command, null);
});

test("a command has no script", () => {
  const view = viewOf({ command: ["echo", "hi"], memoryMibPerCore: 100 });
  assert.deepEqual([view.script, view.command], [null, ["echo", "hi"]]);
  assert.deepEqual([view.memoryMibPerNode, view.memoryMibPerCore], [null, 100]);
});
