import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { eventually, type Network, startNetwork, type WeirRun } from "./network.ts";

// The command line against a whole network of one centre with two cores, as a user types it.

let network: Network;
let folder = "";

before(async () => {
  network = await startNetwork({ env: { LANG: "C.UTF-8", LC_ALL: "C.UTF-8", WEIR_LOCAL_CORES: "2" } });
  folder = mkdtempSync(join(tmpdir(), "weir-cli-e2e-"));
  chmodSync(folder, 0o755);
});

after(async () => {
  await network?.remove();
  if (folder) rmSync(folder, { recursive: true });
});

const weir = (...args: string[]) => network.weir(args, { cwd: folder });

async function done(...args: string[]): Promise<string> {
  const ran = await weir(...args);
  assert.equal(ran.status, 0, `weir ${args.join(" ")}\n${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

async function json(...args: string[]) {
  return JSON.parse(await done("--json", ...args));
}

function script(name: string, ...lines: string[]): string {
  writeFileSync(join(folder, name), `${["#!/bin/bash", ...lines].join("\n")}\n`);
  return name;
}

const status = async (run: Promise<WeirRun>) => (await run).status;

test("an unchanged sbatch script, from submission to its output", async () => {
  const name = script(
    "fit.sh",
    "#SBATCH --job-name=fit --array=3-5 -c 1 --mem=100M -t 5:00 --mail-type=END",
    "#SBATCH --export=GREETING",
    'echo "$GREETING $1 of $SLURM_JOB_NAME: task $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT, $SLURM_CPUS_PER_TASK core"',
    'cat "$WEIR_WORK/data/a.txt"',
    "echo trouble >&2",
  );
  writeFileSync(join(folder, "a.txt"), "四\n");
  const args = ["submit", "--wait", "--file", "a.txt=data/a.txt", name, "hello"];
  const ran = await network.weir(args, { cwd: folder, env: { GREETING: "guten Tag" } });
  assert.equal(ran.status, 0, ran.stderr);
  const id = /Submitted job (\d+) \(fit, 3 tasks\)/.exec(ran.stdout)?.[1] ?? "";
  assert.match(ran.stderr, /warning: --mail-type \(line 2\) is left out: Weir sends no mail/);
  assert.match(ran.stderr, /defaults: project default, /);
  assert.equal(await done("logs", `${id}_4`), "guten Tag hello of fit: task 4 of 3, 1 core\n四\n");
  assert.equal(await done("logs", "--stderr", `${id}_5`), "trouble\n");
  const whole = await weir("logs", id);
  assert.equal(whole.status, 2);
  assert.match(whole.stderr, new RegExp(`name one of its tasks, such as ${id}_3`));
  const { jobs } = await json("jobs", "--name", "fit");
  assert.equal(jobs[0].id, Number(id));
  assert.equal(jobs[0].outcome.kind, "succeeded");
  assert.deepEqual(jobs[0].counts, { queued: 0, placed: 0, starting: 0, running: 0, ended: 3 });
});

test("--wait returns the job's own exit code, and a code of its own for every other end", async () => {
  const sh = (...words: string[]) => status(weir("submit", "--wait", "-Q", "--", "sh", "-c", ...words));
  assert.equal(await sh("exit 7"), 7);
  assert.equal(await sh("kill -15 $$"), 143);
  assert.equal(await status(weir("submit", "--wait", "-t", "0:01", "--grace", "0", "--", "sleep", "60")), 124);
  const array = ["submit", "--wait", "--array=1-3", "--", "sh", "-c", "exit $SLURM_ARRAY_TASK_ID"];
  assert.equal(await status(weir(...array)), 3);
  const refused = await weir("submit", "--wait", "-c", "99999", "--", "true");
  assert.equal(refused.status, 125);
  assert.match(refused.stderr, /No centre could ever run this/);
  const inJson = await weir("submit", "--wait", "--json", "--", "sh", "-c", "exit 124");
  assert.equal(inJson.status, 124);
  const { outcome, exitCode } = JSON.parse(inJson.stdout);
  assert.deepEqual([outcome.kind, outcome.exitCode, exitCode], ["failed", 124, 124]);
});

test("a job that eats its memory ends out of memory, with 137", async () => {
  const code = "a = []\nwhile True: a.append(bytearray(10_000_000))";
  const ran = await weir("submit", "--wait", "--mem=100M", "--", "python3", "-c", code);
  assert.equal(ran.status, 137, ran.stderr);
  assert.match(ran.stderr, /out of memory/);
});

test("why a job waits, cancel, and --wait of what is cancelled", async () => {
  const all = (await done("submit", "--parsable", "-c", "2", "--", "sleep", "600")).trim();
  await eventually("it runs", async () => ((await json("show", all)).state === "running" ? true : null));
  const waiting = weir("submit", "--wait", "-c", "1", "-J", "waits", "--", "true");
  const id = await eventually("it waits", async () => {
    const { jobs } = await json("jobs", "--name", "waits");
    return (jobs[0]?.id as number | undefined) ?? null;
  });
  const why = await eventually("a decision", async () => {
    const answer = await json("why", `${id}`);
    return answer.candidates.length > 0 ? answer : null;
  });
  assert.equal(why.state, "queued");
  assert.equal(why.candidates[0].centre, "local");
  assert.notEqual(why.candidates[0].rule, null);
  assert.match(await done("why", `${id}`), new RegExp(`^Job ${id} is queued: .*\nCENTRE +RULE +WHY\nlocal`));
  assert.match(await done("why", "--what-if", `${id}`), new RegExp(`^Job ${id}: no smaller request would start now`));
  assert.match(await done("cancel", `${id}`, "--reason", "not needed"), new RegExp(`^Cancelled ${id}\n$`));
  const cancelled = await waiting;
  assert.equal(cancelled.status, 125);
  assert.match(cancelled.stderr, /cancelled/);
  assert.equal(await status(weir("cancel", `${id}`)), 3, "it has ended");
  await done("cancel", all);
});

test("one job after another, by the id that --parsable prints; an end that can never be met", async () => {
  const bad = (await done("submit", "--parsable", "--", "false")).trim();
  const good = (await done("submit", "--parsable", "--", "true")).trim();
  assert.equal(await status(weir("submit", "--wait", "-d", `afterok:${good},afternotok:${bad}`, "--", "true")), 0);
  const never = await weir("submit", "--wait", "-d", `afterok:${bad}`, "--", "true");
  assert.equal(never.status, 125);
  assert.match(never.stderr, /warning: afterok:\d+ can no longer be met/);
  assert.match(never.stderr, /reason: a job that it depends on did not end as the dependency asks/i);
  assert.doesNotMatch(never.stderr, /dependency-never-satisfied/);
  const id = (await done("submit", "--parsable", "-d", `afterok:${bad}`, "--", "true")).trim();
  const log = await weir("logs", "-f", id);
  assert.equal(log.status, 3);
  assert.match(log.stderr, /There is no log\. It ended without a start/);
});

test("logs -f prints while the job writes, and ends with it", async () => {
  const id = (
    await done("submit", "--parsable", "--", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.3; done")
  ).trim();
  assert.equal(await done("logs", "-f", id), "1\n2\n3\n");
  const chunk = await json("logs", id);
  assert.deepEqual([chunk.text, chunk.sizeBytes, chunk.final], ["1\n2\n3\n", 6, true]);
  assert.equal(await done("logs", "--tail", "2", id), "3\n");
});

test("logs -f of a job whose --output cannot be opened ends by itself and says why; nothing is used", async () => {
  const id = (await done("submit", "--parsable", "-o", "/var/lib/no-such-folder/x.log", "--", "true")).trim();
  const why = "stdout cannot be written to /var/lib/no-such-folder/x.log: No such file or directory";
  assert.equal(await done("logs", "-f", id), `weir: the job could not be started: ${why}\n`);
  const shown = await json("show", id);
  assert.deepEqual([shown.outcome.kind, shown.outcome.exitCode], ["failed", 126]);
  const [run] = shown.firstTasks[0].runs;
  assert.deepEqual([run.words, run.usage.wallMs, run.amounts.coreMs, run.billed], [why, 0, "0", false]);
});

test("--wait outlives the server", async () => {
  const go = join(network.home, "go-on");
  const script = `until [ -e ${go} ]; do sleep 0.1; done; exit 9`;
  const waiting = weir("submit", "--wait", "-Q", "-J", "outlives", "--", "sh", "-c", script);
  await eventually("it runs", async () => {
    const { jobs } = await json("jobs", "--name", "outlives");
    return jobs[0]?.state === "running" ? true : null;
  });
  for (const pid of network.pids("server")) process.kill(pid, "SIGKILL");
  writeFileSync(go, "");
  assert.equal(await status(waiting), 9);
});

test("a dry run submits nothing and says where it would go", async () => {
  const before = (await json("jobs", "--all")).jobs.length;
  const answer = await json("submit", "--dry-run", "-c", "2", "-t", "1:00:00", "--", "true");
  assert.equal(answer.wouldGoTo, "local");
  assert.equal(answer.quote.total.coreMs, `${2 * (3600 + 30) * 1000}`);
  assert.match(await done("submit", "--dry-run", "--", "true"), /would go to local now/);
  assert.equal((await json("jobs", "--all")).jobs.length, before);
});

test("refusals name the rule: exit status 3, and the problem in JSON", async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [["submit", script("tiem.sh", "", "#SBATCH --tiem=5")], /--tiem \(line 3\).*Did you mean --time/],
    [["submit", "-p", "gpu", "--", "true"], /partition.*"gpu" is offered by no centre/],
    [["submit", "--output=/no-such-folder/o", "--", "true"], /path "\/no-such-folder\/o" lies on no file system/],
    [["submit", "--software", "gromacs/2030", "--", "true"], /Software "gromacs\/2030" is offered by no centre/],
    [["submit", "--array=0-9999999", "--", "true"], /10000000 tasks; the limit is 100000/],
    [["submit", "-d", "afterok:99999", "--", "true"], /no job 99999/],
    [["submit", "-A", "others", "--", "true"], /no member of a project "others"/],
    [["show", "99999"], /no job 99999/],
  ];
  for (const [args, words] of cases) {
    const ran = await weir(...args);
    assert.equal(ran.status, 3, `${args.join(" ")}: ${ran.stderr}`);
    assert.match(ran.stderr, words);
  }
  const { problem } = JSON.parse((await weir("show", "99999", "--json")).stdout);
  assert.match(problem.type, /\/not-found$/);
  const { stderr } = await network.weir(["show", "99999", "--lang", "zh"]);
  assert.match(stderr, /未找到/);
});

test("what the machine offers for scripts: the folders that paths may begin with", async () => {
  const { offers } = await json("offers");
  assert.equal(offers.length, 1);
  const here = readdirSync("/").map((name) => `/${name}`);
  const paths: string[] = offers[0].fileSystems.map((one: { readonly path: string }) => one.path);
  assert.ok(paths.every((path) => here.includes(path) && !["/usr", "/lib64", "/var", "/tmp"].includes(path)));
  assert.match((await weir("offers", "local")).stdout, /^CENTRE /);
  const nowhere = await weir("offers", "nope");
  assert.deepEqual([nowhere.status, nowhere.stdout], [3, ""]);
  assert.match(nowhere.stderr, /There is no centre "nope"\. Known: local\./);
});

test("usage, the books, centres and nodes", async () => {
  const usage = await json("usage", "--by", "project");
  assert.equal(usage.rows[0].key, "default");
  assert.ok(usage.total.runs >= 10 && BigInt(usage.total.amounts.coreMs) > 0n);
  assert.equal(usage.total.cost.tariffVersion, "free");
  const check = await json("ledger", "check");
  assert.deepEqual([check.balanced, check.findings], [true, []]);
  const { centres } = await json("centres");
  assert.deepEqual([centres[0].id, centres[0].state], ["local", "connected"]);
  const { nodes } = await json("nodes", "--centre", "local");
  assert.equal(nodes[0].cores, 2);
});

test("another person signs in by a link, sees her own jobs and no others, and may not administer", async () => {
  await done("admin", "tenant", "add", "ouc", "--title", "中国海洋大学");
  await done("admin", "project", "add", "tides", "--tenant", "ouc");
  const link = (await done("admin", "user", "add", "li", "--title", "李", "--project", "tides")).trim();
  const home = mkdtempSync(join(folder, "li-"));
  const env = { HOME: home, WEIR_HOME: join(home, "none"), WEIR_SERVER: "" };
  const asLi = (...args: string[]) => network.weir(args, { cwd: folder, env });
  const login = await asLi("login", link);
  assert.equal(login.status, 0, login.stderr);
  assert.equal(statSync(join(home, ".config", "weir", "login.json")).mode & 0o777, 0o600);
  assert.equal((await asLi("login", link)).status, 4, "a link works once");
  const own = JSON.parse((await asLi("submit", "--json", "--", "true")).stdout);
  assert.equal(own.project, "tides");
  const { jobs } = JSON.parse((await asLi("jobs", "--all", "--json")).stdout);
  assert.deepEqual(
    jobs.map(({ id }: { id: number }) => id),
    [own.id],
  );
  const others = (await json("jobs", "--project", "default", "--limit", "1")).jobs[0].id;
  assert.equal((await asLi("show", `${others}`)).status, 3, "another tenant's job is not there");
  assert.equal((await asLi("admin", "user", "list")).status, 3);
  const made = JSON.parse((await asLi("tokens", "add", "laptop", "--json")).stdout);
  const env2 = { ...env, HOME: mkdtempSync(join(folder, "other-")), WEIR_SERVER: network.url, WEIR_TOKEN: made.secret };
  assert.equal((await network.weir(["show", `${own.id}`], { env: env2 })).status, 0);
  const { token: third } = JSON.parse((await asLi("tokens", "add", "third", "--json")).stdout);
  assert.doesNotMatch((await asLi("tokens", "revoke", `${third.id}`)).stderr, /signed out/);
  const revoked = await network.weir(["tokens", "revoke", `${made.token.id}`], { env: env2 });
  assert.deepEqual([revoked.status, /they are signed out now/.test(revoked.stderr)], [0, true]);
  assert.equal((await network.weir(["jobs"], { env: env2 })).status, 4);
  assert.equal((await asLi("logout")).status, 0);
  assert.deepEqual(readdirSync(join(home, ".config", "weir")), []);
});

test("the token of the home is the owner's alone, and no server means exit status 5", async () => {
  assert.equal(statSync(join(network.home, "token")).mode & 0o777, 0o600);
  assert.ok(readFileSync(join(network.home, "token"), "utf8").trim().length > 20);
  assert.equal((await network.weir(["jobs"], { env: { WEIR_SERVER: "http://127.0.0.1:1" } })).status, 5);
});
