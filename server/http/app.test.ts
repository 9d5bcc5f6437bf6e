import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type RouteName, routes } from "#api/routes.ts";
import type { Problem } from "#api/values.ts";
import { startTestServer, type TestServer } from "./testing.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

type Sent = { readonly status: number; readonly problem: Problem };

async function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Sent> {
  const response = await server.fetch(`/api/v1${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json", ...headers },
    body,
  });
  assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
  return { status: response.status, problem: (await response.json()) as Problem };
}

const kindOf = (sent: Sent) => sent.problem.type.replace("/api/problems/", "");

test("what is not one JSON document in UTF-8 is refused, saying why", async () => {
  for (const body of ["{", "{} {}", "nonsense", '{"name": "a\u0000b"}', Uint8Array.of(0x22, 0xff, 0x22)]) {
    const sent = await post("/jobs", body);
    assert.equal(sent.status, 400);
    assert.equal(kindOf(sent), "malformed-json", String(body));
  }
  const inChinese = { "accept-language": "zh-CN" };
  const cut = await post("/jobs", '{"command": ["true"', inChinese);
  assert.match(cut.problem.detail, /^第 1 行第 20 个字符处有误/);
  const bytes = await post("/jobs", Uint8Array.of(0x22, 0xff, 0x22), inChinese);
  assert.equal(bytes.problem.detail, "含有非 UTF-8 的字节。请发送一个 UTF-8 编码的 JSON 文档。");
  const form = await post("/jobs", "a=b", { "content-type": "application/x-www-form-urlencoded" });
  assert.equal(kindOf(form), "malformed-json");
  assert.match(form.problem.detail, /x-www-form-urlencoded, not application\/json/);
});

test("NUL and lone surrogates are refused in any text, naming the field; half-escaped pairs are text", async () => {
  const nul = await post("/jobs", '{"command":["echo","a\\u0000b"]}');
  assert.equal(kindOf(nul), "not-text");
  assert.deepEqual(nul.problem.facts, { field: "command[1]", found: "NUL" });
  const lone = await post("/jobs", '{"command":["echo"],"labels":{"\\ud800":"x"}}');
  assert.deepEqual(lone.problem.facts, { field: "a name in labels", found: "lone surrogate" });
  const pair = await server.client().call("dryRun", { body: { command: ["echo", "😀 \\u0000"] } });
  assert.equal(pair.kind, "answer");
});

test("a key called __proto__ is refused instead of being dropped", async () => {
  for (const key of ["__proto__", "\\u005f_proto__"]) {
    const sent = await post("/jobs", `{"command":["true"],"environment":{"${key}":"1"}}`);
    assert.equal(kindOf(sent), "invalid-request");
    assert.match(sent.problem.detail, /environment\.__proto__/);
  }
});

test("unknown fields, absurd numbers and missing work are refused by path", async () => {
  const cases: readonly [body: object, path: string][] = [
    [{ command: ["true"], colour: "red" }, "colour"],
    [{ command: ["true"], coresPerTask: 0 }, "coresPerTask"],
    [{ command: ["true"], coresPerTask: -4 }, "coresPerTask"],
    [{ command: ["true"], nodes: 1e30 }, "nodes"],
    [{ command: ["true"], memoryMibPerNode: 1.5 }, "memoryMibPerNode"],
    [{ command: ["true"], timeLimitS: "60" }, "timeLimitS"],
    [{ command: ["true"], accelerators: { perNode: 1, colour: "red" } }, "accelerators.colour"],
    [{ command: ["true"], dependencies: [{ kind: "afterok" }] }, "dependencies[0].job"],
    [{ command: ["true"], container: "image:latest" }, "container"],
    [{}, "script"],
  ];
  for (const [body, path] of cases) {
    const sent = await post("/jobs", JSON.stringify(body));
    assert.equal(kindOf(sent), "invalid-request", path);
    const { issues } = sent.problem.facts as { issues: { path: string }[] };
    assert.ok(
      issues.some((issue) => issue.path === path),
      `${path} in ${JSON.stringify(issues)}`,
    );
  }
});

test("a body beyond the route's limit is refused before it is read", async () => {
  const small = await post("/tokens", JSON.stringify({ name: "x".repeat(1_100_000) }));
  assert.equal(small.status, 413);
  assert.deepEqual(small.problem.facts, { what: "The body", actual: 1_100_011, limit: 1_048_576, unit: "bytes" });
});

for (const [path, limit, least] of [
  ["/jobs", 16 * 1024 * 1024, { command: ["true"] }],
  ["/jobs/bulk", 64 * 1024 * 1024, { jobs: [{ command: ["true"] }] }],
] as const)
  test(`a body of ${path} may have ${limit} bytes, and not one more`, async () => {
    const text = JSON.stringify(least);
    const whole = await server.fetch(`/api/v1${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
      body: text + " ".repeat(limit - text.length),
    });
    assert.equal(whole.status, 201, await whole.text());
    const sent = await post(path, text + " ".repeat(limit - text.length + 1));
    assert.equal(sent.status, 413);
    assert.deepEqual(sent.problem.facts, { what: "The body", actual: limit + 1, limit, unit: "bytes" });
  });

