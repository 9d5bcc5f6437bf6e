import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createWorld } from "#core/scheduling/world.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import { ok, signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";
import { readWorld } from "#server/store/read-world.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

test("tenants, projects and people are added once each, and names that are not there are refused", async () => {
  const client = server.client();
  const status = (reply: Awaited<ReturnType<typeof client.call>>) =>
    reply.kind === "problem" ? reply.problem.type.replace("/api/problems/", "") : "done";
  assert.equal(status(await client.call("addTenant", { body: { name: "lab" } })), "done");
  assert.equal(status(await client.call("addTenant", { body: { name: "lab" } })), "already-exists");
  assert.equal(status(await client.call("addProject", { body: { name: "fold", tenant: "lab" } })), "done");
  assert.equal(status(await client.call("addProject", { body: { name: "fold", tenant: "lab" } })), "already-exists");
  assert.equal(status(await client.call("addProject", { body: { name: "x", tenant: "none" } })), "not-found");
  assert.equal(status(await client.call("addPerson", { body: { name: "cy", projects: ["none"] } })), "not-found");
  assert.equal(status(await client.call("addPerson", { body: { name: "cy", projects: ["fold"] } })), "done");
  assert.equal(status(await client.call("addPerson", { body: { name: "cy" } })), "already-exists");
  const body = { person: "nobody" };
  assert.equal(status(await client.call("addMember", { params: { project: "fold" }, body })), "not-found");
  assert.equal(status(await client.call("addSignInLink", { params: { person: "nobody" }, body: {} })), "not-found");
});

test("a tenant's home centre is set when it is added and later, told to every scheduler, and taken away", async () => {
  const client = server.client();
  const trouble = async (call: Promise<{ readonly kind: string; readonly problem?: { readonly type: string } }>) =>
    (await call).problem?.type.replace("/api/problems/", "");
  const added = await ok(client.call("addTenant", { body: { name: "coast", home: "local" } }));
  assert.equal(added.home, "local");
  const nowhere = { name: "inland", home: "nowhere" };
  assert.equal(await trouble(client.call("addTenant", { body: nowhere })), "not-found");
  const homes = async () =>
    (await ok(client.call("tenants", {}))).tenants.map(({ name, home }) => `${name} ${home}`).join(", ");
  assert.match(await homes(), /coast local/);
  assert.doesNotMatch(await homes(), /inland/, "what is refused is not there");
  const params = { tenant: "coast" };
  assert.equal(await trouble(client.call("setHome", { params, body: { home: "nowhere" } })), "not-found");
  assert.equal(
    await trouble(client.call("setHome", { params: { tenant: "none" }, body: { home: null } })),
    "not-found",
  );
  assert.equal((await ok(client.call("setHome", { params, body: { home: null } }))).home, null);
  assert.match(await homes(), /coast null/);
  const member = server.client(await signInAs(server, "ida", []));
  assert.equal(await trouble(member.call("setHome", { params, body: { home: "local" } })), "forbidden");
});

test("how many cores a tenant and a project may hold at once is set and taken away", async () => {
  const client = server.client();
  await ok(client.call("addTenant", { body: { name: "bay" } }));
  assert.equal((await ok(client.call("addProject", { body: { name: "reef", tenant: "bay" } }))).mostCores, null);
  const [tenant, project] = [{ tenant: "bay" }, { project: "reef" }];
  assert.equal((await ok(client.call("setTenantCores", { params: tenant, body: { mostCores: 64 } }))).mostCores, 64);
  assert.equal((await ok(client.call("setProjectCores", { params: project, body: { mostCores: 8 } }))).mostCores, 8);
  const told = createWorld();
  const events: WorldEvent[] = [];
  await readWorld(server.db, (event) => {
    events.push(event);
    told.apply(event);
  });
  const set = events.find((event) => event.kind === "core-limits-set");
  assert(set?.kind === "core-limits-set");
  assert.deepEqual([set.tenants.map(([, most]) => most), set.projects.map(([, most]) => most)], [[64], [8]]);
  assert.equal(
    (await ok(client.call("setProjectCores", { params: project, body: { mostCores: null } }))).mostCores,
    null,
  );
  const nobody = await client.call("setTenantCores", { params: { tenant: "none" }, body: { mostCores: 1 } });
  assert(nobody.kind === "problem" && nobody.problem.type.endsWith("not-found"));
  const zero = await client.call("setProjectCores", { params: project, body: { mostCores: 0 } });
  assert(zero.kind === "problem" && zero.problem.type.endsWith("invalid-request"));
});

test("a link names the address the administrator used, carries its code behind #, and a newer one replaces it", async () => {
  const first = await server.client().call("addPerson", { body: { name: "di", title: "Di", projects: ["default"] } });
  const second = await server.client().call("addSignInLink", { params: { person: "di" }, body: {} });
  assert.ok(first.kind === "answer" && second.kind === "answer");
  if (first.kind !== "answer" || second.kind !== "answer") return;
  assert.ok(first.value.signInUrl.startsWith(`${server.url}/sign-in#code=weir-code-`), first.value.signInUrl);
  assert.deepEqual(second.value.person.projects, ["default"]);
  const code = (url: string) => new URL(url).hash.replace("#code=", "");
  const client = server.client("");
  assert.equal((await client.call("signIn", { body: { code: code(first.value.signInUrl) } })).kind, "problem");
  assert.equal((await client.call("signIn", { body: { code: code(second.value.signInUrl) } })).kind, "answer");
});

