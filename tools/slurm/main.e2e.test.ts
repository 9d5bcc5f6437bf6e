import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { requires } from "../requirement.ts";
import { allClaims } from "./claims.ts";
import { endInstance } from "./clusters.ts";
import { aliveDaemons } from "./daemon.ts";

// What a developer types: `npm run slurm -- up`, then Slurm's own commands with what it printed, then `down`.

const repository = join(import.meta.dirname, "..", "..");
const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));

function slurm(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", `${scripts.slurm} "$@"`, "sh", ...words], {
    cwd: repository,
    encoding: "utf8",
    timeout: 120_000,
  });
  return { status, stdout, stderr };
}

describe("npm run slurm", { skip: requires("root", "slurm") }, () => {
  let top = "";
  after(async () => {
    for (const claim of allClaims()) if (claim.top === top) await endInstance(claim);
  });

  test("its words are said for --help, and for a slip beside what is wrong with it", () => {
    const help = slurm("--help");
    assert.deepEqual([help.status, help.stderr], [0, ""]);
    assert.match(help.stdout, /usage: npm run slurm -- up \[--nodes N\]/);
    const slip = slurm("up", "--node", "1");
    assert.equal(slip.status, 1);
    assert.match(slip.stderr, /^Unknown option '--node'.*\nusage: npm run slurm -- up/);
  });

  test("up prints what SLURM_CONF is, and a user's job runs with it", { timeout: 180_000 }, () => {
    const up = slurm("up", "--only", "qingdao", "--nodes", "1", "--cpus", "3");
    assert.equal(up.status, 0, up.stderr);
    top = /^up in [\d.]+ s, below (\/\S+)$/m.exec(up.stdout)?.[1] ?? assert.fail(up.stdout);
    const conf = /^ {2}export SLURM_CONF=(\S+)$/m.exec(up.stdout)?.[1] ?? assert.fail(up.stdout);
    const user = /^users ([\w-]+)/m.exec(up.stdout)?.[1] ?? assert.fail(up.stdout);
    const run = (...words: readonly string[]) =>
      spawnSync("setpriv", ["--reuid", user, "--regid", user, "--init-groups", ...words], {
        cwd: "/",
        encoding: "utf8",
        env: { PATH: "/usr/bin:/bin", SLURM_CONF: conf },
        timeout: 60_000,
      });
    assert.equal(run("sinfo", "--noheader", "--Node", "--format=%C").stdout.trim().split("\n")[0], "0/3/0/3");
    const job = run("srun", "--quiet", "sh", "-c", "id -un; exit 7");
    assert.deepEqual([job.status, job.stdout], [7, `${user}\n`], job.stderr);
  });

  test("it outlives the command, status names it, and down takes it away whole", () => {
    const pids = aliveDaemons(top).map(({ pid }) => pid);
    assert.ok(pids.length > 2, `${pids.length} daemons`);
    assert.match(slurm("status").stdout, new RegExp(`^${top} {2}up {2}.*slurmctld`, "m"));
    const down = slurm("down", top);
    assert.deepEqual([down.status, down.stdout], [0, `down: ${top}\n`], down.stderr);
    for (const pid of pids) assert.equal(existsSync(`/proc/${pid}/exe`), false, `${pid} lives on`);
    assert.equal(existsSync(top), false);
    assert.doesNotMatch(slurm("status").stdout, new RegExp(top));
    assert.deepEqual(slurm("down", top), { status: 1, stdout: "", stderr: `no instance lies below ${top}\n` });
  });

  test("what it does not know is refused in words, and starts nothing", () => {
    // Those of other tests come and go.
    const lasting = () => allClaims().filter(({ owner }) => owner === null);
    const before = lasting();
    for (const [words, said] of [
      [[], /^usage: npm run slurm -- up/],
      [["sideways"], /^usage: npm run slurm -- up/],
      [["up", "--nodes", "0"], /^--nodes 0: a whole number from 1 is wanted$/m],
      [["up", "--only", "jinana"], /^--only jinana: there are jinan and qingdao$/m],
      [["up", "--many"], /--many.*\nusage: npm run slurm -- up/],
    ] as const) {
      const { status, stdout, stderr } = slurm(...words);
      assert.deepEqual([status, stdout], [1, ""], stderr);
      assert.match(stderr, said);
    }
    assert.deepEqual(lasting(), before);
  });
});
