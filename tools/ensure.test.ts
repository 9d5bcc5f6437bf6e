// The bootstrap on a small repository of its own, which borrows the installed packages of this one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, beforeEach, test } from "node:test";

const source = resolve(import.meta.dirname, "..");
let repository = "";
const made: string[] = [];

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), "weir-ensure-"));
  made.push(repository);
  for (const file of ["package.json", "package-lock.json", "tsconfig.json"])
    cpSync(join(source, file), join(repository, file));
  for (const file of ["ensure.mjs", "build.ts", "weir.mjs"])
    cpSync(join(source, "tools", file), join(repository, "tools", file));
  symlinkSync(join(source, "node_modules"), join(repository, "node_modules"));
  for (const path of ["local/start.ts", "server/main.ts", "agent/main.ts"]) write(path, "export {};");
  write("cli/main.ts", 'import { said } from "#core/said.ts"; console.log(said, process.argv.slice(2).join(" "));');
  write("core/said.ts", 'export const said: string = "one";');
  write("core/said.test.ts", "");
  write("web/index.html", "<!doctype html><title>Weir</title>");
});

after(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(repository, path)), { recursive: true });
  writeFileSync(join(repository, path), text);
}

type Ended = {
  readonly status: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly words: string;
};

function start(
  program: string,
  ...options: readonly string[]
): { readonly pid: number; readonly ended: Promise<Ended> } {
  return startWith({}, program, ...options);
}

function startWith(
  settings: Readonly<Record<string, string>>,
  program: string,
  ...options: readonly string[]
): { readonly pid: number; readonly ended: Promise<Ended> } {
  const env = { ...process.env, ...settings };
  const child = spawn(join(repository, program), options, { stdio: ["ignore", "pipe", "pipe"], env });
  let out = "";
  let words = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    words += chunk;
  });
  const ended = once(child, "close").then(() => ({ status: child.exitCode, signal: child.signalCode, out, words }));
  assert.ok(child.pid !== undefined);
  return { pid: child.pid, ended };
}

const ensure = (...options: readonly string[]): Promise<Ended> => start("tools/ensure.mjs", ...options).ended;
const weir = (...words: readonly string[]): Promise<Ended> => start("tools/weir.mjs", ...words).ended;

test("a port of another program is found before anything is built; a home that was held looks itself", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  assert.ok(typeof address === "object" && address !== null);
  const home = join(repository, "home");
  const settings = { WEIR_HOME: home, WEIR_PORT: `${address.port}` };
  const said = await startWith(settings, "tools/ensure.mjs", "--start").ended;
  assert.equal(said.status, 1);
  assert.match(
    said.words,
    new RegExp(
      `Port ${address.port} .*in use by node \\S.* \\(process ${process.pid}\\).*WEIR_PORT=${address.port + 1} npm start`,
    ),
  );
  assert.ok(!existsSync(join(repository, "dist")) && !existsSync(home));
  write("home/lock", "{}");
  const held = await startWith(settings, "tools/ensure.mjs", "--start").ended;
  other.close();
  assert.match(held.words, /built the programs/);
});

test("builds once, and again only what changed", async () => {
  const first = await ensure();
  assert.equal(first.status, 0, first.words);
  assert.match(first.words, /built the programs/);
  assert.match(first.words, /built the web console/);
  assert.deepEqual(
    readdirSync(join(repository, "dist")).filter((name) => name.endsWith(".mjs")),
    ["agent.mjs", "server.mjs", "start.mjs", "weir.mjs"],
  );
  assert.ok(existsSync(join(repository, "dist/web/index.html")));
  assert.deepEqual(await ensure(), { status: 0, signal: null, out: "", words: "" });

  write("core/said.test.ts", "// a test is no part of a program");
  utimesSync(join(repository, "core/said.ts"), new Date(), new Date());
  assert.equal((await ensure()).words, "", "neither a test nor a new time on the same content is a change");

  write("core/said.ts", 'export const said: string = "two";');
  const program = await ensure();
  assert.match(program.words, /building the programs \(core\/said\.ts changed\)/);
  assert.doesNotMatch(program.words, /console/);

  write("web/logo.svg", "<svg/>");
  const page = await ensure();
  assert.match(page.words, /building the web console \(a file came or went\)/);
  assert.doesNotMatch(page.words, /programs/);

  rmSync(join(repository, "dist/agent.mjs"));
  assert.match((await ensure()).words, /building the programs \(a part of it is missing\)/);
});

test("a source that cannot be built fails, says where, and leaves the last build", async () => {
  await ensure("--bundles");
  write("core/said.ts", "export const sad: string = 1");
  const broken = await ensure("--bundles");
  assert.equal(broken.status, 1);
  assert.match(broken.words, /core\/said\.ts/);
  assert.match(broken.words, /What was built before is untouched/);
  const { out } = await start("node_modules/.bin/node", join(repository, "dist/weir.mjs")).ended;
  assert.equal(out.trim(), "one");
});

test("two at once: one builds, the other waits for it and has nothing left to do", async () => {
  const words = (await Promise.all([ensure("--bundles"), ensure("--bundles")])).map((ended) => ended.words);
  assert.equal(words.filter((text) => /built the programs/.test(text)).length, 1, words.join("\n"));
});

test("killed in the middle of a build, the next call waits for what was left running, then builds", async () => {
  const first = start("tools/ensure.mjs", "--bundles");
  while (
    !existsSync(join(repository, "dist")) ||
    !readdirSync(join(repository, "dist")).some((name) => name.startsWith(".draft-"))
  ) {
    await new Promise((settle) => setTimeout(settle, 2));
  }
  process.kill(first.pid, "SIGKILL");
  assert.equal((await ensure("--bundles")).status, 0);
  assert.deepEqual((await ensure("--bundles")).words, "");
  assert.deepEqual(
    readdirSync(join(repository, "dist")).filter((name) => name.startsWith(".draft-")),
    [],
  );
});

test("weir builds what is stale, then runs; words go to stderr, status and arguments pass through", async () => {
  const first = await weir("jobs", "a  b");
  assert.equal(first.out.trim(), "one jobs a  b");
  assert.match(first.words, /built the programs/);
  write("cli/main.ts", "process.exitCode = 7;");
  assert.equal((await weir()).status, 7);
  write("cli/main.ts", 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);');
  assert.equal((await weir()).signal, "SIGTERM");
});

test("weir without packages says to run npm start", async () => {
  rmSync(join(repository, "node_modules"));
  const ended = await weir("jobs");
  assert.equal(ended.status, 1);
  assert.match(ended.words, /nothing is installed in .*: run `npm start`/);
});

test("a checkout without one of its programs is refused", async () => {
  rmSync(join(repository, "agent/main.ts"));
  const ended = await ensure("--bundles");
  assert.equal(ended.status, 1);
  assert.match(ended.words, /agent\/main\.ts is missing/);
});

test("an unknown option is refused", async () => {
  const ended = await ensure("--instal-only");
  assert.equal(ended.status, 1);
  assert.match(ended.words, /does not know --instal-only/);
});
