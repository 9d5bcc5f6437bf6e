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
  const one = await ok(server.client().call("people", { query: { name: "ed" } }));
  assert.deepEqual([one.people.map(({ name }) => name), one.next], [["ed"], null]);
  assert.deepEqual((await ok(server.client().call("people", { query: { name: "none" } }))).people, []);
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
  assert.deepEqual(more.notes, [
    "no pool in service is marked domestic in its terms: work without accelerators would run nowhere",
    "no centre in service has domestic accelerators: work on accelerators would run nowhere",
  ]);
  assert.match(own.notes[0] ?? "", /^no centre in service lies in cn-sd, cn-gz: nothing would run/);
  assert.deepEqual(own.notes.slice(1), ["left out, since nobody says where they lie: local (weir centre terms)"]);
  const zz = await client.call("setProjectPlace", { params: project, body: { residency: ["zz"] } });
  assert(zz.kind === "problem" && /residency.*ISO 3166-1, as cn/.test(JSON.stringify(zz.problem)));
  const wrong = await client.call("setProjectPlace", { params: project, body: { residency: ["cn-gx1"] } });
  assert(wrong.kind === "problem" && /is cn-gx meant\?/.test(JSON.stringify(wrong.problem)));
  const country = await client.call("setTenantPlace", { params: tenant, body: { region: "cn" } });
  assert(country.kind === "problem", "a tenant is in one region");
  assert.match(country.problem.detail, /region: takes one region by its code .*, and cn is a whole country\./);
  const near = await client.call("setTenantPlace", { params: tenant, body: { region: "cn-sdd" } });
  assert(near.kind === "problem" && /a region by its code .* is cn-sd meant\?/.test(near.problem.detail));
  const nobody = await client.call("setTenantPlace", { params: { tenant: "none" }, body: { domestic: true } });
  assert(nobody.kind === "problem" && nobody.problem.type.endsWith("not-found"));
  const member = server.client(await signInAs(server, "shell", ["kelp"]));
  const refused = await member.call("setProjectPlace", { params: project, body: { residency: null } });
  assert(refused.kind === "problem" && refused.problem.type.endsWith("forbidden"));
});

const kindOf = async (call: Promise<{ readonly kind: string; readonly problem?: { readonly type: string } }>) =>
  (await call).problem?.type.replace("/api/problems/", "") ?? "done";

/** What was done to a person, newest last. */
async function toldOf(name: string): Promise<readonly string[]> {
  const { acts } = await ok(server.client().call("acts", { query: { about: `person:${name}` } }));
  return acts.map(({ kind }) => kind).toReversed();
}

test("who is removed from a project may no longer see or use it; what they submitted goes on and others see it", async () => {
  const admin = server.client();
  await ok(admin.call("addProject", { body: { name: "surf", tenant: "default" } }));
  const token = await signInAs(server, "fay", ["surf"]);
  const job = await ok(server.client(token).call("submit", { body: { command: ["true"], project: "surf" } }));
  const params = { project: "surf", person: "fay" };
  assert.equal(await kindOf(server.client(token).call("removeMember", { params })), "forbidden");
  assert.deepEqual((await ok(admin.call("removeMember", { params }))).projects, []);
  const own = server.client(token);
  assert.equal(await kindOf(own.call("job", { params: { job: job.id } })), "not-found");
  assert.equal(await kindOf(own.call("submit", { body: { command: ["true"], project: "surf" } })), "unknown-project");
  const { state } = await ok(admin.call("job", { params: { job: job.id } }));
  assert.notEqual(state, "ended");
  assert.equal(await kindOf(admin.call("removeMember", { params })), "not-found");
  assert.equal(await kindOf(admin.call("removeMember", { params: { ...params, project: "none" } })), "not-found");
  assert.equal(await kindOf(admin.call("removeMember", { params: { ...params, person: "none" } })), "not-found");
  assert.deepEqual(await toldOf("fay"), ["person-added", "member-added", "sign-in-link-made", "member-removed"]);
});

