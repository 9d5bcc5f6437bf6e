import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { whoOf, whoText } from "./accounts.ts";
import { clockFinding } from "./doctor.ts";
import { parseSettings, withSetting } from "./settings.ts";
import { findWord, overview, wordHelp } from "./words.ts";

test("settings are read as systemd reads them, and one is set without touching the others", () => {
  const text = '# the agent\nWEIR_DRIVER=slurm\nQUOTED="a b"\n# HTTPS_PROXY=http://proxy\n';
  assert.deepEqual(parseSettings(text), { WEIR_DRIVER: "slurm", QUOTED: "a b" });
  const set = withSetting(text, "WEIR_SERVER_URL", "https://weir.example");
  assert.equal(set, `# the agent\nWEIR_SERVER_URL=https://weir.example\n${text.slice(12)}`);
  assert.equal(withSetting(set, "WEIR_SERVER_URL", "https://$&.example").match(/WEIR_SERVER_URL/g)?.length, 1);
  assert.equal(parseSettings(withSetting("# only words", "A", "1")).A, "1");
});

test("who: a person, a project, or a person in a project; nothing else", () => {
  for (const [text, person, project] of [
    ["person:12", 12, null],
    ["project:7", null, 7],
    ["person:12,project:7", 12, 7],
  ] as const) {
    assert.deepEqual(whoOf(text), { person, project });
    assert.equal(whoText({ person, project }), text);
  }
  for (const text of ["", "12", "person:", "person:x", "person:1project:2", "project:1,person:2", "person:1,"])
    assert.throws(() => whoOf(text), /say person:ID, project:ID/, text);
});

test("a clock that is off is told, the second that HTTP leaves out is not", () => {
  assert.equal(clockFinding(10_000, 10_900, 11_100).verdict, "good");
  assert.match(clockFinding(101_000, 10_900, 11_000).words, /^90 s off/);
  assert.match(clockFinding(10_000, 101_000, 101_200).words, /^-90 s off/);
});

test("help for every word; an unknown word or option is status 2", () => {
  for (const name of [
    "install",
    "doctor",
    "enrol",
    "run",
    "accounts",
    "stop-new",
    "resume-new",
    "leave",
    "uninstall",
  ]) {
    assert.match(overview(), new RegExp(`^ {2}${name} `, "m"));
    const word = findWord(name) ?? assert.fail(name);
    assert.match(wordHelp(word), new RegExp(`^usage: weir-agent ${name}`));
  }
  const runIn = (LANG: string, ...words: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "..", "main.ts"), ...words], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, LANG },
    });
  assert.match(runIn("C", "--version").stdout, /^weir-agent \d+\.\d+\.\d+\n$/);
  assert.match(runIn("C", "help", "enrol").stdout, /^usage: weir-agent enrol /, "help of one word, not of all");
  const run = (...words: string[]) => runIn("C.UTF-8", ...words);
  assert.match(runIn("zh_CN.UTF-8", "--help").stdout, /^weir-agent：中心的代理/);
  assert.match(runIn("zh_CN.UTF-8", "enrol", "nowhere").stderr, /nowhere：不是服务器地址/);
  const ofChinese = runIn("zh_CN.UTF-8", "install", "--help").stdout;
  assert.match(ofChinese, /^用法：weir-agent install \[选项…\]/);
  // Each option is said in Chinese too.
  for (const line of ofChinese.split("\n").filter((one) => one.startsWith("  --")))
    assert.match(line, /\p{Script=Han}/u);
  assert.match(runIn("zh_CN.UTF-8", "accounts", "remove", "me").stderr, /me：应为 person:编号/);
  assert.match(run("enrol", "nowhere").stderr, /nowhere: not an address of a server/);
  assert.match(run("--help").stdout, /^weir-agent: the agent of a centre/);
  assert.equal(run("dance").status, 2);
  const loud = run("doctor", "--loud");
  assert.deepEqual([loud.status, /--loud/.test(loud.stderr)], [2, true]);
});

/** `weir-agent accounts` of an agent with a folder of its own, at a Slurm centre whose helper does nothing. */
function accountsOf(context: TestContext) {
  const home = mkdtempSync(join(tmpdir(), "weir-accounts-"));
  context.after(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, "agent"));
  writeFileSync(join(home, "agent", "slurm.json"), JSON.stringify({ helper: ["true"] }));
  return (...words: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "..", "main.ts"), "accounts", ...words], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, LANG: "C.UTF-8", WEIR_HOME: home },
    });
}

test("one local user for two people is refused, unless it is said to be meant; then it is marked", (context) => {
  const accounts = accountsOf(context);
  const add = (...words: string[]) => accounts("add", ...words, "ai-lab", "--no-test");
  assert.equal(add("person:1", "li").status, 0, add("person:1", "li").stderr);
  const second = add("person:2", "li");
  assert.deepEqual([second.status === 0, second.stdout], [false, ""]);
  assert.match(second.stderr, /person:2 would be li, who is person:1 already: .* --shared/);
  assert.equal(add("person:1,project:7", "li").status, 0, "the same person in one of their projects");
  assert.notEqual(add("project:7", "li").status, 0, "a whole project as one of its people");
  assert.doesNotMatch(accounts().stdout, /shared/);
  assert.equal(add("person:2", "li", "--shared").status, 0);
  assert.match(accounts().stdout, /^person:2 .*shared with person:1/m);
});

