import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startTestServer, type TestServer } from "./testing.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-web-"));
const page = `<!doctype html><title>console</title>${"<p>weir</p>".repeat(200)}`;
let server: TestServer;
before(async () => {
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), page);
  writeFileSync(join(folder, "assets", "app-1a2b.js"), "export {};");
  writeFileSync(join(folder, "assets", "app-1a2b.js.map"), "{}");
  server = await startTestServer({ webFolder: folder });
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

test("assets with a hash in their name are kept for ever, the page never", async () => {
  const asset = await server.fetch("/assets/app-1a2b.js");
  assert.equal(asset.headers.get("cache-control"), "public, max-age=31536000, immutable");
  assert.equal(asset.headers.get("content-type"), "text/javascript; charset=utf-8");
  const index = await server.fetch("/");
  assert.equal(index.headers.get("cache-control"), "no-store");
  assert.equal(await index.text(), page);
});

test("every page of the console is its one page; what is missing of the API or the assets is not", async () => {
  for (const path of ["/jobs/12", "/sign-in", "/usage?by=day", "/%2e%2e/secret"]) {
    const response = await server.fetch(path);
    assert.equal(response.status, 200, path);
    assert.equal(await response.text(), page, path);
  }
  for (const path of ["/api/v1/nothing", "/api/nothing", "/assets/old-0.js", "/assets/app-1a2b.js.map"]) {
    const response = await server.fetch(path);
    assert.equal(response.status, 404, path);
    assert.match(response.headers.get("content-type") ?? "", /problem\+json/, path);
  }
});

test("text is compressed for those who take it", async () => {
  const small = await server.fetch("/", { headers: { "accept-encoding": "br" } });
  assert.equal(small.headers.get("content-encoding"), "br");
  assert.equal(small.headers.get("vary"), "accept-encoding");
  assert.equal(await small.text(), page);
  const plain = await server.fetch("/", { headers: { "accept-encoding": "identity" } });
  assert.equal(plain.headers.get("content-encoding"), null);
});