test("a script one byte too long is refused in bytes", async () => {
  const head = "#!/bin/sh\n";
  const limit = 4 * 1024 * 1024;
  const sent = await post("/jobs", JSON.stringify({ script: head + "#".repeat(limit - head.length + 1) }));
  assert.equal(sent.status, 413);
  assert.deepEqual(sent.problem.facts, { what: "the script", actual: limit + 1, limit, unit: "bytes" });
});

test("a script of three MiB of Chinese is larger than the limit in bytes and is refused", async () => {
  const script = `#!/bin/sh\n# ${"堰".repeat(1_500_000)}\n`;
  const sent = await post("/jobs", JSON.stringify({ script }));
  assert.equal(kindOf(sent), "too-large");
});

test("impossible jobs, bad arrays, unknown dependencies and escaping paths are refused", async () => {
  const cases: readonly [body: object, kind: string][] = [
    [{ command: ["true"], coresPerTask: 9 }, "no-centre-fits"],
    [{ command: ["true"], array: "0-9999999" }, "too-large"],
    [{ command: ["true"], array: "5-1" }, "bad-array"],
    [{ command: ["true"], dependencies: [{ kind: "afterok", job: 999_999 }] }, "unknown-dependency"],
    [{ command: ["true"], inputFiles: [{ path: "../x", contentBase64: "" }] }, "path-escape"],
    [{ command: ["true"], project: "elsewhere" }, "unknown-project"],
    [{ script: "echo hello" }, "script-without-interpreter"],
    [{ script: "#!/bin/sh\n#SBATCH --colour=red\n" }, "unknown-option"],
  ];
  for (const [body, kind] of cases)
    for (const path of ["/jobs", "/jobs/dry-run"])
      assert.equal(kindOf(await post(path, JSON.stringify(body))), kind, path);
});

