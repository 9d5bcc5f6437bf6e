import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { usualModuleInits } from "../modules.ts";
import { isRoot, openSandbox, orderFor, type Sandbox } from "./sandbox.ts";

// Real processes, through the real launcher; as root in root mode, else as the user who runs the tests.
let box: Sandbox;
before(async () => {
  box = await openSandbox(
    [],
    {},
    { npm_config_cache: "/x", NODE_OPTIONS: "", DATABASE_URL: "postgresql://secret", INIT_CWD: "/x" },
  );
});
after(() => box.close());

const alive = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

async function until<Value>(
  what: () => Promise<Value | null | undefined | false> | Value | null | undefined | false,
): Promise<Value> {
  for (;;) {
    const value = await what();
    if (value) return value;
    await delay(10);
  }
}

describe("how a run ends", () => {
  test("an exit code of 137 and SIGKILL are told apart", async () => {
    const [code, signal] = await Promise.all([box.run("exit 137"), box.run("kill -9 $$")]);
    assert.deepEqual(code.end, { kind: "failed", exitCode: 137 });
    assert.deepEqual(signal.end, { kind: "signalled", signal: 9 });
  });

  test("a script runs by its own first line, with arguments; streams are apart; usage is measured", async () => {
    const script = `#!/usr/bin/perl\nprint "out @ARGV\\n"; print STDERR "err\\n"; my $t = times; 1 while times() - $t < 0.1; my $x = 'x' x 30_000_000;`;
    const ended = await box.run("", { work: { kind: "script", text: script, arguments: ["a b", "c"] } });
    assert.deepEqual(ended.end, { kind: "succeeded" });
    assert.equal(await box.log(ended.run), "out a b c\n");
    assert.equal(await box.log(ended.run, "stderr"), "err\n");
    assert.ok(ended.usage.cpuUserMs + ended.usage.cpuSystemMs >= 90, `CPU ${ended.usage.cpuUserMs}`);
    assert.ok(
      ended.usage.peakMemoryMib >= 28 && ended.usage.peakMemoryMib <= 128,
      `peak ${ended.usage.peakMemoryMib} MiB`,
    );
    assert.ok(ended.usage.wallMs >= 90 && (ended.usage.startedMs ?? 0) > 0);
  });

  test("a command is found on the path", async () => {
    const ended = await box.run("", { work: { kind: "command", argv: ["printf", "%s.", "a b", ""] } });
    assert.deepEqual(ended.end, { kind: "succeeded" });
    assert.equal(await box.log(ended.run), "a b..");
  });

  test("what cannot be started ends as a shell says, with words", async () => {
    const noInterpreter = await box.run("#!/no/such/interpreter\n");
    assert.deepEqual(noInterpreter.end, { kind: "failed", exitCode: 127 });
    assert.match(noInterpreter.words ?? "", /interpreter/);
    const noCommand = await box.run("", { work: { kind: "command", argv: ["no-such-command"] } });
    assert.deepEqual(noCommand.end, { kind: "failed", exitCode: 127 });
    const noFolder = await box.run("true", { workingDirectory: "/no/such/folder" });
    assert.deepEqual(noFolder.end, { kind: "failed", exitCode: 126 });
    assert.equal(noFolder.words, "the working directory /no/such/folder: No such file or directory");
    assert.equal(await box.log(noFolder.run, "stderr"), `weir: the job could not be started: ${noFolder.words}\n`);
    for (const { usage } of [noInterpreter, noCommand, noFolder])
      assert.deepEqual([usage.wallMs, usage.cpuUserMs, usage.cpuSystemMs, usage.peakMemoryMib], [0, 0, 0, 0]);
  });

  test("the time limit ends a script that ignores SIGTERM after the grace", async () => {
    const ended = await box.run("trap '' TERM\nwhile :; do sleep 0.1; done", { timeLimitS: 1, graceS: 1 });
    assert.deepEqual(ended.end, { kind: "timed-out" });
    assert.equal(ended.usage.wallMs, 2000, "no more than was held for it");
  });

  test("a script that leaves at SIGTERM may clean up, and has timed out all the same", async () => {
    const ended = await box.run("trap 'echo bye; exit 0' TERM\nwhile :; do sleep 0.05; done", {
      timeLimitS: 2,
      graceS: 60,
    });
    assert.deepEqual(ended.end, { kind: "timed-out" });
    assert.equal(await box.log(ended.run), "bye\n");
    assert.ok(ended.usage.wallMs < 30_000, `${ended.usage.wallMs} ms`);
  });

  test("a cancel reaches the whole tree, and a stopped process too", async () => {
    const run = await box.start("sleep 100 &\nkill -STOP $$");
    assert.equal(await box.driver.cancel(run), "cancelling");
    assert.equal((await box.ended(run)).end.kind, "cancelled");
    assert.equal(await box.driver.cancel(run), "already-ended");
    assert.equal(await box.driver.cancel(orderFor("").run), "not-there");
  });

  test("a daemon left behind is ended with its job", async () => {
    const ended = await box.run(`setsid sh -c 'sleep 1000 & echo $! > daemon; wait' > /dev/null 2>&1 &
      until [ -s daemon ]; do sleep 0.01; done; cat daemon`);
    assert.deepEqual(ended.end, { kind: "succeeded" });
    assert.equal(alive(Number(await box.log(ended.run))), false);
  });

  test("a job that kills its process group reaches only itself", async () => {
    const ended = await box.run("kill -9 0");
    assert.deepEqual(ended.end, { kind: "signalled", signal: 9 });
  });

  test("a job may close its streams", async () => {
    const ended = await box.run("exec <&- >&- 2>&-; sleep 0.05; exit 3");
    assert.deepEqual(ended.end, { kind: "failed", exitCode: 3 });
  });

  test("a job has its three streams open and nothing else", async () => {
    const ended = await box.run(
      `#!/usr/bin/perl\nopendir my $d, "/proc/self/fd"; print join " ", sort grep { /\\d/ && $_ != fileno $d } readdir $d`,
    );

    assert.equal(await box.log(ended.run), "0 1 2");
  });

  test("a job may write to /dev/stderr by name", async () => {
    const ended = await box.run("echo named > /dev/stderr");
    assert.equal(await box.log(ended.run, "stderr"), "named\n");
  });
});

