import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "#api/client.ts";
import { centreId } from "#core/ids.ts";
import { type JoinedCentre, joinCentre, ordersOf, smallEngine } from "#server/http/joined-centre-testing.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { holds, until } from "#server/patience-testing.ts";

/** An administrator's hand on a centre: its terms, whether it takes work, and its agent's credential. */
let server: TestServer;
let client: Client;
let joined: JoinedCentre;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
  joined = await joinCentre(server, "beta", "simulated");
});
after(() => server.stop());

async function problem(
  reply: Promise<{ readonly kind: string; readonly problem?: { readonly type: string; readonly detail: string } }>,
): Promise<string> {
  const got = await reply;
  return got.problem?.type.split("/").at(-1) ?? got.kind;
}

const beta = { params: { centre: "beta" } } as const;
test("terms: the driver's default, then each version with who set it; they are in force at once", async () => {
  const first = await ok(client.call("terms", beta));
  assert.deepEqual(
    [first.versions.length, first.terms.otherPools.contract, first.terms.otherPools.maxPending],
    [0, null, 8],
  );
  const own = { ...first.terms.otherPools, contract: "shared", maxPending: 1, leaseS: 600 } as const;
  // Some other day of the week, in whatever zone.
  const hours = [{ days: [((new Date().getUTCDay() + 2) % 7) + 1], from: "00:00", to: "24:00" }];
  const terms = { ...first.terms, pools: { batch: { ...own, sharePercent: 100, hours } } };
  const set = await ok(client.call("setTerms", { ...beta, body: terms }));
  assert.deepEqual(set.terms, terms);
  assert.deepEqual([set.versions.length, set.versions[0]?.setBy], [1, "admin"]);
  const free = { ...terms, priceList: "a-list-nobody-made" };
  assert.equal(await problem(client.call("setTerms", { ...beta, body: free })), "invalid-request");
  assert.equal(await problem(client.call("terms", { params: { centre: "nowhere" } })), "not-found");

  const asked = { command: ["true"], coresPerTask: 4, array: "0-3", centres: { only: ["beta"] } };
  const { id } = await ok(client.call("submit", { body: asked }));
  const rule = (index: number) => async () => {
    const { candidates } = await ok(client.call("why", { params: { job: id }, query: { index } }));
    return candidates.find((one) => one.centre === "beta")?.rule ?? null;
  };
  await until(async () => ((await rule(0)()) === "outside-hours" ? true : null));
  const withShare = (sharePercent: number | null) => ({
    ...terms,
    pools: { batch: { ...own, hours: [], sharePercent } },
  });
  const preview = await ok(client.call("previewTerms", { ...beta, body: withShare(40) }));
  assert.deepEqual(
    preview.consequences.map((words) => words.replace(/[.;].*/, "")),
    [
      "Pool batch: the network may use 40 % of it, 1 of 4 cores",
      "Pool batch: work may be started there at any time",
      "Queued tasks that could then run nowhere (4) wait until terms change again, unless they are cancelled",
      "It holds for what is placed from then on",
    ],
  );
  assert.deepEqual((await ok(client.call("previewTerms", { ...beta, body: terms }))).consequences, []);
  const bath = { ...terms, pools: { ...terms.pools, bath: { ...own, sharePercent: null, hours: [] } } };
  const { consequences } = await ok(client.call("previewTerms", { ...beta, body: bath }));
  assert.deepEqual(
    consequences.map((words) => words.replace(/:.*/, "")),
    ["Nothing changes at the pools that are there now.", "There is no pool bath at the centre (did you mean batch?)"],
  );
  assert.equal(await problem(client.call("previewTerms", { ...beta, body: free })), "invalid-request");
  const { contract: _, ...without } = own;
  const wrong = {
    otherPools: { ...without, maxPending: -1, sharePercent: null, hours: [] },
    region: "cn-zz",
    priceList: "x",
  };
  const all = await client.call("setTerms", { ...beta, body: { ...terms, ...wrong } as never });
  assert(all.kind === "problem");
  assert.deepEqual(
    all.problem.detail.split("\n").map((line) => line.replace(/;.*| by their codes.*/, "")),
    [
      "otherPools.contract: is missing.",
      "otherPools.maxPending: must be at least 0.",
      "priceList: no such price list",
      "region: must be a region by its code of ISO 3166-2, as cn-sd, or of GB/T 2260, as 370200",
      "See /api/docs for the fields and their limits.",
    ],
  );
  await ok(client.call("setTerms", { ...beta, body: withShare(40) }));
  await until(async () => ((await rule(0)()) === "above-share" ? true : null));
  const refused = await client.call("submit", { body: asked });
  assert.match(refused.kind === "problem" ? refused.problem.detail : "", /40 % of pool batch/);
  await ok(client.call("setTerms", { ...beta, body: withShare(null) }));
  const closing = { ...terms, pools: { batch: { ...own, sharePercent: null, hours } } };
  await until(async () => {
    const said = (await ok(client.call("previewTerms", { ...beta, body: closing }))).consequences.join(" ");
    return (
      /before \w+day \d{4}-\d\d-\d\d at 00:00\..* Queued tasks that can run nowhere else \(\d\) wait until these hours/.test(
        said,
      ) || null
    );
  });
  const order = await ordersOf(joined, 2);
  assert.equal(order.length, 2, "one that starts now, and one that may wait in the centre's own queue");
  assert(order.every((one) => one.startWithinMs > 500_000 && one.startWithinMs <= 600_000));
  await holds(async () => assert.equal(await rule(3)(), "pool-queue-full"));
});

