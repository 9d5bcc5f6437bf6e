// `npm run check`: what a change must pass before it is committed, in under a minute. With words: those steps only.

import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

const steps = {
  types: ["node_modules/.bin/tsc", "--noEmit", "-p", "."],
  lint: ["node_modules/.bin/biome", "check", "--error-on-warnings", "."],
  tidy: [process.execPath, "tools/tidy.ts"],
  unit: [process.execPath, "tools/test.ts", "--unit"],
} as const satisfies Record<string, readonly [string, ...string[]]>;

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !Object.hasOwn(steps, name));
if (unknown !== undefined) {
  console.error(`check: no step is named ${unknown}; there are ${Object.keys(steps).join(", ")}`);
  process.exit(2);
}

const failed: string[] = [];
for (const [name, [command, ...words]] of Object.entries(steps)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const startedMs = Date.now();
  const { status } = spawnSync(command, words, { cwd: root, stdio: "inherit" });
  console.log(`${status === 0 ? "✓" : "✗"} ${name} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`check failed: ${failed.join(", ")}`);
  process.exit(1);
}
