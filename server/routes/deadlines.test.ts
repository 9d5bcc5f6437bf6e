import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client, Input } from "#api/client.ts";
import { networkTimeText } from "#core/ledger/network-day.ts";
import { type JoinedCentre, joinCentre, ordersOf } from "#server/http/joined-centre-testing.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { holds, until } from "#server/patience-testing.ts";

/** A deadline as its submitter sees it: what was understood, whether it can be met, and where it stands. */
let server: TestServer;
let client: Client;
let centre: JoinedCentre;
let aheadMs = 0;
before(async () => {
  server = await startTestServer({ schedules: true, now: () => Date.now() + aheadMs });
  client = server.client();
  centre = await joinCentre(server, "jinan", "process");
});
after(() => server.stop());

type Job = Input<"submit">["body"];
const whole: Job = { command: ["true"], centres: { only: ["jinan"] }, coresPerTask: 4, timeLimitS: 3600 };

async function cancelled(jobs: readonly { readonly id: number }[]): Promise<null> {
  for (const { id } of jobs) await ok(client.call("cancel", { params: { job: id }, body: {} }));
  return null;
}

test("what was understood is said, and what could not end in time is refused with the earliest moment that could", async () => {
  // Whether the centre can be reached comes to the scheduler by the feed.
  await holds(async () => {
    const { warnings, notes, inTime, spec } = await ok(
      client.call("dryRun", { body: { ...whole, sbatchOptions: ["--deadline=now+2hours"] } }),
    );
    const deadline = networkTimeText(spec.deadlineMs ?? 0);
    const latest = networkTimeText((spec.deadlineMs ?? 0) - 3_600_000);
    assert.deepEqual(notes, [
      `it must end by ${deadline}: where a run of its whole time limit cannot start by ${latest}, the job is cancelled`,
    ]);
    assert.deepEqual(warnings, [], "what is likely to go well is no warning");
    assert.match(inTime ?? "", /^as things stand it would start at .*, in time for its deadline$/);
  });

  const refused = await client.call("submit", { body: { ...whole, sbatchOptions: ["--deadline=now+30minutes"] } });
  assert(refused.kind === "problem");
  assert.match(
    refused.problem.detail,
    /^--deadline cannot be "now\+30minutes". Expected: .*\+08:00 or later, which is the time limit from now/,
  );
  const past = await client.call("submit", { body: { ...whole, sbatchOptions: ["--deadline=2026-01-01"] } });
  assert.match(
    past.kind === "problem" ? past.problem.detail : "",
    /Expected: a moment to come \(it is .*\+08:00 now\), from .*\+08:00, which is the time limit from now\.$/,
  );
  const odd = await client.call("submit", { body: { ...whole, sbatchOptions: ["--deadline=31/12"] } });
  assert.match(odd.kind === "problem" ? odd.problem.detail : "", /a moment by the clock of Asia\/Shanghai: HH:MM/);
  const field = await client.call("submit", { body: { ...whole, deadlineMs: Date.now() } });
  assert.match(field.kind === "problem" ? field.problem.detail : "", /^deadlineMs cannot be/);
});

test("what would start too late is told so; what waits says by when it has to start", async () => {
  const { id: first } = await ok(client.call("submit", { body: whole }));
  await ordersOf(centre, 1);
  const deadlineMs = Date.now() + 5_400_000;
  // The scheduler hears of what runs by the feed.
  await holds(async () => {
    const { warnings } = await ok(client.call("dryRun", { body: { ...whole, deadlineMs } }));
    assert.match(
      warnings.at(-1) ?? "",
      /it may miss its deadline: as things stand it could start as late as .*, and has to start by /,
    );
  });
  // A submission is told the same, unless this server has spent its share of time on looking just before.
  const { id, warnings } = await until(async () => {
    const one = await ok(client.call("submit", { body: { ...whole, deadlineMs } }));
    return one.warnings.length > 0 ? one : cancelled([one]);
  });
  assert.match(
    warnings.at(-1) ?? "",
    /it may miss its deadline: as things stand it could start as late as .*, and has to start by /,
  );
  const zh = server.client(server.token, "zh");
  const [late, other] = await until(async () => {
    const { jobs } = await ok(zh.call("submitBulk", { body: { jobs: [{ ...whole, deadlineMs }, whole] } }));
    return jobs.some((one) => one.warnings.length > 0) ? jobs : cancelled(jobs);
  });
  assert.match(late?.warnings.at(-1) ?? "", /可能赶不上截止时刻/);
  assert.deepEqual(other?.warnings, []);
  const kept = await ok(client.call("job", { params: { job: id } }));
  assert.doesNotMatch(kept.warnings.join(), /as things stand/, "what may be otherwise by now is not kept");
  await holds(async () => {
    const why = await ok(client.call("why", { params: { job: id }, query: {} }));
    assert.deepEqual(why.order?.deadline, {
      endsMs: deadlineMs,
      latestStartMs: deadlineMs - 3_600_000,
      goesAhead: "later",
    });
    assert.match(why.order?.words ?? "", /it has to start by .* to end by its deadline /);
  });
  const { spec } = await ok(client.call("job", { params: { job: id } }));
  assert.equal(spec.deadlineMs, deadlineMs);
  assert.equal((await ok(client.call("job", { params: { job: first } }))).spec.deadlineMs, undefined);
});

test("the same key and body gets the first answer also when its latest start has passed meanwhile", async () => {
  const body: Job = { ...whole, deadlineMs: Date.now() + 4_000_000 };
  const bulk = { jobs: [body, { ...body, coresPerTask: 2 }] };
  const send = async (key: string, more: Partial<Job> = {}) => {
    const options = { idempotencyKey: key };
    const one = await client.call("submit", { body: { ...body, ...more } }, options);
    const several = await client.call("submitBulk", { body: bulk }, { idempotencyKey: `${key}-bulk` });
    return [one, several] as const;
  };
  const [one, several] = await send("late");
  assert.deepEqual([one.kind, several.kind], ["answer", "answer"]);
  aheadMs = 3_000_000;
  try {
    assert.deepEqual(await send("late"), [one, several]);
    const refused = (reply: { kind: string; problem?: { type: string } }) => reply.problem?.type ?? reply.kind;
    const late = "/api/problems/bad-option-value";
    assert.deepEqual((await send("never-used")).map(refused), [late, late]);
    assert.equal(refused((await send("late", { name: "another" }))[0]), "/api/problems/idempotency-conflict");
    assert.equal(refused(await client.call("submit", { body })), late);
  } finally {
    aheadMs = 0;
  }
});
