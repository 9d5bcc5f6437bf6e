#!/bin/sh
":" //; d=$(dirname "$(readlink -f "$0")")/..; n=$d/node_modules/.bin/node; [ -x "$n" ] || n=node; exec "$n" "$d/tools/weir.mjs" "$@"

// The `weir` command: finds its repository by its own real path and runs dist/weir.mjs on the pinned Node. It never
// installs, and builds only in a checkout that the caller may write.
//
// The second line is for the shell, to which the file is given first: it goes straight to the pinned Node, which saves
// the 100 ms that the system's Node takes to start. To JavaScript it is a string and a comment. Called as
// `node tools/weir.mjs`, the program finds the pinned Node itself.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, realpathSync, statSync } from "node:fs";
import * as nodeModule from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildNeeded, installNeeded, notWritable, pinnedNode, root } from "./ensure.mjs";

const program = join(root, "dist", "weir.mjs");

if (!existsSync(join(root, "node_modules")) || !existsSync(pinnedNode)) {
  fail(`nothing is installed in ${root} yet: run \`npm start\` there once.`);
}
if (process.execPath === realpathSync(pinnedNode)) {
  bringUpToDate();
  if (!existsSync(program)) fail(`${program} is missing: run \`npm run build\` in ${root}.`);
  await runHere();
} else {
  runOnPinned([process.argv[1], ...process.argv.slice(2)]);
}

/** Builds what is stale. Where it cannot be built but an older build is there, that one is used, with a word. */
function bringUpToDate() {
  const notInstalled = installNeeded();
  const reason = notInstalled ?? buildNeeded("bundles");
  if (reason === undefined) return;
  if (notInstalled === undefined && notWritable() === undefined) {
    const ensure = fileURLToPath(new URL("./ensure.mjs", import.meta.url));
    const built = spawnSync(pinnedNode, [ensure, "--bundles"], { stdio: ["ignore", "ignore", "inherit"] });
    if (built.status !== 0) fail("the programs could not be built; the lines above say why.");
    return;
  }
  const owner = statSync(root).uid === process.getuid() ? "" : ` by its owner (uid ${statSync(root).uid})`;
  const remedy = `\`npm start\` or \`npm run build\` there, run once${owner}, brings them up to date`;
  if (!existsSync(program)) fail(`the programs of ${root} are not built: ${remedy}.`);
  process.stderr.write(`weir: the built programs are older than ${root} (${reason}); ${remedy}.\n`);
}

async function runHere() {
  // The caller's own folder: compiled code is trusted when it is loaded, so a shared one would not do.
  nodeModule.enableCompileCache?.(join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "weir", "compiled"));
  await import(pathToFileURL(program).href);
}

/**
 * Starts this launcher again on the pinned Node: in place of this process where Node can do that (from 22.15), else as a
 * child. The child has our terminal; its end becomes ours, by the same signal where a signal ended it.
 */
function runOnPinned(words) {
  if (typeof process.execve === "function") process.execve(pinnedNode, ["node", ...words], process.env);
  const child = spawn(pinnedNode, words, { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCONT"];
  for (const signal of signals) {
    process.on(signal, () => {
      // Ctrl-C and Ctrl-\ reach the child from the terminal itself; twice would mean "at once" to it.
      const fromTerminal = (signal === "SIGINT" || signal === "SIGQUIT") && process.stdin.isTTY === true;
      if (!fromTerminal) child.kill(signal);
    });
  }
  child.on("error", (error) => fail(`${pinnedNode} could not be started: ${error.message}`));
  child.on("exit", (status, signal) => {
    if (signal === null) process.exit(status ?? 1);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
    // Only where the signal does not end a process at once.
    setTimeout(() => process.exit(1), 1_000);
  });
}

function fail(words) {
  process.stderr.write(`weir: ${words}\n`);
  process.exit(1);
}
