import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Terminal } from "#cli/terminal.ts";
import { typed } from "#cli/typed-testing.ts";
import { policies } from "#core/scheduling/policy.ts";
import { parsePolicy } from "#core/scheduling/policy-file.ts";
import { policyWords } from "#core/scheduling/policy-words.ts";
import { writeSwf } from "#simulator/swf-testing.ts";

// `weir policy` from the words typed to what is printed. Jobs are written out or made here; no trace is needed.

const folder = mkdtempSync(join(tmpdir(), "weir-policy-"));
after(() => rmSync(folder, { recursive: true }));

type Row = readonly [number, number, number, number];
/** Jobs as [submit, run, processors, group]; what they ask for is right. */
function writeLog(name: string, header: string, jobs: readonly Row[]): void {
  const logged = jobs.map(([submit, ran, processors, group]) => ({ submit, ran, processors, group }));
  writeSwf(join(folder, name), header, logged);
}

// First come, first served: starts at 0, 10 and 10 s after the first submission; with backfill the last one at 2.
writeLog("one.swf.gz", "; MaxProcs: 10", [
  [100, 10, 8, 40],
  [101, 5, 6, 41],
  [102, 4, 2, 42],
]);
writeLog("other.swf", "; MaxProcs: 10", [[0, 20, 8, 40]]);
writeLog("unsized.swf", "; Computer: somewhere", [[0, 20, 8, 40]]);

const weir = (words: string, terminal: Partial<Terminal> = {}) => typed(words.split(" "), { folder, ...terminal });

async function json(words: string) {
  const { code, out, error } = await weir(`${words} --json`);
  assert.equal(code, 0, error);
  return JSON.parse(out);
}

test("the keys of a comparison, and their values", async () => {
  const answer = await json("policy diff fcfs easy --trace one.swf.gz");
  assert.deepEqual(Object.keys(answer), [
    ...["before", "after", "jobs", "processors", "routing", "estimates", "days", "seed"],
    ...["all", "homes", "projects", "sizes"],
  ]);
  assert.deepEqual(Object.keys(answer.before), [
    ...["said", "policy", "meanWaitS", "p95WaitS", "maxWaitS", "averageBoundedSlowdown", "utilisation"],
    "startChecksum",
  ]);
  assert.deepEqual(
    [answer.before.policy, answer.after.policy, answer.jobs, answer.processors, answer.routing],
    ["fcfs", "easy", 3, 10, "home"],
  );
  const rest = { earlier: 1, later: 0, laterByP99S: 0, meanWaitBeforeS: 17 / 3, meanWaitAfterS: 3, changeS: -8 / 3 };
  assert.deepEqual(answer.all, { name: "all", jobs: 3, ...rest });
  assert.deepEqual(answer.homes, [{ name: "one", jobs: 3, ...rest }]);
  const alike = { jobs: 1, earlier: 0, later: 0, laterByP99S: 0, changeS: 0 };
  assert.deepEqual(answer.projects, [
    { ...alike, name: "one/42", earlier: 1, meanWaitBeforeS: 8, meanWaitAfterS: 0, changeS: -8 },
    { ...alike, name: "one/40", meanWaitBeforeS: 0, meanWaitAfterS: 0 },
    { ...alike, name: "one/41", meanWaitBeforeS: 9, meanWaitAfterS: 9 },
  ]);
  assert.deepEqual(
    answer.sizes.map(({ name, changeS }: { name: string; changeS: number }) => [name, changeS]),
    [
      ["2", -8],
      ["5-8", 0],
    ],
  );
});