describe("limits", () => {
  test("memory, where the kernel watches it", async (t) => {
    const { memory } = (await box.driver.describe()).mechanisms;
    if (!memory?.startsWith("cgroup")) return t.skip(`no writable memory cgroup here: ${memory}`);
    const ended = await box.run(greedy);
    assert.deepEqual(ended.end, { kind: "out-of-memory" });
    assert.equal(ended.usage.memoryWay, memory);
    assert.ok(ended.usage.peakMemoryMib >= 120 && ended.usage.peakMemoryMib <= 128, `${ended.usage.peakMemoryMib} MiB`);
  });

  test("memory and the end of the tree, without control groups", async () => {
    const watched = await openSandbox(["--no-cgroups"]);
    try {
      const ended = await watched.run(greedy);
      assert.deepEqual(ended.end, { kind: "out-of-memory" });
      assert.equal(ended.usage.memoryWay, "sampled");
      assert.ok(ended.usage.peakMemoryMib > 128, `${ended.usage.peakMemoryMib} MiB`);
      const left = await watched.run("setsid sleep 1000 & echo $!");
      assert.equal(alive(Number(await watched.log(left.run))), false);
      const stubborn = await watched.run("trap '' TERM; (trap '' TERM; sleep 1000) & sleep 1000", {
        timeLimitS: 1,
        graceS: 0,
      });
      assert.deepEqual(stubborn.end, { kind: "timed-out" });
    } finally {
      await watched.close();
    }
  });

  for (const how of ["by the kernel's group", "by RLIMIT_NPROC"]) {
    test(`a fork bomb stays within its processes, ${how}`, async () => {
      const small = await openSandbox(how === "by RLIMIT_NPROC" ? ["--no-cgroups"] : [], { processes: 100 });
      try {
        // So many at once and no more: main and 99 beside it. Where an ordinary user may make no group, all of that user's count.
        const counted = await small.run(
          "#!/usr/bin/perl\nmy $n = 1; while ($n < 1000 && defined(my $pid = fork)) { if (!$pid) { sleep 1000; exit } $n++ } print $n",
          { allocation: { ...orderFor("").allocation, memoryMibPerNode: 1024 } },
        );
        const most = Number(await small.log(counted.run));
        if (isRoot) assert.equal(most, 100);
        else assert.ok(most >= 1 && most <= 100, `${most}`);
        const run = await small.start("#!/bin/bash\nbomb() { bomb | bomb & }; bomb; sleep 1000", {
          timeLimitS: 1,
          graceS: 0,
          allocation: { ...orderFor("").allocation, memoryMibPerNode: 1024 },
        });
        const other = await small.run("echo still here");
        assert.equal(await small.log(other.run), "still here\n");
        assert.deepEqual((await small.ended(run)).end, { kind: "timed-out" });
      } finally {
        await small.close();
      }
    });
  }

  test("a flooded log is cut back within a second or so, and its job runs on", async () => {
    const small = await openSandbox([], { logCapBytes: 2 ** 20 });
    try {
      const run = await small.start(
        "head -c 20000000 /dev/zero; until [ -e go ]; do sleep 0.02; done; echo on >&2; exit 3",
      );
      const path = join(small.home, "runs", run, "stdout");
      await until(() => statSync(path).size > 2 ** 20 || null);
      const deadlineMs = performance.now() + 15_000; // beside other work; the wrapper looks every second
      await until(() => statSync(path).size <= 2 ** 20 || performance.now() > deadlineMs);
      assert.equal(statSync(path).size, 2 ** 20);
      assert.equal(existsSync(join(small.home, "runs", run, "ended")), false);
      execFileSync("touch", [join(small.home, "runs", run, "work", "go")]);
      const ended = await small.ended(run);
      assert.deepEqual(ended.end, { kind: "failed", exitCode: 3 });
      assert.ok(ended.usage.droppedStdoutBytes > 0 && ended.usage.droppedStdoutBytes <= 20_000_000 - 2 ** 20);
      assert.equal(await small.log(run, "stderr"), "on\n");
    } finally {
      await small.close();
    }
  });

  test("of a flood of 1 GB 256 MiB are kept, as long as nobody says otherwise", async () => {
    const usual = await openSandbox();
    try {
      const ended = await usual.run("echo first; head -c 1000000000 /dev/zero");
      assert.deepEqual(ended.end, { kind: "succeeded" });
      const path = join(usual.home, "runs", ended.run, "stdout");
      const tail = await usual.driver.readLog(ended.run, "stdout", 2 ** 28, 1000);
      assert.ok(tail.kind === "bytes" && tail.final);
      assert.equal(
        Buffer.from(tail.bytes).toString(),
        `\nweir: at least ${ended.usage.droppedStdoutBytes} bytes were dropped here: this stream is kept up to ${2 ** 28} bytes\n`,
      );
      assert.equal(statSync(path).size, 2 ** 28 + tail.bytes.length);
      const most = 1_000_000_006 - 2 ** 28;
      assert.ok(ended.usage.droppedStdoutBytes > 0 && ended.usage.droppedStdoutBytes <= most);
    } finally {
      await usual.close();
    }
  });

  test("a flooded log keeps its first part, says what it dropped, and the job runs on", async () => {
    const small = await openSandbox([], { logCapBytes: 2 ** 20 });
    try {
      const ended = await small.run(
        "echo first; head -c 50000000 /dev/zero | tr '\\0' x; sleep 0.4; head -c 5000000 /dev/zero; echo end >&2",
      );
      assert.deepEqual(ended.end, { kind: "succeeded" });
      const tail = await small.driver.readLog(ended.run, "stdout", 2 ** 20, 1000);
      assert.ok(tail.kind === "bytes" && tail.final);
      assert.match(
        Buffer.from(tail.bytes).toString(),
        new RegExp(`^\\nweir: at least ${ended.usage.droppedStdoutBytes} bytes were dropped`),
      );
      assert.ok(ended.usage.droppedStdoutBytes >= 5_000_000 && ended.usage.droppedStdoutBytes <= 55_000_000);
      assert.equal((await small.log(ended.run)).slice(0, 6), "first\n");
      assert.equal(await small.log(ended.run, "stderr"), "end\n");
      assert.equal(ended.usage.droppedStderrBytes, 0);
    } finally {
      await small.close();
    }
  });
});

