import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "weir-srun-"));
after(() => rmSync(folder, { recursive: true }));
/** In many a PATH there is a folder that its user may not enter: exec then says EACCES of what is nowhere. */
const closed = join(folder, "closed");
mkdirSync(closed, { mode: 0o600 });

function srun(...parts: readonly string[]) {
  const program = new URL("bin/srun", import.meta.url).pathname;
  const env = {
    PATH: `${closed}:${process.env.PATH}`,
    TMPDIR: folder,
    SLURM_JOB_ID: "42",
    SLURM_NTASKS: "2",
    SLURM_CPUS_ON_NODE: "4",
    SLURMD_NODENAME: "n1",
  };
  const { status, stdout, stderr } = spawnSync(program, parts, { env, cwd: folder, encoding: "utf8" });
  return { status, lines: stdout.trim().split("\n").sort(), stdout, stderr };
}

test("starts the job's tasks, each with its numbers, and counts its steps", () => {
  const echo = ["sh", "-c", "echo $SLURM_PROCID $SLURM_LOCALID of $SLURM_NTASKS step $SLURM_STEP_ID"];
  assert.deepEqual(srun(...echo).lines, ["0 0 of 2 step 0", "1 1 of 2 step 0"]);
  assert.deepEqual(srun("-n", "3", ...echo).lines, ["0 0 of 3 step 1", "1 1 of 3 step 1", "2 2 of 3 step 1"]);
});

test("the exit code is the highest; a signal counts as 128 and its number", () => {
  assert.equal(srun("-n4", "sh", "-c", "exit $SLURM_PROCID").status, 3);
  assert.equal(srun("-n1", "sh", "-c", "kill -TERM $$").status, 143);
  assert.equal(srun("no-such-command").status, 127);
});

test("-K ends the other tasks when one fails", () => {
  const begunMs = performance.now();
  assert.equal(srun("-K", "sh", "-c", "[ $SLURM_PROCID = 0 ] && exit 3; exec sleep 120").status, 143);
  assert.ok(performance.now() - begunMs < 100_000);
});

test("-l labels whole lines; -o writes a file for each task", () => {
  assert.deepEqual(srun("-l", "printf", "a\\nb").lines, ["0: a", "0: b", "1: a", "1: b"]);
  srun("-o", "out-%2t.%j", "sh", "-c", "echo $SLURM_PROCID; echo err >&2");
  assert.equal(readFileSync(join(folder, "out-01.42"), "utf8"), "1\nerr\n");
});

test("what it cannot do is refused by name", () => {
  assert.match(srun("-N", "2", "true").stderr, /--nodes=2: a process centre is one machine/);
  assert.match(srun("--het-group=1", "true").stderr, /Unknown option: het-group/);
  assert.match(srun("-n", "5", "true").stderr, /5 tasks of 1 cores each are more than the job's 4 cores/);
  assert.match(srun("--mpi=pmix", "true").stderr, /no PMI/);
  for (const parts of [["-N", "2", "true"], ["--het-group=1", "true"], ["-n", "5", "true"], []])
    assert.equal(srun(...parts).status, 1);
  const ignored = srun("-n1", "--mem=1G", "--exclusive", "true");
  assert.equal(ignored.status, 0);
  assert.match(ignored.stderr, /--mem has no effect/);
});

test("a locale that the machine does not have is no trouble of srun's, and tasks get the environment as it was", () => {
  for (const own of [{}, { PERL_BADLANG: "1" }, { PERL_BADLANG: "" }]) {
    const locale = { LC_ALL: "xx_YY.UTF-8", LANG: "xx_YY.UTF-8" };
    const env: NodeJS.ProcessEnv = { ...process.env, ...locale, ODD: "a b\nc", TMPDIR: folder, ...own };
    const program = new URL("bin/srun", import.meta.url).pathname;
    const { stderr, stdout } = spawnSync(program, ["-n1", "env", "-0"], { env, cwd: folder, encoding: "utf8" });
    assert.equal(stderr, "");
    const seen = new Map(stdout.split("\0").map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]));
    for (const name of ["LC_ALL", "LANG", "ODD", "PERL_BADLANG", "WEIR_SRUN_BADLANG", "PATH", "SHLVL", "_"])
      assert.equal(seen.get(name), env[name], name);
  }
});
