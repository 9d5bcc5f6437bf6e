import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Terminal } from "#cli/terminal.ts";
import { typed } from "#cli/typed-testing.ts";
import { writeSwf } from "#simulator/swf-testing.ts";

// `weir simulate` from the words typed to what is printed; the rules of replay have tests of their own in core/.

const folder = mkdtempSync(join(tmpdir(), "weir-simulate-"));
after(() => rmSync(folder, { recursive: true }));

type Row = readonly [number, number, number, number];
/** Jobs as [submit, run, processors, requested time]. */
function writeLog(name: string, header: string, jobs: readonly Row[]): string {
  const logged = jobs.map(([submit, ran, processors, asks]) => ({ submit, ran, processors, asks }));
  writeSwf(join(folder, name), header, logged);
  return name;
}

const blocked: readonly Row[] = [
  [100, 10, 8, 10],
  [101, 5, 6, 5],
  [102, 4, 2, 4],
];
const one = writeLog("one.swf.gz", "; MaxProcs: 10", blocked);
const other = writeLog("other.swf", "; MaxNodes: 8", [
  [0, 20, 8, 30],
  [1, 5, 4, 5],
]);
const unsized = writeLog("unsized.swf", "; Computer: somewhere", blocked);
const incomplete = writeLog("incomplete.swf", "; MaxProcs: 4", [[0, -1, 4, 10]]);

const weir = (words: string, terminal: Partial<Terminal> = {}) => typed(words.split(" "), { folder, ...terminal });

test("one trace under a named policy: the keys of the answer, and their values", async () => {
  const { code, out, error } = await weir(`simulate --trace ${one} --policy easy --json`);
  assert.equal(code, 0, error);
  assert.equal(error, "");
  const answer = JSON.parse(out);
  assert.deepEqual(Object.keys(answer), [
    ...["jobs", "processors", "meanWaitS", "medianWaitS", "p95WaitS", "maxWaitS", "averageBoundedSlowdown"],
    ...["areaWeightedWaitS", "utilisation", "makespanS", "startChecksum", "perHome", "overMaxWait"],
    ...["wallS", "cpuS", "jobsPerS", "peakRssMib"],
  ]);
  // Starts are 0, 10 and 2: waits of 0, 9 and 0; areas of 80, 30 and 8.
  const { wallS, cpuS, jobsPerS, peakRssMib, ...measured } = answer;
  assert.ok(wallS > 0 && cpuS >= 0 && cpuS < 0.5);
  assert.equal(jobsPerS, Math.round(3 / wallS));
  const rssMib = process.memoryUsage().rss / 1_048_576;
  assert.ok(peakRssMib >= rssMib * 0.9 && peakRssMib < rssMib * 20, `${peakRssMib} of ${rssMib}`);
  assert.deepEqual(measured, {
    ...{ jobs: 3, processors: 10, meanWaitS: 3, medianWaitS: 0, p95WaitS: 9, maxWaitS: 9 },
    averageBoundedSlowdown: (1 + 1.4 + 1) / 3,
    areaWeightedWaitS: (9 * 30) / 118,
    utilisation: 118 / 150,
    makespanS: 15,
    startChecksum: String(10 * 2 + 2 * 3),
    perHome: [{ name: "one", jobs: 3, meanWaitS: 3, p95WaitS: 9, maxWaitS: 9 }],
    overMaxWait: { jobs: 0, seconds: 0 },
  });
});