test("a change prepared on a version that is in force no longer is refused, whose it is said; the same twice is one version", async () => {
  const params = { centre: "local" };
  const { terms, versions } = await ok(client.call("terms", { params }));
  assert.equal(versions.length, 0);
  const withMost = (maxPending: number) => ({ ...terms, otherPools: { ...terms.otherPools, maxPending } });
  const first = await ok(client.call("setTerms", { params, query: { base: 0 }, body: withMost(5) }));
  const refused = await client.call("setTerms", { params, query: { base: 0 }, body: withMost(6) });
  assert(refused.kind === "problem" && refused.problem.status === 409);
  const version = first.versions[0]?.version;
  assert.match(
    refused.problem.detail,
    new RegExp(
      `^admin set version ${version} of the terms of local on .* Nothing was set\\. .*weir centre terms local`,
    ),
  );
  const again = await ok(client.call("setTerms", { params, query: { base: 0 }, body: withMost(5) }));
  assert.deepEqual(again.versions.length, 1, "what is in force already changes nothing");
  // Two that were prepared on the same version: one of them is set.
  const both = await Promise.all(
    [7, 9].map((most) => client.call("setTerms", { params, query: { base: version }, body: withMost(most) })),
  );
  assert.deepEqual(both.map(({ kind }) => kind).sort(), ["answer", "problem"]);
  const late = { params, body: withMost(5) };
  assert.equal((await ok(client.call("setTerms", late))).versions.length, 3, "who names no version sets it over any");
});

test("what waits at a centre: the engine's reason and estimate, in words, in show and why", async () => {
  const { jobs } = await ok(client.call("jobs"));
  const job = jobs[0]?.id ?? 0;
  const run = `${job}.1.1`;
  const waiting = { kind: "waiting", run, atMs: 5, engineId: "812", reason: "Priority", startsInMs: 60_000 } as const;
  const saidMs = Date.now();
  await joined.sync({ observations: [{ ...waiting, reasonKind: "priority" }] });
  const task = await ok(client.call("task", { params: { job, index: 1 } }));
  assert.deepEqual([task.state, task.runs[0]?.waiting?.engineId], ["starting", "812"]);
  const { centres } = await ok(client.call("centres"));
  const pool = centres.find(({ id }) => id === "beta")?.pools[0];
  assert.deepEqual([pool?.runs, pool?.waiting, pool?.coresInUse], [2, 2, 4], "what waits there has no core yet");
  assert.match(task.runs[0]?.waiting?.words ?? "", /other work comes first .*\(Priority\)/);
  const why = await ok(client.call("why", { params: { job }, query: { index: 1 } }));
  assert.match(why.words, /was placed at beta; waits there: other work comes first/);
  const trouble = "scontrol ping: Unable to contact slurm controller (connect failure)";
  await joined.sync({ engine: { ...smallEngine, mechanisms: { trouble } } });
  const troubled = await ok(client.call("why", { params: { job }, query: { index: 1 } }));
  assert.match(troubled.words, /the centre says: scontrol ping: Unable to contact .*; waits there/);
  await joined.sync({ engine: smallEngine });
  assert((why.startsMs ?? 0) >= saidMs + 60_000 && (why.startsMs ?? 0) <= Date.now() + 60_000, `${why.startsMs}`);
});

