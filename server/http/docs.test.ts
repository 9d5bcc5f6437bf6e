import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { routes } from "#api/routes.ts";
import { openapiDocument, openapiText } from "./openapi.ts";
import { refusalKinds } from "./problem.ts";
import { startTestServer, type TestServer } from "./testing.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

test("the committed OpenAPI document is the one that api/ makes; npm run openapi writes it", () => {
  const committed = readFileSync(join(import.meta.dirname, "..", "..", "docs", "api", "openapi.json"), "utf8");
  assert.equal(committed, openapiText());
});

test("it names every route once, and every reference in it leads somewhere", () => {
  const document = openapiDocument() as unknown as {
    paths: Record<string, Record<string, { operationId: string }>>;
    components: { schemas: Record<string, unknown> };
  };
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  assert.deepEqual(operations.map((operation) => operation.operationId).sort(), Object.keys(routes).sort());
  const text = JSON.stringify(document);
  for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g))
    assert.ok(document.components.schemas[name], name);
  assert.doesNotMatch(text, /#\/\$defs/);
});

test("the server serves it, and pages of it with assets of its own", async () => {
  const served = await server.fetch("/api/v1/openapi.json");
  assert.deepEqual(await served.json(), JSON.parse(openapiText()));
  const page = await server.fetch("/api/docs/");
  assert.equal(page.status, 200);
  const html = await page.text();
  assert.doesNotMatch(html, /https?:\/\//);
  const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = ""]) => path);
  assert.ok(assets.length >= 4);
  for (const asset of assets) {
    const response = await server.fetch(new URL(asset, "http://x/api/docs/").pathname);
    assert.equal(response.status, 200, asset);
    await response.body?.cancel();
  }
  const outside = await server.fetch("/api/docs/..%2f..%2fpackage.json");
  assert.equal(outside.status, 404);
});

test("each kind of refusal has a page, and the kinds are those that were promised", async () => {
  for (const kind of refusalKinds) {
    const page = await server.fetch(`/api/problems/${kind}`, { headers: { "accept-language": "zh" } });
    assert.equal(page.status, 200, kind);
    assert.match(await page.text(), /lang="zh"/);
  }
  assert.equal((await server.fetch("/api/problems/nothing")).status, 404);
  assert.deepEqual([...refusalKinds].sort(), promisedKinds);
});

/** Clients tell refusals apart by these: one may be added, none may go or change its meaning. */
const promisedKinds = [
  "agent-version",
  "already-ended",
  "already-exists",
  "array-mismatch",
  "bad-array",
  "bad-credentials",
  "bad-cursor",
  "bad-option-value",
  "centre-step",
  "credential-revoked",
  "dependency-cycle",
  "disable-oneself",
  "enrolment-token-spent",
  "fault",
  "fenced",
  "forbidden",
  "host-not-ours",
  "idempotency-conflict",
  "invalid-request",
  "last-administrator",
  "log-unavailable",
  "malformed-json",
  "no-centre-fits",
  "no-log",
  "not-found",
  "not-offered",
  "not-signed-in",
  "not-text",
  "not-unreachable",
  "option-refused",
  "origin-not-ours",
  "overtaken",
  "path-escape",
  "person-disabled",
  "script-with-dos-lines",
  "script-without-interpreter",
  "store-refused",
  "store-unavailable",
  "too-large",
  "too-many-requests",
  "unknown-dependency",
  "unknown-option",
  "unknown-project",
];