test("a disabled person's token, link, password and open stream end at once; enabled again, only a new link signs in", async () => {
  const admin = server.client();
  const token = await signInAs(server, "gil", ["default"]);
  const own = server.client(token);
  await ok(own.call("setPassword", { body: { password: "a long password" } }));
  const job = await ok(own.call("submit", { body: { command: ["true"] } }));
  const params = { person: "gil" };
  const link = await ok(admin.call("addSignInLink", { params, body: {} }));
  const code = new URL(link.signInUrl).hash.replace("#code=", "");
  const stream = await server.fetch("/api/v1/events", { headers: { authorization: `Bearer ${token}` } });
  assert.equal(stream.status, 200);
  assert.equal(await kindOf(own.call("me", {})), "done");

  const disabled = await ok(admin.call("setPerson", { params, body: { disabled: true } }));
  assert.ok(disabled.disabledMs !== null && disabled.projects.includes("default"), "they stay a member");
  assert.equal(await kindOf(own.call("me", {})), "bad-credentials");
  assert.doesNotMatch(await stream.text(), /^: $/m, "it ends at once, not at its next heartbeat");
  const nobody = server.client("");
  assert.equal(await kindOf(nobody.call("signIn", { body: { code } })), "bad-credentials");
  const withPassword = { name: "gil", password: "a long password" };
  assert.equal(await kindOf(nobody.call("signIn", { body: withPassword })), "person-disabled");
  assert.equal(
    await kindOf(nobody.call("signIn", { body: { ...withPassword, password: "another one" } })),
    "bad-credentials",
    "who does not know the password learns nothing",
  );
  assert.equal(await kindOf(admin.call("addSignInLink", { params, body: {} })), "person-disabled");
  assert.notEqual((await ok(admin.call("job", { params: { job: job.id } }))).state, "ended", "what is there goes on");

  const again = await ok(admin.call("setPerson", { params, body: { disabled: false } }));
  assert.equal(again.disabledMs, null);
  assert.equal(await kindOf(own.call("me", {})), "bad-credentials", "nothing of before comes back");
  assert.equal(await kindOf(nobody.call("signIn", { body: { code } })), "bad-credentials");
  assert.equal(await kindOf(nobody.call("signIn", { body: withPassword })), "done");
  assert.equal(await kindOf(admin.call("addSignInLink", { params, body: {} })), "done");
  assert.deepEqual((await toldOf(again.name)).slice(-3), ["person-disabled", "person-enabled", "sign-in-link-made"]);
});

test("the administrator's role and the shown name are set; the last administrator keeps both role and entry", async () => {
  const admin = server.client();
  const first = { person: "admin" };
  const token = await signInAs(server, "hal", []);
  const second = { person: "hal" };
  const set = (params: { person: string }, body: Parameters<typeof admin.call<"setPerson">>[1]["body"], by = admin) =>
    by.call("setPerson", { params, body });
  assert.equal(await kindOf(set(second, { title: "Hal" }, server.client(token))), "forbidden");
  assert.equal(await kindOf(set(first, { administrator: false })), "last-administrator");
  assert.equal(await kindOf(set(first, { disabled: true })), "last-administrator");
  const raised = await ok(set(second, { administrator: true, title: "Hal H.", disabled: false }));
  assert.deepEqual([raised.administrator, raised.title], [true, "Hal H."]);
  assert.equal(await kindOf(server.client(token).call("people", {})), "done", "in the next request");
  assert.equal(await kindOf(set(first, { disabled: true })), "disable-oneself");
  // Of two who disable each other at once, one stays.
  await ok(set(first, { title: "Administrator" }));
  const hal = server.client(token);
  const both = await Promise.all([
    kindOf(set(second, { disabled: true })),
    kindOf(set(first, { disabled: true }, hal)),
  ]);
  assert.equal(both.filter((one) => one === "done").length, 1, both.join(", "));
  const { people } = await ok((both[0] === "done" ? admin : hal).call("people", {}));
  assert.equal(people.filter((one) => one.administrator && one.disabledMs === null).length, 1);
  // For the tests after this one.
  await server.db.pool.query("update person set administrator = name = 'admin', disabled_ms = null");
  await server.db.pool.query("update credential set spent_ms = null where kind = 'token'");
});

test("a name to be shown is something to be seen", async () => {
  const client = server.client();
  for (const title of ["", "  "])
    for (const refused of [
      client.call("addPerson", { body: { name: "li2", title } }),
      client.call("addTenant", { body: { name: "li2", title } }),
      client.call("addProject", { body: { name: "li2", tenant: "default", title } }),
      client.call("setPerson", { params: { person: "admin" }, body: { title } }),
    ])
      assert.match(JSON.stringify(await refused), /title: must have something that can be seen/, JSON.stringify(title));
});

test("a tenant is added with the region it is in", async () => {
  const added = await ok(server.client().call("addTenant", { body: { name: "port", region: "370100" } }));
  assert.equal(added.place.region, "cn-sd");
  const { tenants } = await ok(server.client().call("tenants", {}));
  assert.equal(tenants.find(({ name }) => name === "port")?.place.region, "cn-sd");
});