test("suspend: said beforehand, then what waits is asked back and what has started is not", async () => {
  const before = await until(async () => {
    const intake = await ok(client.call("intake", beta));
    return intake.onlyHere === 2 ? intake : null;
  });
  assert.deepEqual([before.intake, before.waiting, before.running], ["open", 2, 0]);
  const said = before.steps.find(({ step }) => step === "suspend")?.consequences.join(" ") ?? "";
  assert.match(
    said,
    /^Nothing new is sent there\. The 2 runs that wait there are withdrawn and placed elsewhere\. Queued tasks that can run nowhere else \(2\)/,
  );
  const suspended = await ok(client.call("setIntake", { ...beta, body: { step: "suspend" } }));
  assert.deepEqual(
    [suspended.intake, suspended.history[0]?.step, suspended.history[0]?.by],
    ["suspended", "suspend", "admin"],
  );
  const withdraw = new Set<string>();
  await until(async () => {
    for (const run of (await joined.sync({ waitMs: 1000 })).withdraw) withdraw.add(run);
    return withdraw.size === 2 ? true : null;
  });
  const [first = "", second = ""] = [...withdraw].sort();
  const [ofSecond = 0, index = 0] = second.split(".").map(Number);
  const shown = async (language: "en" | "zh") => {
    const told = server.client(undefined, language);
    const task = await ok(told.call("task", { params: { job: ofSecond, index } }));
    const why = await ok(told.call("why", { params: { job: ofSecond }, query: { index } }));
    return [task.runs[0]?.cancelling?.words, why.words];
  };
  const asked = "was asked back, unless it has started";
  assert.deepEqual((await shown("en"))[0], asked);
  const remark = { kind: "remark", run: second, atMs: 6, words: "it waits" } as const;
  await joined.sync({ observations: [{ ...remark, cancelWaits: "credential" }] });
  const waits = `${asked}: it waits until its user has lent the centre a credential again (weir-delegate)`;
  const [inShow, inWhy] = await shown("en");
  assert.deepEqual([inShow, inWhy?.includes(waits)], [waits, true], inWhy);
  assert.match((await shown("zh")).join(" "), /已请求撤回（已开始的除外）：须待该用户重新.* .*须待该用户重新/);
  await joined.sync({ observations: [{ ...remark, cancelWaits: null }] });
  assert.deepEqual((await shown("en"))[0], asked);
  await joined.sync({ observations: [{ kind: "started", run: first, atMs: 6, evidence: "it was quicker" }] });
  const end = { kind: "withdrawn", exitCode: null, signal: null, by: null, reason: "taken back" } as const;
  const usage = {
    startedMs: null,
    wallMs: 0,
    cpuUserMs: 0,
    cpuSystemMs: 0,
    peakMemoryMib: 0,
    memoryWay: "none",
  } as const;
  const all = { ...usage, droppedStdoutBytes: 0, droppedStderrBytes: 0, energyJoules: null };
  await joined.sync({ observations: [{ kind: "ended", run: second, atMs: 6, end, usage: all, words: null }] });
  // The scheduler hears of what is written by the feed, a moment after it is.
  await holds(async () => {
    const now = await ok(client.call("intake", beta));
    assert.deepEqual([now.waiting, now.running, now.onlyHere], [0, 1, 3]);
  });
  const job = Number(first.split(".")[0]);
  await holds(async () => {
    const why = await ok(client.call("why", { params: { job }, query: { index: 3 } }));
    assert.equal(why.candidates.find((one) => one.centre === "beta")?.rule, "takes-nothing-new");
  });
  await ok(client.call("setIntake", { ...beta, body: { step: "resume" } }));
  assert.equal(await problem(client.call("setIntake", { ...beta, body: { step: "resume" } })), "answer", "asked again");
});

test("rotation now: the agent is told until it has a newer credential", async () => {
  await ok(client.call("askRotation", { ...beta, body: {} }));
  assert.equal((await joined.sync()).rotate, true);
  const { credential } = await ok(joined.agent.call("rotate", { body: {} }));
  joined = { ...joined, agent: server.client(credential), credential };
  await ok(joined.agent.call("session", { body: { agentVersion: "1" } }));
  const { rows } = await server.db.pool.query(
    "select count(*)::int as count from centre_credential where centre_id = 'beta' and kind = 'credential' and spent_ms is null",
  );
  assert.equal(rows[0].count, 1);
});

