import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { sampleOrder } from "#core/sample-testing.ts";
import { requires } from "../../tools/requirement.ts";
import { makePeople, type Person } from "../../tools/slurm/people.ts";
import { containerCommand } from "./container.ts";
import { factsOf } from "./process/evidence.ts";
import { encodeFrame, type Field } from "./process/frame.ts";
import { findRuntimes } from "./runtimes.ts";

// Podman itself, rootless, as the wrapper on a Slurm node starts it. Its image is busybox in an empty root, made here and named
// by its digest: nothing is fetched.

describe("a container by Podman", { skip: requires("root", "podman") || nestsNot(), concurrency: 1 }, () => {
  let folder = "";
  let user: Person;
  let image = "";
  let runs = 0;

  before(() => {
    const [first] = makePeople().users;
    assert(first);
    user = first;
    for (const [file, option] of Object.entries({ subuid: "--add-subuids", subgid: "--add-subgids" }))
      if (!readFileSync(`/etc/${file}`, "utf8").includes(`${user.name}:`))
        execFileSync("usermod", [option, "2000000000-2000065535", user.name]);
    folder = mkdtempSync("/var/tmp/weir-podman-");
    chownSync(folder, user.uid, user.gid);
    const here = import.meta.dirname;
    for (const [from, to] of [
      [join(here, "../helper/lib"), "lib"],
      [join(here, "../launcher/lib"), "lib"],
      [join(here, "../helper/weir-run"), "weir-run"],
    ] as const)
      cpSync(from, join(folder, to), { recursive: true });
    for (const path of ["root/bin", "root/tmp", "run"]) mkdirSync(join(folder, path), { recursive: true });
    cpSync("/bin/busybox", join(folder, "root/bin/busybox"), { dereference: true });
    for (const name of ["sh", "sleep", "id", "env"])
      execFileSync("ln", ["-s", "busybox", join(folder, "root/bin", name)]);
    execFileSync("tar", ["-C", join(folder, "root"), "-cf", join(folder, "root.tar"), "."]);
    execFileSync("chown", ["-R", `${user.uid}:${user.gid}`, join(folder, "run")]);
    const entry = ["--change", 'ENTRYPOINT ["/bin/none"]'];
    podman("import", ...entry, join(folder, "root.tar"), "localhost/weir-test:1");
    image = `localhost/weir-test@${podman("inspect", "--format", "{{.Digest}}", "localhost/weir-test:1").trim()}`;
    // What holds a user's namespaces between two calls of Podman; on a node the first run of a user's begins one.
    endPause();
  });
  after(() => {
    endPause();
    rmSync(folder, { recursive: true, force: true });
  });

  function endPause(): void {
    const path = join(folder, "run/libpod/tmp/pause.pid");
    if (!existsSync(path)) return;
    try {
      process.kill(Number(readFileSync(path, "utf8")), "SIGKILL");
    } catch {
      // The run that began it has ended it.
    }
  }

  /**
   * Its words as the user, in a mount namespace that shows control groups as version 2 alone: crun takes no machine where
   * version 1 and controllers of version 2 are side by side.
   */
  function asUser(words: readonly string[]): readonly [string, ...string[]] {
    const begin = 'mount -t cgroup2 none /sys/fs/cgroup; exec "$@"';
    const inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", begin, "sh"];
    const ids = ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--init-groups", "--"];
    return ["env", ...inside, ...ids, ...words];
  }
  const environment = () => ({
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: folder,
    XDG_RUNTIME_DIR: join(folder, "run"),
    XDG_DATA_HOME: join(folder, "run/data"),
    XDG_CONFIG_HOME: join(folder, "run/config"),
  });

  function podman(...words: readonly string[]): string {
    const [program, ...rest] = asUser(["podman", ...words]);
    return execFileSync(program, rest, {
      cwd: folder,
      env: environment(),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  type Changes = {
    readonly timeLimitMs?: number;
    readonly graceMs?: number;
    readonly environment?: Readonly<Record<string, string>>;
    readonly image?: string;
    readonly argv?: readonly string[];
    readonly during?: (child: ChildProcess, started: () => string) => Promise<void>;
  };

  /** A script for sh by weir-run, which starts the container as it starts any user's program. */
  async function run(script: string, changes: Changes = {}) {
    const { timeLimitMs = 60_000, graceMs = 5_000, environment: asked = {}, argv, during } = changes;
    const chunk = join(folder, `chunk-${++runs}`);
    mkdirSync(join(chunk, "input/.weir"), { recursive: true });
    writeFileSync(join(chunk, "input/.weir/script"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const order = sampleOrder(runs, { environment: asked });
    const place = { runtimes: ["podman"] as const, fileSystems: [], order };
    const command = containerCommand(changes.image ?? image, argv ? null : ".weir/script", argv ?? ["a b"], place);
    const fields: Field[] = [
      ["timeLimitMs", String(timeLimitMs)],
      ["graceMs", String(graceMs)],
      ["task", "0 5.0.1"],
      ...command.map((word): Field => ["arg", word]),
      ...Object.entries(asked).map(([name, value]): Field => ["env", `${name}=${value}`]),
    ];
    writeFileSync(join(chunk, "order"), encodeFrame(fields).subarray(4));
    execFileSync("chown", ["-R", `${user.uid}:${user.gid}`, chunk]);
    const [program, ...words] = asUser(["perl", "-I", join(folder, "lib"), join(folder, "weir-run"), chunk]);
    const env = { ...environment(), SLURM_JOB_ID: "77", SLURM_JOB_NAME: "probe", SLURMD_NODENAME: "n1" };
    const child = spawn(program, words, { cwd: folder, env, stdio: "ignore" });
    const ended = once(child, "exit");
    const read = (name: string) => {
      const path = join(chunk, "5.0.1-0", name);
      return existsSync(path) ? readFileSync(path, "utf8") : "";
    };
    await during?.(child, () => read("stdout"));
    const [code] = await ended;
    const facts = factsOf(read("ended"));
    return { code, stdout: read("stdout"), stderr: read("stderr"), fact: (name: string) => facts?.get(name), chunk };
  }

  async function until(holds: () => boolean): Promise<void> {
    for (const untilMs = performance.now() + 60_000; !holds(); await delay(50))
      assert.ok(performance.now() < untilMs, "it did not come to be");
  }

  test("is found, with its version", async () => {
    const found = await findRuntimes({ path: "/usr/bin:/bin", slurmBin: "/nowhere", slurmConf: null });
    assert.match(found.find(({ name }) => name === "podman")?.version ?? "", /^\d+\.\d+/);
  });

  test("the run's folder, its variables, words and user are inside; the image's entry point is passed over", async () => {
    const script =
      'id -u; echo "$GREETING|$SLURM_JOB_ID|$WEIR_RUN_ID|$1|$PWD"; echo made > out; [ "$WEIR_WORK" = "$PWD" ]; exit 3';
    const done = await run(script, { environment: { GREETING: "a b,$HOME\nc" } });
    const work = join(done.chunk, "5.0.1-0/work");
    assert.equal(done.stdout, `${user.uid}\na b,$HOME\nc|77|5.0.1|a b|${work}\n`, done.stderr);
    assert.deepEqual([done.code, done.fact("exitCode"), done.fact("signal")], [3, "3", ""]);
    assert.equal(readFileSync(join(work, "out"), "utf8"), "made\n");
  });

  test("exit codes are the program's; a signal that ended it is 128 and its number", async () => {
    for (const [script, code] of [
      ["exit 0", 0],
      ["exit 137", 137],
      ["exit 255", 255],
      ["kill -9 $$", 137],
      ["kill -TERM $$", 143],
    ] as const)
      assert.equal((await run(script)).fact("exitCode"), String(code), script);
    assert.equal((await run("", { argv: ["/bin/sh", "-c", "exit 5"] })).fact("exitCode"), "5");
  });

  test("an image that is not there ends the run with 125 and Podman's words", async () => {
    const done = await run("true", { image: `localhost/none@sha256:${"0".repeat(64)}` });
    assert.deepEqual([done.fact("exitCode"), done.stdout], ["125", ""]);
    assert.match(done.stderr, /localhost\/none@sha256:0{64}/);
  });

  test("the time limit: the program hears TERM and may end by itself", async () => {
    const done = await run("trap 'echo saved; exit 4' TERM; echo up; sleep 100 & wait", { timeLimitMs: 4_000 });
    assert.deepEqual([done.stdout, done.fact("cause")], ["up\nsaved\n", "time-limit"]);
  });

  test("one that does not care is killed after its grace, and nothing of it lives on", async () => {
    const mark = `3${process.pid}.${runs}`;
    const script = `trap '' TERM; echo up; sleep ${mark}`;
    const done = await run(script, { timeLimitMs: 4_000, graceMs: 500 });
    assert.deepEqual([done.stdout, done.fact("cause")], ["up\n", "time-limit"]);
    assert.equal(spawnSync("pgrep", ["-f", `sleep ${mark}`]).status, 1, "its process is gone");
  });

  test("a cancel, as Slurm sends it to the wrapper; a program without a handler ends at once", async () => {
    const beganMs = performance.now();
    const done = await run("echo up; exec sleep 100", {
      graceMs: 60_000,
      async during(child, stdout) {
        await until(() => stdout() === "up\n");
        signalTree(child.pid ?? 0);
      },
    });
    assert.equal(done.fact("cause"), "stopped");
    assert.ok(performance.now() - beganMs < 50_000, "it did not wait for the end of its grace");
  });

  test("after one that was killed with all of Podman's processes others run, side by side", async () => {
    await run("trap '' TERM; echo up; sleep 100", { timeLimitMs: 3_000, graceMs: 200 });
    endPause();
    const both = await Promise.all([run("exit 3"), run("sleep 1; exit 4")]);
    assert.deepEqual(
      both.map(({ fact }) => fact("exitCode")),
      ["3", "4"],
      both.map(({ stderr }) => stderr).join(),
    );
  });

  test("what ended by itself leaves no container behind", async () => {
    const { chunk } = await run("exit 3");
    assert.doesNotMatch(podman("ps", "--all", "--no-trunc", "--format", "{{.Command}}"), new RegExp(`${chunk}/`));
  });

  test("the warning signal comes through", async () => {
    const done = await run("trap 'echo warned; exit 6' USR1; echo up; sleep 100 & wait", {
      timeLimitMs: 5_000,
      environment: { WEIR_WARNING: "USR1@1" },
    });
    assert.deepEqual(
      [done.stdout, done.fact("cause"), done.fact("exitCode")],
      ["up\nwarned\n", "exited", "6"],
      done.stderr,
    );
  });
});

/** TERM to a process and all below it, the lowest first, as Slurm's linuxproc does. */
function signalTree(top: number): void {
  for (const pid of below(top)) {
    try {
      process.kill(pid, "SIGTERM");
    } catch {
      // It has ended meanwhile.
    }
  }
}

function below(pid: number): readonly number[] {
  const children = spawnSync("pgrep", ["-P", String(pid)], { encoding: "utf8" })
    .stdout.split("\n")
    .filter(Boolean);
  return [...children.flatMap((child) => below(Number(child))), pid];
}

/** Why no namespace can be made here, or false. */
function nestsNot(): string | false {
  const words = ["--mount", "--propagation", "private", "mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"];
  return spawnSync("unshare", words).status === 0 ? false : "needs the right to make mount namespaces";
}
