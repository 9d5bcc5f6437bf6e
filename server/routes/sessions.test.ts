import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Problem } from "#api/values.ts";
import { personId } from "#core/ids.ts";
import { startTestServer, type TestServer } from "#server/http/testing.ts";
import { newCode } from "#server/identity/sign-in.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

const json = { "content-type": "application/json" };

async function code(lifeShiftMs = 0): Promise<string> {
  return (await newCode(server.db.pool, personId(1), `test ${Math.random()}`, Date.now() + lifeShiftMs)).code;
}

async function signInByBrowser(): Promise<{ cookie: string; setCookie: string }> {
  const response = await server.fetch("/api/v1/sign-in", {
    method: "POST",
    headers: { ...json, origin: server.url },
    body: JSON.stringify({ code: await code() }),
  });
  assert.equal(response.status, 200);
  const setCookie = response.headers.get("set-cookie") ?? "";
  return { cookie: setCookie.split(";")[0] ?? "", setCookie };
}

async function problemKind(response: Response): Promise<string> {
  return ((await response.json()) as Problem).type.replace("/api/problems/", "");
}

test("a code signs in once; a spent, expired or unknown one does not", async () => {
  const client = server.client("");
  const once = await code();
  const first = await client.call("signIn", { query: { as: "token" }, body: { code: once } });
  assert.equal(first.kind === "answer" && first.value.me.person.name, "admin");
  for (const bad of [once, await code(-25 * 3_600_000), "weir-code-nothing"]) {
    const again = await client.call("signIn", { body: { code: bad } });
    assert.equal(again.kind === "problem" && again.problem.type, "/api/problems/bad-credentials");
  }
});

test("of two that use one code at once, one is signed in", async () => {
  const once = await code();
  const both = await Promise.all([1, 2].map(() => server.client("").call("signIn", { body: { code: once } })));
  assert.deepEqual(both.map((reply) => reply.kind).sort(), ["answer", "problem"]);
});

test("a browser's session is a strict cookie of this port, and is over after signing out", async () => {
  const { cookie, setCookie } = await signInByBrowser();
  const { port } = new URL(server.url);
  assert.match(
    setCookie,
    new RegExp(`^weir_session_${port}=weir-session-\\S+; Max-Age=604800; Path=/; HttpOnly; SameSite=Strict$`),
  );
  const me = await server.fetch("/api/v1/me", { headers: { cookie: `other=1; ${cookie}` } });
  assert.equal(me.status, 200);
  const out = await server.fetch("/api/v1/sign-out", { method: "POST", headers: { cookie, origin: server.url } });
  assert.equal(out.status, 200);
  assert.match(out.headers.get("set-cookie") ?? "", /=; Max-Age=0;/);
  assert.equal((await server.fetch("/api/v1/me", { headers: { cookie } })).status, 401);
});

test("a change by cookie needs a page of this origin; by token it does not", async () => {
  const { cookie } = await signInByBrowser();
  const make = (headers: Record<string, string>) =>
    server.fetch("/api/v1/tokens", {
      method: "POST",
      headers: { ...json, ...headers },
      body: JSON.stringify({ name: "x" }),
    });
  for (const headers of [
    {},
    { origin: "http://evil.example" },
    { origin: "null" },
    { "sec-fetch-site": "same-site" },
  ]) {
    const response = await make({ cookie, ...headers });
    assert.equal(response.status, 403, JSON.stringify(headers));
    assert.equal(await problemKind(response), "origin-not-ours");
  }
  assert.equal((await make({ cookie, origin: server.url })).status, 201);
  assert.equal((await make({ cookie, "sec-fetch-site": "same-origin" })).status, 201);
  assert.equal((await make({ authorization: `Bearer ${server.token}` })).status, 201);
  const foreign = await server.fetch("/api/v1/sign-in", {
    method: "POST",
    headers: { ...json, origin: "http://evil.example" },
    body: JSON.stringify({ code: await code() }),
  });
  assert.equal(foreign.status, 403);
});

