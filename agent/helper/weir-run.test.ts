import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { factsOf } from "#agent/drivers/process/evidence.ts";
import type { Field } from "#agent/drivers/process/frame.ts";
import { encodeFrame } from "#agent/drivers/process/frame.ts";

// What runs on a node, as an ordinary user; where Slurm stands it is started with Slurm's variables by hand.

const folder = mkdtempSync("/tmp/weir-run-");
const modules = [
  "-I",
  new URL("lib", import.meta.url).pathname,
  "-I",
  new URL("../launcher/lib", import.meta.url).pathname,
];
const program = new URL("weir-run", import.meta.url).pathname;
let chunks = 0;

type Changes = {
  readonly order?: Readonly<Record<string, string | readonly string[]>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly chunk?: string;
};

/** A chunk as weir-as leaves it. */
function makeChunk(script: string | null, order: Changes["order"] = {}): string {
  const chunk = join(folder, `chunk-${++chunks}`);
  mkdirSync(chunk);
  const all = {
    timeLimitMs: "60000",
    graceMs: "500",
    task: "0 5.0.1",
    ...(script === null ? {} : { script: script.startsWith("#!") ? script : `#!/bin/sh\n${script}\n` }),
    ...order,
  };
  const fields = Object.entries(all).flatMap(([name, value]) => [value].flat().map((one): Field => [name, one]));
  writeFileSync(join(chunk, "order"), encodeFrame(fields).subarray(4));
  return chunk;
}