test("a revoked agent is refused and told so; a new token lets it in again", async () => {
  assert.deepEqual(await ok(client.call("revokeCredentials", beta)), { credentials: 1 });
  const refused = await joined.agent.call("session", { body: { agentVersion: "1" } });
  assert.equal(refused.kind === "problem" && refused.problem.type, "/api/problems/credential-revoked");
  assert.equal(refused.kind === "problem" && refused.problem.status, 401);
  const { token } = await ok(client.call("addEnrolment", { ...beta, body: {} }));
  const { credential } = await ok(client.call("enrol", { body: { token, agentVersion: "1", driver: "simulated" } }));
  await ok(server.client(credential).call("session", { body: { agentVersion: "1" } }));
});

test("a centre that has left is retired: its agent is refused and told so, and no token lets it in again", async () => {
  const agreed = await ok(client.call("terms", beta));
  await ok(client.call("setTerms", { ...beta, body: { ...agreed.terms, retentionDays: 0 } }));
  const { token } = await ok(client.call("addEnrolment", { ...beta, body: {} }));
  const { credential } = await ok(client.call("enrol", { body: { token, agentVersion: "1", driver: "simulated" } }));
  const { token: unused } = await ok(client.call("addEnrolment", { ...beta, body: {} }));
  await server.db.pool.query("update run set ended_ms = 1, state = 'ended' where centre_id = 'beta'");
  await ok(client.call("setHome", { params: { tenant: "default" }, body: { home: "beta" } }));
  const { steps } = await ok(client.call("intake", beta));
  const said = steps.find(({ step }) => step === "leave")?.consequences.join(" ") ?? "";
  assert.match(
    said,
    /is out within some seconds: .* Until then it can be resumed\..* The logs of its jobs .* read no more .* the home of tenant default, which has none/,
  );
  await ok(client.call("setIntake", { ...beta, body: { step: "leave" } }));
  const vain = await client.call("addEnrolment", { ...beta, body: {} });
  assert.match(vain.kind === "problem" ? vain.problem.detail : "", /^beta is leaving .* would never serve/);
  await server.transitions.intake(centreId("beta"), "part", null);
  const homes = async () => (await ok(client.call("policy", {}))).homes.length;
  assert.equal(await until(async () => ((await homes()) === 0 ? true : null)), true, "it is nobody's home");
  for (const call of [
    server.client(credential).call("session", { body: { agentVersion: "1" } }),
    server.client(credential).call("rotate", { body: {} }),
  ])
    assert.equal(await problem(call), "credential-revoked");
  const { jobs } = await ok(client.call("jobs"));
  const log = await client.call("log", { params: { job: jobs[0]?.id ?? 0 }, query: { index: 1 } });
  assert(log.kind === "problem" && log.problem.type.endsWith("/no-log"));
  assert.match(log.problem.detail, /^It lay at beta, which has left the network: it can be read no more\./);
  const { terms } = await ok(client.call("terms", beta));
  const params = { tenant: "default" };
  for (const call of [
    client.call("addEnrolment", { ...beta, body: {} }),
    client.call("addTest", { ...beta, body: {} }),
    client.call("previewTerms", { ...beta, body: { ...terms, carbonGPerKwh: 3 } }),
    client.call("setTerms", { ...beta, body: { ...terms, carbonGPerKwh: 3 } }),
    client.call("askRotation", { ...beta, body: {} }),
    client.call("revokeCredentials", beta),
    client.call("setIntake", { ...beta, body: { step: "resume" } }),
    client.call("setHome", { params, body: { home: "beta" } }),
  ]) {
    const refused = await call;
    assert(refused.kind === "problem" && refused.problem.status === 409);
    assert.match(
      refused.problem.detail,
      /^beta has left the network and is retired for good; .*new name: weir centre add/,
    );
  }
  const late = client.call("enrol", { body: { token: unused, agentVersion: "1", driver: "simulated" } });
  assert.equal(await problem(late), "enrolment-token-spent");
});

