import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { requires } from "../tools/requirement.ts";
import { type Network, repository, startNetwork } from "./network.ts";

/** The goal: what the examples' READMEs say works, by their own run.sh, on the real data of Debian's packages. */
let network: Network;
before(async () => {
  network = await startNetwork({});
});
after(async () => {
  await network.remove();
});

test("an example that is not told where its results go says how it is called, and submits nothing", () => {
  for (const example of ["air-quality", "breast-cancer", "protein-families"]) {
    const ran = spawnSync(join(repository, "examples", example, "run.sh"), [], {
      encoding: "utf8",
      env: { PATH: "/usr/bin:/bin" },
    });
    assert.deepEqual([ran.status, ran.stdout], [2, ""]);
    assert.match(ran.stderr, /^usage: run\.sh RESULTS/);
  }
});

test("breast cancer: an array over settings, and a dependent job that gathers and draws", {
  skip: requires("python-sklearn"),
}, async () => {
  const results = resultsFolder("breast-cancer");
  const said = await runExample("breast-cancer", results);
  assert.match(said, /settings compared: 12/);
  assert.match(said, /best: (logistic regression|support vectors|random forest)/);
  const auc = Number(/cases never seen: AUC ([\d.]+)/.exec(said)?.[1]);
  assert.ok(auc > 0.95 && auc <= 1, `area under the curve: ${auc}`);
  assert.match(readFileSync(join(results, "comparison.svg"), "utf8"), /^<svg .*support vectors/s);
});

test("protein families: profiles searched in sequences, and one table", { skip: requires("hmmer") }, async () => {
  const results = resultsFolder("protein-families");
  const said = await runExample("protein-families", results);
  assert.match(said, /globins4: 45 domains in 45 sequences/);
  assert.match(said, /fn3: 9 domains in 1 sequences/);
  assert.equal(readFileSync(join(results, "domains.tsv"), "utf8").trim().split("\n").length, 1 + 45 + 9 + 1);
});

test("air quality: an ozone forecast with its range", { skip: requires("r") }, async () => {
  const results = resultsFolder("air-quality");
  const said = await runExample("air-quality", results);
  assert.match(said, /days forecast: 111/);
  const inside = Number(/inside the 80 % range: (\d+) %/.exec(said)?.[1]);
  assert.ok(inside >= 65 && inside <= 95, `inside the range: ${inside} %`);
  assert.ok(existsSync(join(results, "forecast.pdf")));
});

function resultsFolder(name: string): string {
  const folder = join(network.home, `results-${name}`);
  mkdirSync(folder);
  chmodSync(folder, 0o1777);
  return folder;
}

function runExample(name: string, results: string): Promise<string> {
  const path = `${join(repository, "node_modules/.bin")}:${process.env.PATH}`;
  const child = spawn(join(repository, "examples", name, "run.sh"), [results], {
    env: { PATH: path, HOME: process.env.HOME, WEIR_HOME: network.home, WEIR_SERVER: network.url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (piece) => (stdout += piece));
  child.stderr.on("data", (piece) => (stderr += piece));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      if (status === 0) resolve(stdout);
      else reject(new Error(`${name}/run.sh: status ${status}\n${stdout}\n${stderr}`));
    });
  });
}