test("a member that is there twice, an encoded body and a name of two lines are refused, each with its remedy", async () => {
  const details = async (path: string, body: string | Uint8Array<ArrayBuffer>, more: Record<string, string> = {}) => {
    const ask = async (language: string) => {
      const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json", ...more };
      const init = { method: "POST", headers: { ...headers, "accept-language": language }, body };
      const problem = (await (await server.fetch(`/api/v1${path}`, init)).json()) as Problem;
      return problem.detail;
    };
    return [await ask("en"), await ask("zh")];
  };
  const twice = '{"command":["true"],"centres":{"only":["here"],"only":[]}}';
  const [en, zh] = await details("/jobs", twice);
  assert.match(en ?? "", /^centres\.only: is there twice, and nothing says which of the two counts; keep one\./);
  assert.match(zh ?? "", /^centres\.only：出现了两次，无从判断以哪一个为准；请只保留一个。/);

  const zipped = new Uint8Array(gzipSync('{"command":["true"]}'));
  const [enZip, zhZip] = await details("/jobs", zipped, { "content-encoding": "gzip" });
  assert.match(enZip ?? "", /^It is encoded as gzip, which is not taken; send it as it is, without Content-Encoding\./);
  assert.match(zhZip ?? "", /^其编码为 gzip，不予接受；请原样发送，不带 Content-Encoding。/);
  const taken = (body: string, more: Record<string, string> = {}) => {
    const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json", ...more };
    return server.fetch("/api/v1/jobs/dry-run", { method: "POST", headers, body });
  };
  assert.equal((await taken('{"command":["true"]}', { "content-encoding": "identity" })).status, 200);

  for (const [path, field, body] of [
    ["/jobs", "name", { command: ["true"], name: "a\nb" }],
    ["/jobs", "name", { command: ["true"], sbatchOptions: ["--job-name=a\nb"] }],
    ["/tokens", "name", { name: "a\nb" }],
    ["/tenants", "title", { name: "bay", title: "a\nb" }],
    ["/people", "title", { name: "bo", title: "a\nb" }],
  ] as const) {
    const [enName, zhName] = await details(path, JSON.stringify(body));
    assert.equal(enName?.slice(0, enName.indexOf(",")), `${field}: holds U+000A; a name is one line`, path);
    assert.match(zhName ?? "", new RegExp(`^${field}：含有 U\\+000A；名称须为一行`), path);
  }
  const named = await taken(JSON.stringify({ command: ["/tmp/a\nb"] }));
  assert.equal(named.status, 200, "a name that nobody gave is not refused");
});

test("a refusal speaks the language of the caller", async () => {
  const sent = await post("/jobs", "{", { "accept-language": "fr;q=0.9, zh-CN;q=0.8, en;q=0.7" });
  assert.equal(sent.problem.title, "请求正文不是 JSON");
});

test("every route but the open ones needs a sign-in, and administrators' routes an administrator", async () => {
  const person = await server.client().call("addPerson", { body: { name: "bo", projects: ["default"] } });
  assert.equal(person.kind, "answer");
  const code = person.kind === "answer" ? new URL(person.value.signInUrl).hash.replace("#code=", "") : "";
  const signedIn = await server.client("").call("signIn", { query: { as: "token" }, body: { code } });
  const member = signedIn.kind === "answer" ? (signedIn.value.token ?? "") : "";
  assert.match(member, /^weir-token-/);

  for (const [name, route] of Object.entries(routes)) {
    const path = route.path.replace(/:(\w+)/g, "1");
    const ask = (headers: Record<string, string>) =>
      server.fetch(`/api/v1${path}`, { method: route.method, headers }).then(async (response) => {
        await response.body?.cancel();
        return response.status;
      });
    const open = route.access === "anyone";
    if (!open) assert.equal(await ask({}), 401, `${name} without a sign-in`);
    if (!open) assert.equal(await ask({ authorization: "Bearer weir-token-wrong" }), 401, `${name} with a wrong token`);
    if (route.access === "administrator")
      assert.equal(await ask({ authorization: `Bearer ${member}` }), 403, `${name} as a member`);
    if (route.access === "centre")
      assert.equal(await ask({ authorization: `Bearer ${server.token}` }), 401, `${name} with a person's token`);
  }
});

test("a name that is not this server's is refused before anything else", async () => {
  const status = await new Promise<number>((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const headers = { host: "evil.example:80", authorization: `Bearer ${server.token}` };
    httpRequest({ hostname, port, path: "/api/v1/me", headers }, (response) => resolve(response.statusCode ?? 0))
      .on("error", reject)
      .end();
  });
  assert.equal(status, 421);
});