// 100 MB more every step, touched; it never ends by itself.
const greedy = `#!/usr/bin/perl\nmy @kept; while (1) { push @kept, 'x' x 20_000_000; select undef, undef, undef, 0.05 }`;

describe("once, and never lost", () => {
  test("a second start finds the first, also after its end and in a new launcher", async () => {
    const order = orderFor("echo once >> tally; sleep 0.2");
    const [one, two] = await Promise.all([box.driver.start(order), box.driver.start(order)]);
    assert.deepEqual([one.kind, two.kind].sort(), ["already-there", "started"]);
    await box.ended(order.run);
    assert.equal((await box.driver.start(order)).kind, "already-there");
    assert.equal(readFileSync(join(box.home, "runs", order.run, "work", "tally"), "utf8"), "once\n");
  });

  test("a run goes on without its launcher, keeps its time limit, and is adopted", async () => {
    const own = await openSandbox();
    try {
      const [long, short, endless] = await Promise.all([
        own.start("until [ -e go ]; do sleep 0.02; done; echo adopted; exit 5"),
        own.start("sleep 0.2; exit 6"),
        own.start("sleep 1000", { timeLimitS: 1, graceS: 0 }),
      ]);
      const order = orderFor("true", { run: long });
      await own.killLauncher();
      await assert.rejects(own.driver.start(orderFor("true")), /launcher/);
      // Both end while nobody is there to hear it.
      for (const run of [short, endless]) await until(() => existsSync(join(own.home, "runs", run, "ended")));
      await own.startLauncher();
      assert.deepEqual((await own.ended(short)).end, { kind: "failed", exitCode: 6 });
      assert.deepEqual((await own.ended(endless)).end, { kind: "timed-out" });
      const found = await own.driver.find();
      assert.deepEqual(
        found.map((one) => [one.run, one.state]).sort(),
        [
          [long, "running"],
          [short, "ended"],
          [endless, "ended"],
        ].sort(),
      );
      assert.equal((await own.driver.start(order)).kind, "already-there");
      execFileSync("touch", [join(own.home, "runs", long, "work", "go")]);
      assert.deepEqual((await own.ended(long)).end, { kind: "failed", exitCode: 5 });
      assert.equal(await own.log(long), "adopted\n");
    } finally {
      await own.close();
    }
  });

  for (const launcherToo of [false, true]) {
    test(`a run whose wrapper is killed${launcherToo ? " with the launcher" : ""} is lost, and what is left of it is ended`, async () => {
      const own = await openSandbox();
      try {
        const run = await own.start("setsid sleep 1000 & echo $!; wait");
        const orphan = Number(await until(async () => (await own.log(run)).trim()));
        if (launcherToo) await own.killLauncher();
        process.kill(
          Number(/^pid=(\d+)$/m.exec(readFileSync(join(own.home, "runs", run, "started"), "utf8"))?.[1]),
          "SIGKILL",
        );
        if (launcherToo) await own.startLauncher();
        const ended = await own.ended(run);
        assert.ok(ended.end.kind === "lost");
        assert.match(ended.end.evidence, /wrapper was killed; [12] processes/);
        assert.equal(alive(orphan), false);
        assert.equal((await own.driver.find(["1.0.9" as typeof run, run]))[0]?.state, "ended");
      } finally {
        await own.close();
      }
    });
  }

  for (const other of ["start time", "boot"]) {
    test(`a pid of another ${other} does not count`, async () => {
      const own = await openSandbox();
      try {
        const run = await own.start("exec sleep 1000");
        await own.killLauncher();
        const path = join(own.home, "runs", run, "started");
        process.kill(Number(/^pid=(\d+)$/m.exec(readFileSync(path, "utf8"))?.[1]), "SIGKILL");
        // As if the pid had gone to another process since: this one.
        const ticks = readFileSync("/proc/self/stat", "utf8")
          .replace(/^.*\) /, "")
          .split(" ")[19];
        const forged =
          other === "boot"
            ? `s/^startTicks=.*/startTicks=${ticks}/;s/^bootId=.*/bootId=other/`
            : "s/^startTicks=.*/startTicks=1/";
        execFileSync("sed", ["-i", `s/^pid=.*/pid=${process.pid}/;${forged}`, path]);
        await own.startLauncher();
        assert.equal((await own.ended(run)).end.kind, "lost");
      } finally {
        await own.close();
      }
    });
  }

  test("a folder without `started` never ran: it is forgotten, and the run can start", async () => {
    const own = await openSandbox();
    try {
      const order = orderFor("echo fresh");
      await own.killLauncher();
      mkdirSync(join(own.home, "runs", order.run, "work"), { recursive: true });
      await own.startLauncher();
      await until(async () => (await own.driver.start(order).catch(() => null))?.kind === "started");
      assert.equal((await own.ended(order.run)).end.kind, "succeeded");
    } finally {
      await own.close();
    }
  });
});

