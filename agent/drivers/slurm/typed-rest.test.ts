import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { jobsOf } from "./rest-answers.ts";
import { openRestClient } from "./rest-client.ts";
import { submitBody } from "./rest-request.ts";
import { prepared, submission } from "./rest-sample-testing.ts";
import { startTypedRest } from "./typed-rest-testing.ts";

// The stand-in of the contract's tests (agent/contract/data-parser): that it can say no, and that what it passes on is what
// would have been asked of 22.05 itself.

test("a submission of the data parser's form asks 22.05 for the same; another form is refused", async () => {
  const passed: unknown[] = [];
  const target = createServer(async (asked, answer) => {
    const parts: Buffer[] = [];
    for await (const part of asked) parts.push(part);
    if (parts.length > 0) passed.push(JSON.parse(Buffer.concat(parts).toString()));
    const jobs = [{ job_id: 27, job_state: "FAILED", exit_code: 9, array_task_id: null, user_id: 1, user_name: "li" }];
    answer.end(JSON.stringify(asked.method === "POST" ? { errors: [], job_id: 27 } : { errors: [], jobs }));
  });
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
  const folder = mkdtempSync("/tmp/weir-typed-");
  const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  const daemon = await startTypedRest(url, "v0.0.40", join(folder, "socket"));
  const client = openRestClient({ kind: "socket", path: daemon.socket });
  try {
    const call = { user: "weirt-li", token: "t", patienceMs: 5000 } as const;
    const post = (body: object) => client.call({ ...call, method: "POST", path: "/slurm/v0.0.40/job/submit", body });
    assert.equal((await post(submitBody(submission, prepared, "typed"))).status, 200);
    assert.deepEqual(passed, [submitBody(submission, prepared, "plain")]);
    assert.deepEqual(daemon.complaints, []);
    assert.equal((await post(submitBody(submission, prepared, "plain"))).status, 400);
    assert.deepEqual([passed.length, daemon.complaints.length], [1, 1]);
    assert.equal((await client.call({ ...call, method: "GET", path: "/slurm/v0.0.38/ping" })).status, 404);
    const { body } = await client.call({ ...call, method: "GET", path: "/slurm/v0.0.40/job/27" });
    const [word] = jobsOf(body, "li").words;
    assert.deepEqual([word?.state, word?.exitCode, word?.signal, word?.indices], ["FAILED", 0, 9, null]);
    assert.deepEqual(body && typeof body === "object" && "jobs" in body && Array.isArray(body.jobs) && body.jobs[0], {
      job_id: 27,
      job_state: ["FAILED"],
      exit_code: {
        status: ["SIGNALED"],
        return_code: { set: false, infinite: false, number: 0 },
        signal: { id: { set: true, infinite: false, number: 9 }, name: "SIGKILL" },
      },
      derived_exit_code: {
        status: ["SUCCESS"],
        return_code: { set: true, infinite: false, number: 0 },
        signal: { id: { set: false, infinite: false, number: 0 }, name: "" },
      },
      array_task_id: { set: false, infinite: false, number: 0 },
      user_id: 1,
      user_name: "li",
    });
  } finally {
    client.close();
    await daemon.close();
    target.closeAllConnections();
    target.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