test("every answer forbids sniffing, framing and foreign scripts", async () => {
  for (const path of ["/api/v1/health", "/api/v1/nothing", "/api/docs/"]) {
    const { headers } = await server.fetch(path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.match(headers.get("content-security-policy") ?? "", /script-src 'self';.*frame-ancestors 'none'/, path);
    assert.ok(headers.get("x-request-id"), path);
  }
});

test("an unknown path and a wrong method are problem documents", async () => {
  const response = await server.fetch("/api/v1/nothing");
  assert.equal(response.status, 404);
  const problem = (await response.json()) as Problem;
  assert.equal(problem.type, "/api/problems/not-found");
  assert.equal(problem.detail, "There is no GET /api/v1/nothing. /api/docs lists what there is.");
  assert.equal((await server.fetch("/api/v1/jobs", { method: "PUT" })).status, 404);
});

test("every route of the table is registered", async () => {
  for (const name of Object.keys(routes) as RouteName[]) {
    const { method, path } = routes[name];
    const response = await server.fetch(`/api/v1${path.replace(/:(\w+)/g, "1")}`, { method });
    await response.body?.cancel();
    assert.notEqual(response.status, 404, name);
  }
});

test("what is answered directly is answered as the usual way would", async () => {
  const trial = JSON.stringify({ command: ["true"] });
  const cases: readonly [method: string, path: string, body: string | null, headers?: Record<string, string>][] = [
    ["GET", "/health", null],
    ["GET", "/jobs", null],
    ["POST", "/jobs/dry-run", trial],
    ["POST", "/jobs/dry-run", "{"],
    ["POST", "/jobs/dry-run", '{"command":["true"],"colour":"red"}', { "accept-language": "zh" }],
    ["POST", "/jobs/dry-run", '{"command":["a\\u0000b"]}'],
    ["POST", "/jobs", trial, { "idempotency-key": "two words" }],
    ["POST", "/jobs", '{"command":["true"],"project":"none"}'],
  ];
  for (const [method, path, body, more = {}] of cases) {
    const ask = async (question: string, type: string) => {
      const headers = { authorization: `Bearer ${server.token}`, ...(body && { "content-type": type }), ...more };
      const answer = await server.fetch(`/api/v1${path}${question}`, { method, headers, body });
      // What differs from answer to answer, or where Fastify ends a connection.
      const { date, connection, "keep-alive": kept, "x-request-id": id, ...told } = Object.fromEntries(answer.headers);
      assert.match(id ?? "", /^\w+-\w+$/);
      const text = (await answer.text()).replace(/"(earliest|likely|latest)Ms":\d+/g, '"$1Ms":0');
      return { status: answer.status, told, text };
    };
    const direct = await ask("", "application/json");
    // An empty query and a type with a parameter are each unusual.
    const usual = await ask("?", "application/json; charset=utf-8");
    assert.deepEqual(direct, usual, `${method} ${path} ${body}`);
    assert.ok(direct.told["content-security-policy"]);
  }
});

test("of requests that arrive together each gets its own answer, and one that is refused keeps back no other", async () => {
  const client = server.client();
  await Promise.all(
    Array.from({ length: 60 }, async (_, place) => {
      if (place % 3 === 0) {
        const sent = await post("/jobs/dry-run", `{"command":["true"],"colour${place}":1}`);
        assert.match(sent.problem.detail, new RegExp(`colour${place}\\b`));
        return;
      }
      const command = ["echo", `${place}`];
      const trial = await client.call("dryRun", { body: { command } });
      assert.deepEqual(trial.kind === "answer" && trial.value.spec.command, command);
    }),
  );
});

test("who goes away before the body is whole has asked nothing, and others are answered", async () => {
  const { port } = new URL(server.url);
  const head = `POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${server.token}\r\n`;
  const socket = connect(Number(port), "127.0.0.1");
  socket.write(`${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"command":`);
  await once(socket, "connect");
  await server.fetch("/api/v1/health");
  socket.destroy();
  const health = await server.fetch("/api/v1/health");
  assert.equal(health.status, 200);
});