test("the other way round whoever gained loses: how many start later, and by how much", async () => {
  const { all, projects } = await json("policy diff easy fcfs --trace one.swf.gz");
  assert.deepEqual([all.changeS, all.earlier, all.later, all.laterByP99S], [8 / 3, 0, 1, 8]);
  assert.equal(projects.at(-1).name, "one/42");
  const { code, out } = await weir("policy diff easy fcfs --trace one.swf.gz");
  assert.equal(code, 0);
  assert.match(out, /^A +easy +3\.0 s /m);
  assert.match(out, /^GROUP +JOBS +MEAN WAIT A +MEAN WAIT B +CHANGE +LATER +LATER BY, P99$/m);
  assert.match(out, /^project one\/42 +1 +0\.0 s +8\.0 s +\+8\.0 s +1 +8\.0 s$/m);
  assert.match(out, /^project one\/40 +1 +0\.0 s +0\.0 s +0 +0 +–$/m);
  assert.match(out, /wait longer on average: 1\/1 homes, 1\/3 projects, 1\/2 sizes\.$/m);
});

test("made jobs: every grouping adds up to all, and each side is what weir simulate measures", async () => {
  const made = "--generate ai --jobs 1200 --processors 16 --load 1.2 --seed 4";
  const answer = await json(`policy diff easy saf-easy ${made}`);
  assert.deepEqual(
    answer.synthetic,
    answer.homes.map(({ name }: { name: string }) => name),
  );
  assert.ok(answer.all.later > 0 && answer.all.earlier > 0 && answer.all.laterByP99S > 0);
  for (const rows of [answer.homes, answer.projects, answer.sizes]) {
    const sum = (value: (row: { jobs: number; later: number; changeS: number }) => number) =>
      rows.reduce((total: number, row: { jobs: number; later: number; changeS: number }) => total + value(row), 0);
    assert.equal(
      sum(({ jobs }) => jobs),
      1200,
    );
    assert.equal(
      sum(({ later }) => later),
      answer.all.later,
    );
    assert.ok(Math.abs(sum(({ jobs, changeS }) => jobs * changeS) / 1200 - answer.all.changeS) < 1e-6);
  }
  for (const side of [answer.before, answer.after]) {
    const alone = await json(`simulate --policy ${side.policy} ${made}`);
    assert.equal(side.startChecksum, alone.startChecksum);
    assert.equal(side.meanWaitS, alone.meanWaitS);
  }
});

test("both are routed alike: at home with one trace, else one queue over all", async () => {
  const routingOf = async (words: string) => (await json(`policy diff ${words}`)).routing;
  assert.equal(await routingOf("easy weir one.swf.gz"), "home");
  assert.equal(await routingOf("easy weir --trace one.swf.gz other.swf"), "central");
  assert.equal(await routingOf("rl-fcfs rl-sjf --trace one.swf.gz other.swf"), "home");
  assert.equal(await routingOf("easy weir --trace one.swf.gz --trace other.swf --routing merged"), "merged");
});