test("what was left out is chosen as documented", async () => {
  const routingOf = async (words: string) => {
    const { out, error } = await weir(`simulate ${words}`);
    return /^policy\s+(\S+)\nrouting\s+(\S+) \(/.exec(out)?.slice(1).join(" ") ?? error;
  };
  assert.equal(await routingOf(`--trace ${one}`), "weir home");
  assert.equal(await routingOf(`--trace ${one} ${other}`), "weir weir");
  assert.equal(await routingOf(`--trace ${one} --trace ${other} --policy easy`), "easy home");
  assert.equal(await routingOf(`--trace ${one} ${other} --policy weir`), "weir weir");
  assert.equal(
    await routingOf(`--trace ${one} ${other} --policy conservative --routing central`),
    "conservative central",
  );
  assert.match(await routingOf(`--trace ${one} ${other} --policy easy --routing weir`), /--routing central/);
});

test("the seed is 1 where it was left out", async () => {
  const drawn = async (words: string) => {
    const { out } = await weir(`simulate --trace ${one} ${other} ${one} --policy easy --routing random --json${words}`);
    return JSON.parse(out).startChecksum;
  };
  const left = await drawn("");
  assert.equal(await drawn(" --seed 1"), left);
  const others = await Promise.all([2, 3, 4, 5].map((seed) => drawn(` --seed ${seed}`)));
  assert.ok(others.some((other) => other !== left));
});

test("a policy file is taken wherever its policy can be", async () => {
  writeFileSync(join(folder, "mine.json"), '{"name": "mine", "like": "easy"}');
  const named = await weir(`simulate --trace ${one} --policy easy --json`);
  const read = await weir(`simulate --trace ${one} --policy mine.json --json`);
  assert.equal(read.code, 0, read.error);
  assert.equal(JSON.parse(read.out).startChecksum, JSON.parse(named.out).startChecksum);
  const central = await weir(`simulate --trace ${one} ${other} --policy mine.json`);
  assert.match(
    central.out,
    /^policy\s+mine\nrouting\s+weir \(one queue over all centres\)\nplanned by\s+the run times asked for$/m,
  );
});

test("several traces: homes in the order given, and each way to route", async () => {
  for (const routing of ["home", "random", "least-load", "earliest-start", "merged", "central"]) {
    const { code, out, error } = await weir(
      `simulate --trace ${other} ${one} --policy easy --routing ${routing} --json`,
    );
    assert.equal(code, 0, error);
    const { jobs, processors, perHome } = JSON.parse(out);
    assert.deepEqual([jobs, processors], [5, 18]);
    assert.deepEqual(
      perHome.map((home: { name: string; jobs: number }) => [home.name, home.jobs]),
      [
        ["other", 2],
        ["one", 3],
      ],
    );
  }
});

test("several traces: who starts later than alone, and by how much", async () => {
  const late = async (words: string) => {
    const { out, error } = await weir(`simulate --trace ${other} ${one} ${words} --json`);
    assert.equal(error, "");
    return JSON.parse(out).laterThanAlone;
  };
  const none = { share: 0, p99S: 0 };
  assert.deepEqual(await late("--policy easy --routing home"), {
    ...none,
    perHome: [
      { name: "other", ...none },
      { name: "one", ...none },
    ],
  });
  assert.equal((await late("--policy easy --routing merged")).share, 0);
  // Without backfill the third job of "one" starts at second 10, behind the second; under EASY at once, at second 2.
  const { share, p99S, perHome } = await late("--policy fcfs --routing home");
  assert.deepEqual([share, p99S, perHome[0], perHome[1].share], [1 / 5, 8, { name: "other", ...none }, 1 / 3]);
  assert.equal(await late("--policy rl-sjf --routing home"), undefined);
  const { out } = await weir(`simulate --trace ${other} ${one} --policy fcfs --routing home`);
  assert.match(out, /LATER THAN ALONE +BY, 99 %\n/);
  assert.match(out, /\nall +5 .* 20\.0 % +8\.0 s\n/i);
  const { out: alone } = await weir(`simulate --trace ${one} --policy fcfs`);
  assert.doesNotMatch(alone, /LATER THAN ALONE/);
});

test("days, sequences, sizes and estimates", async () => {
  const jobsOf = async (words: string) => {
    const { out, error } = await weir(`simulate --policy easy --json ${words}`);
    assert.equal(error, "");
    return JSON.parse(out);
  };
  const long = writeLog("long.swf", "; MaxProcs: 4", [
    [50, 5, 4, 9],
    [86_449, 5, 4, 9],
    [86_450, 5, 4, 9],
  ]);
  assert.equal((await jobsOf(`--trace ${long} --days 1`)).jobs, 2);
  assert.equal((await jobsOf(`--trace ${long} --days 2`)).jobs, 3);
  assert.deepEqual((await jobsOf(`--trace ${long} --from 1 --count 1`)).jobs, 1);
  assert.equal((await jobsOf(`--trace ${unsized} --processors 16`)).processors, 16);
  assert.equal((await jobsOf(`--trace ${unsized} ${one} --processors 16,12`)).processors, 28);
  // Clipped to the machine: the three jobs one after the other.
  assert.equal((await jobsOf(`--trace ${one} --processors 2`)).makespanS, 19);
  // Believing 30 s, EASY lets a job of 25 s go first; knowing that it is 20, it does not.
  const trusting = writeLog("trusting.swf", "; MaxProcs: 4", [
    [0, 20, 3, 30],
    [1, 5, 4, 5],
    [2, 25, 1, 25],
  ]);
  assert.equal((await jobsOf(`--trace ${trusting}`)).maxWaitS, 26);
  assert.equal((await jobsOf(`--trace ${trusting} --estimates actual`)).maxWaitS, 23);
});

test("refusals say what is wrong and what to do", async () => {
  const refused = async (words: string, code: number, ...patterns: readonly RegExp[]) => {
    const said = await weir(`simulate ${words}`);
    assert.equal(said.code, code, said.error);
    assert.equal(said.out, "");
    for (const pattern of patterns) assert.match(said.error, pattern);
  };
  await refused("--policy easy", 2, /--trace FILE/);
  await refused("--trace nowhere.swf", 2, /nowhere\.swf/, /no such file/);
  await refused(`--trace ${one} --policy eazy`, 2, /Is it easy\?/);
  await refused(`--trace ${one} --policy shortest-job-of-all`, 2, /There are: fcfs/);
  writeFileSync(join(folder, "broken.json"), "{");
  await refused(`--trace ${one} --policy broken.json`, 2, /broken\.json is no policy file/);
  for (const [text, words] of [
    ["{", /JSON 在第 1 行第 2 列有误\n$/],
    ['{"like": ', /JSON 不完整\n$/],
    ["# Notes", /JSON 中不应出现 #\n$/],
  ] as const) {
    writeFileSync(join(folder, "broken.json"), text);
    await refused(`--trace ${one} --policy broken.json --lang zh`, 2, words);
    await refused(`--trace ${one} --network broken.json --lang zh`, 2, words);
  }
  writeFileSync(join(folder, "odd.json"), '{"like": "easy", "maxWait": 5}');
  await refused(`--trace ${one} --policy odd.json`, 2, /maxWait/, /maxWaitS/);
  await refused(`--trace ${one} --routing everywhere`, 2, /earliest-start/);
  await refused(`--trace ${one} --days 0`, 2, /whole number from 1/);
  await refused(`--trace ${unsized}`, 3, /MaxProcs/, /--processors N/);
  await refused(`--trace ${one} ${other} --processors 1,2,3`, 2, /3 sizes for 2 traces/);
  await refused(`--trace ${incomplete}`, 3, /its one job is not left \(1 has no run time/);
  await refused(`--trace ${one} --from 3`, 3, /behind its last job/);
  await refused(`--trace ${one} ${other} --policy rl-sjf --routing central`, 3, /home always works/);
  writeFileSync(join(folder, "cut.swf.gz"), gzipSync("; MaxProcs: 10\n".repeat(500)).subarray(0, 30));
  await refused("--trace cut.swf.gz", 3, /cut short/);
  writeFileSync(join(folder, "empty.swf"), "; MaxProcs: 10\n");
  await refused("--trace empty.swf", 3, /no job in it/);
  writeFileSync(join(folder, "notes.txt"), "# Notes\nof mine\n");
  await refused("--trace notes.txt", 3, /line 1: "#" is no job number.* name another file/);
  const forever = writeLog("forever.swf", "; MaxProcs: 1", [
    [0, 2_000_000_000, 1, 2_000_000_000],
    [1, 2_000_000_000, 1, 2_000_000_000],
    [2, 5, 1, 5],
  ]);
  await refused(`--trace ${forever} --policy fcfs`, 3, /where the clock ends/);
});

test("who reads no further ends it quietly, and the report is written all the same", async () => {
  const closed = async () => {
    throw Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
  };
  const { code, error } = await weir(`simulate --trace ${one} --policy easy --report cut.html`, { out: closed });
  assert.deepEqual([code, error], [0, "The report is in cut.html.\n"]);
  assert.match(readFileSync(join(folder, "cut.html"), "utf8"), /<\/html>/);
});

test("the report of several traces has every chart, and in its frontier every policy of rigid jobs", async () => {
  const charts = [
    "Waiting by size",
    "Waiting by home",
    "Utilisation over time",
    "Slowdown",
    "The gap to the yardsticks",
  ];
  const more = ["The frontier of all policies", "The cost of fairness"];
  const { code, error } = await weir(`simulate --trace ${one} ${other} --report all.html`);
  assert.equal(code, 0, error);
  const page = readFileSync(join(folder, "all.html"), "utf8");
  const headings = [...page.matchAll(/<h2[^>]*>([^<]*)<\/h2>/g)].map(([, words]) => words);
  for (const chart of [...charts, ...more]) assert.ok(headings.includes(chart), `${chart} of ${headings.join(", ")}`);
  const frontier = page.slice(page.indexOf("The frontier of all policies"));
  for (const policy of ["fcfs", "sjf", "easy", "easy-sjbf", "sjf-easy", "saf-easy", "conservative", "weir"])
    assert.match(frontier, new RegExp(`<th scope="row">${policy}<`), policy);
});

test("--processors counts jobs that are made as the last trace", async () => {
  const made = `simulate --trace ${one} --generate lublin --jobs 20 --policy easy --routing home --json`;
  const sizes = async (words: string) => JSON.parse((await weir(`${made} ${words}`)).out).processors;
  assert.equal(await sizes("--processors 10,64"), 74);
  assert.equal(await sizes("--processors 64"), 128);
});

test("Chinese, and no bar where nobody looks or what is over at once", async () => {
  const chinese = await weir(`simulate --trace ${one} --policy easy --lang zh`, { errorIsTerminal: true });
  assert.match(chinese.out, /平均等待\s+3 秒/);
  assert.equal(chinese.error, "");
});

test("--network: latency, leases and moves of traces, and what is refused of it", async () => {
  const write = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value));
  write("far.json", { latencyS: 7, centres: { other: { latencyS: 0 } }, moves: {} });
  write("bad.json", { latencyS: 7, centres: { others: {} } });
  writeFileSync(join(folder, "broken.json"), "{");
  const asked = `simulate --trace ${one} ${other} --policy easy`;
  const near = JSON.parse((await weir(`${asked} --routing home --json`)).out);
  const far = JSON.parse((await weir(`${asked} --routing home --network far.json --json`)).out);
  assert.equal(near.network, undefined);
  assert.deepEqual(far.network, { moves: 0, returned: 0 });
  assert.equal(far.perHome[0].meanWaitS, near.perHome[0].meanWaitS + 7);
  assert.equal(far.perHome[1].meanWaitS, near.perHome[1].meanWaitS);
  const shown = await weir(`${asked} --routing central --network far.json`);
  assert.match(shown.out, /Bound again:? +0 moves, 0 leases over/i);
  for (const [words, code, error] of [
    [
      `${asked} --network bad.json`,
      2,
      /bad\.json is refused:\ncentres\.others: there is no such trace. Did you mean other\?/,
    ],
    [`${asked} --network broken.json`, 2, /broken\.json is no network file/],
    [`${asked} --network absent.json`, 2, /absent\.json is no network file/],
    [`${asked} --routing merged --network far.json`, 3, /not run with --network/],
  ] as const) {
    const refused = await weir(words);
    assert.match(refused.error, error);
    assert.equal(refused.code, code, words);
  }
});

test("the report of a replay with a network between has the policies that can be run so, beside yardsticks that know none", async () => {
  writeFileSync(join(folder, "slow.json"), JSON.stringify({ latencyS: 30 }));
  const asked = `simulate --trace ${one} ${other} --policy easy --routing central --network slow.json`;
  const { code, error } = await weir(`${asked} --report slow.html`);
  assert.deepEqual([code, error], [0, "The report is in slow.html.\n"]);
  const page = readFileSync(join(folder, "slow.html"), "utf8");
  assert.match(page, /lies what --network says/);
  assert.ok(page.includes(`<code>weir ${asked}</code>`), "the command that does it again is the one that was typed");
  const rows = [...page.matchAll(/<tr[^>]*><th[^>]*>([^<]*)<\/th><td[^>]*>([^<]*)<\/td>/g)].map(
    ([, a, b]) => `${a} ${b}`,
  );
  for (const row of ["easy central", "fcfs central", "weir weir", "easy least-load", "easy merged", "easy home"])
    assert.ok(rows.includes(row), `${row} among ${rows}`);
  for (const row of ["sjf merged", "conservative central"]) assert.ok(!rows.includes(row), row);
  const plain = await weir(`simulate --trace ${one} ${other} --policy easy --report plain.html`);
  assert.equal(plain.code, 0);
  assert.doesNotMatch(readFileSync(join(folder, "plain.html"), "utf8"), /lies what --network says/);
});

test("a report that cannot be kept is refused before anything is replayed", async () => {
  for (const [path, words] of [
    ["absent/r.html", /absent\/r\.html.*no such file or folder/],
    [".", /folder/],
  ] as const) {
    const { code, out, error } = await weir(`simulate --trace ${one} --policy easy --report ${path}`);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(error, words);
  }
});

const pods = "cpu_milli,memory_mib,num_gpu,gpu_milli\n4000,1,1,1000\n1000,1,1,400\n1000,1,0,0\n";
writeFileSync(join(folder, "pods.csv"), pods);
writeFileSync(join(folder, "pods.csv.gz"), gzipSync(pods).subarray(0, 30));
writeFileSync(join(folder, "nodes.csv"), "cpu_milli,memory_mib,gpu,model\n16000,99,4,a\n8000,99,2,b\n-1,9,1,b\n");

test("a list of pods is packed on the nodes of --network, by both rules and ten seeds, or by one", async () => {
  const both = await weir("simulate --trace pods.csv --network nodes.csv --json");
  assert.equal(both.code, 0, both.error);
  const { runs, means, leftOut } = JSON.parse(both.out);
  assert.equal(runs.length, 20);
  assert.deepEqual(Object.keys(means), ["fragmentation", "best-fit"]);
  assert.deepEqual(leftOut, { pods: 0, nodes: 1 });
  assert.ok(runs.every((each: { devicesMilli: number }) => each.devicesMilli === 6000));
  assert.ok(means.fragmentation > 0.5 && means.fragmentation <= 1);
  const one = await weir("simulate --trace pods.csv --network nodes.csv --policy weir --seed 3");
  assert.equal(one.code, 0, one.error);
  assert.match(one.out, /^RULE +SEED +PODS +FIT NOWHERE +DEVICES ASKED +ALLOCATED +OF ALL\nfragmentation +3 /);
  assert.match(one.out, /\nfragmentation, mean:? +\d+\.\d\d %\n/);
  assert.match(one.error, /^Left out, as amounts are missing or negative: 0 pods, 1 node\n/);
});

test("what cannot be packed is said, and what to do about it", async () => {
  const said = async (words: string, code: number, error: RegExp) => {
    const ran = await weir(`simulate ${words}`);
    assert.match(ran.error, error);
    assert.equal(ran.code, code);
  };
  await said("--trace pods.csv", 2, /name the list of nodes with --network FILE/);
  await said("--trace pods.csv --network nodes.csv --report r.html", 2, /--report says nothing where pods are packed/);
  await said("--trace pods.csv --network nodes.csv --routing home", 2, /--routing says nothing/);
  await said("--trace pods.csv --network nothing.csv", 2, /nothing\.csv/);
  await said("--trace pods.csv --network pods.csv", 3, /pods\.csv, line 1: no column gpu\. The first line must name/);
  await said("--trace pods.csv.gz --network nodes.csv", 3, /pods\.csv\.gz: the gzip file is cut short or damaged/);
  await said("--trace pods.csv --network nodes.csv --policy easy", 2, /--policy .*weir, fragmentation, best-fit/);
});

test("an option that is also an axis of the sweep is refused, not passed over", async () => {
  for (const [option, value] of [
    ["policy", "sjf"],
    ["seed", "7"],
  ]) {
    // On the network: where it is not refused it ends at once all the same, as no built program is here.
    const { code, out, error } = await weir(
      `simulate --generate ai --jobs 50 --sweep policy=easy --sweep seed=1-2 --on-network --${option} ${value}`,
    );
    assert.equal(code, 2, error);
    assert.match(error, new RegExp(`--${option} and --sweep ${option}=… contradict`));
    assert.equal(out, "");
  }
});

test("a load is any number above 0, and its refusal says no whole number", async () => {
  const { code, error } = await weir("simulate --generate ai --jobs 50 --load 0");
  assert.equal(code, 2, error);
  assert.match(error, /--load cannot be "0"; write a number above 0/);
});

test("the replays of traces that the guides show run as they stand there", async () => {
  const guide = (name: string) => readFileSync(join(import.meta.dirname, "../docs/guides", `${name}.md`), "utf8");
  const jobs: readonly Row[] = [0, 10, 20].map((submit) => [submit, 100, 3, 200]);
  for (const name of ["KTH-SP2.swf.gz", "SDSC-SP2.swf.gz"]) writeLog(name, "; MaxProcs: 4", jobs);
  writeFileSync(join(folder, "network.json"), /```json\n([\s\S]*?)```/.exec(guide("simulate"))?.[1] ?? "");
  const shown = ["simulate", "what-if"].flatMap((name) => [
    ...guide(name).matchAll(/^ *weir (simulate --trace [^\n]*\.swf[^\n]*)$/gm),
  ]);
  const replays = shown.map(([, words = ""]) => words).filter((words) => !words.includes("--sweep"));
  assert.ok(replays.length >= 4, `${replays.length} found`);
  for (const words of replays) {
    const { code, error } = await weir(words);
    assert.equal(code, 0, `${words}: ${error}`);
  }
});

test("what no policy, routing or estimate is called is refused before any point of a sweep runs", async () => {
  for (const [axis, words] of [
    ["policy=easy,esay", /esay/],
    ["routing=home,hoem", /hoem/],
    ["estimates=exact", /exact/],
  ] as const) {
    const { code, out, error } = await weir(`simulate --generate ai --jobs 50 --sweep ${axis}`);
    assert.equal(code, 2, error);
    assert.match(error, words);
    assert.equal(out, "");
  }
});
