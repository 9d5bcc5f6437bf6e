import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import packageFile from "../package.json" with { type: "json" };
import { requires } from "../tools/requirement.ts";
import { type Clusters, clusterOf, startClusters } from "../tools/slurm/clusters.ts";
import { eventually, type Network, repository, startNetwork } from "./network.ts";
import { type SiteMachine, startSiteMachine } from "./site-machine.ts";

// The guide "Join a Slurm centre", its commands word for word, but for the names that it says to replace: on a real
// cluster that has never heard of Weir, to the first job of a user that runs there as their own local user, and away.

const { version } = packageFile;
const guide = readFileSync(join(repository, "docs/guides/join-a-slurm-centre.md"), "utf8");
type Where = "network" | "centre" | "user";
const blocks = [...guide.matchAll(/^```sh (\w+)\n([\s\S]*?)^```/gm)].map(([, where = "", lines = ""]) => ({
  where: where as Where,
  lines: lines.trim(),
}));

describe("the guide to join a Slurm centre", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let network: Network;
  let machine: SiteMachine;
  let folder = "";
  let at = 0;
  let firstJob = "";

  before(async () => {
    [clusters, network] = await Promise.all([startClusters({ only: ["jinan"] }), startNetwork({})]);
    for (const { home } of clusters.users) rmSync(join(home, ".weir"), { recursive: true, force: true });
    machine = await startSiteMachine(clusters, clusterOf(clusters, "jinan").slurmConf);
    // The guide makes the one as whom the connection test runs; for the nodes there has to be such a user before.
    const gone = await machine.sh("sacctmgr --immediate delete user name=weirt-wang");
    assert.equal(gone.status, 0, gone.said);
    folder = mkdtempSync(join(tmpdir(), "weir-join-"));
    // `weir` and `npm` as an administrator and a user have them.
    const node = process.execPath;
    writeFileSync(join(folder, "weir"), `#!/bin/sh\nexec ${node} ${join(repository, "dist/weir.mjs")} "$@"\n`, {
      mode: 0o755,
    });
    writeFileSync(
      join(folder, "npm"),
      `#!/bin/sh\ntest "$*" = "run agent-package" && exec ${node} ${join(repository, "tools/agent-package.ts")}\n`,
      { mode: 0o755 },
    );
    mkdirSync(join(folder, "admin"));
    mkdirSync(join(folder, "li"));
  });
  after(async () => {
    await machine?.remove();
    await network?.remove();
    await clusters?.stop();
    for (const { home } of clusters?.users ?? []) rmSync(join(home, ".weir"), { recursive: true, force: true });
    if (folder) rmSync(folder, { recursive: true });
  });

  /** The guide's names, as they are here. */
  const here = (lines: string) =>
    lines
      .replaceAll("https://weir.example", network.url)
      .replaceAll("lihua", "weirt-li")
      .replaceAll("weir-check", "weirt-wang");

  function run(
    where: "network" | "user" | "zhao" | "chen",
    lines: string,
  ): { readonly status: number; readonly said: string } {
    const home = join(folder, where === "network" ? "admin" : where === "user" ? "li" : where);
    const own = where === "network" ? { WEIR_HOME: network.home } : { WEIR_HOME: join(home, "none") };
    const env = { PATH: `${folder}:${process.env.PATH}`, HOME: home, LANG: "C.UTF-8", ...own };
    const server = where === "network" ? { WEIR_SERVER: network.url } : {};
    try {
      const said = execFileSync("sh", ["-ec", `exec 2>&1\n${lines}`], {
        cwd: home,
        env: { ...env, ...server },
        encoding: "utf8",
      });
      return { status: 0, said };
    } catch (error) {
      const failed = error as { readonly status: number; readonly stdout: string };
      return { status: failed.status, said: failed.stdout };
    }
  }

  /** The next block of the guide, which has to be of that place. */
  async function follow(where: Where): Promise<string> {
    const block = blocks[at++] ?? assert.fail("the guide has no more commands");
    assert.equal(block.where, where, block.lines);
    const lines = here(block.lines);
    const { status, said } = where === "centre" ? await machine.sh(`exec 2>&1; cd /root\n${lines}`) : run(where, lines);
    if (process.env.WEIR_TEST_TALK) console.error(lines, said);
    assert.equal(status, 0, `${lines}\n${said}`);
    return said;
  }

  test("registered, installed, enrolled", async () => {
    const said = await follow("network");
    const [sha256 = ""] = /(?<=^SHA-256 )[0-9a-f]{64}$/m.exec(said) ?? assert.fail(said);
    const made = join(repository, "dist", `weir-agent-${version}-linux-${process.arch}.tar.gz`);
    assert.match(readFileSync(`${made}.sha256`, "utf8"), new RegExp(`^${sha256} `));
    assert.equal(statSync(join(folder, "admin", "jinan.token")).mode & 0o077, 0, "nobody else reads the token");
    // The names that the guide gives are those of an x86-64.
    for (const end of ["", ".sha256"])
      machine.copy(`${made}${end}`, `/root/weir-agent-${version}-linux-x64.tar.gz${end}`);
    machine.copy(join(folder, "admin", "jinan.token"), "/root/jinan.token");
    const installed = await follow("centre");
    assert.ok(installed.split("\n").includes(`weir-agent-${version}-linux-x64.tar.gz: OK`), installed);
    assert.match(installed, /written {2}\/etc\/weir\/policy/);
    assert.match(readFileSync(machine.path("/etc/weir/policy"), "utf8"), /^account ai-lab\npartition batch\nqos -\n/m);
    assert.match(await follow("centre"), /^ Adding User\(s\)$/m);
    assert.match(await follow("centre"), /^allowed: weirt-li uid=\d+ runs=\S+ account=ai-lab partition=batch$/m);
    const enrolled = await follow("centre");
    assert.match(enrolled, /^enrolled as jinan at http/m);
    assert.match(enrolled, /^nothing is wrong$/m);
  });

  test("accounts are tried, the agent starts, the centre is tested and goes into service", {
    timeout: 500_000,
  }, async () => {
    const asked = await follow("network");
    const [link = ""] = /^http\S+$/m.exec(asked) ?? assert.fail(asked);
    const login = run("user", `weir login '${link}'`);
    assert.equal(login.status, 0, login.said);
    assert.match(asked, /^li +default +person:2,project:1 +asked for, no answer yet/m);
    const accounts = await follow("centre");
    assert.match(accounts, /^person:1 → weirt-wang: ready \(job \d+ ran, \d+ ms\)$/m);
    assert.match(accounts, /^person:2 +weirt-li +ai-lab +ready$/m);
    await follow("centre");
    await eventually("the agent is connected", async () =>
      /jinan.*connected/.test(run("network", "weir centres").said) ? true : null,
    );
    await eventually("the centre has told how far it is", async () =>
      /^li +default +\S+ +ready /m.test(run("network", "weir centre accounts jinan").said) ? true : null,
    );
    const tested = await follow("network");
    assert.match(tested, /jinan: grade [AB]/, tested);
    const { centres } = JSON.parse(run("network", "weir centres --json").said);
    const jinan = centres.find(({ id }: { id: string }) => id === "jinan");
    assert.deepEqual([jinan.lifeCycle, jinan.state], ["in-service", "connected"]);
  });

  test("the user's first job runs there as the local user; its exit code, log and usage are right", async () => {
    const said = await follow("user");
    const job = /^(\d+)$/m.exec(said)?.[1] ?? assert.fail(said);
    assert.match(run("user", `weir logs ${job}`).said, /^weirt-li\n/);
    firstJob = job;
    const shown = JSON.parse(run("user", `weir show ${job} --json`).said);
    assert.equal(shown.outcome.kind, "succeeded", said);
    const rows = await eventually("the usage is booked", async () => {
      const usage = JSON.parse(run("user", "weir usage --by centre --json").said);
      return usage.total.runs === 1 ? usage.rows : null;
    });
    assert.equal(rows[0].key, "jinan");
    const failed = run("user", "weir submit --centre jinan --wait -Q -- sh -c 'exit 7'");
    assert.equal(failed.status, 7, failed.said);
  });

  test("an upgrade and the way back, while a job runs: it is taken up, and runs once", async () => {
    const job = run(
      "user",
      "weir submit --centre jinan --parsable -Q -- sh -c 'echo begun; sleep 25; exit 5'",
    ).said.trim();
    const shown = () => JSON.parse(run("user", `weir show ${job}_0 --json`).said);
    await eventually("it runs", async () => (shown().state === "running" ? true : null));
    const policy = readFileSync(machine.path("/etc/weir/policy"), "utf8");
    const upgraded = await follow("centre");
    assert.match(upgraded, /^kept +\/etc\/weir\/policy$/m);
    assert.match(upgraded, /^nothing is wrong$/m);
    // A server of another version, as its agent would see it after an upgrade that went too far.
    const program = machine.path("/usr/local/lib/weir/agent.mjs");
    const text = readFileSync(program, "utf8");
    assert.equal(text.split(`"${version}"`).length, 2, "the version stands in the bundle once");
    writeFileSync(program, text.replace(`"${version}"`, '"9.9.0"'));
    await machine.sh("systemctl restart weir-agent");
    const words = new RegExp(
      `version 9\\.9\\.0, this server of ${version}; .* \\(npm run agent-package; then weir-agent install\\)`,
    );
    await eventually("the agent is refused", async () =>
      words.test((await machine.sh("cat /var/log/weir-agent.log")).said) ? true : null,
    );
    const looked = await machine.sh("weir-agent doctor");
    assert.deepEqual([looked.status, words.test(looked.said)], [1, true], looked.said);
    await follow("centre");
    await eventually("it has ended", async () => (shown().state === "ended" ? true : null));
    const { outcome, runs } = shown();
    assert.deepEqual([outcome.exitCode, runs.length], [5, 1]);
    assert.equal(readFileSync(machine.path("/etc/weir/policy"), "utf8"), policy);
  });

  test("who has no account waits, and why says so; the agent lists them; once there is one, the job runs", async () => {
    const { said: link } = run("network", "weir admin user add zhao --project default 2> /dev/null");
    const home = join(folder, "zhao");
    mkdirSync(home);
    assert.equal(run("zhao", `weir login '${link.trim()}'`).status, 0);
    const job = run("zhao", "weir submit --centre jinan --parsable -Q -- sh -c 'id -un'").said.trim();
    await eventually("the centre knows", async () =>
      (await machine.sh("weir-agent accounts")).said.includes("person:3,project:1       asked for by the network: zhao")
        ? true
        : null,
    );
    await eventually("why says so", async () =>
      /no local account is ready there for this person and project: requested/.test(run("zhao", `weir why ${job}`).said)
        ? true
        : null,
    );
    const added = await machine.sh(`exec 2>&1
      usermod --append --groups weir-users weirt-zhao
      sed -i 's/^account .*/account ai-lab hpc/' /etc/weir/policy
      weir-agent accounts add person:3,project:1 weirt-zhao ai-lab || true
      weir-agent accounts add person:3,project:1 weirt-zhao hpc`);
    assert.match(added.said, /not ready: .*Invalid account/s, "Slurm's own words");
    assert.match(added.said, /ready \(job/);
    await eventually("it runs", async () => (/^weirt-zhao$/m.test(run("zhao", `weir logs ${job}`).said) ? true : null));
  });

  test("a site's own programs make an account for who asks, and say no to a job in words for its user", async () => {
    const login = run("network", "weir admin user add chen --project default 2> /dev/null").said.trim();
    mkdirSync(join(folder, "chen"));
    assert.equal(run("chen", `weir login '${login}'`).status, 0);
    writeFileSync(join(folder, "accounts"), hook);
    machine.copy(join(folder, "accounts"), "/usr/local/sbin/weir-accounts");
    const names = ["create-account", "add-association", "quota", "remove", "before-submit"];
    assert.equal(run("network", "weir admin project set default --core-hours 500").status, 0);
    const added = await machine.sh(`exec 2>&1
      chmod 755 /usr/local/sbin/weir-accounts
      for name in ${names.join(" ")}; do echo "hook $name /usr/local/sbin/weir-accounts" >> /etc/weir/policy; done
      /usr/local/lib/weir/weir-as check`);
    for (const name of names) assert.match(added.said, new RegExp(`^hook ${name}: in force$`, "m"));
    const associations = async () => (await machine.sh("sacctmgr -nP show assoc user=weirt-wang format=account")).said;
    assert.doesNotMatch(await associations(), /^hpc$/m);

    const job = run(
      "chen",
      "weir submit --centre jinan --parsable -Q -- sh -c 'id -un; echo $SLURM_JOB_ACCOUNT'",
    ).said.trim();
    await eventually("it runs", async () =>
      /^weirt-wang\nhpc$/m.test(run("chen", `weir logs ${job}`).said) ? true : null,
    );
    assert.match(await associations(), /^hpc$/m);
    const said = await machine.sh("weir-agent accounts");
    assert.match(said.said, /^person:4,project:1 +weirt-wang +hpc +ready; shared with person:1$/m);
    const audit = (await machine.sh("cat /var/log/weir/weir-as.log")).said;
    for (const name of ["create-account", "add-association", "quota"])
      assert.match(audit, new RegExp(`hook .*name=${name}$`, "m"));

    // What the network lets the project use is what Slurm lets it use here; changed there, it is changed here.
    const bound = (minutes: string) =>
      eventually(`Slurm bounds it by ${minutes}`, async () => {
        const words = "sacctmgr -nP show assoc user=weirt-wang account=hpc format=GrpTRESMins";
        return (await machine.sh(words)).said.trim() === minutes ? true : null;
      });
    await bound("cpu=30000");
    assert.equal(run("network", "weir admin project set default --core-hours 600").status, 0);
    await bound("cpu=36000");
    assert.equal(run("network", "weir admin project set default --core-hours none").status, 0);
    await bound("");

    const vetoed = run("chen", "weir submit --centre jinan --parsable -Q -N 2 -- true").said.trim();
    const state = () => JSON.parse(run("chen", `weir show ${vetoed} --json`).said).state;
    await eventually("it was refused", async () => (state() === "ended" ? true : null));
    const words = "two nodes are for those who have passed the course";
    assert.deepEqual(JSON.parse(run("chen", `weir show ${vetoed} --json`).said).outcome, {
      ...{ kind: "refused", exitCode: null, signal: null, by: null, reason: words },
    });
    assert.match(run("chen", `weir show ${vetoed}`).said, new RegExp(`refused by the centre.*${words}`, "s"));
    assert.match(run("chen", `LANG=zh_CN.UTF-8 weir show ${vetoed}`).said, new RegExp(`被中心拒绝.*${words}`, "s"));
    assert.match(run("chen", `weir why ${vetoed}`).said, new RegExp(`was refused by the centre: ${words}`));
    // Whoever leaves the choice to the network is not held up by it: another centre takes it.
    const elsewhere = run(
      "chen",
      "weir submit --wait --parsable -Q --prefer-centre jinan --job-name course-work -- sh -c 'id -un'",
    );
    const free = /^(\d+)$/m.exec(elsewhere.said)?.[1] ?? assert.fail(elsewhere.said);
    const { runs, outcome } = JSON.parse(run("chen", `weir show ${free}_0 --json`).said);
    assert.equal(outcome.kind, "succeeded", elsewhere.said);
    assert.deepEqual(
      runs.map(({ centre, end }: { centre: string; end: { kind: string } }) => [centre, end.kind]),
      [
        ["jinan", "refused"],
        ["local", "succeeded"],
      ],
    );
  });

  test("what the site's policy forbids is refused in its words, alarmed, and told to the network", async () => {
    const shown = run("network", "weir centre show jinan").said;
    assert.match(shown, /^Reached by +commands through weir-as$/m);
    assert.match(shown, /^Memory limit and peak +sampled by Slurm, and ended when above \(OverMemoryKill\)$/m);
    assert.match(shown, /^Time limit +to the second by the wrapper, and after it by Slurm$/m);
    assert.doesNotMatch(shown, /^Alarm/m);
    assert.match(run("network", "LANG=zh_CN.UTF-8 weir centre show jinan").said, /^访问方式 +经 weir-as 执行命令$/m);
    await machine.sh("sed -i.before 's/^account .*/account hpc/' /etc/weir/policy");
    const job = run("user", "weir submit --centre jinan --parsable -Q -- true").said.trim();
    await eventually("it was refused", async () =>
      JSON.parse(run("user", `weir show ${job} --json`).said).state === "ended" ? true : null,
    );
    assert.match(
      run("user", `weir why ${job}`).said,
      /refused by the centre: the policy does not allow the account ai-lab/,
    );
    await eventually("the network is told", async () =>
      /^Alarm +the site's policy refused (a request, at|\d+ requests, the last at) .+ by account;/m.test(
        run("network", "weir centre show jinan").said,
      )
        ? true
        : null,
    );
    await machine.sh("mv /etc/weir/policy.before /etc/weir/policy");
  });

  test("the kill switch stops what is new, and gives it back", async () => {
    assert.equal((await machine.sh("weir-agent stop-new")).status, 0);
    await eventually("the network knows", async () =>
      /^Trouble +the site takes no new work now/m.test(run("network", "weir centre show jinan").said) ? true : null,
    );
    const job = run("user", "weir submit --centre jinan --parsable -Q -- true").said.trim();
    await eventually("why says so", async () =>
      /^jinan +pool-drained /m.test(run("user", `weir why ${job}`).said) ? true : null,
    );
    assert.equal((await machine.sh("weir-agent resume-new")).status, 0);
    const state = () => JSON.parse(run("user", `weir show ${job} --json`).said).state;
    await eventually("it runs", async () => (state() === "ended" ? true : null));
  });

  test("it leaves nothing in the system nor in the users' homes, and not before the agreed days are over", async () => {
    const mine = "weirt-li";
    const { home } = clusters.users.find(({ name }) => name === mine) ?? assert.fail(mine);
    await follow("network");
    const said = await follow("centre");
    const accounts =
      "person:1→weirt-wang person:2→weirt-li person:3,project:1→weirt-zhao person:4,project:1→weirt-wang*";
    assert.ok(said.split("\n").includes(`accounts: ${accounts}`), said);
    assert.match(said, /kept for (?:the agreed )?30 days/);
    assert.match(said, /until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+08:00, and users can fetch their output/);
    assert.match((await machine.sh("weir-agent doctor || true")).said, /^note +leaving: this centre leaves: /m);
    await eventually("the centre is out", async () =>
      /jinan.* retired/.test(run("network", "weir centres").said) ? true : null,
    );
    const fetched = run("user", `weir logs ${firstJob}`);
    assert.match(fetched.said, /^weirt-li\n/, "users fetch their output meanwhile");
    // Too early: nothing goes, not even with the programs that know of it.
    const early = await machine.sh("exec 2>&1; systemctl disable --now weir-agent; weir-agent leave --finish");
    assert.deepEqual([early.status, /nothing is removed before /.test(early.said)], [1, true], early.said);
    const uninstalled = await machine.sh("exec 2>&1; weir-agent uninstall");
    assert.deepEqual([uninstalled.status, /leave --finish first/.test(uninstalled.said)], [1, true], uninstalled.said);
    const inRuns = (await machine.sh(`cd ${home}/.weir && ls -A`)).said;
    assert.match(inRuns, /^\.started$/m);
    assert.match(inRuns, /^weir-run-\w+$/m);
    // The days that go by.
    await machine.sh(`sed -i 's/"sinceMs":[0-9]*/"sinceMs":1/' /var/lib/weir-agent/agent/leaving.json
      runuser -u ${mine} -- touch ${home}/.weir/notes`);
    const done = await follow("centre");
    assert.match(done, /^not Weir's, and stays in the folder of runs of weirt-li: 1 names$/m);
    // What the site's program had made, its program has taken away.
    assert.doesNotMatch((await machine.sh("sacctmgr -nP show assoc user=weirt-wang format=account")).said, /^hpc$/m);
    assert.equal(at, blocks.length);
    const traces =
      "ls -d /etc/weir /usr/local/lib/weir /usr/local/bin/weir-agent /etc/sudoers.d/weir-agent /var/lib/weir-agent /var/log/weir /etc/systemd/system/weir-agent.service 2> /dev/null || true";
    assert.equal((await machine.sh(traces)).said, "");
    const look = (one: { readonly home: string }) =>
      `if [ -d ${one.home}/.weir ]; then find ${one.home}/.weir -mindepth 0; fi`;
    const stays = (await machine.sh(clusters.users.map(look).join("\n"))).said.trim().split("\n");
    assert.deepEqual(stays, [`${home}/.weir`, `${home}/.weir/notes`], "what a user put there");
  });
});

