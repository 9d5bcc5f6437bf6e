import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { actKinds } from "#core/act.ts";
import { ok, signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";
import { migrations } from "#server/store/migrations.ts";

type Query = {
  readonly group?: "people" | "limits" | "rules";
  readonly person?: string;
  readonly about?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
};

let server: TestServer;
/** When `ed` began. */
let edsMs = 0;
before(async () => {
  server = await startTestServer();
  const admin = server.client();
  await ok(admin.call("addTenant", { body: { name: "park", region: "cn-sd" } }));
  await ok(admin.call("addProject", { body: { name: "air", tenant: "park" } }));
  const ed = server.client(await signInAs(server, "ed", ["air"]));
  await ok(admin.call("setPerson", { params: { person: "ed" }, body: { administrator: true, title: "Ed" } }));
  edsMs = Date.now();
  await ok(ed.call("removeMember", { params: { project: "air", person: "ed" } }));
  await ok(ed.call("setTenantCores", { params: { tenant: "park" }, body: { mostCores: 64 } }));
  await ok(ed.call("setProjectGrant", { params: { project: "air" }, body: { coreHours: 10, cardHours: 5 } }));
  const place = { residency: ["cn-sd", "cn-gz"], domestic: true };
  await ok(ed.call("setProjectPlace", { params: { project: "air" }, body: place }));
  await ok(ed.call("setHome", { params: { tenant: "park" }, body: { home: "local" } }));
  const { policy } = await ok(ed.call("policy", {}));
  await ok(ed.call("setPolicy", { body: { ...policy, name: "ours" } }));
  await ok(ed.call("setAgreements", { body: { otherwise: "refused", agreements: [] } }));
  const params = { centre: "local" };
  const { terms } = await ok(ed.call("terms", { params }));
  await ok(ed.call("setTerms", { params, body: { ...terms, region: "cn-sd" } }));
  const line = { precision: "fp64", sparsity: "dense", basis: "nominal", lifeCycle: "planned" } as const;
  await ok(ed.call("setCapacity", { params, body: { lines: [{ ...line, valueGigaflops: "1" }] } }));
  await ok(ed.call("setIntake", { params, body: { step: "drain" } }));
  await ok(ed.call("setIntake", { params, body: { step: "resume" } }));
  await ok(ed.call("addCentre", { body: { id: "hill", driver: "slurm" } }));
  await ok(ed.call("addEnrolment", { params: { centre: "hill" }, body: {} }));
  await ok(ed.call("askRotation", { params, body: {} }));
  await ok(ed.call("addTest", { params, body: {} }));
  await ok(ed.call("revokeCredentials", { params }));
  const { token } = await ok(ed.call("addToken", { body: { name: "mine" } }));
  await ok(ed.call("revokeToken", { params: { token: token.id } }));
  await ok(ed.call("setPassword", { body: { password: "a long password" } }));
  await ok(admin.call("setPerson", { params: { person: "ed" }, body: { disabled: true } }));
});
after(() => server.stop());

async function told(query: Query = {}, language: "en" | "zh" = "en"): Promise<readonly string[]> {
  const { acts } = await ok(server.client(undefined, language).call("acts", { query }));
  return acts.map(
    ({ by, about, words }) => `${by} ${about === null ? "network" : `${about.kind}:${about.name}`} ${words}`,
  );
}

const byEd = [
  "ed person:ed set their own password",
  "ed person:ed revoked token 4 of their own",
  "ed person:ed made token 4 of their own",
  "ed centre:local its credentials were revoked",
  "ed centre:local connection test 1 asked for",
  "ed centre:local asked to rotate its credential",
  "ed centre:hill an enrolment token was made",
  "ed centre:hill added",
  "ed centre:local takes work again",
  "ed centre:local draining: takes nothing new",
  "ed centre:local capacity set, version 1: 1 stated",
  "ed centre:local terms set, version 1",
  "ed network agreements between regions set, version 1",
  "ed network scheduling policy set, version 1",
  "ed tenant:park home centre: local",
  "ed project:air its data only in Shandong (cn-sd), Guizhou (cn-gz); domestic equipment only",
  "ed project:air granted 5 card-hours",
  "ed project:air granted 10 core-hours",
  "ed tenant:park may hold at most 64 cores at once",
  "ed person:ed removed from project air",
];
const first = [
  "admin person:ed made administrator",
  "admin person:ed shown under another name",
  "admin person:ed a sign-in link was made",
  "admin person:ed made a member of project air",
  "admin person:ed added",
  "admin project:air added, of tenant park",
  "admin tenant:park is in Shandong (cn-sd)",
  "admin tenant:park added",
];

test("each act of administration is listed, newest first: by whom, when, to whom or what", async () => {
  assert.deepEqual(await told(), ["admin person:ed disabled", ...byEd, ...first]);
  const zh = await told({}, "zh");
  assert.equal(zh.length, 29);
  assert.equal(zh[0], "admin person:ed 停用");
  assert.ok(
    zh.every((line) => /[\u4e00-\u9fff]/.test(line.split(" ").slice(2).join(" "))),
    zh.join("\n"),
  );
});

test("the list is narrowed by kind, by who did it, by whom or what it was done to, and by time", async () => {
  assert.deepEqual(await told({ person: "ed" }), byEd);
  assert.deepEqual(await told({ person: "nobody" }), []);
  assert.deepEqual(await told({ group: "limits" }), byEd.slice(-4, -1));
  assert.deepEqual(await told({ group: "rules", person: "ed" }), byEd.slice(12, 14));
  assert.deepEqual(await told({ about: "tenant:park", person: "ed" }), [byEd[14], byEd[18]]);
  assert.deepEqual((await told({ about: "person:ed" })).length, 10);
  assert.deepEqual(await told({ toMs: edsMs }), first);
  assert.deepEqual(await told({ fromMs: edsMs }), ["admin person:ed disabled", ...byEd]);
  const wrong = await server.client().call("acts", { query: { about: "planet:mars" } });
  assert.ok(wrong.kind === "problem" && wrong.problem.status === 400);
});

test("what is so already is no act when it is set again, and nothing tells the scheduler of it", async () => {
  const admin = server.client();
  const newest = async () => (await told())[0];
  const before = await told();
  const { rows } = await server.db.pool.query("select max(seq) as last from event");
  assert.equal(
    (await ok(admin.call("setTenantCores", { params: { tenant: "park" }, body: { mostCores: 64 } }))).changed,
    false,
  );
  assert.equal(
    (await ok(admin.call("setTenantGrant", { params: { tenant: "park" }, body: { coreHours: null } }))).changed,
    false,
  );
  assert.equal(
    (await ok(admin.call("setHome", { params: { tenant: "park" }, body: { home: "local" } }))).changed,
    false,
  );
  assert.equal(
    (await ok(admin.call("setTenantPlace", { params: { tenant: "park" }, body: { region: "cn-sd", residency: null } })))
      .changed,
    false,
  );
  const residency = ["cn-sd", "cn-gz"];
  assert.equal(
    (await ok(admin.call("setProjectPlace", { params: { project: "air" }, body: { residency, domestic: true } })))
      .changed,
    false,
  );
  await ok(
    admin.call("setPerson", { params: { person: "ed" }, body: { title: "Ed", administrator: true, disabled: true } }),
  );
  assert.deepEqual(await told(), before);
  assert.deepEqual((await server.db.pool.query("select max(seq) as last from event")).rows, rows);
  // Fewer regions are others.
  const fewer = admin.call("setProjectPlace", { params: { project: "air" }, body: { residency: ["cn-sd"] } });
  assert.equal((await ok(fewer)).changed, true);
  assert.equal(await newest(), "admin project:air its data only in Shandong (cn-sd)");
  await ok(admin.call("setProjectGrant", { params: { project: "air" }, body: { coreHours: 10 } }));
  assert.equal(await newest(), "admin project:air granted 10 core-hours", "counted anew");
  await ok(admin.call("setProjectGrant", { params: { project: "air" }, body: { coreHours: null } }));
  assert.equal(await newest(), "admin project:air may use any number of core-hours");
});

test("it is paged by a cursor, and shown to administrators alone", async () => {
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await ok(server.client().call("acts", { query: { limit: 5, ...(cursor && { cursor }) } }));
    seen.push(...page.acts.map(({ id }) => id));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  assert.equal(seen.length, 32);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => b - a),
  );
  const member = server.client(await signInAs(server, "flo", ["default"]));
  const refused = await member.call("acts", {});
  assert.ok(refused.kind === "problem" && refused.problem.type.endsWith("/forbidden"));
});

