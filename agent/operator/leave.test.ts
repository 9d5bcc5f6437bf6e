import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type ChunkFacts, openNotebook } from "#agent/drivers/slurm/notebook.ts";
import { folderLock } from "#agent/folder-lock.ts";
import {
  type Helper,
  makePeople,
  makeSite,
  openHelper,
  type People,
  type Site,
  skip,
  submission,
} from "#agent/helper/serve-testing.ts";
import { placeByToken } from "#agent/install/place.ts";
import { keepAgreedDays, readLeaving } from "#agent/leaving.ts";
import { jobId, type RunId, runId } from "#core/ids.ts";
import { sampleUsage } from "#core/sample-testing.ts";

// A site that leaves: the real helper and real users of this machine, with a stand-in for sbatch and the site's own hook.

const dayMs = 86_400_000;
const mark = "abcd2345";

describe("weir-agent leave", { skip }, () => {
  let site: Site;
  let people: People;
  let helper: Helper;
  let home = "";
  let li = "";
  let wang = "";
  const inAgent = (name: string) => join(home, "agent", name);
  const runsOf = (user: string) => join("/var/tmp", user, ".weir");
  const hookCalls = () =>
    site
      .called()
      .split("\n")
      .filter((line) => line.startsWith("remove"));

  before(() => {
    site = makeSite();
    people = makePeople({ li: { groups: ["weir-users"] }, wang: { groups: ["weir-users"] } });
    [li, wang] = [people.name("li"), people.name("wang")];
    site.standIn("sbatch", 'print "4711\\n"');
    site.standIn(
      "hook",
      `my $in = join '', <STDIN>; log_words($ARGV[0], $in); my ($user) = $in =~ /"user":"([^"]+)"/;
       select undef, undef, undef, 0.05 while -e "${site.folder}/hold";
       if (-e "${site.folder}/trouble-$user") { print '{"words": "the directory is down"}'; exit 1 }
       system 'gpasswd', '--delete', $user, 'weir-users' if $user; print '{}'`,
    );
    site.writePolicy(["account lab", "partition batch", "qos -", `hook remove ${site.bin}/hook`]);
    helper = openHelper([site.program, "serve"]);
  });
  after(async () => {
    await helper.close();
    people.remove();
    site.remove();
  });

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "weir-leave-"));
    mkdirSync(inAgent("slurm-output"), { recursive: true });
    writeFileSync(join(site.folder, "called"), "");
    writeFileSync(inAgent("slurm.json"), JSON.stringify({ helper: [site.program, "serve"] }));
    writeFileSync(inAgent("slurm-network"), JSON.stringify({ mark, session: 1 }));
    for (const name of ["journal", "credential", "account-secret", "accounts-asked.json", "accounts-quota.json"])
      writeFileSync(inAgent(name), "[]\n");
    const ready = { kind: "ready", sinceMs: 1 };
    const entry = { account: "lab", qos: null, readiness: ready };
    writeFileSync(
      inAgent("mapping.json"),
      JSON.stringify([
        { person: 1, project: 1, user: li, by: "hook", ...entry },
        { person: 2, project: null, user: wang, by: "hook", ...entry },
      ]),
    );
    for (const user of [li, wang]) execFileSync("gpasswd", ["--add", user, "weir-users"], { stdio: "ignore" });
    const notebook = openNotebook(inAgent("slurm-runs"));
    for (const [user, job] of [
      [li, 1],
      [wang, 2],
    ] as const) {
      rmSync(runsOf(user), { recursive: true, force: true });
      const run = runId({ job: jobId(job), index: 0, attempt: 1 });
      const chunk = `${mark}-${run}-${job}`;
      await submitted(user, chunk, run);
      notebook.append([{ kind: "chunk", facts: facts(user, chunk, run) }], "synced");
      const end = {
        kind: "ended",
        run,
        atMs: 5_000,
        end: { kind: "succeeded" },
        usage: sampleUsage,
        words: null,
      } as const;
      notebook.append([{ kind: "ended", chunk, observation: end }], "synced");
    }
    notebook.close();
  });
  afterEach(() => {
    rmSync(home, { recursive: true });
    for (const name of readdirSync(site.folder)) if (/^(trouble-|hold)/.test(name)) rmSync(join(site.folder, name));
  });

  async function submitted(user: string, chunk: string, run: string): Promise<void> {
    const answer = await helper.ask("submit", submission(user, chunk, { task: `0 ${run}` }));
    assert.equal(answer.get("ok"), "1", answer.get("words"));
  }

  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const environment = (LANG: string) => ({ PATH, NODE_COMPILE_CACHE, LANG, WEIR_HOME: home });
  const program = join(import.meta.dirname, "..", "main.ts");
  const leaveIn = (LANG: string, ...words: readonly string[]) => {
    const options = { encoding: "utf8", env: environment(LANG) } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, "leave", ...words], options);
    return { status, said: stdout + stderr };
  };
  const leave = (...words: readonly string[]) => leaveIn("C.UTF-8", ...words);
  const listed = () => JSON.parse(leave("--json").said);
  /** In the place of the days that go by. */
  const daysGoBy = (days: number) => {
    const path = inAgent("leaving.json");
    const { sinceMs, ...rest } = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ sinceMs: sinceMs - days * dayMs, ...rest }));
  };

  test("lists all that goes and when, in both languages; until then nothing goes", () => {
    const first = leave();
    assert.equal(first.status, 0, first.said);
    assert.deepEqual(first.said.split("\n").slice(0, 9), [
      "runs that have not ended: none",
      `folders of runs: ${li}:${mark}-1.0.1-1 ${wang}:${mark}-2.0.1-2`,
      `wrapper and empty folders of Weir's, if there are any, in the folders of runs of: ${li} ${wang}`,
      `accounts: person:1,project:1→${li}* person:2→${wang}*`,
      "  (*: made by the site's hook create-account, and taken away by its hook remove)",
      "tokens that users lent: none",
      "the agent's journals and kept output: there",
      "credential: there",
      "none of it goes yet. From weir-agent leave --yes on it is kept for 30 days (nothing else is agreed), in which users can fetch their output; then weir-agent leave --finish removes it",
    ]);
    assert.deepEqual(listed().retention, { days: 30, isAgreed: false });
    const chinese = leaveIn("zh_CN.UTF-8").said.trim().split("\n");
    assert.equal(chinese.length, 9);
    for (const line of chinese) assert.match(line, /\p{Script=Han}/u);
    assert.match(leave("--finish").said, /it was not said yet that this centre leaves: weir-agent leave --yes\./);

    keepAgreedDays(join(home, "agent"), 7);
    assert.match(leave().said, /kept for the agreed 7 days/);
    const beforeMs = Date.now();
    const begun = leave("--yes");
    assert.match(
      begun.said,
      /this centre leaves: all of it is kept for 7 days, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+08:00/,
    );
    const { sinceMs, goesMs, days } = listed().retention;
    assert.deepEqual([days, goesMs - sinceMs], [7, 7 * dayMs]);
    assert.ok(sinceMs >= beforeMs && sinceMs <= Date.now());
    keepAgreedDays(join(home, "agent"), 1);
    leave("--yes");
    assert.equal(listed().retention.goesMs, goesMs, "once begun, its end stands");
    daysGoBy(6.99);
    const early = leave("--finish");
    assert.equal(early.status, 1);
    assert.match(early.said, /nothing is removed before \d.* --finish --early/);
    assert.match(leaveIn("zh_CN.UTF-8", "--finish").said, /按约定，.*之前不移除任何内容/);
    for (const [words, said] of [
      [["--early"], /--early goes with --finish/],
      [["--yes", "--without", li], /--without goes with --finish/],
      [["--yes", "--finish"], /one of them/],
      [["--yes", "--stay"], /--stay takes --yes back, and stands alone/],
    ] as const)
      assert.match(leave(...words).said, said);
    assert.deepEqual([hookCalls(), readdirSync(runsOf(li)).length], [[], 2]);
    assert.match(leave("--stay").said, /none of it goes yet/);
    assert.equal(readLeaving(join(home, "agent")), null);
  });

  test("once its time is over all of it goes, users' folders wholly; what they made themselves stays", async () => {
    // An agent that was killed in the middle of an account test, and one whose folder was lost.
    await submitted(li, "account-test-00ff00ff00ff", "9.0.1");
    await submitted(wang, `${mark}-7.0.1-1`, "7.0.1");
    appendFileSync(join(runsOf(wang), "notes"), "my own");
    leave("--yes");
    daysGoBy(30.01);
    assert.match(leave().said, /its 30 days were over on/);
    const done = leave("--finish");
    assert.equal(done.status, 0, done.said);
    assert.equal(
      done.said,
      `not Weir's, and stays in the folder of runs of ${wang}: 1 names
removed: 4 folders of runs, and what Weir had beside them
removed: 2 accounts of the network, tokens, journals, the credential. Last: weir-agent uninstall
`,
    );
    assert.equal(existsSync(runsOf(li)), false);
    assert.deepEqual(readdirSync(runsOf(wang)), ["notes"]);
    assert.deepEqual(readdirSync(join(home, "agent")).sort(), ["mapping.json", "slurm-network", "slurm.json"]);
    assert.deepEqual(
      hookCalls().map((line) => /"user":"([^"]+)"/.exec(line)?.[1]),
      [li, wang],
    );
    const { accounts, foldersOfRuns, journals, credential, retention } = listed();
    assert.deepEqual([accounts, foldersOfRuns, journals, credential], [[], [], false, false]);
    assert.deepEqual(retention, { days: 30, isAgreed: false });
  });

  test("where it stopped it goes on: a hook that fails, a kill in the middle", async () => {
    writeFileSync(join(site.folder, `trouble-${wang}`), "");
    const first = leave("--finish", "--early");
    assert.equal(first.status, 1);
    assert.match(first.said, new RegExp(`the account ${wang} stays: remove: the directory is down`));
    assert.equal(readLeaving(join(home, "agent"))?.state, "folders-gone");
    assert.ok(existsSync(inAgent("credential")));
    assert.equal(existsSync(runsOf(wang)), false);
    rmSync(join(site.folder, `trouble-${wang}`));

    // li is in the group no more, and is not asked for again. Its end has begun: nothing is waited for.
    writeFileSync(join(site.folder, "hold"), "");
    const child = spawn(process.execPath, [program, "leave", "--finish"], { env: environment("C"), stdio: "ignore" });
    const ended = once(child, "exit");
    for (let tries = 0; hookCalls().length < 3 && tries < 200; tries += 1) await delay(50);
    child.kill("SIGKILL");
    await ended;
    rmSync(join(site.folder, "hold"));
    assert.ok(existsSync(inAgent("credential")));
    const last = leave("--finish");
    assert.equal(last.status, 0, last.said);
    assert.deepEqual(
      hookCalls().map((line) => /"user":"([^"]+)"/.exec(line)?.[1]),
      [li, wang, wang, wang],
    );
    assert.equal(existsSync(inAgent("credential")), false);
  });

  test("who is let in no more stops it, by name, unless theirs is to stay", () => {
    execFileSync("gpasswd", ["--delete", li, "weir-users"], { stdio: "ignore" });
    const refused = leave("--finish", "--early");
    assert.equal(refused.status, 1);
    assert.match(refused.said, new RegExp(`not removed: the folders of runs of ${li} \\(group\\), .* --without USER`));
    assert.deepEqual([existsSync(runsOf(li)), existsSync(runsOf(wang)), hookCalls()], [true, false, []]);
    assert.ok(existsSync(inAgent("slurm-runs")), "what lies there is still known");
    const done = leave("--finish", "--early", "--without", li);
    assert.equal(done.status, 0, done.said);
    assert.match(done.said, new RegExp(`^the folder of runs of ${li} stays, as you said$`, "m"));
    assert.deepEqual([existsSync(runsOf(li)), hookCalls().length], [true, 2]);
  });

  test("where users lend their own tokens: their tokens go, and who never lent is no hindrance", () => {
    const { uid, gid } = statSync(`/var/tmp/${wang}`);
    const base = join(site.folder, "meeting");
    const tokens = join(site.folder, "tokens");
    for (const folder of [base, tokens]) {
      mkdirSync(folder, { mode: folder === base ? 0o711 : 0o700 });
      chownSync(folder, uid, gid);
    }
    writeFileSync(join(tokens, "1000"), "a token");
    const { program: byToken } = placeByToken({ folder: join(site.folder, "by-token") });
    const asAgent = join(site.folder, "as-agent");
    writeFileSync(asAgent, `#!/bin/sh\nexec setpriv --reuid ${uid} --regid ${gid} --clear-groups ${byToken} "$@"\n`, {
      mode: 0o755,
    });
    const delegated = { folder: base, tokens, program: asAgent };
    const rest = { socket: join(site.folder, "no-daemon") };
    writeFileSync(inAgent("slurm.json"), JSON.stringify({ transport: "rest", rest, delegated }));
    const byHand = JSON.parse(readFileSync(inAgent("mapping.json"), "utf8")).slice(0, 1);
    writeFileSync(inAgent("mapping.json"), JSON.stringify(byHand.map(({ by: _, ...entry }: { by: string }) => entry)));
    const before = listed();
    assert.deepEqual([before.tokens, before.ownInFoldersOf], [true, null]);
    const done = leave("--finish", "--early");
    assert.equal(done.status, 0, done.said);
    assert.deepEqual([existsSync(tokens), hookCalls(), listed().accounts], [false, [], []]);
  });

  test("not while a run goes on, nor beside an agent that works there", () => {
    const lock = folderLock(join(home, "agent"));
    assert.ok(lock.take());
    assert.match(leave("--finish", "--early").said, /the agent still runs: systemctl disable --now weir-agent/);
    lock.release();
    const notebook = openNotebook(inAgent("slurm-runs"));
    const run = runId({ job: jobId(3), index: 0, attempt: 1 });
    notebook.append([{ kind: "chunk", facts: facts(li, `${mark}-${run}-3`, run) }], "synced");
    notebook.close();
    for (const words of [["--yes"], ["--finish", "--early"]])
      assert.match(leave(...words).said, /1 runs have not ended: `weir centre leave` first/);
    assert.deepEqual(listed().runsThatHaveNotEnded, [run]);
    assert.equal(readLeaving(join(home, "agent")), null);
  });
});

function facts(user: string, chunk: string, run: RunId): ChunkFacts {
  return {
    ...{ chunk, user, account: "lab", pool: "batch", isArray: false, submittedMs: 1, startBeforeMs: 2, timeLimitS: 60 },
    ...{ cores: 1, memoryMib: 64, memoryMibPerNode: 64, accelerators: 0, acceleratorVendor: null },
    ...{ acceleratorModel: null, runs: [{ index: 0, run }] },
  };
}
