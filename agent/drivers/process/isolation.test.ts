import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { isRoot, openSandbox, orderFor, type Sandbox } from "./sandbox.ts";

// What a job must not reach. It holds in root mode only; as an ordinary user jobs run as that user, which is no isolation.
const skip = !isRoot && "jobs have uids of their own only where the launcher runs as root";

for (const options of [[], ["--no-namespaces"]]) reach(options);

function reach(options: readonly string[]): void {
  describe(`a job's reach ${options.join(" ")}`, { skip }, () => {
    let box: Sandbox;
    before(async () => {
      box = await openSandbox(options);
    });
    after(() => box.close());

    test("its own uid, no groups, no capabilities, no way to gain any", async () => {
      const ended = await box.run("id -u; id -G; grep -E '^(CapEff|CapPrm|NoNewPrivs):' /proc/self/status; ulimit -c");
      const uid = Number((await box.log(ended.run)).split("\n")[0]);
      assert.ok(box.jobUids.includes(uid));
      assert.equal(
        await box.log(ended.run),
        `${uid}\n${uid}\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n0\n`,
      );
    });

    test("not the database's socket, the token file, the agent's folder, the launcher's socket", async () => {
      const postgres = join(box.home, "postgres", "run");
      mkdirSync(postgres, { recursive: true, mode: 0o700 });
      chownSync(join(box.home, "postgres"), 65534, 65534);
      chmodSync(join(box.home, "postgres"), 0o700);
      const database = createServer().listen(join(postgres, ".s.PGSQL.5432"));
      await once(database, "listening");
      chmodSync(join(postgres, ".s.PGSQL.5432"), 0o777);
      writeFileSync(join(box.home, "token"), "secret", { mode: 0o600 });
      mkdirSync(join(box.home, "agent"), { mode: 0o700 });
      writeFileSync(join(box.home, "agent", "credential"), "secret");
      const ended = await box.run(`#!/usr/bin/perl
      use Socket;
      for my $path (qw(${postgres}/.s.PGSQL.5432 ${box.home}/launcher/launcher.sock)) {
        socket(my $s, AF_UNIX, SOCK_STREAM, 0); print connect($s, pack_sockaddr_un($path)) ? "reached $path" : $! + 0, "\\n";
      }
      for my $path (qw(${box.home}/token ${box.home}/agent/credential ${box.home}/launcher/lock)) { print open(my $f, '<', $path) ? "read $path" : $! + 0, "\\n" }
      print opendir(my $d, "${box.home}/runs") ? "listed runs\\n" : $! + 0, "\\n";`);
      database.close();
      // This home lies in /var/tmp: with a view of its own the job does not even find it (2), else it is denied (13).
      const [missing, denied] = options.length === 0 ? ["2\n", "13\n"] : ["13\n", "13\n"];
      assert.equal(await box.log(ended.run), missing.repeat(5) + denied);
    });

    test("not another job's folder, streams or processes, nor the agent's", async () => {
      const agent = spawn("sleep", ["1000"], { uid: box.agentUid, gid: box.agentUid });
      const victim = await box.start("echo secret | tee private; echo $$ > pid; until [ -e go ]; do sleep 0.02; done");
      const folder = join(box.home, "runs", victim);
      while (!existsSync(join(folder, "work", "pid"))) await delay(10);
      const pid = readFileSync(join(folder, "work", "pid"), "utf8").trim();
      const ended = await box.run(`
      for f in ${folder}/work/private ${folder}/stdout ${folder}/started ${folder}/script /proc/${pid}/environ; do cat $f && echo "read $f"; done
      for f in ${folder}/x ${folder}/work/x ${folder}/tmp/x ${folder}/stop; do touch $f && echo "wrote $f"; done
      ls ${folder}/tmp && echo listed
      for p in ${pid} ${agent.pid} ${box.launcher().pid}; do kill -9 $p && echo "killed $p"; done
      wrapper=$(grep -s PPid /proc/self/status | cut -f2); kill -9 $PPID && echo "killed my wrapper"
      echo done`);
      assert.equal(await box.log(ended.run), "done\n");
      assert.deepEqual(ended.end, { kind: "succeeded" });
      writeFileSync(join(folder, "work", "go"), "");
      assert.deepEqual((await box.ended(victim)).end, { kind: "succeeded" });
      assert.equal(agent.exitCode, null);
      agent.kill();
    });

    test("not its own record, and not its log's place", async () => {
      const ended = await box.run(`
      cd ..; for f in started .ended script stdout; do { rm $f || mv $f x; } 2>/dev/null && echo "changed $f"; done
      for f in ended stop started; do { touch $f || ln -s /etc/passwd $f || echo x >> $f; } 2>/dev/null && echo "made $f"; done; ls -A . ; exit 4`);
      assert.deepEqual(ended.end, { kind: "failed", exitCode: 4 });
      assert.equal(await box.log(ended.run), "");
    });

    test("user-named output is opened with the job's rights, never root's", async () => {
      writeFileSync(join(box.home, "precious"), "kept", { mode: 0o644 });
      const open = mkdtempSync("/var/lib/weir-shared-");
      chmodSync(open, 0o777);
      symlinkSync(join(box.home, "precious"), join(open, "link"));
      for (const path of [join(open, "link"), join(box.home, "precious"), "/root/weir-out"]) {
        const ended = await box.run("echo overwritten", {
          stdout: path,
          work: { kind: "script", text: "#!/bin/sh\necho overwritten\n", arguments: [] },
        });
        assert.deepEqual(ended.end, { kind: "failed", exitCode: 126 }, path);
      }
      rmSync(open, { recursive: true });
      assert.equal(readFileSync(join(box.home, "precious"), "utf8"), "kept");
    });

    test("shared folders and IPC are its own and gone at the end; its output becomes the agent's", async () => {
      const ended = await box.run(`
      touch /tmp/mine /var/tmp/mine /dev/shm/mine; ls /tmp/mine /var/tmp/mine /dev/shm/mine
      ls /tmp | grep -v -e mine -e weir- | wc -l
      perl -e 'print defined shmget(4711, 4096, 0777 | 01000) ? "segment\\n" : "$!\\n"'
      mkdir -m 0 closed; echo result > result; ln -s /etc/passwd link; ln /etc/hostname hard 2>/dev/null; exit 0`);
      assert.match(await box.log(ended.run), /^\/dev\/shm\/mine\n\/tmp\/mine\n\/var\/tmp\/mine\n\d+\nsegment\n$/);
      if (options.length === 0) assert.match(await box.log(ended.run), /^0$/m);
      for (const place of ["/tmp/mine", "/var/tmp/mine", "/dev/shm/mine"]) assert.equal(existsSync(place), false);
      assert.doesNotMatch(readFileSync("/proc/sysvipc/shm", "utf8"), /^\s*4711\s/m);
      const folder = join(box.home, "runs", ended.run);
      const owners = execFileSync("find", [folder, "-printf", "%U %P\n"], { encoding: "utf8" }).trim().split("\n");
      for (const line of owners) assert.match(line, new RegExp(`^(0|${box.agentUid}) `), line);
      assert.equal(statSync(join(folder, "work", "result")).uid, box.agentUid);
      assert.equal(statSync("/etc/passwd").uid, 0);
      assert.deepEqual(readdirSync(join(box.home, "launcher", "uids")), []);
    });
  });
}