test("a password is set, changed against the current one, and signs in; five wrong ones make one wait", async () => {
  const client = server.client();
  const first = await client.call("setPassword", { body: { password: "correct horse" } });
  assert.equal(first.kind, "answer");
  const me = await client.call("me");
  assert.equal(me.kind === "answer" && me.value.hasPassword, true);
  const { cookie } = await signInByBrowser();
  const wrong = await client.call("setPassword", { body: { password: "battery staple", current: "nonsense" } });
  assert.equal(wrong.kind === "problem" && wrong.problem.status, 401);
  const changed = await client.call("setPassword", { body: { password: "battery staple", current: "correct horse" } });
  assert.equal(changed.kind, "answer");
  assert.equal((await server.fetch("/api/v1/me", { headers: { cookie } })).status, 401, "other sessions end");

  const stored = await server.db.pool.query<{ password_hash: string }>("select password_hash from person where id = 1");
  assert.match(stored.rows[0]?.password_hash ?? "", /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  const signIn = (password: string, name = "admin") =>
    server.client("").call("signIn", { query: { as: "token" }, body: { name, password } });
  assert.equal((await signIn("battery staple")).kind, "answer");
  assert.equal((await signIn("battery staple", "nobody")).kind, "problem");
  const statuses: (number | null)[] = [];
  for (let i = 0; i < 6; i++) {
    const reply = await signIn("wrong password");
    statuses.push(reply.kind === "problem" ? reply.problem.status : null);
  }
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429]);
});

test("the store keeps hashes only", async () => {
  const { rows } = await server.db.pool.query<{ all: string }>(
    "select string_agg(credential::text, ' ') as all from credential",
  );
  assert.doesNotMatch(rows[0]?.all ?? "", /weir-(token|session|code)-/);
});

test("tokens are listed without their secrets, and a revoked one is refused at once", async () => {
  const client = server.client();
  const made = await client.call("addToken", { body: { name: "laptop", expiresInS: 3600 } });
  assert.equal(made.kind, "answer");
  if (made.kind !== "answer") return;
  const { secret, token } = made.value;
  assert.equal((await server.client(secret).call("me")).kind, "answer");
  const listed = await client.call("tokens");
  assert.equal(listed.kind === "answer" && listed.value.tokens.some((one) => one.id === token.id), true);
  assert.equal((await client.call("revokeToken", { params: { token: token.id } })).kind, "answer");
  const refused = await server.client(secret).call("me");
  assert.equal(refused.kind === "problem" && refused.problem.type, "/api/problems/bad-credentials");
  const again = await client.call("revokeToken", { params: { token: token.id } });
  assert.equal(again.kind === "problem" && again.problem.status, 404);
});

test("a repeated key gives the first token again, the store keeps it sealed, and another body or caller is refused", async () => {
  const client = server.client();
  const options = { idempotencyKey: "key-1" };
  const first = await client.call("addToken", { body: { name: "ci" } }, options);
  const second = await client.call("addToken", { body: { name: "ci" } }, options);
  assert.equal(first.kind, "answer");
  assert.deepEqual(first, second);
  const other = await client.call("addToken", { body: { name: "cd" } }, options);
  assert.equal(other.kind === "problem" && other.problem.type, "/api/problems/idempotency-conflict");
  const secret = first.kind === "answer" ? first.value.secret : "";
  const foreign = await server.client(secret).call("addToken", { body: { name: "ci" } }, options);
  assert.equal(foreign.kind === "problem" && foreign.problem.status, 409);
  const { rows } = await server.db.pool.query<{ answer: string }>("select answer from idempotency where key = 'key-1'");
  assert.doesNotMatch(rows[0]?.answer ?? "weir-token-", /weir-token-/);
  const bad = await client.call("addToken", { body: { name: "x" } }, { idempotencyKey: "two words" });
  assert.equal(bad.kind === "problem" && bad.problem.status, 400);
});

test("two at once under one key make one token", async () => {
  const client = server.client();
  const both = await Promise.all(
    [1, 2].map(() => client.call("addToken", { body: { name: "twin" } }, { idempotencyKey: "key-twin" })),
  );
  assert.deepEqual(both[0], both[1]);
  const { rows } = await server.db.pool.query("select from credential where name = 'twin'");
  assert.equal(rows.length, 1);
});
