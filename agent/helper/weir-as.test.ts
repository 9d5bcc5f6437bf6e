import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { encodeFrame, type Field } from "#agent/drivers/process/frame.ts";
import {
  type Answer,
  decodePayload,
  type Helper,
  makePeople,
  makeSite,
  openHelper,
  type People,
  type Site,
  skip,
  submission,
} from "./serve-testing.ts";

// The helper's own logic, with stand-ins for Slurm's commands and real users of this machine.

const policy = [
  "account lab shared-*",
  "partition batch accel",
  "qos - normal",
  "max-nodes 4",
  "max-cores 64",
  "max-time-min 60",
  "max-array 20",
  "max-files-mib 1",
];

/** In the place of the machine's log: each datagram on a line. */
const syslogd = `$| = 1; socket my $s, AF_UNIX, SOCK_DGRAM, 0 or die $!; bind $s, pack_sockaddr_un($ARGV[0]) or die $!;
  print "ready\\n"; while (defined recv $s, my $text, 65536, 0) { print "$text\\n" }`;

describe("weir-as", { skip }, () => {
  let site: Site;
  let people: People;
  let helper: Helper;
  let li: string;
  let home: string;
  const chunkFolder = (chunk: string) => join(home, ".weir", chunk);

  const asLi = (script: string) =>
    execFileSync("setpriv", ["--reuid", li, "--regid", li, "--init-groups", "sh", "-c", script], {
      encoding: "utf8",
    });

  before(() => {
    site = makeSite();
    people = makePeople({
      li: { groups: ["weir-users"] },
      wang: { groups: ["weir-users"] },
      guest: { groups: [] },
      low: { uid: 901 + (process.pid % 90), groups: ["weir-users"] },
      chief: { groups: ["weir-users", "adm"] },
    });
    li = people.name("li");
    home = `/var/tmp/${li}`;
    site.writePolicy([...policy, `output-root ${home}/data`]);
    site.standIn(
      "sbatch",
      `log_words("sbatch uid=$< euid=$> gids=$)", join(' ', map { "[$_]" } @ARGV));
       log_words('env', join ' ', map { "$_=$ENV{$_}" } sort keys %ENV);
       opendir my $d, '/proc/self/fd'; log_words('open', map { readlink("/proc/self/fd/$_") // () } grep { $_ > 2 } readdir $d);
       if (grep { /refuse-me/ } @ARGV) { print STDERR "sbatch: error: Invalid account\\n"; exit 1 }
       if (grep { /wait-for-me/ } @ARGV) { select undef, undef, undef, 0.05 until -e '${site.folder}/go' || !-d '${site.folder}' }
       print "4711;jinan\\n";`,
    );
    helper = openHelper([site.program, "serve"]);
  });
  after(async () => {
    await helper.close();
    people.remove();
    site.remove();
  });
  beforeEach(() => {
    writeFileSync(join(site.folder, "called"), "");
    rmSync(site.stopPath, { force: true });
  });

  async function refused(verb: string, fields: readonly Field[], rule: string | RegExp): Promise<void> {
    const earlier = site.audit().length;
    const answer = await helper.ask(verb, fields);
    const shown = JSON.stringify([verb, fields.map((one) => String(one[1]).slice(0, 60)), answer.get("words")]);
    assert.equal(answer.get("error"), "refused", shown);
    assert.match(answer.get("rule"), typeof rule === "string" ? new RegExp(`^${rule}$`) : rule, shown);
    const line = site.audit().slice(earlier);
    assert.match(
      line,
      /^(\S+Z weir-as\[\d+\] allowed [^\n]*\n)?\S+Z weir-as\[\d+\] refused verb=\S+ .*rule=\S+ words=[^\n]*\n$/,
      shown,
    );
    assert.equal(site.called(), "", "no command was run");
  }

  test("hello tells what the policy is", async () => {
    const answer = await helper.ask("hello", []);
    assert.deepEqual(["ok", "minUid", "group", "stopped", "load", "tokens", "slurmBin"].map(answer.get), [
      "1",
      "1000",
      "weir-users",
      "0",
      "0",
      "0",
      site.bin,
    ]);
    const allowed = (what: string) => (answer.frame.get(`allows${what}`) ?? []).map(String);
    assert.deepEqual(["Partition", "Qos", "Reservation"].map(allowed), [["batch", "accel"], ["-", "normal"], []]);
  });

  test("submits as the user, with the user's groups, a clean environment, and no shell", async () => {
    const answer = await helper.ask(
      "submit",
      submission(li, "1.0.1", {
        name: "$(touch /tmp/x); --uid=0 'a.weir-1.0.1",
        env: ["GREETING=two\nlines", "X=$(id)"],
        file: ["in/data.txt", "run.sh"],
        fileMode: ["-", "x"],
        fileData: ["\x00\x01", "#!/bin/sh\n"],
      }),
    );
    assert.deepEqual(
      [answer.get("ok"), answer.get("engineId"), answer.get("cluster"), answer.get("existing")],
      ["1", "4711", "jinan", "0"],
      answer.get("words"),
    );
    const [command, environment, open] = site.called().split("\n");
    const uid = Number(execFileSync("id", ["-u", li], { encoding: "utf8" }));
    const gids = execFileSync("id", ["-G", li], { encoding: "utf8" }).trim().split(" ");
    assert.match(command ?? "", new RegExp(`^sbatch uid=${uid} euid=${uid} gids=${gids[0]} [\\d ]*${gids[1]}`));
    for (const word of [
      "--no-requeue",
      "--job-name=$(touch /tmp/x); --uid=0 'a.weir-1.0.1",
      "--comment=weir-1.0.1",
      "--time=1",
      "--account=lab",
      "--propagate=NONE",
      `--chdir=${chunkFolder("1.0.1")}`,
    ])
      assert.ok(command?.includes(`[${word}]`), `${word} in ${command}`);
    const deadline = Number(/--deadline=now\+(\d+)/.exec(command ?? "")?.[1]);
    assert.ok(deadline > 600 && deadline <= 660, String(deadline));
    assert.equal(
      environment,
      `env HOME=${home} LANG=C.UTF-8 LOGNAME=${li} PATH=/usr/local/bin:/usr/bin:/bin SHELL=/bin/sh USER=${li}`,
    );
    const held = (open ?? "").split(" ").filter((path) => !/^(open|\/proc\/\d+\/fd)$/.test(path));
    assert.deepEqual(held, [`${chunkFolder("1.0.1")}/order`], "of the helper's files only the lock");
    const folder = chunkFolder("1.0.1");
    assert.deepEqual(readdirSync(folder).sort(), ["input", "order"]);
    for (const name of ["", "order", "input/in/data.txt"]) assert.equal(statSync(join(folder, name)).uid, uid);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.deepEqual(readFileSync(join(folder, "input/in/data.txt")), Buffer.from([0, 1]));
    assert.equal(statSync(join(folder, "input/run.sh")).mode & 0o111, 0o111);
    assert.match(
      site.audit(),
      /allowed verb=submit user=\S+ run=1\.0\.1 account=lab partition=batch\n.*submitted verb=submit user=\S+ run=1\.0\.1 .*engine=4711\n/,
    );
  });

  test("a chunk that is already there is not submitted again", async () => {
    const again = await helper.ask("submit", submission(li, "1.0.1"));
    assert.deepEqual([again.get("ok"), again.get("existing"), again.get("engineId")], ["1", "1", "4711"]);
    assert.equal(site.called(), "");
    const order = join(chunkFolder("1.0.1"), "order");
    const written = readFileSync(order);
    assert.match(written.toString("latin1"), /engineId=4711\ncluster=jinan\nsubmittedMs=\d+\nend=1\n/);
    writeFileSync(order, written.toString("latin1").replace("4711", "    "), "latin1");
    const doubtful = await helper.ask("submit", submission(li, "1.0.1"));
    assert.deepEqual([doubtful.get("ok"), doubtful.get("error")], ["0", "in-doubt"]);
    assert.equal(site.called(), "");
    const sure = await helper.ask("submit", submission(li, "1.0.1", { again: "1" }));
    assert.deepEqual([sure.get("ok"), sure.get("existing"), sure.get("engineId")], ["1", "0", "4711"]);
    assert.match(site.called(), /^sbatch /);
  });

  test("what Slurm refuses is told in its own words; the chunk stays in doubt, not lost", async () => {
    const answer = await helper.ask("submit", submission(li, "2.0.1", { name: "refuse-me.weir-2.0.1" }));
    assert.deepEqual(
      [answer.get("error"), answer.get("exit"), answer.get("stderr")],
      ["engine", "1", "sbatch: error: Invalid account\n"],
    );
  });

  test("killed in the middle of a submission: its sbatch goes on, and until then nobody submits the chunk again", async () => {
    const own = openHelper([site.program, "serve"]);
    const lost = own.ask("submit", submission(li, "3.0.1", { name: "wait-for-me.weir-3.0.1" })).then(
      () => "answered",
      () => "lost",
    );
    while (!site.called().includes("env")) await delay(10);
    own.child.kill("SIGKILL");
    assert.equal(await lost, "lost");
    const meanwhile = await helper.ask("submit", submission(li, "3.0.1", { again: "1" }));
    assert.equal(meanwhile.get("error"), "busy");
    writeFileSync(join(site.folder, "go"), "");
    while (!readFileSync(join(chunkFolder("3.0.1"), "order"), "utf8").includes("engineId=")) await delay(10);
    const after = await helper.ask("submit", submission(li, "3.0.1"));
    assert.deepEqual([after.get("existing"), after.get("engineId")], ["1", "4711"]);
  });

  test("its child killed in the middle of a submission: that is in doubt, since sbatch may have arrived", async () => {
    rmSync(join(site.folder, "go"));
    const own = openHelper([site.program, "serve"]);
    const lost = own.ask("submit", submission(li, "3.1.1", { name: "wait-for-me.weir-3.1.1" }));
    while (!site.called().includes("env")) await delay(10);
    const children = readFileSync(`/proc/${own.child.pid}/task/${own.child.pid}/children`, "utf8").trim().split(" ");
    for (const pid of children) process.kill(Number(pid), "SIGKILL");
    const answer = await lost;
    writeFileSync(join(site.folder, "go"), "");
    await own.close();
    assert.deepEqual(
      [answer.get("error"), answer.get("words")],
      ["in-doubt", "the helper's child ended with status 9"],
    );
  });

  test("eight at once, six of one user; at the end of its input it answers what it began", async () => {
    rmSync(join(site.folder, "go"));
    const own = openHelper([site.program, "serve"]);
    const wait = (at: number, who: string) =>
      own.ask("submit", submission(people.name(who), `4.${at}.1`, { name: `wait-for-me.weir-4.${at}.1` }));
    const begun = () =>
      site
        .called()
        .split("\n")
        .filter((line) => line.startsWith("env")).length;
    const all = Array.from({ length: 12 }, (_, at) => wait(at, "li"));
    while (begun() < 6) await delay(10);
    await delay(100);
    assert.equal(begun(), 6);
    for (const at of [12, 13, 14]) all.push(wait(at, "wang"));
    while (begun() < 8) await delay(10);
    await delay(100);
    assert.equal(begun(), 8);
    writeFileSync(join(site.folder, "go"), "");
    for (const one of all) assert.equal((await one).get("ok"), "1");
    await own.close();
  });

  describe("a hostile agent", () => {
    test("asks for root, unknown, unmapped, low, forbidden users", async () => {
      await refused("submit", submission("root", "9.0.1"), "root");
      await refused("submit", submission("nobody-at-all", "9.0.1"), "user");
      await refused("submit", submission(people.name("guest"), "9.0.1"), "group");
      await refused("submit", submission(people.name("low"), "9.0.1"), "min-uid");
      await refused("submit", submission(people.name("chief"), "9.0.1"), "forbidden-group");
      for (const verb of ["cancel", "list", "jobs", "records", "read", "remove", "sweep", "limits", "token"])
        await refused(verb, [["user", "root"]], "root");
      for (const user of ["", "-u", "0", "--uid=0", "a b", `${li}\n`, `${li}\0`, "../etc", "$(id)"])
        await refused("list", [["user", user]], "field:user");
      await refused(
        "list",
        [
          ["user", li],
          ["user", "root"],
        ],
        "field:user",
      );
    });

    test("is an alert in the machine's log; what is refused on any day is not", async () => {
      const socket = join(site.folder, "log-socket");
      const listener = spawn("perl", ["-MSocket", "-e", syslogd, socket], { stdio: ["ignore", "pipe", "inherit"] });
      let heard = "";
      listener.stdout.on("data", (bytes) => (heard += bytes));
      const hears = async (what: RegExp) => {
        for (const untilMs = performance.now() + 30_000; !what.test(heard); await delay(20))
          assert.ok(performance.now() < untilMs, `${what} in: ${heard}`);
      };
      await hears(/^ready$/m);
      site.writePolicy([...policy, `output-root ${home}/data`, `syslog ${socket}`]);
      writeFileSync(site.stopPath, "");
      await refused("submit", submission(li, "9.0.1"), "stopped");
      rmSync(site.stopPath);
      await refused("submit", submission(li, "9.1.1", { nodes: "5" }), "max-nodes");
      await refused("submit", submission("root", "9.2.1"), "root");
      await refused("submit", submission(li, "9.3.1", { account: "theirs" }), "account");
      await hears(/account=theirs/);
      listener.kill();
      const lines = heard.split("\n").filter((line) => line.startsWith("<"));
      assert.equal(lines.length, 2, heard);
      assert.match(lines[0] ?? "", /^<81>weir-as\[\d+\]: refused verb=submit user=root run=9\.2\.1 .*rule=root words=/);
    });

    test("asks for what the policy does not name", async () => {
      await refused("submit", submission(li, "9.0.1", { account: "closed" }), "account");
      await refused("submit", submission(li, "9.0.1", { account: [] }), "account");
      await refused("submit", submission(li, "9.0.1", { partition: "short" }), "partition");
      await refused("submit", submission(li, "9.0.1", { partition: "batch,short" }), "field:partition");
      await refused("submit", submission(li, "9.0.1", { qos: "urgent" }), "qos");
      await refused("submit", submission(li, "9.0.1", { reservation: "vip" }), "reservation");
      await refused("submit", submission(li, "9.0.1", { licenses: "matlab:1" }), "licence");
      await refused("submit", submission(li, "9.0.1", { nodes: "5" }), "max-nodes");
      await refused("submit", submission(li, "9.0.1", { tasks: "33", cpusPerTask: "2" }), "max-cores");
      await refused("submit", submission(li, "9.0.1", { timeLimitMin: "61" }), "max-time-min");
      await refused(
        "submit",
        submission(li, "9.0.1", { script: `#!/bin/sh\n${"x".repeat(1 << 20)}` }),
        "max-files-mib",
      );
      await refused("submit", submission(li, "9.0.1", { requeue: "1" }), "requeue");
      await refused("submit", submission(li, "9.0.1", { startWithinS: "0" }), "too-late");
      const tasks = Array.from({ length: 21 }, (_, at) => `${at} 9.${at}.1`);
      await refused("submit", submission(li, "9.0.1", { array: "0-20", task: tasks }), "max-array");
      await refused("submit", submission(li, "9.0.1", { array: "0-999999999", task: tasks }), "field:array");
      await refused(
        "token",
        [
          ["user", li],
          ["lifespanS", "60"],
        ],
        "token-lifespan-max",
      );
      await refused("load", [], "load");
      await refused(
        "hook",
        [
          ["name", "create-account"],
          ["input", "{}"],
        ],
        "hook",
      );
      await refused(
        "hook",
        [
          ["name", "../../bin/sh"],
          ["input", "{}"],
        ],
        "field:name",
      );
      await refused("shell", [["user", li]], "verb");
      assert.equal((await helper.ask("submit", submission(li, "5.0.1", { account: "shared-bio" }))).get("ok"), "1");
    });

    test("puts NULs, line ends and options into every field", async () => {
      const free = new Set(["env", "arg", "script"]);
      const fields = Object.fromEntries(
        submission(li, "9.0.1", {
          ...Object.fromEntries(
            [
              "qos",
              "reservation",
              "gres",
              "constraint",
              "licenses",
              "nodelist",
              "array",
              "cwd",
              "stdout",
              "stderr",
              "env",
              "arg",
            ].map((name) => [name, "x=y"]),
          ),
        }).map(([name, value]) => [name, value]),
      );
      for (const name of Object.keys(fields)) {
        const evil = free.has(name) ? ["#!/bin/sh\0", "A=\0"] : ["x\0y", "x\ny", "--uid=0\n", "\n"];
        for (const value of evil)
          await refused(
            "submit",
            submission(li, "9.0.1", { ...(name === "array" ? { task: "1 9.0.1" } : {}), [name]: value }),
            /^field:/,
          );
      }
      for (const [name, value] of [
        ["account", "--uid=0"],
        ["partition", "-p"],
        ["gres", "--uid=0"],
        ["nodelist", "-w"],
        ["nodes", "-1"],
        ["nodes", "1 --uid=0"],
        ["name", "no tag"],
        ["comment", "no tag"],
        ["chunk", "../../etc"],
        ["chunk", ".."],
        ["env", "no equals"],
        ["env", "BAD NAME=1"],
        ["stdout", "../../etc/passwd"],
        ["task", "0 9.0.1 x"],
      ] as const)
        await refused("submit", submission(li, "9.0.1", { [name]: value }), `field:${name}`);
      for (const path of ["/etc/passwd", "../x", "a/../../x", "a\nb", ""])
        await refused(
          "submit",
          submission(li, "9.0.1", { file: [path], fileMode: ["-"], fileData: ["x"] }),
          "field:file",
        );
      for (const id of ["--all", "-u", "1,2", "0", "1 2", "1\n", "all"])
        await refused(
          "cancel",
          [
            ["user", li],
            ["engineId", id],
          ],
          "field:engineId",
        );
      await refused(
        "cancel",
        [
          ["user", li],
          ["engineId", "1"],
          ["signal", "TERM --all"],
        ],
        "field:signal",
      );
      await refused(
        "list",
        [
          ["user", li],
          ["tag", "a b"],
        ],
        "field:tag",
      );
    });

    test("names paths outside, and leads there by links", async () => {
      asLi(`mkdir ${home}/data; ln -s /etc ${home}/data/out`);
      for (const path of ["/etc", `${home}/data/out`, "/"])
        await refused("submit", submission(li, "9.0.1", { cwd: path }), "cwd");
      for (const path of ["/etc/cron.d/x", `${home}/data/out/x`, `${home}/data/%j/../../x`, `${home}/other`])
        await refused("submit", submission(li, "9.0.1", { stdout: path }), /^(stdout|field:stdout)$/);
      const inside = submission(li, "6.0.1", {
        cwd: `${home}/data`,
        stdout: `${home}/data/%x-%j/out`,
        stderr: "err.%a",
      });
      assert.equal((await helper.ask("submit", inside)).get("ok"), "1");
    });

    test("finds links and others' folders where a run's folder should be", async () => {
      const runs = join(home, ".weir");
      const [liUid, wangUid] = ["li", "wang"].map((one) =>
        Number(execFileSync("id", ["-u", people.name(one)], { encoding: "utf8" })),
      );
      mkdirSync(`/var/tmp/${people.name("wang")}/own`);
      chownSync(`/var/tmp/${people.name("wang")}/own`, wangUid ?? 0, wangUid ?? 0);
      symlinkSync(`/var/tmp/${people.name("wang")}/own`, join(runs, "9.1.1"));
      await refused("submit", submission(li, "9.1.1"), "runs");
      mkdirSync(join(runs, "9.2.1"));
      await refused("submit", submission(li, "9.2.1"), "runs");
      mkdirSync(join(runs, "9.3.1"), { mode: 0o777 });
      chmodSync(join(runs, "9.3.1"), 0o777);
      chownSync(join(runs, "9.3.1"), liUid ?? 0, liUid ?? 0);
      await refused("submit", submission(li, "9.3.1"), "runs");
      renameSync(runs, join(home, "real-weir"));
      symlinkSync("/etc", runs);
      await refused("submit", submission(li, "9.4.1"), "runs");
      rmSync(runs);
      renameSync(join(home, "real-weir"), runs);
    });

    test("a kill switch stops new work and nothing else", async () => {
      writeFileSync(site.stopPath, "maintenance\n");
      await refused("submit", submission(li, "9.0.1"), "stopped");
      assert.equal((await helper.ask("hello", [])).get("stopped"), "1");
      assert.equal(
        (
          await helper.ask("records", [
            ["user", li],
            ["chunk", "1.0.1"],
          ])
        ).get("ok"),
        "1",
      );
    });

    test("a policy that somebody else could write is not obeyed, nor a broken one", async () => {
      const text = readFileSync(site.policyPath, "utf8");
      const words = async () => {
        const answer = await helper.ask("submit", submission(li, "9.0.1"));
        assert.equal(answer.get("error"), "failed");
        return answer.get("words");
      };
      chmodSync(site.policyPath, 0o664);
      assert.match(await words(), /can be written by others/);
      chmodSync(site.policyPath, 0o644);
      chownSync(site.policyPath, 1234, 0);
      assert.match(await words(), /belongs to uid 1234/);
      chownSync(site.policyPath, 0, 0);
      chmodSync(site.folder, 0o777);
      assert.match(await words(), /can be written by others/);
      chmodSync(site.folder, 0o755);
      renameSync(site.policyPath, `${site.policyPath}.real`);
      symlinkSync(`${site.policyPath}.real`, site.policyPath);
      assert.match(await words(), /symbolic link/);
      rmSync(site.policyPath);
      for (const [line, why] of [
        ["acount lab", /acount is no key/],
        ["min-uid many", /many cannot be a value/],
        ["min-uid 5\nmin-uid 6", /said twice/],
        ["hook surprise /bin/sh", /hook NAME PATH/],
      ] as const) {
        writeFileSync(site.policyPath, `${line}\n`);
        assert.match(await words(), why);
      }
      rmSync(site.policyPath);
      writeFileSync(site.policyPath, text);
      rmSync(`${site.policyPath}.real`);
      assert.equal(site.called(), "");
      assert.equal((await helper.ask("hello", [])).get("ok"), "1");
    });

    test("sends rubbish: the helper ends, and says nothing", async () => {
      const own = openHelper([site.program, "serve"]);
      own.child.stdin.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3]));
      await own.close();
      assert.equal(own.child.exitCode, 0);
    });
  });

  describe("reading what a run wrote", () => {
    const place = () => join(chunkFolder("7.0.1"), "7.0.1-0");
    const ask = (changes: readonly Field[] = []): Promise<Answer> => {
      const fields = new Map<string, Field[1]>([
        ["user", li],
        ["chunk", "7.0.1"],
        ["run", "7.0.1"],
        ["stream", "stdout"],
        ["offset", "0"],
        ["max", "1048576"],
        ...changes,
      ]);
      return helper.ask("read", [...fields]);
    };

    before(async () => {
      assert.equal((await helper.ask("submit", submission(li, "7.0.1"))).get("ok"), "1");
      asLi(
        `mkdir ${place()}; printf 0123456789 > ${place()}/stdout; printf 'engine=4711\\nend=1\\n' > ${place()}/started`,
      );
    });

    test("pieces, from the start or the end, and what was cut or replaced", async () => {
      const whole = await ask();
      assert.deepEqual(["bytes", "offset", "size", "truncated", "final"].map(whole.get), [
        "0123456789",
        "0",
        "10",
        "0",
        "0",
      ]);
      const tail = await ask([
        ["offset", "-3"],
        ["max", "2"],
      ]);
      assert.deepEqual([tail.get("bytes"), tail.get("offset")], ["78", "7"]);
      truncateSync(join(place(), "stdout"), 4);
      const cut = await ask([["offset", "10"]]);
      assert.deepEqual([cut.get("bytes"), cut.get("size"), cut.get("truncated")], ["", "4", "1"]);
      asLi(`cp ${place()}/stdout ${place()}/x; mv ${place()}/x ${place()}/stdout`);
      assert.notEqual((await ask()).get("file"), whole.get("file"));
      // A file that the job named is told to whoever asks for the log, and is not what the agent keeps.
      asLi(`mkdir ${home}/data-else; echo named > ${home}/data/named; echo else > ${home}/data-else/out`);
      const named = (path: string) => asLi(`printf 'stdout=%s\\nend=1\\n' ${path} > ${place()}/started`);
      named(`${home}/data/named`);
      assert.equal((await ask()).get("bytes"), "named\n");
      assert.equal((await ask([["own", "1"]])).get("error"), "not-there");
      named(`${home}/data-else/out`);
      assert.equal((await ask()).get("rule"), "read", "its name only begins like an allowed root's");
      asLi(`rm -r ${home}/data-else; rm ${home}/data/named; printf 'engine=4711\\nend=1\\n' > ${place()}/started`);
      const own = await ask([["own", "1"]]);
      assert.equal(own.get("bytes"), "0123");
    });

    test("another's file is not read, though it lies in the run's folder and may be read", async () => {
      writeFileSync(join(place(), "stderr"), "root's own", { mode: 0o644 });
      const stderr = await ask([["stream", "stderr"]]);
      assert.deepEqual([stderr.get("error"), stderr.get("rule"), stderr.get("bytes")], ["refused", "read", ""]);
      rmSync(join(place(), "stderr"));
    });

    test("of records and folders only what was asked for, and only what was whole", async () => {
      asLi(
        `mkdir ${chunkFolder("7.0.1")}/7.0.2-0; printf 'engine=1\\nend=1\\n' > ${chunkFolder("7.0.1")}/7.0.2-0/started`,
      );
      const records = await helper.ask("records", [
        ["user", li],
        ["chunk", "7.0.1"],
        ["run", "7.0.2"],
      ]);
      const [one] = (records.frame.get("record") ?? []).map(decodePayload);
      assert.deepEqual(one?.all("run"), ["7.0.2"]);
      asLi(
        `rm -r ${chunkFolder("7.0.1")}/7.0.2-0; mkdir ${chunkFolder("7.0.9")}; printf torn > ${chunkFolder("7.0.9")}/order`,
      );
      const chunks = async (tag: string) => {
        const answer = await helper.ask("chunks", Object.entries({ user: li, tag }));
        return (answer.frame.get("chunk") ?? []).map((payload) => decodePayload(payload).get("chunk"));
      };
      assert.deepEqual(await chunks("7."), ["7.0.1"]);
      assert.deepEqual(await chunks("nobody-"), []);
      asLi(`rm -r ${chunkFolder("7.0.9")}`);
    });

    test("records of many runs in one answer", async () => {
      asLi(`printf 'engine=4712\\nend=1\\n' > ${place()}.duplicate-4712; ln -s /etc/passwd ${place()}/ended`);
      const answer = await helper.ask("records", [
        ["user", li],
        ["chunk", "7.0.1"],
        ["chunk", "8.8.8"],
      ]);
      const [one, gone] = (answer.frame.get("record") ?? []).map(decodePayload);
      assert.deepEqual(
        ["chunk", "run", "restart", "started", "ended", "duplicate"].map((name) => one?.get(name)),
        ["7.0.1", "7.0.1", "0", "engine=4711\nend=1\n", "", "engine=4712\nend=1\n"],
      );
      assert.deepEqual([gone?.get("chunk"), gone?.get("gone")], ["8.8.8", "1"]);
      rmSync(join(place(), "ended"));
    });

    test("records of those alone of which something has started", async () => {
      const runs = chunkFolder("");
      asLi(
        `cd ${runs}; mkdir w1 w2 w3 w4; mkdir w2/input w3/input w3/7.0.2-0 w4/7.0.3-0; touch w1/order w1/wrapper.log`,
      );
      const answer = await helper.ask("records", [
        ["user", li],
        ["started", 1],
        ...["w1", "w2", "w3", "w4", "w5"].map((chunk): Field => ["chunk", chunk]),
      ]);
      const found = (answer.frame.get("record") ?? []).map(decodePayload);
      // Folders are not counted everywhere: then all are told.
      const counts = statSync(chunkFolder("w3")).nlink > 2;
      const told = counts ? ["w3", "w4", "w5"] : ["w1", "w2", "w3", "w4", "w5"];
      assert.deepEqual(
        found.map((one) => one.get("chunk")),
        told,
      );
      assert.deepEqual([found.at(-1)?.get("gone"), found.at(-2)?.get("run")], ["1", "7.0.3"]);
      assert.equal(helper.errors(), "");
      asLi(`cd ${runs}; rm -r w1 w2 w3 w4`);
    });

    test("never a link, a pipe, another's file, a place outside, or more than 1 MiB", async () => {
      const refusedRead = async (script: string, error: string) => {
        asLi(`cd ${place()}; rm -f stdout; ${script}`);
        const answer = await ask();
        assert.equal(answer.get("error"), error, `${script}: ${answer.get("words")}`);
        assert.equal(answer.get("bytes"), "");
      };
      await refusedRead("ln -s /etc/passwd stdout", "not-there");
      await refusedRead("mkfifo stdout", "refused");
      await refusedRead("mkdir stdout", "refused");
      asLi(`cd ${place()}; rmdir stdout`);
      for (const path of ["/etc/passwd", "/dev/zero", `${home}/secret`]) {
        asLi(`echo mine > ${home}/secret; printf 'stdout=%s\\nend=1\\n' ${path} > ${place()}/started`);
        assert.equal((await ask()).get("error"), "refused", path);
      }
      asLi(
        `ln -s ${home} ${home}/data/home; printf 'stdout=%s\\nend=1\\n' ${home}/data/home/secret > ${place()}/started`,
      );
      assert.equal((await ask()).get("error"), "refused", "through a link in the folders above");
      await refused(
        "read",
        [
          ["user", li],
          ["chunk", "7.0.1"],
          ["run", "7.0.1"],
          ["stream", "stdout"],
          ["offset", "0"],
          ["max", "1048577"],
        ],
        "field:max",
      );
      await refused(
        "read",
        [
          ["user", li],
          ["chunk", "7.0.1"],
          ["run", "../../x"],
          ["stream", "stdout"],
          ["offset", "0"],
          ["max", "1"],
        ],
        "field:run",
      );
      const another = await helper.ask("read", [
        ["user", people.name("wang")],
        ["chunk", "7.0.1"],
        ["run", "7.0.1"],
        ["stream", "stdout"],
        ["offset", "0"],
        ["max", "1"],
      ]);
      assert.equal(another.get("error"), "not-there");
    });

    test("removing takes the chunk's folder, and nothing that a link points to", async () => {
      asLi(`ln -s ${home}/data ${place()}/link; touch ${home}/data/kept`);
      assert.equal(
        (
          await helper.ask("remove", [
            ["user", li],
            ["chunk", "7.0.1"],
          ])
        ).get("ok"),
        "1",
      );
      assert.equal(existsSync(chunkFolder("7.0.1")), false);
      assert.ok(existsSync(join(home, "data", "kept")));
      assert.deepEqual(
        readdirSync(join(home, ".weir")).filter((name) => name.startsWith(".")),
        [],
      );
    });
  });

  test("a run that is fenced cannot begin, and one that has begun cannot be fenced", async () => {
    const task = ["0 63.0.1", "1 63.1.1", "2 63.2.1"];
    assert.equal((await helper.ask("submit", submission(li, "63.0.1", { task, array: "0-2" }))).get("ok"), "1");
    const place = chunkFolder("63.0.1");
    asLi(
      `mkdir ${place}/63.1.1-0 ${place}/63.2.1-0; touch ${place}/63.1.1-0/started; touch -d '1 hour ago' ${place}/63.2.1-0`,
    );
    const fence = async (run: string, chunk = "63.0.1") => {
      const answer = await helper.ask("fence", [
        ["user", li],
        ["chunk", chunk],
        ["run", run],
      ]);
      assert.equal(answer.get("ok"), "1", answer.get("words"));
      return answer.get("fenced");
    };
    assert.deepEqual([await fence("63.0.1"), await fence("63.0.1")], ["1", "1"], "asked again after a restart");
    // Of the last one the wrapper is about to write that it began: what counts is when the folder was really made.
    assert.deepEqual([await fence("63.1.1"), await fence("63.2.1")], ["0", "0"]);
    assert.equal(await fence("64.0.1", "64.0.1"), "1", "without its order nothing runs");
    const wrapper = readdirSync(join(home, ".weir")).find((name) => name.startsWith("weir-run-")) ?? "";
    const asUser = ["--reuid", li, "--regid", li, "--init-groups", "env", "SLURM_JOB_ID=7", "SLURM_ARRAY_TASK_ID=0"];
    const ran = spawnSync("setpriv", [...asUser, "perl", join(home, ".weir", wrapper), place], { encoding: "utf8" });
    assert.equal(ran.status, 75, ran.stderr);
    assert.deepEqual(readdirSync(join(place, "63.0.1-0")), ["fenced"]);
    await helper.ask("remove", [
      ["user", li],
      ["chunk", "63.0.1"],
    ]);
    assert.equal(existsSync(place), false);
  });

  test("a folder of the user's own below the folder of runs is neither filled nor removed, whatever it is called", async () => {
    const runs = (name = "") => join(home, ".weir", name);
    const kept = async (chunk: string, task: string, make: string) => {
      asLi(`umask 022; mkdir -p ${runs(chunk)}; cd ${runs(chunk)}; ${make}`);
      const before = asLi(`ls -lR ${runs(chunk)}`);
      writeFileSync(join(site.folder, "called"), "");
      const filled = await helper.ask("submit", submission(li, chunk, { task: [task], again: "1" }));
      assert.equal(filled.get("error"), "failed", filled.get("words"));
      const removed = await helper.ask("remove", [
        ["user", li],
        ["chunk", chunk],
      ]);
      assert.equal(removed.get("ok"), "1", removed.get("words"));
      assert.equal(asLi(`ls -lR ${runs(chunk)}`), before);
      assert.equal(site.called(), "");
      asLi(`rm -r ${runs(chunk)}`);
    };
    await kept("thesis", "0 61.0.1", "echo years > text");
    await kept("orders", "0 61.0.1", "echo mine > order; echo years > text");
    await kept("abcd2345-61.0.1-1", "0 61.0.1", "echo years > text");
    await kept("empty", "0 61.0.1", "touch order text");
    // A run's folder that its user gave another name, with what it wrote.
    assert.equal((await helper.ask("submit", submission(li, "61.0.1"))).get("ok"), "1");
    asLi(`cd ${runs()}; mkdir 61.0.1/61.0.1-0; cp -r 61.0.1 results`);
    for (const chunk of ["results", "61.0.1"]) {
      const answer = await helper.ask("remove", [
        ["user", li],
        ["chunk", chunk],
      ]);
      assert.equal(answer.get("ok"), "1", answer.get("words"));
    }
    assert.deepEqual([existsSync(runs("results")), existsSync(runs("61.0.1"))], [true, false]);
    asLi(`rm -r ${runs("results")}`);
    // What a killed helper left of a submission goes.
    for (const make of ["true", "touch order", "printf '\\000\\000' > order; mkdir input"]) {
      asLi(`umask 022; mkdir -p ${runs("62.0.1")}; cd ${runs("62.0.1")}; ${make}`);
      await helper.ask("remove", [
        ["user", li],
        ["chunk", "62.0.1"],
      ]);
      assert.equal(existsSync(runs("62.0.1")), false, make);
    }
  });

  describe("what is Weir's own in a user's folder of runs, once none is left", () => {
    const runs = (name = "") => join(home, ".weir", name);
    const chunk = "abcd2345-21.0.1-7";
    const names = () => (existsSync(runs()) ? readdirSync(runs()).sort() : null);
    const sweep = async () => {
      const answer = await helper.ask("sweep", [["user", li]]);
      return [answer.get("ok"), Number(answer.get("removed")), Number(answer.get("stays"))];
    };
    const inHome = (script: string) => asLi(`HOME=${home}\n${script}`);
    let wrapper = "";

    /** A submission makes the folder and the wrapper in it; the rest is as a node and a crash leave it. */
    beforeEach(async () => {
      inHome("rm -rf ~/.weir");
      assert.equal((await helper.ask("submit", submission(li, chunk, { task: "0 21.0.1" }))).get("ok"), "1");
      wrapper = names()?.find((name) => name.startsWith("weir-run-")) ?? assert.fail(String(names()));
      inHome(`cd ~/.weir; mkdir -m 700 .started; ln -s ${runs(chunk)} .started/abcd2345-21.0.1-0`);
      writeFileSync(join(site.folder, "called"), "");
    });
    const removeChunk = () => rmSync(runs(chunk), { recursive: true });

    test("all of it goes, and the folder with it; a second time there is nothing to do", async () => {
      inHome(`cd ~/.weir; printf '%s' '#!/usr/bin/perl' > .${wrapper}.4711; head -c 9 ${wrapper} > .${wrapper}.4712
        mkdir -m 700 .gone-${chunk}.99; mkdir .gone-${chunk}.99/work; ln -s ~/data .gone-${chunk}.99/work/data; chmod 0 .gone-${chunk}.99/work
        mkdir -p -m 700 .gone-account-test-00ff00ff00ff.1; mkdir -p ~/data; touch ~/data/kept`);
      removeChunk();
      assert.deepEqual(await sweep(), ["1", 7, 0]);
      assert.equal(names(), null);
      assert.ok(existsSync(join(home, "data", "kept")), "a link is not followed");
      assert.match(site.audit(), new RegExp(`swept verb=sweep user=${li} removed=7\\n$`));
      assert.deepEqual(await sweep(), ["1", 0, 0]);
    });

    test("nothing goes while a run's folder is there, be it of another network", async () => {
      const before = names();
      assert.deepEqual(await sweep(), ["1", 0, before?.length]);
      assert.deepEqual(names(), before);
      inHome(`cd ~/.weir; mv ${chunk} zzzz9999-4.0.1-1`);
      assert.equal((await sweep())[1], 0);
      // Its jobs wait for the wrapper, whomever the user lets into its folder.
      inHome("chmod 770 ~/.weir/zzzz9999-4.0.1-1");
      assert.equal((await sweep())[1], 0);
      assert.ok(names()?.includes(wrapper));
    });

    test("an old version's wrapper goes, known by its content; what only looks like one stays", async () => {
      const old = "#!/usr/bin/perl\nprint 'of another version';\n";
      const words = Buffer.concat([Buffer.from(old), Buffer.alloc((4 - (old.length % 4)) % 4)]);
      let sum = 0;
      for (let at = 0; at < words.length; at += 4) sum = (sum + words.readUInt32BE(at)) % 2 ** 32;
      const name = `weir-run-${sum.toString(16).padStart(8, "0")}${old.length}`;
      writeFileSync(runs(name), old);
      const uid = statSync(runs()).uid;
      chownSync(runs(name), uid, uid);
      const foreign = [
        `${wrapper.slice(0, -1)}${(Number(wrapper.at(-1)) + 1) % 10}`,
        `.${wrapper}`,
        `${wrapper}.4711`,
        `.${name}.4711`,
        "weir-run-notes",
        "weir-run-0123456789",
      ];
      for (const one of foreign) inHome(`cp ${runs(wrapper)} '${runs(one)}'; echo '# mine' >> '${runs(one)}'`);
      removeChunk();
      await sweep();
      assert.deepEqual(names(), foreign.sort());
      assert.equal((await sweep())[2], foreign.length);
    });

    test("the user's own things stay, and links, pipes and others' files lead nowhere", async () => {
      mkdirSync(join(home, "thesis"), { mode: 0o755 });
      writeFileSync(join(home, "thesis", "chapter"), "1");
      const uid = statSync(home).uid;
      chownSync(join(home, "thesis"), uid, uid);
      inHome(`cd ~/.weir; rm -r .started; ln -s ~/thesis .started; touch ~/thesis/abcd2345-1.0.1-0
        mv ${wrapper} ~/wrapper; ln -s ~/wrapper ${wrapper}; mkfifo weir-run-0000000012
        ln -s ~/thesis .gone-${chunk}.5; echo notes > notes; mkdir .gone-mine; echo x > .gone-mine/x`);
      // Root's, in the user's folder: the name and the content of a wrapper, but not the user's own.
      writeFileSync(runs(`.${wrapper}.7`), "#!/usr/bin/perl");
      removeChunk();
      const before = names();
      assert.deepEqual(await sweep(), ["1", 0, before?.length]);
      assert.deepEqual(names(), before);
      assert.deepEqual(readdirSync(join(home, "thesis")).sort(), ["abcd2345-1.0.1-0", "chapter"]);
      assert.ok(existsSync(join(home, "wrapper")));
      rmSync(runs(`.${wrapper}.7`));
    });

    test("of starts only links go whose chunk is gone; other things there keep their folder", async () => {
      inHome(`cd ~/.weir; mkdir keep; ln -s ${runs("keep")} .started/abcd2345-22.0.1-0; ln -s /nowhere .started/abcd2345-23.0.1-0
        echo mine > .started/abcd2345-24.0.1-0; ln -s ${runs("gone")} .started/mine`);
      removeChunk();
      assert.deepEqual(await sweep(), ["1", 1, 2]);
      assert.deepEqual(readdirSync(runs(".started")).sort(), [
        ...["abcd2345-22.0.1-0", "abcd2345-23.0.1-0", "abcd2345-24.0.1-0", "mine"],
      ]);
    });

    test("a folder that others can write, or that is not the user's, is not touched", async () => {
      removeChunk();
      inHome("chmod 777 ~/.weir");
      await refused("sweep", [["user", li]], "runs");
      inHome("chmod 700 ~/.weir; mv ~/.weir ~/elsewhere; ln -s ~/elsewhere ~/.weir");
      await refused("sweep", [["user", li]], "runs");
      assert.ok(existsSync(join(home, "elsewhere", wrapper)));
      rmSync(runs());
      renameSync(join(home, "elsewhere"), runs());
      inHome("chmod 750 ~/.weir");
      assert.deepEqual(await sweep(), ["1", 2, 0]);
      assert.deepEqual(names(), [], "an empty folder of another mode is the site's or the user's");
    });

    test("another network's submission meanwhile keeps the wrapper that it needs, whoever of the two comes first", () => {
      const lib = join(site.folder, "helper", "lib");
      const perl = (script: string) =>
        inHome(`perl -I${lib} -e '
          use strict; use warnings; use Weir::Chunk;
          my ($policy, $person) = ({ runs => "%h/.weir", "output-root" => [] }, { name => "${li}", uid => $<, home => "${home}" });
          my $wrapper = [wrapper_name("text"), "text"];
          my $s = { chunk => "efgh2345-70.0.1-1", cwd => "", stdout => "", stderr => "", file => [], task => [["0", "70.0.1"]],
            arg => [], env => [], again => 0, map { $_ => "" } qw(timeLimitMs graceMs arrayCount arrayMin arrayMax arrayStep nodes tasks
            cpusPerTask memMibPerNode gres partition account qos reservation array startBeforeMs) };
          my $path = "${home}/.weir/$wrapper->[0]";
          ${script}'`);
      const submit = "submit_chunk($policy, $person, $runs, $s, sub { print -e $path ? 1 : 0; return (7, q(), q()) })";
      asLi(`rm -rf ${runs()}`);
      // Swept between the look at the wrapper and the order.
      assert.equal(
        perl(
          `my $runs = open_runs($policy, $person, $wrapper); sweep_runs($policy, $person, $wrapper); mkdir "${home}/.weir", 0700; ${submit};`,
        ),
        "1",
      );
      asLi(`rm -r ${runs("efgh2345-70.0.1-1")}`);
      // The order comes after the sweep has looked for orders.
      const meanwhile = `{ no warnings; my $is = \\&Weir::Chunk::is_wrapper; *Weir::Chunk::is_wrapper = sub { chdir "/"; ${submit}; chdir "${home}/.weir"; return $is->(@_) } }`;
      assert.equal(
        perl(
          `my $runs = open_runs($policy, $person, $wrapper); ${meanwhile} my %answer = sweep_runs($policy, $person, $wrapper); print " $answer{removed} ", -e $path ? 1 : 0;`,
        ),
        "1 0 1",
      );
      asLi(`rm -r ${runs()}`);
    });

    test("a home in which runs lie is never removed, be it empty", async () => {
      site.writePolicy([...policy, "runs %h"]);
      const { uid, gid } = statSync(home);
      renameSync(home, `${home}-aside`);
      try {
        mkdirSync(home, { mode: 0o700 });
        chownSync(home, uid, gid);
        assert.deepEqual(await sweep(), ["1", 0, 0]);
        assert.ok(existsSync(home));
      } finally {
        rmSync(home, { recursive: true, force: true });
        renameSync(`${home}-aside`, home);
        site.writePolicy([...policy, `output-root ${home}/data`]);
      }
    });
  });

  describe("Slurm's answers", () => {
    test("names and comments cannot imitate rows or fields", async () => {
      site.standIn(
        "squeue",
        `my ($format) = map { /^--format=(.*)/s } @ARGV; log_words(join ' ', map { "[$_]" } grep { !/format/ } @ARGV);
         my %job = ('%A', 12, '%F', 12, '%K', 'N/A', '%T', 'RUNNING', '%S', 1700000000, '%j', "x\\n12|COMPLETED=abc=\\t.weir-1.0.1", '%k', "a\\nb");
         for my $id (12, 13) { my $row = $format; @job{'%A', '%F'} = ($id, $id); $job{'%j'} = 'foreign' if $id == 13; $row =~ s/(%\\w)/$job{$1} \\/\\/ 'q'/ge; print "$row\\n" }`,
      );
      site.standIn("sacct", `print STDERR "Slurm accounting storage is disabled\\n"; exit 1`);
      const answer = await helper.ask("list", [
        ["user", li],
        ["tag", "1.0"],
      ]);
      assert.equal(answer.get("ok"), "1", answer.get("words"));
      assert.equal(answer.get("hasAccounting"), "0");
      assert.equal(answer.all("queue").length, 1);
      const names = answer.get("queueFields").split("\t");
      const row = Object.fromEntries(
        answer
          .get("queue")
          .split("\t")
          .map((value, at) => [names[at], value]),
      );
      assert.deepEqual(
        [row.id, row.state, row.arrayTask, row.start, row.comment, row.name],
        ["12", "RUNNING", "", "1700000000", "a b", "x 12|COMPLETED=abc= .weir-1.0.1"],
      );
      assert.match(site.called(), new RegExp(`\\[--user=${li}\\]`));
    });

    test("cancels what Weir submitted, and never a user's other job", async () => {
      site.standIn("scancel", `log_words('scancel', "uid=$<", @ARGV)`);
      const answer = await helper.ask("cancel", [
        ["user", li],
        ["engineId", "12"],
        ["engineId", "99"],
        ["signal", "TERM"],
      ]);
      assert.deepEqual(
        [answer.get("ok"), answer.all("cancelled"), answer.all("notThere")],
        ["1", ["12"], ["99"]],
        answer.get("words"),
      );
      assert.match(site.called(), /scancel uid=\d+ --signal=TERM 12\n/);
      writeFileSync(join(site.folder, "called"), "");
      const foreign = await helper.ask("cancel", [
        ["user", li],
        ["engineId", "13"],
      ]);
      assert.deepEqual([foreign.get("error"), foreign.get("rule")], ["refused", "foreign-job"]);
      assert.doesNotMatch(site.called(), /scancel/);
    });

    test("of the user's own jobs those of Weir alone are shown, and a text that imitates a field is marked", async () => {
      const uid = execFileSync("id", ["-u", li], { encoding: "utf8" }).trim();
      site.standIn(
        "scontrol",
        `my %name = (12 => 'fine.weir-a1', 13 => 'z.weir-a1', 14 => 'x JobState=COMPLETED ExitCode=0:0.weir-a1', 15 => "y\\nJobState=FAILED.weir-a1", 16 => 'thesis', 17 => 'renamed'); my $id = $ARGV[-1];
         if ($id == 99) { print STDERR "slurm_load_jobs error: Invalid job id specified\\n"; exit 1 }
         my $uid = $id == 13 ? 0 : ${uid};
         print "JobId=$id JobName=$name{$id} UserId=x($uid) GroupId=x($uid) JobState=FAILED Reason=None ExitCode=3:0", $id == 17 ? ' Comment=weir-a1' : '', "\\n";`,
      );
      const row = (id: string, name: string, mark: string) =>
        [id, ...Array.from({ length: 24 }, () => ""), name].map((cell) => cell + mark).join("");
      site.standIn(
        "sacct",
        `my ($mark) = map { /^--delimiter=(.*)/ } @ARGV;
         print map { s/=MARK=/$mark/gr . "\\n" } ${JSON.stringify([row("16", "thesis", "=MARK="), row("16.batch", "batch", "=MARK="), row("12", "fine.weir-a1", "=MARK="), row("12.batch", "batch", "=MARK=")]).slice(1, -1)};`,
      );
      const answer = await helper.ask("jobs", [
        ["user", li],
        ...["12", "13", "14", "15", "16", "17", "99"].map((id): Field => ["engineId", id]),
      ]);
      assert.equal(answer.get("ok"), "1", answer.get("words"));
      assert.deepEqual(
        answer.all("job").map((job) => /JobId=(\d+)/.exec(job)?.[1]),
        ["12", "14", "15", "17"],
      );
      assert.deepEqual(
        answer.all("accounting").map((line) => line.split("\t")[0]),
        ["12", "12.batch"],
      );
      assert.deepEqual(answer.all("tampered"), ["0", "1", "1", "0"]);
      assert.match(answer.get("engineStderr"), /Invalid job id/);
    });

    test("a token as that user, where the policy lets tokens live; never SlurmUser's", async () => {
      const uid = execFileSync("id", ["-u", li], { encoding: "utf8" }).trim();
      const ask = () =>
        helper.ask("token", [
          ["user", li],
          ["lifespanS", "300"],
        ]);
      const scontrol = (ruler: string) =>
        site.standIn(
          "scontrol",
          `log_words('scontrol', "uid=$<", @ARGV); print $ARGV[0] eq 'show' ? "SlurmUser               = x(${ruler})\\n" : "SLURM_JWT=a.b-c.d_e\\n"`,
        );
      site.writePolicy([...policy, "token-lifespan-max 600", "load yes"]);
      scontrol(uid);
      assert.equal((await ask()).get("rule"), "slurm-user");
      scontrol("64030");
      const answer = await ask();
      assert.equal(answer.get("token"), "a.b-c.d_e", answer.get("words"));
      assert.match(site.called(), new RegExp(`scontrol uid=${uid} token lifespan=300`));
      assert.match(site.audit(), /token verb=token user=\S+ lifespan=300\n$/);
      assert.doesNotMatch(site.audit(), /a\.b-c/);
    });

    test("prepares a chunk for slurmrestd by the same policy, runs no sbatch, and takes the engine's id once", async () => {
      site.writePolicy(policy);
      const forbidden = await helper.ask("prepare", submission(li, "90.0.1"));
      assert.deepEqual([forbidden.get("error"), forbidden.get("rule")], ["refused", "token-lifespan-max"]);
      site.writePolicy([...policy, "token-lifespan-max 600"]);
      const prepare = async (...all: Field[][]): Promise<Answer[]> => {
        const requests = all.map((fields): Field => ["request", encodeFrame(fields).subarray(4)]);
        const answer = await helper.ask("prepare", [["user", li], ...requests]);
        assert.equal(answer.get("ok"), "1", answer.get("words"));
        return (answer.frame.get("answer") ?? []).map(decodePayload);
      };
      const one = async (...words: Parameters<typeof submission>): Promise<Answer> =>
        (await prepare(submission(...words)))[0] ?? assert.fail("no answer");
      const closed = await one(li, "90.0.1", { account: "closed" });
      assert.deepEqual([closed.get("error"), closed.get("rule")], ["refused", "account"]);
      const reserved = await one(li, "90.0.1", { reservation: "vip" });
      assert.deepEqual([reserved.get("error"), reserved.get("rule")], ["refused", "reservation"]);
      assert.equal(existsSync(chunkFolder("90.0.1")), false);
      const before = site.called();
      const nowS = Date.now() / 1000;
      const [prepared = closed, refused, root] = await prepare(
        submission(li, "90.0.1"),
        submission(li, "91.0.1", { partition: "secret" }),
        submission("root", "92.0.1"),
      );
      assert.deepEqual([refused?.get("rule"), existsSync(chunkFolder("91.0.1"))], ["partition", false]);
      // Whom it says inside counts for nothing.
      assert.equal(root?.get("place"), chunkFolder("92.0.1"));
      assert.match(site.audit(), /refused verb=prepare user=\S+li run=91\.0\.1 .*rule=partition/);
      assert.deepEqual(
        [prepared.get("ok"), prepared.get("place")],
        ["1", chunkFolder("90.0.1")],
        prepared.get("words"),
      );
      assert.match(prepared.get("batch"), /^#!\/usr\/bin\/perl\nexec .*'perl', '.*weir-run-[0-9a-f]+', '.*90\.0\.1';/);
      // 600 s to start within, and a limit of one minute.
      const deadlineS = Number(prepared.get("deadlineS"));
      assert.ok(deadlineS >= nowS + 658 && deadlineS <= Date.now() / 1000 + 662, prepared.get("deadlineS"));
      assert.equal(site.called(), before);
      const doubtful = await one(li, "90.0.1");
      assert.equal(doubtful.get("error"), "in-doubt");
      assert.equal((await one(li, "90.0.1", { again: "1" })).get("ok"), "1");
      const tell = (engineId: string, chunk = "90.0.1") =>
        helper.ask("submitted", Object.entries({ user: li, chunk, engineId }));
      const recorded = [await tell("4242"), await tell("4242"), await tell("9"), await tell("9", "no.such")];
      assert.deepEqual(
        recorded.map((one) => one.get("recorded")),
        ["1", "1", "0", "0"],
      );
      assert.match(
        site.audit(),
        /allowed verb=prepare .*run=90\.0\.1 .*\n(?:.*\n)*.*submitted verb=submitted .*run=90\.0\.1 engine=4242/,
      );
      const again = await one(li, "90.0.1", { again: "1" });
      assert.deepEqual([again.get("existing"), again.get("engineId"), again.get("batch")], ["1", "4242", ""]);
      const uneven = await helper.ask("submitted", [
        ["user", li],
        ["chunk", "90.0.1"],
      ]);
      assert.equal(uneven.get("rule"), "field:chunk");
      site.writePolicy([...policy, "token-lifespan-max 600", "load yes"]);
    });

    test("the load says nothing of names, users or ids", async () => {
      const answer = await helper.ask("load", []);
      assert.equal(answer.get("ok"), "1", answer.get("words"));
      assert.equal(
        answer.get("rowFields"),
        "state\tpartition\tnodes\tcpus\tmemory\tgres\ttimeLimit\tend\tsubmit\tpriority\tnodelist\tweir",
      );
      assert.deepEqual(
        answer.all("row").map((row) => row.split("\t").at(-1)),
        ["1", "0"],
      );
      chmodSync(join(site.bin, "squeue"), 0o777);
      assert.equal(
        (await helper.ask("load", [])).get("rule"),
        "load",
        "a program that others can write is not run as root",
      );
      chmodSync(join(site.bin, "squeue"), 0o755);
    });

    test("takes out of the queue what is held there first; what started meanwhile runs on", async () => {
      site.standIn("scontrol", `log_words('scontrol', "uid=$<", @ARGV)`);
      const takeBack = () =>
        helper.ask("cancel", [
          ["user", li],
          ["engineId", "12"],
          ["waiting", "1"],
        ]);
      writeFileSync(join(site.folder, "called"), "");
      const running = await takeBack();
      assert.deepEqual([running.get("ok"), running.all("cancelled")], ["1", []], running.get("words"));
      assert.match(site.called(), /scontrol uid=\d+ hold 12\n/);
      assert.doesNotMatch(site.called(), /scancel/);

      site.standIn(
        "squeue",
        `my ($format) = map { /^--format=(.*)/s } @ARGV;
         my %job = ('%A', 12, '%F', 12, '%K', 'N/A', '%T', 'PENDING', '%j', 'x.weir-1.0.1', '%k', 'weir-1.0.1');
         my $row = $format; $row =~ s/(%\\w)/$job{$1} \\/\\/ 'q'/ge; print "$row\\n"`,
      );
      const waiting = await takeBack();
      assert.deepEqual(waiting.all("cancelled"), ["12"], waiting.get("words"));
      assert.match(site.called(), /scontrol uid=\d+ hold 12\n[\s\S]*scancel uid=\d+ 12\n/);
    });

    test("a number that another run has now is not there, for a cancel, a signal and what waits", async () => {
      const row = (id: number, array: number, task: string, tag: string) =>
        `['%A', ${id}, '%F', ${array}, '%K', '${task}', '%T', 'PENDING', '%j', 'x.weir-${tag}', '%k', 'weir-${tag}']`;
      const rows = [row(12, 12, "N/A", "a-1.0.1-1"), row(15, 14, "3", "a-2.3.1-2"), row(14, 14, "4", "a-2.3.1-2")];
      site.standIn(
        "squeue",
        `my ($format) = map { /^--format=(.*)/s } @ARGV;
         for (${rows.join(", ")}) { my %job = @$_; my $row = $format; $row =~ s/(%\\w)/$job{$1} \\/\\/ 'q'/ge; print "$row\\n" }`,
      );
      const cancel = (jobs: readonly (readonly [id: string, tag: string])[], ...more: readonly Field[]) => {
        writeFileSync(join(site.folder, "called"), "");
        const named = jobs.flatMap(([id, tag]): Field[] => [
          ["engineId", id],
          ["tag", tag],
        ]);
        return helper.ask("cancel", [["user", li], ...named, ...more]);
      };
      const ways: readonly (readonly Field[])[] = [
        [],
        [["waiting", "1"]],
        [
          ["signal", "USR1"],
          ["batch", "1"],
        ],
      ];
      for (const way of ways) {
        // Also a tag that only begins or ends like the one that is there.
        for (const tag of ["b-1.0.1-1", "a-1.0.1", "1.0.1-1", "a-1.0.1-11"]) {
          const stale = await cancel([["12", tag]], ...way);
          assert.deepEqual([stale.get("ok"), stale.all("notThere")], ["1", ["12"]], stale.get("words"));
          assert.doesNotMatch(site.called(), /scancel|scontrol/);
        }
        const some = await cancel(
          [
            ["12", "a-1.0.1-1"],
            ["14_3", "a-2.3.1-2"],
            ["14_4", "a-9.4.1-2"],
            ["12_1", "a-2.3.1-2"],
          ],
          ...way,
        );
        assert.deepEqual(
          [some.all("cancelled"), some.all("notThere")],
          [
            ["12", "14_3"],
            ["14_4", "12_1"],
          ],
          some.get("words"),
        );
        assert.match(site.called(), /scancel uid=\d+ (?:--\S+ )*12 14_3\n/);
      }
      writeFileSync(join(site.folder, "called"), "");
      await refused(
        "cancel",
        [
          ["user", li],
          ["engineId", "12"],
          ["engineId", "13"],
          ["tag", "a-1.0.1-1"],
        ],
        "field:tag",
      );
    });

    test("a number of Weir's that a job of the user's own has now: left alone without an alarm, and any other is alarmed", async () => {
      const row = (id: number, name: string) => `['%A', ${id}, '%F', ${id}, '%T', 'RUNNING', '%j', '${name}']`;
      site.standIn(
        "squeue",
        `my ($format) = map { /^--format=(.*)/s } @ARGV;
         for (${row(4711, "thesis")}, ${row(4712, "thesis")}, ${row(12, "x.weir-a-1.0.1-1")}) { my %job = @$_; my $row = $format; $row =~ s/(%\\w)/$job{$1} \\/\\/ ''/ge; print "$row\\n" }`,
      );
      const submitted = await helper.ask("submit", submission(li, "a-8.0.1-1", { task: ["0 8.0.1"] }));
      assert.equal(submitted.get("engineId"), "4711", submitted.get("words"));
      const cancel = (jobs: readonly (readonly [id: string, tag: string])[], ...more: readonly Field[]) => {
        writeFileSync(join(site.folder, "called"), "");
        const named = jobs.flatMap(([id, tag]): Field[] => [
          ["engineId", id],
          ["tag", tag],
        ]);
        return helper.ask("cancel", [["user", li], ...named, ...more]);
      };
      for (const way of [
        [],
        [["waiting", "1"]],
        [["signal", "TERM"]],
      ] as const satisfies readonly (readonly Field[])[]) {
        const before = site.audit().length;
        const calm = await cancel([["4711", "a-8.0.1-1"]], ...way);
        assert.deepEqual([calm.get("ok"), calm.all("notThere")], ["1", ["4711"]], calm.get("words"));
        assert.doesNotMatch(site.called(), /scancel|scontrol/);
        assert.match(site.audit().slice(before), /left-alone verb=cancel user=\S+ not-there=4711/);
        for (const [id, tag] of [
          ["4712", "a-8.0.1-1"],
          ["4711", "a-9.0.1-1"],
          ["4711", "a-1.0.1-1"],
        ] as const) {
          const hostile = await cancel([[id, tag]], ...way);
          assert.deepEqual([hostile.get("error"), hostile.get("rule")], ["refused", "foreign-job"], `${id} ${tag}`);
          assert.doesNotMatch(site.called(), /scancel|scontrol/);
        }
      }
      // What has no number on record, since the answer of slurmrestd was lost, may have had any.
      const order = join(chunkFolder("a-8.0.1-1"), "order");
      const recorded = "engineId=4711\n";
      writeFileSync(order, readFileSync(order, "latin1").replace(recorded, "\n".repeat(recorded.length)), "latin1");
      assert.deepEqual((await cancel([["4712", "a-8.0.1-1"]])).all("notThere"), ["4712"]);
      await helper.ask("remove", [
        ["user", li],
        ["chunk", "a-8.0.1-1"],
      ]);
    });

    test("a command that does not end is ended, and the doubt is said", async () => {
      site.writePolicy([...policy, "load yes"]);
      const text = readFileSync(site.policyPath, "utf8");
      writeFileSync(site.policyPath, text.replace("command-timeout 120", "command-timeout 1"));
      site.standIn("squeue", "sleep 1 while 1");
      assert.equal((await helper.ask("load", [])).get("error"), "timeout");
      // With what it had started itself; and one that says too much is ended too.
      const seconds = `300.${process.pid}`;
      site.standIn("squeue", `system 'sleep', '${seconds}'`);
      assert.equal((await helper.ask("load", [])).get("error"), "timeout");
      const sleeps = () => spawnSync("pgrep", ["-fx", `sleep ${seconds}`], { encoding: "utf8" }).stdout;
      for (const untilMs = performance.now() + 5_000; sleeps() !== ""; await delay(20))
        assert.ok(performance.now() < untilMs, `still there: ${sleeps()}`);
    });

    test("lists of indices are asked for whole, and accounting of every start", async () => {
      site.writePolicy(policy);
      site.standIn("squeue", `log_words('squeue', $ENV{SLURM_BITSTR_LEN} // 'cut')`);
      site.standIn("sacct", `log_words('sacct', $ENV{SLURM_BITSTR_LEN} // 'cut', grep { /duplicates/ } @ARGV)`);
      assert.equal((await helper.ask("list", [["user", li]])).get("ok"), "1");
      assert.equal(site.called(), "squeue 0\nsacct 0 --duplicates\n");
    });
  });

  test("hooks: the site's program as root, with a clean environment, and its veto", async () => {
    const path = join(site.folder, "hook");
    const write = (perl: string) => {
      writeFileSync(path, `#!/usr/bin/perl\n${perl}\n`);
      chmodSync(path, 0o755);
    };
    write(`my $in = join '', <STDIN>; print '{"uid":', $<, ',"env":', scalar(keys %ENV), ',"was":', $in, '}'`);
    site.writePolicy([...policy, `hook create-account ${path}`, `hook before-submit ${path}`]);
    const made = await helper.ask("hook", [
      ["name", "create-account"],
      ["input", '{"a":1}'],
    ]);
    assert.deepEqual(
      [made.get("output"), made.get("exit")],
      ['{"uid":0,"env":2,"was":{"a":1}}', "0"],
      made.get("words"),
    );
    write("print 'x' x 70_000");
    const endless = await helper.ask("hook", [
      ["name", "create-account"],
      ["input", "{}"],
    ]);
    assert.match(`${endless.get("error")} ${endless.get("words")}`, /^timeout .*said more than 65536 bytes/);
    write(`my $in = join '', <STDIN>; print '{"uid":', $<, ',"env":', scalar(keys %ENV), ',"was":', $in, '}'`);
    site.writePolicy([...policy, `hook quota ${path}`, `hook before-submit ${path}`]);
    const quota = [
      ["name", "quota"],
      ["input", '{"user":"li","quota":{"project":{"coreHours":500}}}'],
    ] as const;
    const bound = await helper.ask("hook", quota);
    assert.equal(bound.get("output"), '{"uid":0,"env":2,"was":{"user":"li","quota":{"project":{"coreHours":500}}}}');
    assert.match(site.audit(), /hook verb=hook name=quota\n$/);
    writeFileSync(site.stopPath, "");
    assert.equal((await helper.ask("hook", quota)).get("rule"), "stopped");
    rmSync(site.stopPath);
    write(
      `my $in = join '', <STDIN>; exit 0 unless $in =~ /"partition":"accel"/ and $in =~ /"nodes":1\\b/; print '{"words": "cards are for \\\\"hpc\\\\""}'; exit 3`,
    );
    assert.equal((await helper.ask("submit", submission(li, "8.0.1"))).get("ok"), "1");
    const vetoed = await helper.ask("submit", submission(li, "8.1.1", { partition: "accel" }));
    assert.deepEqual([vetoed.get("rule"), vetoed.get("words")], ["before-submit", 'cards are for "hpc"']);
    assert.equal(existsSync(chunkFolder("8.1.1")), false);
    chmodSync(path, 0o775);
    assert.equal((await helper.ask("submit", submission(li, "8.2.1"))).get("rule"), "hook");
  });

  test("check tells an operator what the policy says", () => {
    const check = (...words: string[]) => {
      const { status, stdout, stderr } = spawnSync(site.program, ["check", ...words], { encoding: "utf8" });
      return { status, text: stdout + stderr };
    };
    site.writePolicy(policy);
    assert.match(check().text, /is in force\n$/);
    assert.deepEqual(check(li, "lab", "batch").status, 0);
    assert.match(check(li, "closed").text, /refused by account: the policy does not allow the account closed/);
    assert.match(check("root").text, /refused by root/);
    assert.equal(check("root").status, 1);
    const wrong = spawnSync(site.program, ["chek"], { encoding: "utf8" });
    assert.match(wrong.stderr, /^usage: \S+ check \[USER /);
    chmodSync(site.policyPath, 0o666);
    assert.match(check().text, /not in force.*can be written by others/);
    chmodSync(site.policyPath, 0o644);
  });

  describe("each line of the policy is kept, each refusal is one, and nothing is done that cannot be audited", () => {
    const allowed = async (verb: string, fields: readonly Field[]) => {
      const answer = await helper.ask(verb, fields);
      assert.equal(answer.get("ok"), "1", `${verb}: ${answer.get("words")}`);
      return answer;
    };
    const asked = (...ids: readonly string[]) => ids.map((id): Field => ["engineId", id]);
    before(() => {
      site.writePolicy(policy);
      site.standIn("sbatch", `log_words('sbatch', @ARGV); print "4711\\n"`);
    });

    test("who is forbidden by name is so at once, and a group that is not there lets nobody in", async () => {
      const uid = Number(execFileSync("id", ["-u", li], { encoding: "utf8" }));
      site.writePolicy([...policy, `min-uid ${uid + 1}`]);
      await refused("records", [["user", li]], "min-uid");
      site.writePolicy([...policy, `min-uid ${uid}`]);
      await allowed("records", [["user", li]]);
      site.writePolicy([...policy, `forbidden-user ${li}`]);
      await refused("records", [["user", li]], "forbidden-user");
      site.writePolicy([...policy, `group ${li}-nobody`]);
      await refused("records", [["user", li]], "group");
      // Slurm's own user, without a line that says so.
      site.writePolicy([...policy, "group slurm"]);
      const hasSlurm = spawnSync("id", ["slurm"]).status === 0;
      await refused("records", [["user", "slurm"]], hasSlurm ? "forbidden-user" : "user");
      site.writePolicy([...policy, "runs /var/tmp/../tmp/%u"]);
      await refused("submit", submission(li, "20.0.1"), "runs");
      site.writePolicy(policy);
    });

    test("a limit is what may be asked for, and more is not; a name is the whole of it", async () => {
      site.writePolicy([...policy.filter((line) => !line.startsWith("max-array")), "max-memory-mib 1000"]);
      await allowed("submit", submission(li, "20.1.1", { nodes: "4", tasks: "32", cpusPerTask: "2" }));
      writeFileSync(join(site.folder, "called"), "");
      await refused("submit", submission(li, "20.2.1", { memMibPerNode: "1001" }), "max-memory-mib");
      await refused("submit", submission(li, "20.2.1", { account: "laboratory" }), "account");
      const mebibyte = { file: ["a"], fileMode: ["-"], fileData: ["x".repeat(1 << 20)] };
      await refused("submit", submission(li, "20.2.1", mebibyte), "max-files-mib");
      const tasks = Array.from({ length: 1001 }, (_, at) => `${at} 20.${at}.1`);
      await refused("submit", submission(li, "20.2.1", { array: "0-1000", task: tasks }), "max-array");
      site.writePolicy(policy);
      const twice = ["1 20.2.1", "1 20.3.1"];
      await refused("submit", submission(li, "20.2.1", { array: "1", task: twice }), "field:task");
      const more = ["0 20.2.1", "1 20.3.1"];
      await refused("submit", submission(li, "20.2.1", { array: "0", task: more }), "field:array");
      await refused(
        "cancel",
        [["user", li], ...asked(...Array.from({ length: 101 }, (_, at) => `${at + 1}`))],
        "field:engineId",
      );
      await refused(
        "limits",
        [
          ["user", li],
          ["account", "theirs"],
        ],
        "account",
      );
    });

    test("the deadline is the lease, less what the request has waited, and the limit in Slurm's minutes", async () => {
      await allowed("submit", submission(li, "20.4.1", { timeLimitMin: "2", timeLimitMs: "61000" }));
      assert.match(site.called(), /--mem=64M .*--time=2 --deadline=now\+(?:720|719) /);
      writeFileSync(join(site.folder, "called"), "");
      rmSync(join(site.folder, "go"), { force: true });
      site.standIn(
        "sbatch",
        `log_words('sbatch', @ARGV); if (grep { /wait-for-me/ } @ARGV) { select undef, undef, undef, 0.02 until -e '${site.folder}/go' } print "4711\\n"`,
      );
      const all = [0, 1, 2, 3, 4, 5, 6].map((at) =>
        allowed("submit", submission(li, `21.${at}.1`, { name: `wait-for-me.weir-21.${at}.1` })),
      );
      const deadlines = () => [...site.called().matchAll(/now\+(\d+)/g)].map((match) => Number(match[1]));
      while (deadlines().length < 6) await delay(10);
      await delay(1_100);
      writeFileSync(join(site.folder, "go"), "");
      await Promise.all(all);
      assert.ok((deadlines()[6] ?? 660) <= 658, `the seventh of one user waited: ${deadlines()}`);
    });

    test("the kill switch stops tokens and folders too, and never what takes away", async () => {
      const path = join(site.folder, "remove-hook");
      writeFileSync(path, "#!/bin/sh\necho '{}'\n");
      chmodSync(path, 0o755);
      site.writePolicy([...policy, "token-lifespan-max 600", `hook remove ${path}`]);
      const token = (lifespanS: string) =>
        [
          ["user", li],
          ["lifespanS", lifespanS],
        ] as const;
      await refused("token", token("601"), "token-lifespan-max");
      writeFileSync(site.stopPath, "");
      await refused("token", token("60"), "stopped");
      await refused("prepare", [["user", li]], "stopped");
      assert.equal(
        (
          await allowed("hook", [
            ["name", "remove"],
            ["input", "{}"],
          ])
        ).get("exit"),
        "0",
      );
    });

    test("a site's program that fails says neither yes nor no: nothing is submitted", async () => {
      const path = join(site.folder, "veto");
      writeFileSync(path, "#!/bin/sh\necho broken >&2; exit 1\n");
      chmodSync(path, 0o755);
      site.writePolicy([...policy, `hook before-submit ${path}`]);
      const answer = await helper.ask("submit", submission(li, "22.0.1"));
      assert.deepEqual([answer.get("error"), site.called()], ["failed", ""]);
      assert.match(answer.get("words"), /before-submit ended with status 1: broken/);
    });

    test("without an audit nothing is submitted, minted or run; what is cancelled is in it", async () => {
      site.writePolicy([...policy, "token-lifespan-max 600"]);
      site.standIn("scontrol", `log_words('scontrol', @ARGV)`);
      const tried = async () => [
        await helper.ask("submit", submission(li, "23.0.1")),
        await helper.ask("token", [
          ["user", li],
          ["lifespanS", "60"],
        ]),
      ];
      for (const [path, mode] of [
        ["log", 0o777],
        ["log/audit", 0o666],
      ] as const) {
        const before = statSync(join(site.folder, path)).mode & 0o7777;
        chmodSync(join(site.folder, path), mode);
        for (const answer of await tried()) {
          assert.equal(answer.get("error"), "failed");
          assert.match(answer.get("words"), /cannot be audited/);
        }
        chmodSync(join(site.folder, path), before);
        assert.equal(site.called(), "");
      }
      site.standIn("squeue", rowsOf([12, "RUNNING", "x.weir-1.0.1"]));
      site.standIn("scancel", "");
      await allowed("cancel", [["user", li], ...asked("12")]);
      assert.match(site.audit(), /cancelled verb=cancel user=\S+ engine=12\n$/);
      const inner = encodeFrame(submission("root", "23.1.1", { account: "theirs" })).subarray(4);
      await allowed("prepare", [
        ["user", li],
        ["request", inner],
      ]);
      assert.match(site.audit(), new RegExp(`refused verb=prepare user=${li} run=23\\.1\\.1 account=theirs .*\\n$`));
      const many = Array.from({ length: 65 }, (): Field => ["request", inner]);
      await refused("prepare", [["user", li], ...many], "field:request");
    });

    test("a command of Slurm's that fails is no empty answer, and its words are told", async () => {
      const silent = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)";
      const errors = async (verb: string, ...fields: readonly Field[]) => {
        const answer = await helper.ask(verb, [["user", li], ...fields]);
        assert.equal(answer.get("error"), "engine", `${verb}: ${answer.get("words")}`);
        assert.match(answer.get("words"), /^\w+: .*Unable to contact|^\w+: .*Communication/);
      };
      site.standIn("squeue", rowsOf([12, "RUNNING", "x.weir-1.0.1"]));
      site.standIn(
        "scancel",
        `print STDERR "scancel: error: Kill job error: Unable to contact slurm controller\\n"; exit 1`,
      );
      await errors("cancel", ...asked("12"));
      site.standIn(
        "scancel",
        `print STDERR "scancel: error: Kill job error on job id 12: Job/step already completing or completed\\n"; exit 1`,
      );
      await allowed("cancel", [["user", li], ...asked("12")]);
      site.standIn("sacct", `print STDERR "sacct: error: Communication failure with slurmdbd\\n"; exit 1`);
      await errors("list");
      site.standIn("sacct", `print STDERR "Slurm accounting storage is disabled\\n"; exit 1`);
      assert.equal((await allowed("list", [["user", li]])).get("hasAccounting"), "0");
      site.standIn("squeue", `print STDERR "${silent}\\n"; exit 1`);
      await errors("list");
      await errors("cancel", ...asked("12"));
    });

    test("limits: an account's own rows and those above it; of the queue how much, and whose, without names", async () => {
      site.standIn(
        "sacctmgr",
        `my $of = (grep { /^account=/ } @ARGV)[0] // '';
         if (grep { /^qos$/ } @ARGV) { print "Name|\\nnormal|\\n" }
         elsif (grep { /^user=/ } @ARGV) { print "Cluster|Account|User|\\njinan|lab|${li}|\\n" }
         elsif ($of eq 'account=lab') { print "Cluster|Account|User|ParentName|\\njinan|lab||top|\\njinan|lab|wang||\\n" }
         elsif ($of eq 'account=top') { print "Cluster|Account|User|ParentName|\\njinan|top|||\\n" }`,
      );
      site.standIn("sshare", `print STDERR "sshare: error\\n"; exit 1`);
      const job = (task: string, state: string, name: string, cpus: number, nodes: number) =>
        `['%a', 'lab', '%q', 'normal', '%T', '${state}', '%K', '${task}', '%j', '${name}', '%C', ${cpus}, '%D', ${nodes}]`;
      const rows = [
        job("N/A", "RUNNING", "thesis", 4, 2),
        job("0-2,4-8:2%2", "PENDING", "sweep", 1, 1),
        job("N/A", "COMPLETED", "over", 9, 9),
        job("N/A", "RUNNING", "x.weir-a-1.0.1-1", 3, 1),
      ];
      site.standIn(
        "squeue",
        `my ($format) = map { /^--format=(.*)/s } @ARGV;
         for (${rows.join(", ")}) { my %job = @$_; my $row = $format; $row =~ s/(%\\w)/$job{$1} \\/\\/ 'q'/ge; print "$row\\n" }`,
      );
      const answer = await allowed("limits", [
        ["user", li],
        ["account", "lab"],
      ]);
      assert.equal(answer.get("accounts"), "Cluster|Account|User|ParentName|\njinan|lab||top|\njinan|top|||\n");
      assert.equal(answer.get("queue"), "lab|normal|7|0|1|4|2\nlab|normal|1|1|1|3|1\n");
      assert.equal(answer.get("shares"), "");
      site.standIn("sacctmgr", `print STDERR "sacctmgr: error: Unable to contact slurmdbd\\n"; exit 1`);
      assert.equal((await helper.ask("limits", [["user", li]])).get("error"), "engine");
    });
  });

  test("a program that others could write is not started", () => {
    const module = join(site.folder, "helper", "lib", "Weir", "Chunk.pm");
    chmodSync(module, 0o666);
    const { status, stderr } = spawnSync(site.program, ["check"], { encoding: "utf8" });
    chmodSync(module, 0o644);
    assert.notEqual(status, 0);
    assert.match(stderr, /not root's alone: \S+Chunk\.pm can be written by others/);
  });

  test("it serves nobody but root", () => {
    const { status, stderr } = spawnSync(
      "setpriv",
      ["--reuid", li, "--regid", li, "--init-groups", site.program, "check"],
      { encoding: "utf8" },
    );
    assert.notEqual(status, 0);
    assert.match(stderr, /weir-as is started by root/);
  });
});

/** A stand-in for squeue: jobs with these numbers, states and names. */
function rowsOf(...jobs: readonly (readonly [id: number, state: string, name: string])[]): string {
  const rows = jobs.map(
    ([id, state, name]) => `['%A', ${id}, '%F', ${id}, '%K', 'N/A', '%T', '${state}', '%j', '${name}']`,
  );
  return `my ($format) = map { /^--format=(.*)/s } @ARGV;
    for (${rows.join(", ")}) { my %job = @$_; my $row = $format; $row =~ s/(%\\w)/$job{$1} \\/\\/ 'q'/ge; print "$row\\n" }`;
}