describe("uids", { skip }, () => {
  test("all in use is busy; one comes back with its run", async () => {
    const box = await openSandbox([], { uids: 2 });
    try {
      const go = (run: string) => writeFileSync(join(box.home, "runs", run, "work", "go"), "");
      const [one, two] = [
        await box.start("until [ -e go ]; do sleep 0.02; done"),
        await box.start("until [ -e go ]; do sleep 0.02; done"),
      ];
      const third = orderFor("true");
      assert.deepEqual(await box.driver.start(third), { kind: "busy", words: "all uids of the jobs are in use" });
      go(one);
      await box.ended(one);
      assert.equal((await box.driver.start(third)).kind, "started");
      go(two);
      await Promise.all([box.ended(two), box.ended(third.run)]);
      const { mechanisms } = await box.driver.describe();
      assert.equal(mechanisms.uids, "2");
      assert.equal(mechanisms.uidsInUse, "0");
      assert.equal(mechanisms.quarantine, undefined);
    } finally {
      await box.close();
    }
  });

  test("without namespaces and control groups shared folders and IPC are swept, and processes ended by uid", async () => {
    const box = await openSandbox(["--no-namespaces", "--no-cgroups"]);
    const name = `weir-left-${process.pid}`;
    try {
      const ended =
        await box.run(`mkdir -p /tmp/${name}/deep; touch /tmp/${name}/deep/file /var/tmp/${name} /dev/shm/${name}
        perl -e 'print defined shmget(${process.pid}, 4096, 0600 | 01000) ? "segment\\n" : "$!\\n"'; setsid sleep 1000 & echo $!`);
      const [segment, daemon] = (await box.log(ended.run)).split("\n");
      assert.equal(segment, "segment");
      assert.equal(existsSync(`/proc/${daemon}`), false);
      for (const folder of ["/tmp", "/var/tmp", "/dev/shm"])
        assert.equal(existsSync(join(folder, name)), false, folder);
      assert.doesNotMatch(readFileSync("/proc/sysvipc/shm", "utf8"), new RegExp(`^\\s*${process.pid}\\s`, "m"));
      assert.deepEqual(readdirSync(join(box.home, "launcher", "uids")), []);
    } finally {
      await box.close();
    }
  });

  test("in a chroot that is not the top of its mounts a run ends as elsewhere, and its folder is found again", async () => {
    const top = mkdtempSync("/var/lib/weir-chroot-");
    const home = mkdtempSync("/var/lib/weir-");
    // Where the paths of the chroot lead to nothing, seen from the top.
    const inChroot = 'mount --rbind / "$0" && mount -t tmpfs none "$1" && shift && exec chroot "$0" "$@"';
    const box = await openSandbox([], { home, through: ["unshare", "--mount", "sh", "-c", inChroot, top, home] });
    try {
      const ended = await box.run("touch /tmp/own; exit 3");
      assert.deepEqual(ended.end, { kind: "failed", exitCode: 3 });
      assert.deepEqual(readdirSync(join(box.home, "launcher", "uids")), []);
    } finally {
      await box.close();
      rmdirSync(top);
    }
  });

  test("what it wrote in a working directory of the user's choice becomes the agent's, and nobody else's does", async () => {
    const box = await openSandbox();
    // Not below /tmp or /var/tmp: a job has those of its own.
    const shared = mkdtempSync("/var/lib/weir-shared-");
    const temporary = mkdtempSync("/var/tmp/weir-hidden-");
    mkdirSync(join(shared, "another's"));
    chmodSync(shared, 0o1777);
    try {
      const ended = await box.run("mkdir deep; echo kept > deep/file; ln -s /etc/passwd link; id -u", {
        workingDirectory: shared,
      });
      assert.match(await box.log(ended.run), /^\d+\n$/);
      for (const path of ["deep", "deep/file", "link"])
        assert.equal(lstatSync(join(shared, path)).uid, box.agentUid, path);
      assert.equal(statSync(join(shared, "another's")).uid, 0);
      assert.equal(statSync("/etc/passwd").uid, 0);
      assert.deepEqual(readdirSync(join(box.home, "launcher", "uids")), []);
      const hidden = await box.run("true", { workingDirectory: mkdtempSync(`${temporary}/`) });
      assert.match(hidden.words ?? "", /No such file or directory; a job has a \/tmp and a \/var\/tmp of its own/);
    } finally {
      for (const folder of [shared, temporary]) rmSync(folder, { recursive: true });
      await box.close();
    }
  });

  for (const options of [[], ["--no-namespaces"], ["--no-namespaces", "--no-landlock"]])
    test(`a file is nowhere left for the next run of the same uid ${options.join(" ")}`, async () => {
      const shared = mkdtempSync("/var/lib/weir-shared-");
      const box = await openSandbox([...options, "--machine", shared], { uids: 1 });
      chmodSync(shared, 0o1777);
      mkdirSync(join(shared, "deep"));
      chmodSync(join(shared, "deep"), 0o1777);
      const found = () => execFileSync("find", [shared, "-uid", String(box.jobUids[0])], { encoding: "utf8" });
      try {
        const path = join(shared, "deep", "secret");
        await box.run(
          `umask 077; echo secret > ${path}; mkdir ${shared}/folder; mknod ${shared}/fifo p; ln -s x ${shared}/link`,
        );
        const next = orderFor(`cat ${path}; echo mine >> ${path}; rm ${path}; exit 0`);
        for (;;) {
          const answer = await box.driver.start(next);
          if (answer.kind === "started") break;
          assert.deepEqual(answer, { kind: "busy", words: "all uids of the jobs are in use" });
          await delay(200);
        }
        assert.equal(await box.log((await box.ended(next.run)).run), "");
        if (options.length < 2) assert.deepEqual(readdirSync(shared), ["deep"]);
        else assert.deepEqual([lstatSync(path).uid, lstatSync(join(shared, "fifo")).uid], [box.agentUid, box.agentUid]);
        assert.equal(found(), "");
      } finally {
        rmSync(shared, { recursive: true });
        await box.close();
      }
    });

  for (const options of [[], ["--no-namespaces"]])
    test(`where its job says it can write, and that becomes the agent's, its wrapper killed or not ${options.join(" ")}`, async () => {
      const box = await openSandbox(options);
      const shared = mkdtempSync("/weir-shared-"); // at the top, where the file systems are that a job can declare
      const [results, behind, outputs] = ["results", "behind", "outputs"].map((name) => join(shared, name));
      assert.ok(results && behind && outputs);
      chmodSync(shared, 0o755);
      for (const folder of [results, outputs]) {
        mkdirSync(folder);
        chmodSync(folder, 0o1777);
      }
      symlinkSync(results, behind);
      const declares = (fileSystems: string[]) => ({
        demands: { siteWords: {}, software: [], container: null, fileSystems, licences: [] },
      });
      const owners = (path: string) =>
        execFileSync("find", [path, "-mindepth", "1", "-printf", "%U %P\n"], { encoding: "utf8" })
          .trim()
          .split("\n")
          .sort();
      try {
        for (const killed of [false, true]) {
          const asked = [
            { workingDirectory: behind, stdout: join(outputs, "out"), stderr: "err" },
            { ...declares([shared.slice(1)]), stdout: null, stderr: null },
          ];
          for (const changes of asked) {
            const run = await box.start(
              `echo made; echo seen >&2; mkdir ${results}/deep; echo kept > ${results}/deep/file${killed ? "; touch ready; exec sleep 1000" : ""}`,
              changes,
            );
            if (killed) {
              const ready = changes.workingDirectory
                ? join(results, "ready")
                : join(box.home, "runs", run, "work", "ready");
              while (!existsSync(ready)) await delay(10);
              const started = readFileSync(join(box.home, "runs", run, "started"), "utf8");
              process.kill(Number(/^pid=(\d+)$/m.exec(started)?.[1]), "SIGKILL");
            }
            assert.equal((await box.ended(run)).end.kind, killed ? "lost" : "succeeded");
            const there = owners(results);
            assert.ok(there.includes(`${box.agentUid} deep/file`), there.join());
            assert.ok(!changes.workingDirectory || there.includes(`${box.agentUid} err`), there.join());
            for (const line of [...there, ...(changes.stdout ? owners(outputs) : [])])
              assert.match(line, new RegExp(`^${box.agentUid} `));
            for (const folder of [results, outputs])
              for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
            assert.deepEqual(readdirSync(join(box.home, "launcher", "uids")), []);
          }
        }
      } finally {
        rmSync(shared, { recursive: true });
        await box.close();
      }
    });

  test("one whose file cannot be taken over is held back, and said so, until it can", async () => {
    const box = await openSandbox([], { uids: 1 });
    const shared = mkdtempSync("/var/lib/weir-shared-");
    chmodSync(shared, 0o1777);
    let mounted = false;
    try {
      execFileSync("mount", ["--bind", shared, shared]);
      mounted = true;
      const run = await box.start("echo kept > file; until [ -e go ]; do sleep 0.02; done", {
        workingDirectory: shared,
      });
      while (!existsSync(join(shared, "file"))) await delay(10);
      writeFileSync(join(shared, "go"), "");
      // Not for the job, which has a view of its own: for whoever would take the file over.
      execFileSync("mount", ["-o", "remount,ro,bind", shared]);
      assert.equal((await box.ended(run)).end.kind, "succeeded");
      assert.equal((await box.driver.start(orderFor("true"))).kind, "busy");
      const { mechanisms } = await box.driver.describe();
      assert.equal(
        mechanisms.quarantine,
        `${box.jobUids[0]}: 1 files of uid ${box.jobUids[0]} could not be taken from it`,
      );
      assert.equal(mechanisms.uidsInUse, "1");
      // Held back over a restart, too.
      await box.killLauncher();
      await box.startLauncher();
      await delay(6000); // longer than from one try to the next
      assert.equal((await box.driver.describe()).mechanisms.uidsInUse, "1");
      execFileSync("umount", [shared]);
      mounted = false;
      while ((await box.driver.describe()).mechanisms.uidsInUse !== "0") await delay(100);
      assert.equal(lstatSync(join(shared, "file")).uid, box.agentUid);
      assert.equal((await box.run("true")).end.kind, "succeeded");
    } finally {
      if (mounted) execFileSync("umount", [shared]);
      rmSync(shared, { recursive: true });
      await box.close();
    }
  });

  test("one with something left of it is not used again until it is gone", async () => {
    const box = await openSandbox([], { uids: 1 });
    const [uid] = box.jobUids;
    assert.ok(uid);
    const outsider = spawn("sleep", ["1000"], { uid, gid: uid });
    try {
      const run = await box.start("sleep 1000");
      await box.killLauncher();
      // As after a crash in the middle: the run's record is there, its uid still leased, a process of it somewhere.
      process.kill(
        Number(/^pid=(\d+)$/m.exec(readFileSync(join(box.home, "runs", run, "started"), "utf8"))?.[1]),
        "SIGKILL",
      );
      await box.startLauncher();
      assert.equal((await box.ended(run)).end.kind, "lost");
      assert.ok(outsider.exitCode !== null || outsider.signalCode !== null || (await once(outsider, "exit")));
      assert.equal((await box.run("id -u")).end.kind, "succeeded");
    } finally {
      outsider.kill("SIGKILL");
      await box.close();
    }
  });

  test("only the agent and root are answered", async () => {
    const box = await openSandbox();
    try {
      const socket = join(box.home, "launcher", "launcher.sock");
      assert.equal(statSync(socket).uid, box.agentUid);
      assert.equal(statSync(socket).mode & 0o777, 0o600);
      // Even where the file modes would let another user connect.
      chmodSync(join(box.home, "launcher"), 0o755);
      chmodSync(socket, 0o777);
      const probe = `use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, pack_sockaddr_un("${socket}")) or die "no connection";
        $SIG{PIPE} = 'IGNORE'; syswrite $s, pack('N(n/a* N/a*)*', 27, verb => 'describe', re => 1); print sysread($s, my $answer, 10) ? "answered" : "closed"`;
      const ask = (uid: number) => execFileSync("perl", ["-e", probe], { uid, gid: uid, encoding: "utf8" });
      assert.equal(ask(65534), "closed");
      assert.equal(ask(box.agentUid), "answered");
    } finally {
      await box.close();
    }
  });

  test("a home below /tmp works: the run's folder is seen in its own /tmp", async () => {
    const home = execFileSync("mktemp", ["-d", "/tmp/weir-XXXXXX"], { encoding: "utf8" }).trim();
    const box = await openSandbox([], { home });
    try {
      const ended = await box.run("pwd; touch /tmp/x; ls /tmp; srun -n1 echo step; echo kept > kept");
      assert.equal(await box.log(ended.run), `${home}/runs/${ended.run}/work\n${home.slice(5)}\nx\nstep\n`);
      assert.equal(readFileSync(join(home, "runs", ended.run, "work", "kept"), "utf8"), "kept\n");
      assert.ok(existsSync(join(home, "programs", "bin", "srun")));
    } finally {
      await box.close();
      rmSync(home, { recursive: true, force: true });
    }
  });
});