describe("what is refused", () => {
  const refused = async (changes: Parameters<typeof orderFor>[1], words: RegExp) => {
    const answer = await box.driver.start(orderFor("true", changes));
    assert.equal(answer.kind, "refused");
    assert.match("words" in answer ? answer.words : "", words);
  };
  const { allocation } = orderFor("");

  test("several nodes, accelerators, more than the machine, a script without #!, paths that lead out", async () => {
    await refused({ allocation: { ...allocation, nodes: 2 } }, /one machine; the job asks for 2 nodes/);
    await refused({ allocation: { ...allocation, acceleratorsPerNode: 1 } }, /no accelerators/);
    await refused({ allocation: { ...allocation, coresPerNode: 65 } }, /more than this centre's 64 cores/);
    await refused({ work: { kind: "script", text: "echo no", arguments: [] } }, /#!/);
    await refused({ environment: { A: "x\0y" } }, /NUL/);
    for (const path of ["../out", "/etc/out", "a/../../out", "a//b", ""])
      await refused({ inputFiles: [{ path, contentBase64: "", executable: false }] }, /input file/);
  });

  test("what does not fit now is busy, and starts when there is room", async () => {
    const wide = { allocation: { ...allocation, coresPerNode: 64 } };
    const run = await box.start("until [ -e go ]; do sleep 0.02; done", wide);
    const second = orderFor("true");
    assert.deepEqual(await box.driver.start(second), {
      kind: "busy",
      words:
        "1 cores and 128 MiB asked, 0 cores and " +
        /(\d+) MiB are free/.exec(JSON.stringify(await box.driver.start(second)))?.[0],
    });
    execFileSync("touch", [join(box.home, "runs", run, "work", "go")]);
    await box.ended(run);
    assert.equal((await box.driver.start(second)).kind, "started");
    await box.ended(second.run);
  });

  test("a start after its lease", async () => {
    const order = orderFor("true", { startWithinMs: -1 });
    assert.equal((await box.driver.start(order)).kind, "busy");
    assert.equal(existsSync(join(box.home, "runs", order.run)), false);
  });

  test("a full disk: nothing is half started", {
    skip: !isRoot && "a small file system can only be mounted as root",
  }, async (t) => {
    const home = mkdtempSync("/var/tmp/weir-full-");
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m,mode=755", "tmpfs", home]);
    } catch (error) {
      rmSync(home, { recursive: true });
      return t.skip(`no file system can be mounted here: ${error}`);
    }
    const full = await openSandbox([], { home });
    try {
      const large = orderFor(`#!/bin/sh\n# ${"x".repeat(3_000_000)}\n`);
      const answer = await full.driver.start(large);
      assert.ok(answer.kind === "refused");
      assert.match(answer.words, /No space left on device/);
      assert.deepEqual(readdirSync(join(home, "runs")), []);
      // The end finds its room though the job has filled the disk.
      const filler = await full.run("head -c 3000000 /dev/zero > filler; exit 7");
      assert.deepEqual(filler.end, { kind: "failed", exitCode: 7 });
    } finally {
      await full.close().catch(() => {}); // all but the mount point itself can go
      execFileSync("umount", ["-l", home]);
      rmSync(home, { recursive: true });
    }
  });
});

describe("what a job finds", () => {
  test("nothing of npm's, Node's or Weir's own in its environment", async () => {
    const ended = await box.run("env -0 | tr '\\0\\n' '\\n ' | sed 's/=.*//' | sort | tr '\\n' ' '", {
      environment: { MINE: "1" },
    });
    const names = (await box.log(ended.run)).trim().split(" ");
    const shell = ["PWD", "OLDPWD", "_", "SHLVL"];
    assert.deepEqual(
      names.filter((name) => !name.startsWith("SLURM") && !shell.includes(name)),
      [
        ...(usualModuleInits.some((path) => existsSync(path)) ? ["BASH_ENV"] : []),
        "HOME",
        "LANG",
        "LOGNAME",
        "MINE",
        "PATH",
        "SHELL",
        "TMPDIR",
        "USER",
        "WEIR_ATTEMPT",
        "WEIR_CENTRE",
        "WEIR_CHECKPOINT",
        "WEIR_JOB_ID",
        "WEIR_PROJECT",
        "WEIR_RUN_ID",
        "WEIR_TASK_INDEX",
        "WEIR_WORK",
      ],
    );
  });

  test("its input files in its working folder, and a temporary folder that goes with it", async () => {
    const file = (path: string, content: string, executable = false) => ({
      path,
      contentBase64: Buffer.from(content).toString("base64"),
      executable,
    });
    const ended = await box.run(
      "cat data/a.bin | od -An -c; ./tool; pwd; echo $WEIR_WORK; echo x > $TMPDIR/x && ls $TMPDIR/x",
      {
        inputFiles: [file("data/a.bin", "\0\x01"), file("tool", "#!/bin/sh\necho tool", true)],
      },
    );
    const work = join(box.home, "runs", ended.run, "work");
    assert.equal(await box.log(ended.run), `  \\0 001\ntool\n${work}\n${work}\n${join(work, "../tmp/x")}\n`);
    assert.deepEqual(readdirSync(join(box.home, "runs", ended.run)).sort(), [
      "ended",
      "script",
      "started",
      "stderr",
      "stdout",
      "work",
    ]);
  });

  test("output files that it named, opened with its own rights; readable while it runs and after", async () => {
    const run = await box.start("echo here; echo there >&2; until [ -e go ]; do sleep 0.02; done", {
      stdout: "out-%j-%4a.txt",
      name: "named",
    });
    assert.equal(await until(async () => (await box.log(run)).length > 10 && box.log(run)), "here\nthere\n");
    const work = join(box.home, "runs", run, "work");
    execFileSync("touch", [join(work, "go")]);
    await box.ended(run);
    assert.equal(await box.log(run), "here\nthere\n");
    const [job] = run.split(".");
    assert.equal(readFileSync(join(work, `out-${job}-4294967294.txt`), "utf8"), "here\nthere\n");
    assert.equal((await box.driver.readLog(run, "stderr", 0, 10)).kind, "none");
    const apart = await box.run("echo here; echo there >&2", { stdout: "o", stderr: "e" });
    assert.equal(await box.log(apart.run, "stderr"), "there\n");
    const elsewhere = await box.run("echo here", { stdout: "/tmp/weir-named-%j" });
    assert.equal(await box.log(elsewhere.run), "here\n");
    rmSync(`/tmp/weir-named-${elsewhere.run.split(".")[0]}`, { force: true });
    const denied = await box.run("true", { stdout: "/proc/1/denied" });
    assert.deepEqual(denied.end, { kind: "failed", exitCode: 126 });
    assert.match(denied.words ?? "", /stdout cannot be written to \/proc\/1\/denied/);
  });

  test("in its log why a stream that it named could not be opened, in whichever stream is read for errors", async () => {
    const said = (words: string | null) => `weir: the job could not be started: ${words}\n`;
    const both = await box.run("true", { stdout: "/no/such/folder/x.log" });
    assert.equal(both.words, "stdout cannot be written to /no/such/folder/x.log: No such file or directory");
    assert.equal(await box.log(both.run), said(both.words));
    assert.equal((await box.driver.readLog(both.run, "stderr", 0, 10)).kind, "none");
    assert.equal(both.usage.wallMs, 0);
    const first = await box.run("true", { stdout: "/no/such/folder/o", stderr: "e" });
    assert.equal(await box.log(first.run, "stderr"), said(first.words));
    assert.equal((await box.driver.readLog(first.run, "stdout", 0, 10)).kind, "bytes");
    const second = await box.run("true", { stdout: "o", stderr: "/no/such/folder/e" });
    assert.match(second.words ?? "", /^stderr cannot be written/);
    assert.equal(await box.log(second.run, "stderr"), said(second.words));
    assert.equal(readFileSync(join(box.home, "runs", second.run, "work", "o"), "utf8"), "");
  });

  test("who it is, when it began and when it must end, by the names that sbatch scripts read", async () => {
    const names = ["USER", "UID", "GID", "START_TIME", "END_TIME"].map((name) => `$SLURM_JOB_${name}`);
    const ended = await box.run(`echo ${names.join(" ")} $SLURM_TASK_PID; echo $(id -u) $(id -g) $$ $USER`, {
      timeLimitS: 50,
    });
    const [told = "", found = ""] = (await box.log(ended.run)).split("\n");
    const [user, uid, gid, startS, endS, pid] = told.split(" ");
    assert.deepEqual([uid, gid, pid, user].join(" "), found);
    assert.equal(Number(startS), Math.floor((ended.usage.startedMs ?? 0) / 1000));
    assert.equal(Number(endS), Number(startS) + 50);
  });

  test("srun on its path", async () => {
    const { allocation } = orderFor("");
    const ended = await box.run(
      "srun sh -c 'echo $SLURM_PROCID/$SLURM_NTASKS step $SLURM_STEP_ID; exit $SLURM_PROCID' | sort; srun -N2 true; echo $?; srun -n1 sh -c 'exit 9'",
      {
        allocation: { ...allocation, tasks: 3, coresPerNode: 3 },
      },
    );
    assert.equal(await box.log(ended.run), "0/3 step 0\n1/3 step 0\n2/3 step 0\n1\n");
    assert.match(await box.log(ended.run, "stderr"), /cannot have more than 1 node/);
    assert.deepEqual(ended.end, { kind: "failed", exitCode: 9 });
  });

  test("that it can be removed after its end, and not before", async () => {
    const run = await box.start(
      "mkdir -p a/b; touch a/b/c; chmod 0 a/b; ln -s / root; until [ -e go ]; do sleep 0.02; done",
    );
    await assert.rejects(box.driver.remove(run), /not ended/);
    execFileSync("touch", [join(box.home, "runs", run, "work", "go")]);
    await box.ended(run);
    await box.driver.remove(run);
    await box.driver.remove(run);
    assert.equal(existsSync(join(box.home, "runs", run)), false);
    assert.ok(existsSync("/bin/sh"));
  });
});
