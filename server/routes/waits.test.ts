import assert from "node:assert/strict";
import { test } from "node:test";
import { centreId, jobId, runId } from "#core/ids.ts";
import { sampleAllocation } from "#core/sample-testing.ts";
import { ok, startTestServer } from "#server/http/testing.ts";

test("each line of the list says what it waits for: in the network's queue, in a centre's own, and nothing where nothing waits", async () => {
  const server = await startTestServer();
  try {
    const client = server.client();
    const submit = async (body: object) =>
      (await ok(client.call("submit", { body: { command: ["true"], ...body } }))).id;
    const there = await submit({ name: "there" });
    const after = await submit({ name: "after", dependencies: [{ kind: "afterok", job: there }] });
    const free = await submit({ name: "free" });

    const local = centreId("local");
    const ref = { job: jobId(there), index: 0, attempt: 1 };
    const epoch = await server.transitions.takeEpoch();
    const placement = { ...ref, centre: local, pool: "default", allocation: sampleAllocation, candidates: [] };
    await server.transitions.place([{ ...placement, starts: "in-turn", leaseMs: null }], Date.now(), epoch);
    const waiting = { engineId: "77", reason: "Priority", reasonKind: "priority", startsInMs: null };
    await server.transitions.observe(local, 0, [
      { kind: "accepted", run: runId(ref), atMs: 1 },
      { kind: "waiting", run: runId(ref), atMs: 2, ...waiting },
    ]);

    const listed = async (language: "en" | "zh") => {
      const { jobs } = await ok(server.client(undefined, language).call("jobs", { query: { limit: 10 } }));
      return new Map(jobs.map(({ id, waits }) => [id, waits]));
    };
    const known = async () => (await listed("en")).get(free)?.words === "its turn";
    for (let tries = 0; tries < 200 && !(await known()); tries += 1) await new Promise((done) => setTimeout(done, 20));
    const [en, zh] = [await listed("en"), await listed("zh")];
    assert.deepEqual(en.get(free), { rule: null, words: "its turn" });
    assert.deepEqual(en.get(after), { rule: "dependency-waits", words: `dependency: ${there} afterok` });
    assert.deepEqual(zh.get(after), { rule: "dependency-waits", words: `依赖：${there} afterok` });
    assert.deepEqual(en.get(there), {
      rule: null,
      words: "other work comes first in the centre's own queue (Priority)",
    });
    const detail = await ok(client.call("job", { params: { job: after } }));
    assert.deepEqual(detail.waits, en.get(after), "one job says the same");

    const active = async (query: object) =>
      (await ok(client.call("jobs", { query: { state: "active", ...query } }))).jobs.map(({ id }) => id);
    await ok(client.call("cancel", { params: { job: free }, body: {} }));
    assert.deepEqual(await active({}), [after, there], "of all states under way, in the order of the list");
    assert.deepEqual(await active({ limit: 1 }), [after]);
    assert.deepEqual(await active({ person: "admin" }), [after, there]);
    assert.deepEqual(await active({ project: "default", name: "there" }), [there]);
    assert.equal((await listed("en")).get(free), null, "what has ended waits for nothing");
  } finally {
    await server.stop();
  }
});
