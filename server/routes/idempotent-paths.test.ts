// Every path that takes an Idempotency-Key does so: what it made is kept with the key, and made once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { paths } from "#api/paths.ts";
import { ok, signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";

let server: TestServer;
let job = 0;
before(async () => {
  server = await startTestServer();
  const client = server.client();
  job = (await ok(client.call("submit", { body: { command: ["true"] } }))).id;
  await ok(client.call("addProject", { body: { name: "fold", tenant: "default" } }));
  await ok(client.call("addPerson", { body: { name: "ada" } }));
});
after(() => server.stop());

type Request = readonly [path: string, body: object];

/** What is asked twice, and what is asked then with the same key. */
const asked: Record<string, () => readonly [first: Request, other: Request]> = {
  addToken: () => [
    ["/tokens", { name: "one" }],
    ["/tokens", { name: "two" }],
  ],
  submit: () => [
    ["/jobs", { command: ["true"] }],
    ["/jobs", { command: ["false"] }],
  ],
  submitBulk: () => [
    ["/jobs/bulk", { jobs: [{ command: ["true"] }] }],
    ["/jobs/bulk", { jobs: [{ command: ["false"] }] }],
  ],
  cancel: () => [
    [`/jobs/${job}/cancel`, {}],
    [`/jobs/${job}/cancel`, { index: 0 }],
  ],
  addCentre: () => [
    ["/centres", { id: "beta", driver: "process" }],
    ["/centres", { id: "gamma", driver: "process" }],
  ],
  addEnrolment: () => [
    ["/centres/local/enrolment", {}],
    ["/centres/beta/enrolment", {}],
  ],
  addTest: () => [
    ["/centres/local/tests", {}],
    ["/centres/local/tests", { project: "default" }],
  ],
  addTenant: () => [
    ["/tenants", { name: "lab" }],
    ["/tenants", { name: "other" }],
  ],
  addProject: () => [
    ["/projects", { name: "reef", tenant: "default" }],
    ["/projects", { name: "bay", tenant: "default" }],
  ],
  addMember: () => [
    ["/projects/fold/members", { person: "ada" }],
    ["/projects/fold/members", { person: "admin" }],
  ],
  addPerson: () => [
    ["/people", { name: "bo" }],
    ["/people", { name: "cy" }],
  ],
  addSignInLink: () => [
    ["/people/ada/sign-in-link", {}],
    ["/people/bo/sign-in-link", {}],
  ],
};

/** Wants a run that cannot be reached: transitions.test.ts has one. */
const elsewhere = ["declareLost"];

async function post(
  [path, body]: Request,
  key: string,
  bearer = server.token,
): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json", "idempotency-key": key };
  const reply = await server.fetch(`/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: reply.status, text: await reply.text() };
}

test("no path that is idempotent is left out here", () => {
  const idempotent = Object.entries(paths).filter(([, path]) => "idempotent" in path);
  assert.deepEqual([...Object.keys(asked), ...elsewhere].sort(), idempotent.map(([name]) => name).sort());
});

for (const [name, requests] of Object.entries(asked))
  test(`${name}: the same key gets the first answer, and another request with it 409`, async () => {
    const [first, other] = requests();
    const once = await post(first, name);
    assert.ok(once.status === 201 || once.status === 200, `${once.status} ${once.text}`);
    assert.deepEqual(await post(first, name), once);
    const kept = await server.db.pool.query("select from idempotency where key = $1", [name]);
    assert.equal(kept.rowCount, 1);
    const conflict = await post(other, name);
    assert.equal(conflict.status, 409, conflict.text);
    assert.match(conflict.text, /idempotency-conflict/);
  });

test("what an administrator does is done once, whichever project comes first meanwhile", async () => {
  const client = server.client();
  await ok(client.call("addTenant", { body: { name: "early" } }));
  await ok(client.call("addProject", { body: { name: "early", tenant: "early" } }));
  await ok(client.call("addTenant", { body: { name: "late" } }));
  await ok(client.call("addProject", { body: { name: "late", tenant: "late" } }));
  const bearer = await signInAs(server, "eve", ["late"]);
  await ok(client.call("setPerson", { params: { person: "eve" }, body: { administrator: true } }));
  const request = ["/tenants", { name: "made" }] as const;
  const once = await post(request, "eve", bearer);
  assert.equal(once.status, 201, once.text);
  await ok(client.call("addMember", { params: { project: "early" }, body: { person: "eve" } }));
  assert.deepEqual(await post(request, "eve", bearer), once);
});