// What a site might have: one program for all hooks. It lets the local user in, gives them an account, and takes it away.
const hook = String.raw`#!/bin/sh -e
PATH=/usr/sbin:/usr/bin:/sbin:/bin
asked=$(cat)
of() { printf %s "$asked" | sed -n "s/.*$1.*/\1/p"; }
case $1 in
create-account)
  if [ "$(of '"person":{"id":[0-9]*,"name":"\([a-z]*\)"')" != chen ]; then echo '{"words": "is not one of ours"}'; exit 3; fi
  usermod --append --groups weir-users weirt-wang
  echo '{"user": "weirt-wang"}' ;;
add-association)
  user=$(of '"user":"\([a-z-]*\)"')
  sacctmgr -i add user name=$user account=hpc > /dev/null
  echo '{"account": "hpc"}' ;;
quota)
  hours=$(of '"quota":{"project":{[^}]*"coreHours":\([0-9]*\)')
  minutes=-1
  if [ -n "$hours" ]; then minutes=$((hours * 60)); fi
  sacctmgr -i modify user where name=$(of '"user":"\([a-z-]*\)"') account=$(of '"account":"\([a-z-]*\)"') set GrpTRESMins=cpu=$minutes > /dev/null ;;
remove)
  sacctmgr -i delete user name=$(of '"user":"\([a-z-]*\)"') account=hpc > /dev/null ;;
before-submit)
  case $asked in *'"nodes":2'* | *'"name":"course-'*) echo '{"words": "two nodes are for those who have passed the course"}'; exit 3 ;; esac ;;
esac
`;