test("an account that was a slip can be taken out of the mapping altogether", (context) => {
  const accounts = accountsOf(context);
  accounts("add", "person:1", "li", "--no-test");
  accounts("add", "person:2", "gone", "--no-test");
  assert.match(accounts("remove", "person:2").stdout, /nothing new runs as gone/);
  assert.match(accounts().stdout, /^person:2 .*removed/m, "what ran as that user is followed");
  assert.match(accounts("remove", "person:2", "--forget").stdout, /person:2 → gone is out of the mapping/);
  assert.deepEqual(accounts().stdout.match(/person:\d/g), ["person:1"]);
  assert.equal(accounts("remove", "person:2", "--forget").status, 1, "it is not there any more");
});

test("root does not run the agent of a Slurm centre, and nothing of root's is left in its folder", {
  skip: process.getuid?.() !== 0 && "only root can try",
}, (context) => {
  const home = mkdtempSync(join(tmpdir(), "weir-root-"));
  context.after(() => rmSync(home, { recursive: true }));
  const run = (LANG: string) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "..", "main.ts"), "run"], {
      encoding: "utf8",
      timeout: 240_000,
      env: {
        PATH: process.env.PATH,
        LANG,
        WEIR_HOME: home,
        WEIR_DRIVER: "slurm",
        WEIR_SERVER_URL: "https://weir.invalid",
      },
    });
  const { status, stderr } = run("C.UTF-8");
  assert.equal(status, 1);
  assert.match(stderr, /^weir-agent run: the agent of a Slurm centre never runs as root: systemctl start weir-agent/);
  assert.match(run("zh_CN.UTF-8").stderr, /从不以 root 运行/);
  assert.deepEqual(readdirSync(home, { recursive: true }), []);
});

test("a first policy opens nothing that was not named; once more, the site's own stays", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "weir-install-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  // A Slurm of two accounts and two partitions, with or without slurmdbd.
  const slurm = (accounting: "slurmdbd" | "none") => {
    const bin = join(folder, `bin-${accounting}`);
    mkdirSync(bin);
    const put = (name: string, text: string) => writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    put("sbatch", "exit 1");
    put("sacctmgr", "printf 'root\\nai-lab\\nphysics\\n'");
    put(
      "scontrol",
      `case "$*" in *partition) printf 'PartitionName=batch State=UP\\nPartitionName=accel State=UP\\n' ;; *) echo 'AccountingStorageType = accounting_storage/${accounting}' ;; esac`,
    );
    return bin;
  };
  const install = (bin: string, root: string, ...words: readonly string[]) =>
    spawnSync(
      process.execPath,
      [join(import.meta.dirname, "..", "main.ts"), "install", "--root", join(folder, root), ...words],
      { encoding: "utf8", env: { PATH: `${bin}:${process.env.PATH}`, LANG: "C.UTF-8" } },
    );
  const policy = (root: string) =>
    /^account .*\npartition .*\nqos .*$/m.exec(readFileSync(join(folder, root, "etc/weir/policy"), "utf8"))?.[0];
  for (const root of ["one", "all", "none"]) mkdirSync(join(folder, root));
  const withDbd = slurm("slurmdbd");
  for (const [words, said] of [
    [[], /--account NAME, as often as needed, or --all-accounts\. There are: ai-lab physics/],
    [["--account", "ai-lab"], /--partition NAME, as often as needed, or --all-partitions\. There are: batch accel/],
    [["--account", "ai-lab", "--all-accounts"], /--account and --all-accounts do not go together/],
  ] as const) {
    const refused = install(withDbd, "one", ...words);
    assert.equal(refused.status, 1, refused.stdout);
    assert.match(refused.stderr, said);
  }
  const first = install(withDbd, "one", "--account", "ai-lab", "--partition", "batch");
  assert.equal(first.status, 0, first.stderr);
  assert.equal(policy("one"), "account ai-lab\npartition batch\nqos -");
  const again = install(withDbd, "one");
  assert.equal(again.status, 0, again.stderr);
  assert.match(again.stdout, /^kept +\S*\/etc\/weir\/policy$/m);
  assert.equal(install(withDbd, "all", "--all-accounts", "--all-partitions", "--qos", "normal").status, 0);
  assert.equal(policy("all"), "account - ai-lab physics\npartition batch accel\nqos normal");
  const without = install(slurm("none"), "none", "--partition", "accel");
  assert.equal(without.status, 0, without.stderr);
  assert.equal(policy("none"), "account -\npartition accel\nqos -");
});
