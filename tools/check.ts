// `npm run check`: what a change must pass before it is committed, in under a minute. With words: those steps only.
// What only reads the sources runs side by side.

import { spawn } from "node:child_process";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** What the compiler remembers of sources that did not change since. */
const typesSeen = "node_modules/.cache/weir-types.tsbuildinfo";

const steps = {
  types: ["node_modules/.bin/tsc", "--noEmit", "--pretty", "-p", ".", "--incremental", "--tsBuildInfoFile", typesSeen],
  lint: ["node_modules/.bin/biome", "check", "--error-on-warnings", "."],
  tidy: [process.execPath, "tools/tidy.ts"],
  unit: [process.execPath, "tools/test.ts", "--unit"],
} as const satisfies Record<string, readonly [string, ...string[]]>;
type Step = keyof typeof steps;

/** Steps of one lane follow each other, lanes of one stage run side by side, stages follow each other. */
const stages: readonly (readonly (readonly Step[])[])[] = [[["types"], ["lint", "tidy"]], [["unit"]]];

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !Object.hasOwn(steps, name));
if (unknown !== undefined) {
  console.error(`check: no step is named ${unknown}; there are ${Object.keys(steps).join(", ")}`);
  process.exit(2);
}

const failed: Step[] = [];
for (const stage of stages) await Promise.all(stage.map((lane) => runLane(lane, stage.length === 1)));
if (failed.length > 0) {
  console.error(`check failed: ${failed.join(", ")}`);
  process.exit(1);
}

async function runLane(lane: readonly Step[], isAlone: boolean): Promise<void> {
  for (const step of lane) if (chosen.length === 0 || chosen.includes(step)) await run(step, isAlone);
}

/** What runs alone prints at once; the words of those side by side are kept apart. */
async function run(step: Step, isAlone: boolean): Promise<void> {
  const startedMs = performance.now();
  const [command, ...words] = steps[step];
  const child = spawn(command, words, { cwd: root, stdio: isAlone ? "inherit" : ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  const isFine = await new Promise<boolean>((settle, reject) => {
    child.on("error", reject);
    child.on("close", (status) => settle(status === 0));
  });
  if (!isFine) failed.push(step);
  process.stdout.write(printed);
  console.log(`${isFine ? "✓" : "✗"} ${step} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
}