test("policy files, and what weir export wrote", async () => {
  writeFileSync(join(folder, "mine.json"), '{"name": "mine", "like": "weir", "maxWaitS": 90000}');
  const task = { job: 1, index: 0, number: 1, project: 7, person: 3, cores: 2, accelerators: 0, timeLimitS: 60 };
  const lines = [
    { weir: "history", version: 1, centres: [{ centre: "jinan", cores: 4 }] },
    { ...task, centre: "jinan", submittedMs: 5000, startedMs: 6000, endedMs: 9000 },
  ];
  writeFileSync(join(folder, "history.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const answer = await json("policy diff weir mine.json --trace history.jsonl --days 3");
  assert.deepEqual([answer.after.said, answer.after.policy, answer.days], ["mine.json", "mine", 3]);
  assert.deepEqual(
    [...answer.homes, ...answer.projects].map(({ name }: { name: string }) => name),
    ["jinan", "jinan/7"],
  );
});

// Given: 8 cards; of two tasks that want all of them and one that wants one, the last can go past the second.
test("a history of cards is compared by cards, not by cores that nobody waited for", async () => {
  const alike = { job: 1, index: 0, project: 40, person: 9, centre: "jinan", deviceClass: "huawei/ascend-910b" };
  const task = (number: number, accelerators: number, submittedMs: number, ranMs: number) => {
    const times = { timeLimitS: ranMs / 1000, submittedMs, startedMs: submittedMs, endedMs: submittedMs + ranMs };
    return { ...alike, number, cores: 1, accelerators, shareMilli: 1000, ...times };
  };
  const accelerators = [{ deviceClass: "huawei/ascend-910b", count: 8 }];
  const lines = [
    { weir: "history", version: 1, centres: [{ centre: "jinan", cores: 256, accelerators }] },
    task(1, 7, 0, 100_000),
    task(2, 8, 1000, 100_000),
    task(3, 1, 2000, 10_000),
    { ...task(4, 0, 3000, 10_000), deviceClass: null },
  ];
  writeFileSync(join(folder, "cards.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const compared = await json("policy diff fcfs easy --trace cards.jsonl --resource ascend-910b");
  assert.deepEqual([compared.jobs, compared.processors, compared.all.earlier], [3, 8, 1]);
  const plain = await weir("policy diff fcfs easy --trace cards.jsonl");
  assert.match(plain.error, /count by their cores.*huawei\/ascend-910b: 3\).*--resource/);
  assert.equal((await json("policy diff fcfs easy --trace cards.jsonl --resource cores")).all.earlier, 0);
  const chinese = await weir("policy diff fcfs easy --trace cards.jsonl --lang zh");
  assert.match(chinese.error, /任务按核数计/);
  await weir("simulate --trace cards.jsonl --resource ascend-910b --policy easy --report cards.html");
  const [, again] = /<code>weir ([^<]*)<\/code>/.exec(readFileSync(join(folder, "cards.html"), "utf8")) ?? [];
  assert.equal((await json(again ?? "")).jobs, 3, "what the report says does it again is of the cards too");
  const unknown = await weir("simulate --trace cards.jsonl --resource a100");
  assert.deepEqual([unknown.code, /no task had a100.*cores, huawei\/ascend-910b;/.test(unknown.error)], [2, true]);
  writeFileSync(join(folder, "cores.jsonl"), `${JSON.stringify(lines[0])}\n${JSON.stringify(lines[4])}\n`);
  const none = await weir("simulate --trace cores.jsonl --resource a100");
  assert.deepEqual([none.code, /no task had a100, nor any other/.test(none.error)], [2, true]);
  const swf = await weir("simulate --trace one.swf.gz --resource ascend-910b");
  assert.deepEqual([swf.code, /no history of Weir's own/.test(swf.error)], [2, true]);
});

test("what no replay knows is named where two policies differ in it", async () => {
  const classes = '{"name": "classed", "maxWaitS": 90000, "classes": [{"name": "urgent"}, {"name": "normal"}]}';
  writeFileSync(join(folder, "classed.json"), classes);
  const said = await weir("policy diff weir classed.json --trace one.swf.gz");
  assert.equal(said.code, 0, said.error);
  assert.match(said.error, /They differ in classes, preemption too, which no replay knows/);
  const zh = await weir("policy diff weir classed.json --trace one.swf.gz --lang zh");
  assert.match(zh.error, /二者的 classes、preemption 也不同/);
  assert.doesNotMatch((await weir("policy diff fcfs easy --trace one.swf.gz")).error, /differ/);
});

test("refusals say what is wrong and what to do", async () => {
  const refused = async (words: string, code: number, ...patterns: readonly RegExp[]) => {
    const said = await weir(`policy ${words}`);
    assert.equal(said.code, code, said.error);
    assert.equal(said.out, "");
    for (const pattern of patterns) assert.match(said.error, pattern);
  };
  const trace = "--trace one.swf.gz";
  await refused(`diff easy ${trace}`, 2, /weir policy diff/);
  await refused(`diff easy eazy-sjbf ${trace}`, 2, /no policy "eazy-sjbf"/, /Is it easy-sjbf\?/);
  await refused("diff easy weir --server http://127.0.0.1:1", 5, /--trace FILE/, /--generate lublin/);
  await refused("diff easy weir --trace nowhere.swf", 2, /nowhere\.swf/, /no such file/);
  await refused("diff easy weir --trace unsized.swf", 3, /MaxProcs/, /--processors N/);
  await refused(`diff easy easy ${trace}`, 2, /the same policy/, /two different/);
  writeFileSync(join(folder, "again.json"), '{"name": "again", "like": "easy"}');
  await refused(`diff easy again.json ${trace}`, 2, /easy and again\.json are the same policy/);
  await refused(`diff easy rl-sjf ${trace}`, 2, /^weir: rl-sjf is replayed under RLScheduler's rules/);
  await refused(`diff easy weir ${trace} --routing weir`, 2, /not easy/, /--routing central/);
  await refused(`diff easy weir ${trace} --jobs 5`, 2, /--jobs .*--generate/);
  writeFileSync(join(folder, "odd.json"), '{"like": "easy", "maxWait": 5}');
  await refused("show odd.json", 2, /maxWait/, /maxWaitS/);
  await refused("show eazy", 2, /Is it easy\?/);
});

test("Chinese; and one bar over both replays where somebody looks", async (context) => {
  const chinese = await weir("policy diff fcfs easy --trace one.swf.gz --lang zh");
  assert.match(chinese.out, /中心 one +3 +5\.7 秒 +3\.0 秒 +-2\.7 秒/);
  assert.match((await weir("policy diff easy easy --trace one.swf.gz --lang zh")).error, /同一策略/);
  let nowMs = 0;
  context.mock.method(performance, "now", () => {
    nowMs += 300;
    return nowMs;
  });
  const made = "policy diff fcfs easy --generate lublin --jobs 9000 --processors 256";
  const watched = await weir(made, { errorIsTerminal: true });
  assert.equal(watched.code, 0);
  assert.match(watched.error, /█.* of 18000, /);
  assert.ok(watched.error.endsWith("\r\u001b[K"));
  assert.equal((await weir(made)).error, "");
});

test("of many projects those are shown that gain and lose most, and JSON has all", async () => {
  const jobs = Array.from({ length: 30 }, (_, at): Row => [at, 10 + ((at * 7) % 30), 1, at]);
  writeLog("many.swf", "; MaxProcs: 1", jobs);
  const { code, out, error } = await weir("policy diff fcfs sjf --trace many.swf");
  assert.equal(code, 0, error);
  assert.equal(out.match(/^project /gm)?.length, 20);
  assert.match(error, /10 groups are not shown/);
  assert.equal((await json("policy diff fcfs sjf --trace many.swf")).projects.length, 30);
});

test("a policy is shown in the sentences of the console", async () => {
  for (const language of ["en", "zh"] as const) {
    const { code, out } = await weir(`policy show weir --lang ${language}`);
    assert.equal(code, 0);
    for (const [rule, words] of policyWords(policies.weir, language))
      assert.ok(
        out.split("\n").some((line) => line.startsWith(rule) && line.endsWith(words)),
        rule,
      );
  }
  assert.match((await weir("policy show weir --write nowhere/x.json")).error, /nowhere\/x\.json cannot be written/);
});

test("a policy that is shown is a file that says the same", async () => {
  for (const [name, policy] of Object.entries(policies)) {
    assert.deepEqual(parsePolicy(await json(`policy show ${name}`)), { kind: "policy", policy });
    const { code, error } = await weir(`policy show ${name} --write kept.json`);
    assert.deepEqual([code, error], [0, "The policy is in kept.json.\n"]);
    assert.deepEqual(await json("policy show kept.json"), policy);
  }
  writeFileSync(join(folder, "week.json"), '{"name": "week", "like": "easy", "maxWaitS": 604800}');
  assert.deepEqual(await json("policy show week.json"), { ...policies.easy, name: "week", maxWaitS: 604_800 });
});