test("for the agreed days after a centre has left its agent brings what users ask for, and nothing new is sent there", async () => {
  const delta = { params: { centre: "delta" } } as const;
  const { agent, credential, sync } = await joinCentre(server, "delta", "simulated");
  assert.equal((await sync()).retentionDays, 30, "where nothing else is agreed");
  const { terms } = await ok(client.call("terms", delta));
  const days = { ...terms, retentionDays: 7 };
  const { consequences } = await ok(client.call("previewTerms", { ...delta, body: days }));
  assert.match(consequences[0] ?? "", /^Once it has left, .* is kept for 7 days, and users can fetch their output\.$/);
  await ok(client.call("setTerms", { ...delta, body: days }));
  await until(async () => ((await sync()).retentionDays === 7 ? true : null));
  const body = { command: ["true"], centres: { only: ["delta"] } };
  const { id: job } = await ok(client.call("submit", { body }));
  const [order] = await ordersOf({ sync }, 1);
  const run = order?.run ?? assert.fail("no order");
  const { steps } = await ok(client.call("intake", delta));
  assert.match(
    steps.find(({ step }) => step === "leave")?.consequences.join(" ") ?? "",
    /can be read for 7 days after it is out, as long as its agent runs, which is refused then/,
  );
  await ok(client.call("setIntake", { ...delta, body: { step: "leave" } }));
  const end = { kind: "succeeded", exitCode: 0, signal: null, by: null, reason: null } as const;
  const usage = {
    ...{ startedMs: 1, wallMs: 1, cpuUserMs: 0, cpuSystemMs: 0, peakMemoryMib: 1, memoryWay: "none" as const },
    ...{ droppedStdoutBytes: 0, droppedStderrBytes: 0, energyJoules: null },
  } as const;
  await sync({
    observations: [
      { kind: "started", run, atMs: 1, evidence: "pid 7" },
      { kind: "ended", run, atMs: 2, end, usage, words: null },
    ],
  });
  await server.transitions.intake(centreId("delta"), "part", null);
  const read = async () => {
    const [log] = await Promise.all([
      client.call("log", { params: { job } }),
      until(async () => {
        const { reads } = await sync({ waitMs: 1_000 });
        const [{ id = "", offset = 0 } = {}] = reads;
        if (id === "") return null;
        const piece = {
          id,
          offset,
          sizeBytes: 3,
          base64: Buffer.from("hi\n").toString("base64"),
          final: true,
          words: "",
        };
        await ok(agent.call("answerRead", { body: { answers: [{ ...piece, kind: "bytes" }] } }));
        return true;
      }),
    ]);
    return log.kind === "answer" ? Buffer.from(log.value.base64, "base64").toString() : log.problem.type;
  };
  assert.equal(await read(), "hi\n");
  const refused = await client.call("submit", { body });
  assert.equal(refused.kind === "problem" ? refused.problem.status : 0, 422);
  // Nor does it say any more what the centre has, or whose accounts are there.
  const person = "(select min(id) from person)";
  await server.db.pool.query(
    `insert into wanted_account (centre_id, person_id, project_id, readiness, since_ms)
     values ('delta', ${person}, (select min(id) from project), 'requested', 1) on conflict do nothing`,
  );
  const known = async () => {
    const told = `select engine, agent_version, (select array_agg(name) from pool where centre_id = 'delta') as pools,
      (select array_agg(readiness) from wanted_account where centre_id = 'delta') as accounts from centre where id = 'delta'`;
    return (await server.db.pool.query(told)).rows[0];
  };
  const asItLeft = await known();
  const ids = (await server.db.pool.query(`select ${person} as person, (select min(id) from project) as project`))
    .rows[0];
  const pools = smallEngine.pools.map((pool) => ({ ...pool, name: "grown" }));
  const accounts = [{ person: Number(ids.person), project: Number(ids.project), readiness: "ready" as const }];
  await sync({ engine: { ...smallEngine, pools }, accounts });
  assert.deepEqual(await known(), asItLeft);

  const ends =
    "select max(expires_ms) as most, max(revoked_ms) as revoked from centre_credential where centre_id = 'delta'";
  const before = (await server.db.pool.query(ends)).rows[0];
  const rotated = await ok(agent.call("rotate", { body: {} }));
  assert.deepEqual((await server.db.pool.query(ends)).rows[0], before, "a new one lives no longer");
  const next = server.client(rotated.credential);
  await ok(next.call("session", { body: { agentVersion: "1" } }));
  assert.equal(
    await problem(server.client(credential).call("session", { body: { agentVersion: "1" } })),
    "credential-revoked",
  );
  // An administrator may end it earlier.
  assert.deepEqual(await ok(client.call("revokeCredentials", delta)), { credentials: 1 });
  assert.equal(await problem(next.call("session", { body: { agentVersion: "1" } })), "credential-revoked");
  assert.equal(await problem(client.call("log", { params: { job } })), "no-log");
  assert.equal(await problem(client.call("revokeCredentials", delta)), "centre-step");
});
