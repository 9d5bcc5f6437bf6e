import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client, Input } from "#api/client.ts";
import { jobId } from "#core/ids.ts";
import { networkTimeText } from "#core/ledger/network-day.ts";
import { type JoinedCentre, joinCentre, ordersOf } from "#server/http/joined-centre-testing.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { holds } from "#server/patience-testing.ts";
import { readJobEvents } from "#server/store/read-world.ts";

/** Where a job's input is, as its submitter says it, through the server and back: docs/decisions/0093. */
let server: TestServer;
let client: Client;
let jinan: JoinedCentre;
let guiyang: JoinedCentre;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
  jinan = await joinCentre(server, "jinan", "process");
  guiyang = await joinCentre(server, "guiyang", "process");
});
after(() => server.stop());

type Job = Input<"submit">["body"];
const job: Job = { command: ["true"], centres: { only: ["jinan", "guiyang"] }, timeLimitS: 600 };
const hourMs = 3_600_000;

test("a dry run says when its data are there, and that this decides; nothing else is different", async () => {
  const fromMs = Math.floor(Date.now() / 1000) * 1000 + hourMs;
  const body = { ...job, data: { at: [{ centre: "guiyang", fromMs }] } };
  await holds(async () => {
    const { spec, notes, wouldGoTo, waits, start, candidates } = await ok(client.call("dryRun", { body }));
    const ready = networkTimeText(fromMs);
    assert.deepEqual(spec.data, { at: [{ centre: "guiyang", fromMs }] });
    assert.deepEqual(notes, [
      `its data are at guiyang from ${ready}; it does not start there before`,
      "its data are at no other centre, so it goes to none (--data-elsewhere says when they are)",
    ]);
    assert.equal(wouldGoTo, null);
    assert.match(waits ?? "", /waits for its data, .* at guiyang first, from /);
    assert.deepEqual([start?.from, start?.centre, start?.likelyMs], ["data", "guiyang", fromMs]);
    assert.equal(start?.words, `${ready}, when its data are at guiyang, if there is room then`);
    const rules = Object.fromEntries(candidates.map(({ centre, rule }) => [centre, rule]));
    assert.deepEqual([rules.jinan, rules.guiyang], ["data-not-there", "data-not-there-yet"]);
  });
  const zh = await ok(server.client(server.token, "zh").call("dryRun", { body }));
  assert.match(`${zh.waits} ${zh.start?.words} ${zh.notes.join()}`, /等待其数据.*届时在 guiyang 就绪.*不在其他中心/);
});

test("a slip is refused at its field, and what no centre could have", async () => {
  const detailOf = async (data: NonNullable<Job["data"]>, more: Partial<Job> = {}) => {
    const reply = await client.call("submit", { body: { ...job, ...more, data } });
    assert(reply.kind === "problem");
    return reply.problem.detail;
  };
  assert.match(await detailOf({ at: [{ centre: "guiyan" }] }), /no centre "guiyan"\. Is guiyang meant\?/);
  assert.match(await detailOf({ at: [{ centre: "jinan", fromMs: 1 }] }), /is over .*name a moment to come/);
  const there = { at: [{ centre: "jinan" }] };
  assert.match(
    await detailOf(there, { centres: { only: ["guiyang"] } }),
    /guiyang: its data will not be there, as it says itself \(at jinan alone\);.* It would fit at jinan, which the job's own choice/,
  );
  const late = { at: [{ centre: "jinan", afterS: 7200 }] };
  assert.match(await detailOf(late, { deadlineMs: Date.now() + hourMs }), /its data are ready at .* at the earliest/);
});

test("it is placed where its data are, once they are there; what it waits for is said meanwhile", async () => {
  const data = { at: [{ centre: "guiyang", afterS: 4 }] };
  const { id, spec } = await submitted({ ...job, data });
  const readyMs = spec.data?.at[0]?.fromMs ?? 0;
  await holds(async () => {
    const why = await ok(client.call("why", { params: { job: id }, query: {} }));
    assert.equal(why.rule, "waits-for-data");
    assert.equal(why.start?.likelyMs, readyMs);
    const { jobs } = await ok(client.call("jobs", { query: {} }));
    assert.match(jobs.find((one) => one.id === id)?.waits?.words ?? "", /^its data, from /);
    const whatIf = await ok(client.call("whatIf", { params: { job: id }, query: {} }));
    assert.match(whatIf.words, /^no smaller request would start now either: waits for its data/);
  });
  const [order] = await ordersOf(guiyang, 1);
  assert.equal(order?.job, id);
  assert(Date.now() >= readyMs, "not before");
  const other = await submitted({ ...job, data: { at: [{ centre: "jinan" }], elsewhere: { afterS: 100_000 } } });
  const [there] = await ordersOf(jinan, 1);
  assert.equal(there?.job, other.id);
  assert.equal(there?.demands, undefined, "its centre is told nothing of it");
  const [event] = await readJobEvents(server.db, [jobId(other.id)]);
  assert(event?.kind === "job-queued");
  const elsewhereMs = other.spec.data?.elsewhere?.fromMs;
  assert.deepEqual(event.demands?.data, { at: [{ centre: "jinan", fromMs: 0 }], elsewhereMs }, "as a restart reads it");
});

async function submitted(body: Job) {
  const { id } = await ok(client.call("submit", { body }));
  return ok(client.call("job", { params: { job: id } }));
}