test("what was done before there was a list is taken into it; of the list nothing is changed or deleted", async () => {
  const { pool } = server.db;
  await assert.rejects(pool.query("update act set person_id = null"), /append-only|permission denied/);
  await assert.rejects(pool.query("delete from act"), /append-only|permission denied/);
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("drop table act");
    await client.query("delete from event where job_id is null");
    await client.query(
      `insert into event (at_ms, kind, centre_id, cause)
       select row_number() over (order by at), kind, centre, cause from (values
         (1, 'people-changed', null, 'person:1: person 2: added, administrator'),
         (2, 'people-changed', null, 'person:1: person 2: member of project air'),
         (3, 'people-changed', null, 'person:1: person 2: shown under another name, no administrator any more, disabled'),
         (4, 'people-changed', null, 'person:2: person 2: no member of project air any more'),
         (5, 'people-changed', null, 'person:1: person 2: a sign-in link was made'),
         (6, 'core-limits-changed', null, 'person:1: cores of project air at once: any'),
         (7, 'core-limits-changed', null, 'person:1: cores of tenant park at once: 64'),
         (8, 'grants-changed', null, 'person:1: card-hours granted to tenant park: 12'),
         (9, 'grants-changed', null, 'person:1: core-hours granted to project air: any number'),
         (10, 'bounds-changed', null, 'person:1: where work of tenant park may go: {"region":"cn-sd","domestic":true}'),
         (11, 'bounds-changed', null, 'person:1: agreements between regions, version 3'),
         (12, 'homes-changed', 'local', 'person:1: home of park: local'),
         (13, 'homes-changed', 'local', 'part: local has left and is nobody''s home'),
         (14, 'centre-changed', 'hill', 'person:1'),
         (15, 'centre-changed', 'local', 'person:1: rotate the credential'),
         (16, 'centre-changed', 'local', 'the centre''s agent reports again')
       ) as told(at, kind, centre, cause)`,
    );
    await client.query(migrations.find(({ name }) => name === "0031-acts")?.sql ?? "");
    const { rows } = await client.query<{ text: string }>(
      `select concat_ws(' ', person_id, kind, about_kind, about, facts::text) as text from act where at_ms < 100 order by id`,
    );
    assert.deepEqual(
      rows.map(({ text }) => text),
      [
        '1 person-added person 2 {"administrator": true}',
        '1 member-added person 2 {"project": "air"}',
        "1 person-renamed person 2 {}",
        "1 administrator-unmade person 2 {}",
        "1 person-disabled person 2 {}",
        '2 member-removed person 2 {"project": "air"}',
        "1 sign-in-link-made person 2 {}",
        '1 cores-bound project air {"most": null}',
        '1 cores-bound tenant park {"most": 64}',
        '1 granted tenant park {"unit": "milli-card-ms", "hours": 12}',
        '1 granted project air {"unit": "core-ms", "hours": null}',
        '1 place-set tenant park {"region": "cn-sd", "domestic": true}',
        '1 home-set tenant park {"home": "local"}',
        "1 centre-added centre hill {}",
        "1 rotation-asked centre local {}",
      ],
    );
    const kept = await client.query<{ kind: string; count: number }>(
      "select kind, count(*)::int as count from act where at_ms >= 100 group by kind order by kind",
    );
    assert.deepEqual(
      kept.rows.map(({ kind, count }) => `${kind} ${count}`),
      ["agreements-set 1", "intake-set 3", "policy-set 1", "terms-set 1", "test-asked 1"],
    );
    const known: readonly string[] = actKinds;
    const { rows: kinds } = await client.query<{ kind: string }>("select distinct kind from act");
    assert.ok(kinds.every(({ kind }) => known.includes(kind)));
  } finally {
    await client.query("rollback");
    client.release();
  }
});