function begin(chunk: string, environment: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn("perl", [...modules, program, chunk], {
    env: {
      PATH: process.env.PATH,
      SLURM_JOB_ID: "77",
      SLURM_JOB_NAME: "probe.weir-5.1",
      SLURMD_NODENAME: "n1",
      ...environment,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

async function run(script: string | null, { order, environment, chunk = makeChunk(script, order) }: Changes = {}) {
  const child = begin(chunk, environment);
  const [code, signal] = await once(child, "exit");
  return { code, signal, chunk, ...results(chunk) };
}

function results(chunk: string, name = "5.0.1-0") {
  const read = (file: string) =>
    existsSync(join(chunk, name, file)) ? readFileSync(join(chunk, name, file), "utf8") : "";
  const [started, ended] = [factsOf(read("started")), factsOf(read("ended"))];
  return {
    started: (fact: string) => started?.get(fact),
    ended: (fact: string) => ended?.get(fact),
    stdout: read("stdout"),
    stderr: read("stderr"),
  };
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await delay(5);
}

/** A number of seconds that no other test process sleeps for. */
function own(seconds: number): string {
  return `${seconds}.${process.pid}`;
}

/** Slurm signals all that came of a job, as this does. */
function below(pid: number): readonly string[] {
  const said = execFileSync("sh", ["-c", `pgrep -P ${pid} || true`], { encoding: "utf8" });
  return said.split("\n").flatMap((child) => (child === "" ? [] : [child, ...below(Number(child))]));
}

function isThere(command: string): boolean {
  return execFileSync("sh", ["-c", `pgrep -fx '${command}' || true`], { encoding: "utf8" }) !== "";
}

describe("weir-run", () => {
  before(() => chmodSync(folder, 0o755));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("runs the user's file by its own first line, and writes what it saw", async () => {
    const one = await run('#!/usr/bin/perl -w\nprint "out $0 @ARGV\\n"; print STDERR "err\\n"; exit 3', {
      order: { arg: ["a b", "$(c)"] },
    });
    assert.deepEqual([one.code, one.stdout, one.stderr], [3, `out ${one.chunk}/5.0.1-0/script a b $(c)\n`, "err\n"]);
    assert.deepEqual(["cause", "exitCode", "signal", "engine", "node"].map(one.ended), ["exited", "3", "", "77", "n1"]);
    assert.deepEqual(["engine", "cwd", "stdout"].map(one.started), [
      "77",
      `${one.chunk}/5.0.1-0/work`,
      `${one.chunk}/5.0.1-0/stdout`,
    ]);
    assert.ok(Number(one.ended("wallMs")) < 60_000 && Number(one.ended("peakMemoryBytes")) > 0);
  });

  test("a command without a script; what cannot be started is 126 or 127, with words", async () => {
    assert.equal((await run(null, { order: { arg: ["printf", "%s", "x y"] } })).stdout, "x y");
    const missing = await run(null, { order: { arg: ["/no/such/program"] } });
    assert.deepEqual([missing.code, missing.ended("cause"), missing.ended("exitCode")], [127, "start-failed", "127"]);
    assert.match(missing.stderr, /could not be started: \/no\/such\/program: No such file/);
    const interpreter = await run("#!/no/such/interpreter\n");
    assert.equal(interpreter.code, 127);
    assert.match(interpreter.ended("words") ?? "", /interpreter of its first line/);
    const stream = await run("true", { order: { stdout: "/no/such/folder/out" } });
    assert.deepEqual([stream.code, stream.ended("cause")], [126, "start-failed"]);
    assert.match(stream.stderr, /stdout cannot be written to/);
  });

  test("a signal is a signal, and an exit code that looks like one is a code", async () => {
    const killed = await run("kill -9 $$");
    assert.deepEqual([killed.signal, killed.ended("signal"), killed.ended("exitCode")], ["SIGKILL", "9", ""]);
    const code = await run("exit 137");
    assert.deepEqual([code.code, code.ended("signal"), code.ended("exitCode")], [137, "", "137"]);
    const segment = await run("kill -SEGV $$");
    assert.deepEqual([segment.signal, segment.ended("signal")], ["SIGSEGV", "11"]);
  });

  test("a second copy finds the folder, runs nothing and says so", async () => {
    const one = await run("echo ran");
    const again = begin(one.chunk, { SLURM_JOB_ID: "78" });
    assert.deepEqual(await once(again, "exit"), [75, null]);
    assert.equal(results(one.chunk).stdout, "ran\n");
    const duplicate = factsOf(readFileSync(join(one.chunk, "5.0.1-0.duplicate-78"), "utf8"));
    assert.deepEqual([duplicate?.get("engine"), duplicate?.get("node")], ["78", "n1"]);
    const restarted = begin(one.chunk, { SLURM_RESTART_COUNT: "1" });
    assert.deepEqual(await once(restarted, "exit"), [0, null]);
    assert.equal(results(one.chunk, "5.0.1-1").stdout, "ran\n");
  });

  test("a run that two agents put into chunks of different names is begun by one of them", async () => {
    const [one, other] = ["abcdefgh-6.0.1-1", "abcdefgh-6.0.1-2"].map((name) => {
      const chunk = join(folder, name);
      renameSync(makeChunk("echo ran", { task: "0 6.0.1" }), chunk);
      return chunk;
    });
    assert.ok(one && other);
    assert.deepEqual(await once(begin(one), "exit"), [0, null]);
    assert.deepEqual(await once(begin(other, { SLURM_JOB_ID: "78" }), "exit"), [75, null]);
    assert.equal(results(one, "6.0.1-0").stdout, "ran\n");
    assert.deepEqual(readdirSync(other).sort(), ["6.0.1-0.duplicate-78", "order"]);
  });

  test("of twenty copies at once one runs", async () => {
    const chunk = makeChunk("echo x >> ../../count");
    const codes = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, at) => (await once(begin(chunk, { SLURM_JOB_ID: String(at + 1) }), "exit"))[0],
      ),
    );
    assert.deepEqual(codes.filter((code) => code === 0).length, 1);
    assert.equal(codes.filter((code) => code === 75).length, 19);
    assert.equal(readFileSync(join(chunk, "count"), "utf8"), "x\n");
  });

  test("what Slurm suspends stands still: that counts neither for its limit nor for its time", async () => {
    const suspended = async (script: string, forMs: number) => {
      const chunk = makeChunk(script, { timeLimitMs: "4000" });
      const child = begin(chunk);
      await until(() => results(chunk).started("pid") !== undefined);
      await delay(500);
      const tree = [child.pid, ...below(child.pid ?? 0)].join(" ");
      execFileSync("sh", ["-c", `kill -STOP ${tree}`]);
      await delay(forMs);
      execFileSync("sh", ["-c", `kill -CONT ${tree}`]);
      await once(child, "exit");
      const { ended } = results(chunk);
      return { cause: ended("cause"), code: ended("exitCode"), wallMs: Number(ended("wallMs")) };
    };
    const [short, long] = await Promise.all([suspended("sleep 2; exit 4", 5_000), suspended("sleep 60", 5_000)]);
    assert.deepEqual([short.cause, short.code], ["exited", "4"], JSON.stringify(short));
    assert.ok(short.wallMs < 3_500, JSON.stringify(short));
    assert.equal(long.cause, "time-limit");
    assert.ok(long.wallMs >= 3_000 && long.wallMs < 6_000, JSON.stringify(long));
  });

  test("its program is told so long before its limit as it asked for", async () => {
    const ended = await run("trap 'echo heard; exit 3' USR1\nwhile :; do sleep 0.02; done", {
      order: { env: ["WEIR_WARNING=USR1@57"] },
    });
    assert.equal(ended.code, 3);
    assert.equal(ended.stdout, "heard\n");
    assert.ok(Number(ended.ended("wallMs")) >= 3_000, `${ended.ended("wallMs")} ms`);
  });

  test("an attempt is told where the one before worked, and says when its work was saved", async () => {
    const named = (name: string, script: string, task: string) => {
      const chunk = join(folder, name);
      renameSync(makeChunk(script, { task }), chunk);
      return chunk;
    };
    const first = named("abcdefgh-8.0.1-1", 'echo 41 > step; touch "$WEIR_CHECKPOINT"; exit 1', "0 8.0.1");
    await once(begin(first), "exit");
    const early = await run('touch -d @1 "$WEIR_CHECKPOINT"');
    assert.equal(early.ended("checkpointMs"), "0", "nothing was saved before it began");
    const saved = results(first, "8.0.1-0").ended;
    assert.ok(
      Number(saved("checkpointMs")) <= Number(saved("wallMs")),
      `${saved("checkpointMs")} of ${saved("wallMs")}`,
    );
    const third = named(
      "abcdefgh-8.0.3-1",
      'cat "$WEIR_FORMER_WORK/step"; echo $WEIR_ATTEMPT; echo 42 > step',
      "0 8.0.3",
    );
    await once(begin(third), "exit");
    assert.equal(results(third, "8.0.3-0").stdout, "41\n3\n");
    assert.equal(results(third, "8.0.3-0").ended("checkpointMs"), "");
    await once(begin(third, { SLURM_RESTART_COUNT: "1" }), "exit");
    assert.equal(results(third, "8.0.3-1").stdout, "42\n3\n", "a restart of the same run");
    const other = named("abcdefgh-9.0.1-1", "printenv WEIR_FORMER_WORK || echo none", "0 9.0.1");
    await once(begin(other), "exit");
    assert.equal(results(other, "9.0.1-0").stdout, "none\n");
  });

  test("array variables are those of the user's whole array", async () => {
    const chunk = makeChunk(
      "echo $SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_COUNT $SLURM_ARRAY_TASK_MIN $SLURM_ARRAY_TASK_MAX $SLURM_ARRAY_TASK_STEP $WEIR_JOB_ID $WEIR_TASK_INDEX $WEIR_ATTEMPT $SLURM_ARRAY_JOB_ID",
      {
        task: ["5 9.5.2", "6 9.6.1"],
        arrayCount: "200",
        arrayMin: "0",
        arrayMax: "199",
        arrayStep: "1",
      },
    );
    const slurm = {
      SLURM_ARRAY_JOB_ID: "70",
      SLURM_ARRAY_TASK_COUNT: "2",
      SLURM_ARRAY_TASK_MIN: "5",
      SLURM_ARRAY_TASK_MAX: "6",
    };
    for (const index of ["5", "6"]) await once(begin(chunk, { ...slurm, SLURM_ARRAY_TASK_ID: index }), "exit");
    assert.equal(results(chunk, "9.5.2-0").stdout, "5 200 0 199 1 9 5 2 70\n");
    assert.equal(results(chunk, "9.6.1-0").stdout, "6 200 0 199 1 9 6 1 70\n");
    const stray = begin(chunk, { ...slurm, SLURM_ARRAY_TASK_ID: "7" });
    assert.notEqual((await once(stray, "exit"))[0], 0);
  });

  test("environment: Slurm's word stands, the user's is added as it is, and big ones fit", async () => {
    const big = "x".repeat(120_000);
    const one = await run(
      'printf "%s|%s|%s|%s|%s|%s" "$SLURM_JOB_ID" "$SLURM_JOB_NAME" "$TWO" "$' +
        '{#BIG}" "$SLURM_SUBMIT_DIR" "$PWD"; kill -0 0; ls -l /proc/self/fd | grep -c chunk- >&2',
      {
        order: {
          env: ["SLURM_JOB_ID=1", "TWO=a\nb", ...Array.from({ length: 8 }, (_, at) => `BIG${at || ""}=${big}`)],
        },
      },
    );
    const work = `${one.chunk}/5.0.1-0/work`;
    assert.equal(one.stdout, `77|probe|a\nb|120000|${work}|${work}`);
    assert.equal(one.stderr, "1\n", "of the wrapper's files only the streams are open");
  });

  test("input files lie in the working folder, executable where they were", async () => {
    const chunk = makeChunk("cat data/in.txt; ./tool");
    mkdirSync(join(chunk, "input", "data"), { recursive: true });
    writeFileSync(join(chunk, "input", "data", "in.txt"), "in\n");
    writeFileSync(join(chunk, "input", "tool"), "#!/bin/sh\necho tool\n", { mode: 0o755 });
    const one = await run(null, { chunk });
    assert.equal(one.stdout, "in\ntool\n");
  });

  test("the user's own files for output, by sbatch's patterns", async () => {
    const there = join(folder, "there");
    mkdirSync(there);
    const one = await run("echo out; echo err >&2", {
      order: { cwd: there, stdout: "%x-%5j-%a.%N", stderr: "%x-%5j-%a.%N" },
      environment: { SLURM_ARRAY_JOB_ID: "70", SLURM_ARRAY_TASK_ID: "0" },
    });
    assert.deepEqual(readdirSync(there), ["probe-00077-0.n1"]);
    assert.equal(readFileSync(join(there, "probe-00077-0.n1"), "utf8"), "out\nerr\n");
    assert.equal(one.started("stdout"), join(there, "probe-00077-0.n1"));
    const plain = await run("true", { order: { cwd: there, stdout: "%a" } });
    assert.equal(plain.started("stdout"), join(there, "4294967294"), "as sbatch names it where there is no array");
  });

  test("the time limit to the second: SIGTERM, then SIGKILL of the tree after the grace", async () => {
    const patient = await run("trap 'echo told; exit 0' TERM; sleep 100 & wait", {
      order: { timeLimitMs: "2000", graceMs: "60000" },
    });
    assert.deepEqual([patient.ended("cause"), patient.stdout, patient.code], ["time-limit", "told\n", 0]);
    const wall = Number(patient.ended("wallMs"));
    assert.ok(wall >= 2000 && wall < 30_000, `${wall} ms`);
    const deaf = await run(`trap '' TERM; (trap '' TERM; exec sleep ${own(321)}) & sleep ${own(321)}`, {
      order: { timeLimitMs: "2000", graceMs: "400" },
    });
    assert.deepEqual([deaf.ended("cause"), deaf.ended("signal")], ["time-limit", "9"]);
    const stopped = await run("kill -STOP $$", { order: { timeLimitMs: "300", graceMs: "30000" } });
    assert.deepEqual([stopped.ended("cause"), stopped.ended("signal")], ["time-limit", "15"], "it is woken to hear it");
    // No later than that either, but for what a busy machine takes.
    const walls: number[] = [];
    while (walls.length < 4 && Math.min(...walls) >= 1_200)
      walls.push(Number((await run("exec sleep 60", { order: { timeLimitMs: "300" } })).ended("wallMs")));
    assert.ok(Math.min(...walls) < 1_200, `${walls} ms`);
    const deafWall = Number(deaf.ended("wallMs"));
    assert.ok(deafWall >= 2400 && deafWall < 30_000, `${deafWall} ms`);
    await until(() => !isThere(`sleep ${own(321)}`));
  });

  test("the first cause of an end stands, and what was used is of all its processes", async () => {
    const chunk = makeChunk("trap '' TERM; echo ready; sleep 1.5", { timeLimitMs: "700", graceMs: "60000" });
    const child = begin(chunk);
    const exited = once(child, "exit");
    await until(() => results(chunk).stdout === "ready\n");
    child.kill("SIGTERM");
    await exited;
    assert.ok(Number(results(chunk).ended("wallMs")) > 700);
    assert.equal(results(chunk).ended("cause"), "stopped", "the limit came later");
    // Two that the script leaves behind: they are ours to reap.
    const large = (name: string) => `(perl -e 'my $x = q(x) x 40_000_000; open my $f, q(>), q(${name})' &)`;
    const both = await run(`${large("a")}; ${large("b")}; until [ -e a ] && [ -e b ]; do sleep 0.02; done`);
    const peak = Number(both.ended("peakMemoryBytes"));
    assert.ok(peak > 40_000_000 && peak < 130_000_000, `the largest, not their sum: ${peak}`);
    const busy = await run("perl -e '$i++ while $i < 20_000_000' & wait");
    const [user, system] = ["cpuUserMs", "cpuSystemMs"].map((name) => Number(busy.ended(name)));
    assert.ok((user ?? 0) >= 20 && (system ?? 0) < (user ?? 0), `${user} and ${system} ms`);
  });

  test("what is left behind is ended with the batch script", async () => {
    const one = await run(`setsid sleep ${own(432)} & setsid sleep ${own(432)} & exit 2`);
    assert.deepEqual([one.code, one.ended("leftProcesses")], [2, "2"]);
    await until(() => !isThere(`sleep ${own(432)}`));
  });

  test("Slurm's SIGTERM begins the grace and is not sent twice; other signals are passed on", async () => {
    const chunk = makeChunk("trap 'echo term' TERM; trap 'echo usr1' USR1; echo ready; while :; do sleep 0.05; done");
    const child = begin(chunk);
    await until(() => results(chunk).stdout === "ready\n");
    child.kill("SIGUSR1");
    await until(() => results(chunk).stdout === "ready\nusr1\n");
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
    assert.equal(results(chunk).stdout, "ready\nusr1\n");
    assert.equal(results(chunk).ended("cause"), "stopped");
  });

  test("Slurm's SIGTERM to the program first: also where a shell or a container tells it as exit code 143", async () => {
    for (const script of ["echo $$; exec sleep 100", "trap 'exit 143' TERM; echo $$; while :; do sleep 0.02; done"]) {
      const chunk = makeChunk(script);
      const child = begin(chunk);
      const exited = once(child, "exit");
      await until(() => /^\d+\n$/.test(results(chunk).stdout));
      process.kill(Number(results(chunk).stdout), "SIGTERM");
      await delay(100);
      child.kill("SIGTERM");
      await exited;
      assert.equal(results(chunk).ended("cause"), "stopped", script);
    }
  });

  test("killed itself, it leaves `started` and no `ended`, and its job does not go on", async () => {
    const chunk = makeChunk(`echo ready; exec sleep ${own(543)}`);
    const child = begin(chunk);
    await until(() => results(chunk).stdout === "ready\n");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.deepEqual([results(chunk).started("engine"), results(chunk).ended("cause")], ["77", undefined]);
    await until(() => !isThere(`sleep ${own(543)}`));
  });
});