test("a new membership is seen at once; others' tenants and projects are not", async () => {
  await server.client().call("addTenant", { body: { name: "park" } });
  await server.client().call("addProject", { body: { name: "air", tenant: "park" } });
  const token = await signInAs(server, "ed", []);
  const names = async () => {
    const reply = await server.client(token).call("projects");
    return reply.kind === "answer" ? reply.value.projects.map((project) => project.name) : [];
  };
  assert.deepEqual(await names(), []);
  await server.client().call("addMember", { params: { project: "air" }, body: { person: "ed" } });
  assert.deepEqual(await names(), ["air"]);
  const people = await server.client().call("people");
  const ed = people.kind === "answer" ? people.value.people.find((person) => person.name === "ed") : undefined;
  assert.deepEqual([ed?.administrator, ed?.projects], [false, ["air"]]);
  const tenants = await server.client(token).call("tenants");
  assert.deepEqual(tenants.kind === "answer" && tenants.value.tenants.map((tenant) => tenant.name), ["park"]);
  const me = await server.client(token).call("me");
  assert.equal(me.kind === "answer" && me.value.defaultProject, "air");
});

test("lists are paged by a cursor, and a cursor of another kind is refused", async () => {
  for (let i = 0; i < 5; i++) await server.client().call("addTenant", { body: { name: `page-${i}` } });
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const reply = await server.client().call("tenants", { query: { limit: 2, ...(cursor && { cursor }) } });
    assert.equal(reply.kind, "answer");
    if (reply.kind !== "answer") return;
    assert.ok(reply.value.tenants.length <= 2);
    seen.push(...reply.value.tenants.map((tenant) => tenant.name));
    cursor = reply.value.next ?? undefined;
  } while (cursor !== undefined);
  assert.equal(new Set(seen).size, seen.length);
  assert.ok(seen.includes("default") && seen.includes("page-4"));
  for (const bad of ["x", "-1", "1.5", "99999999999999999"]) {
    const reply = await server.client().call("tenants", { query: { cursor: bad } });
    assert.equal(reply.kind === "problem" && reply.problem.type, "/api/problems/bad-cursor", bad);
  }
});

test("where a tenant is and where its work and a project's may go is set in parts, and told to every scheduler", async () => {
  const client = server.client();
  await ok(client.call("addTenant", { body: { name: "cape" } }));
  await ok(client.call("addProject", { body: { name: "kelp", tenant: "cape" } }));
  const [tenant, project] = [{ tenant: "cape" }, { project: "kelp" }];
  const set = await ok(
    client.call("setTenantPlace", { params: tenant, body: { region: "370100", residency: ["CN"] } }),
  );
  assert.deepEqual(set.place, { region: "cn-sd", residency: ["cn"], domestic: false });
  const more = await ok(client.call("setTenantPlace", { params: tenant, body: { domestic: true, residency: null } }));
  assert.deepEqual(more.place, { region: "cn-sd", residency: null, domestic: true });
  const own = await ok(client.call("setProjectPlace", { params: project, body: { residency: ["cn-sd", "cn-gz"] } }));
  assert.deepEqual(own.place, { residency: ["cn-sd", "cn-gz"], domestic: false });
  const events: WorldEvent[] = [];
  await readWorld(server.db, (event) => void events.push(event));
  const told = events.find((event) => event.kind === "bounds-set");
  assert(told?.kind === "bounds-set");
  assert.deepEqual(
    told.tenants.map(([, place]) => place),
    [{ region: "cn-sd", residency: null, domestic: true }],
  );
  assert.deepEqual(
    told.projects.map(([, { residency, domestic }]) => [residency, domestic]),
    [[["cn-sd", "cn-gz"], false]],
  );
  assert.deepEqual(more.notes, [], "nothing was said of regions");
  assert.match(own.notes[0] ?? "", /^no centre in service lies in cn-sd, cn-gz: nothing would run/);
  assert.deepEqual(own.notes.slice(1), ["left out, since nobody says where they lie: local (weir centre terms)"]);
  const zz = await client.call("setProjectPlace", { params: project, body: { residency: ["zz"] } });
  assert(zz.kind === "problem" && /residency.*ISO 3166-1, as cn/.test(JSON.stringify(zz.problem)));
  const wrong = await client.call("setProjectPlace", { params: project, body: { residency: ["cn-gx1"] } });
  assert(wrong.kind === "problem" && /is cn-gx meant\?/.test(JSON.stringify(wrong.problem)));
  const country = await client.call("setTenantPlace", { params: tenant, body: { region: "cn" } });
  assert(country.kind === "problem" && country.problem.type.endsWith("invalid-request"), "a tenant is in one region");
  const nobody = await client.call("setTenantPlace", { params: { tenant: "none" }, body: { domestic: true } });
  assert(nobody.kind === "problem" && nobody.problem.type.endsWith("not-found"));
  const member = server.client(await signInAs(server, "shell", ["kelp"]));
  const refused = await member.call("setProjectPlace", { params: project, body: { residency: null } });
  assert(refused.kind === "problem" && refused.problem.type.endsWith("forbidden"));
});
