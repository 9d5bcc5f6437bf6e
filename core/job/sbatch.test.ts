import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Asked } from "#core/job/asked.ts";
import { type Phrase, phraseLine, phraseWords } from "#core/job/phrase.ts";
import { parseSbatch } from "#core/job/sbatch.ts";
import { sbatchOptions } from "#core/job/sbatch-options.ts";
import { refusalWords } from "#core/refusal.ts";

function lines(...directives: string[]) {
  return parseSbatch(["#!/bin/bash", ...directives.map((text) => `#SBATCH ${text}`), "true", ""].join("\n"), []);
}

function asked(...directives: string[]): Asked {
  const result = lines(...directives);
  assert.deepEqual(result.refusals, [], directives.join(" | "));
  return result.asked;
}

function refusal(...directives: string[]) {
  const [first] = lines(...directives).refusals;
  assert.ok(first, `${directives.join(" | ")} was not refused`);
  return first;
}

function warned({ warnings }: { readonly warnings: readonly Phrase[] }, language: "en" | "zh" = "en") {
  return warnings.map((warning) => phraseWords(warning, language));
}

test("long and short options, with =, a blank or glued", () => {
  for (const text of ["-N2", "-N 2", "--nodes=2", "--nodes 2", "--nodes=2-2", "--nodes=02"]) {
    assert.deepEqual(asked(text), { nodes: 2 }, text);
  }
  assert.deepEqual(asked("-n 4 -c2 --mem 4G"), { tasks: 4, coresPerTask: 2, memory: { kind: "per-node", mib: 4096 } });
  assert.deepEqual(asked("-J work -A physics -a 1-9%3"), { name: "work", project: "physics", array: "1-9%3" });
  assert.deepEqual(asked("--outp=log"), { stdout: "log" }, "an unambiguous beginning will do");
  assert.deepEqual(asked("--mem=4096M"), asked("--mem=4G"));
  assert.deepEqual(asked("--mem-per-cpu=500"), { memory: { kind: "per-core", mib: 500 } });
  assert.deepEqual(asked("-t 1-02:30:00"), { timeLimitS: 95_400 });
  assert.deepEqual(asked("-o out-%j.txt", "-e err", "-D /data"), {
    stdout: "out-%j.txt",
    stderr: "err",
    workingDirectory: "/data",
  });
  assert.deepEqual(asked("-i /dev/null", "--begin=now"), {});
  assert.deepEqual([asked("--requeue"), asked("--no-requeue")], [{ requeue: true }, { requeue: false }]);
});

test("accelerators", () => {
  const card = (vendor: string | null, model: string | null, count: number) => ({ vendor, model, count });
  assert.deepEqual(asked("--gres=gpu:2"), { acceleratorsPerNode: card(null, null, 2) });
  assert.deepEqual(asked("--gres=npu:ascend910b:8"), { acceleratorsPerNode: card(null, "ascend910b", 8) });
  assert.deepEqual(asked("--gres=npu:8"), { acceleratorsPerNode: card("huawei", null, 8) });
  assert.deepEqual(asked("--gpus-per-node=a100:4"), { acceleratorsPerNode: card(null, "a100", 4) });
  assert.deepEqual(asked("-G 8"), { acceleratorsInAll: card(null, null, 8) });
  assert.deepEqual(asked("--gpus-per-task=1", "--cpus-per-gpu=4"), {
    acceleratorsPerTask: card(null, null, 1),
    coresPerAccelerator: 4,
  });
  assert.equal(refusal("--gres=gpu:1,npu:1").kind, "option-refused");
  assert.deepEqual(asked("--gres=gpu:2,shard:1,fpga:u280:2"), {
    gres: ["shard:1", "fpga:u280:2"],
    acceleratorsPerNode: card(null, null, 2),
  });
  assert.equal(refusal("--gres=gpu:1:b").kind, "bad-option-value");
});

test("dependencies", () => {
  assert.deepEqual(asked("-d afterok:1:2,afterany:3_4").dependencies, [
    { kind: "afterok", job: 1, index: null },
    { kind: "afterok", job: 2, index: null },
    { kind: "afterany", job: 3, index: 4 },
  ]);
  assert.deepEqual(asked("--dependency=aftercorr:7,singleton").dependencies, [
    { kind: "aftercorr", job: 7 },
    { kind: "singleton" },
  ]);
  assert.deepEqual(asked("-d afternotok:5_*").dependencies, [{ kind: "afternotok", job: 5, index: null }]);
  assert.equal(refusal("-d afterok:1?afterany:2").kind, "option-refused", "any one of them is another meaning");
  for (const text of ["afterok", "afterok:", "afterok:x", "afterok:1,", "sometime:1", "afterok:0", "aftercorr:1_2"]) {
    assert.equal(refusal(`-d ${text}`).kind, "bad-option-value", text);
  }
});

test("environment, mail, and other words", () => {
  assert.deepEqual(asked(`--export=NONE,A=1,B=two`).environment, { A: "1", B: "two" });
  assert.deepEqual(asked(`--export=HOME,PATH`).exportedNames, ["HOME", "PATH"]);
  assert.match(warned(lines("--export=ALL"))[0] ?? "", /not sent/);
  const mail = lines("--mail-type=END --mail-user=a@b.c");
  assert.match(warned(mail)[1] ?? "", /--mail-user \(line 2\).*no mail/);
  assert.match(warned(mail, "zh")[1] ?? "", /^未采用 --mail-user（第 2 行）：Weir 不发邮件/);
  assert.deepEqual(mail.warnings.map(phraseLine), [2, 2]);
  assert.deepEqual(asked("--licenses=matlab:2,ansys").licences, [
    { name: "matlab", count: 2 },
    { name: "ansys", count: 1 },
  ]);
  assert.deepEqual(asked("--signal=B:TERM@120"), { termBeforeEndS: 120 });
  for (const word of ["B:USR1@120", "BR:SIGUSR1@120", "B:10@120"])
    assert.deepEqual(asked(`--signal=${word}`), { warning: { signal: "USR1", beforeS: 120 } });
  assert.deepEqual(asked("--signal=B:12"), { warning: { signal: "USR2", beforeS: 60 } });
  for (const word of ["USR1@120", "B:KILL@120", "B:nothing"])
    assert.equal(refusal(`--signal=${word}`).kind, "option-refused");
  assert.deepEqual(asked("-M alpha,beta").onlyCentres, ["alpha", "beta"]);
});

test("quoting as sbatch does", () => {
  assert.equal(asked(`--job-name="two words"`).name, "two words");
  assert.equal(asked(`-J 'single "inside"'`).name, 'single "inside"');
  assert.equal(asked(String.raw`-J back\ slash`).name, "back slash");
  assert.equal(asked("-J a#b").name, "a#b", "# inside a word is a letter");
  assert.deepEqual(asked("--mem=4G # not an option: --nodes=9"), asked("--mem=4G"));
  assert.match(refusalWords(refusal(`-J "never ends`), "en").detail, /closing quote/);
});

test("directives end at the first command; comments and blank lines do not end them", () => {
  const script = [
    "#!/bin/bash",
    "# a comment",
    "##SBATCH --nodes=9",
    "",
    "#SBATCH --nodes=2",
    "cd /tmp",
    "#SBATCH --nodes=3",
  ];
  const result = parseSbatch(script.join("\n"), []);
  assert.deepEqual(result.asked, { nodes: 2 });
  assert.deepEqual(warned(result), ["line 7: #SBATCH after the first command is not read, as in sbatch"]);
  assert.deepEqual(result.warnings.map(phraseLine), [7]);
});

test("what looks like a directive and is none is warned about", () => {
  const script = "#!/bin/sh\n# SBATCH -N2\n#PBS -l nodes=2\n#PBS -q q\n#BSUB -n 4\n#$ -cwd\n#sbatch -n 2\ntrue\n";
  const result = parseSbatch(script, []);
  const warnings = warned(result);
  assert.deepEqual(result.asked, {});
  assert.equal(warnings.length, 5);
  for (const [at, words] of [/comment/, /#PBS/, /#BSUB/, /#\$/, /comment/].entries())
    assert.match(warnings[at] ?? "", words);
});

test("options given win over the script's", () => {
  const script = "#!/bin/sh\n#SBATCH -N2 --mem-per-cpu=1G --export=A=1\n#SBATCH -J inside\n";
  assert.deepEqual(parseSbatch(script, ["-N", "3", "--mem=2G"]).asked, {
    nodes: 3,
    memory: { kind: "per-node", mib: 2048 },
    name: "inside",
    environment: { A: "1" },
    exportedNames: [],
  });
});

test("unknown options name the nearest and the line", () => {
  assert.deepEqual(refusal("--tiem=5"), {
    kind: "unknown-option",
    option: "--tiem",
    line: 2,
    nearest: "--time",
    others: [],
  });
  assert.deepEqual(refusal("", "--cpu-per-task=5"), {
    kind: "unknown-option",
    option: "--cpu-per-task",
    line: 3,
    nearest: "--cpus-per-task",
    others: [],
  });
  assert.deepEqual(refusal("--frobnicate"), {
    kind: "unknown-option",
    option: "--frobnicate",
    line: 2,
    nearest: null,
    others: [],
  });
  assert.deepEqual(refusal("-z"), { kind: "unknown-option", option: "-z", line: 2, nearest: null, others: [] });
  assert.deepEqual(refusal("stray"), { kind: "unknown-option", option: "stray", line: 2, nearest: null, others: [] });
  assert.equal(parseSbatch(null, ["--tiem=5"]).refusals[0]?.kind, "unknown-option");
  assert.equal(refusal("--m=5").kind, "unknown-option", "an ambiguous beginning is no option");
});

test("the first unknown option names the others with their lines", () => {
  const script = "#!/bin/sh\n#SBATCH --tiem=5\n#SBATCH --nodes=1 --nodez\n";
  const [first, second] = parseSbatch(script, ["-z"]).refusals;
  assert.deepEqual(first, {
    kind: "unknown-option",
    option: "--tiem",
    line: 2,
    nearest: "--time",
    others: [
      { option: "--nodez", line: 3, nearest: "--nodes" },
      { option: "-z", line: null, nearest: null },
    ],
  });
  assert.ok(second?.kind === "unknown-option" && second.others.length === 0);
  if (first === undefined) return assert.fail();
  assert.match(refusalWords(first, "en").detail, /Nor does it know --nodez \(line 3\) \(--nodes\?\), -z\. Remove them/);
  assert.match(refusalWords(first, "zh").detail, /同样不认识：--nodez（第 3 行）（是否想写 --nodes？）、-z。/);
});

test("bad values say what is expected", () => {
  for (const text of ["-N 0", "-n x", "-n=4", "-c 1.5", "-t soon", "-t 0", "--time=UNLIMITED", "--mem=4X", "--mem=0"]) {
    const found = refusal(text);
    assert.ok(found.kind === "bad-option-value" && found.line === 2, text);
    assert.match(refusalWords(found, "en").detail, /\(line 2\) cannot be .* Expected: ./);
    assert.match(refusalWords(found, "zh").detail, /（第 2 行）不能为 .*应为：./);
  }
  assert.equal(refusal("--nodes").kind, "bad-option-value");
  assert.equal(refusal("--hold=yes").kind, "bad-option-value");
  assert.match(refusalWords(refusal("--mem=1G --mem-per-cpu=1G"), "en").detail, /only one of --mem and --mem-per-cpu/);
});

test("what centres would have to report is refused, naming it", () => {
  for (const text of ["--nodefile=list", "--container=/c", "--bb=x", "--batch=avx512"]) {
    assert.equal(refusal(text).kind, "not-offered", text);
  }
  for (const text of ["--hold", "--begin=tomorrow", "-i input.txt", "hetjob", "--overcommit", "-x node1"]) {
    assert.equal(refusal(text).kind, "option-refused", text);
  }
  assert.match(
    refusalWords(refusal("--exclude=vm"), "en").detail,
    /cannot be kept away from single nodes; .*--not-centre/,
  );
});

test("wishes for the command line are kept apart", () => {
  assert.deepEqual(lines("--parsable", "-WQ").client, { wait: true, parsable: true, quiet: true });
});

test("every option is answered in some way, and the table has no two of a name", () => {
  const names = sbatchOptions.flatMap(({ long, short }) => (short ? [`--${long}`, `-${short}`] : [`--${long}`]));
  assert.equal(new Set(names).size, names.length);
  const silent = new Set(["input", "begin"]);
  for (const { long, value } of sbatchOptions) {
    const { asked, warnings, refusals } = lines(value === "none" ? `--${long}` : `--${long}=1`);
    const answered = Object.keys(asked).length + warnings.length + refusals.length > 0;
    assert.ok(answered || silent.has(long), long);
    const chinese = [
      ...warnings.map((warning) => phraseWords(warning, "zh")),
      ...refusals.map((one) => refusalWords(one, "zh").detail),
    ];
    for (const words of chinese) assert.doesNotMatch(words, /[a-z]{2,} [a-z]{2,} [a-z]{2,}/, words);
  }
});

const anyLine = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .tuple(fc.constantFrom(...sbatchOptions.map(({ long }) => `--${long}`), "-N", "-n", "-tW", "-"), fc.string())
    .map(([option, value]) => `#SBATCH ${option}=${value}`),
);

test("property: any text is answered, never thrown at", () => {
  fc.assert(
    fc.property(fc.array(anyLine), fc.array(fc.string()), (script, options) => {
      const { warnings, refusals } = parseSbatch(script.join("\n"), options);
      assert.ok(warnings.length <= 101 && refusals.length <= 40);
    }),
  );
});

test("a script full of bad directives is answered quickly and shortly", () => {
  const before = process.cpuUsage();
  const script = `#!/bin/sh\n${"#SBATCH --bell --tiem=1 x\n".repeat(100_000)}`;
  const { warnings, refusals } = parseSbatch(script, []);
  assert.ok(warnings.length <= 101 && refusals.length <= 20);
  const { user, system } = process.cpuUsage(before);
  assert.ok((user + system) / 1000 < 3000, "of this process's own time, however busy the machine");
});

test("what sbatch has no word for is said in lines of its own, which are comments to it", () => {
  const script = (...head: string[]) => parseSbatch(["#!/bin/bash", ...head, "true", ""].join("\n"), []);
  const said = script("#WEIR --residency=cn-gz,CN-SD,520100 --domestic", "#SBATCH -c 2", "#WEIR-SIM run=1s");
  assert.deepEqual(said.asked, { coresPerTask: 2, residency: ["cn-gz", "cn-sd"], domestic: true });
  assert.deepEqual([said.refusals, said.warnings], [[], []]);
  const [wrong] = script("#WEIR --residency=cn-gx1").refusals;
  assert(wrong?.kind === "bad-option-value");
  assert.deepEqual([wrong.option, wrong.line, wrong.value], ["--residency", 2, "cn-gx1"]);
  assert.match(phraseWords(wrong.expected, "en"), /is cn-gx meant\?$/);
  const [unknown] = script("#WEIR --residence=cn").refusals;
  assert(unknown?.kind === "unknown-option");
  assert.equal(unknown.nearest, "--residency");
  // A rule that is not read must not look as if it were.
  const late = parseSbatch("#!/bin/sh\ntrue\n#WEIR --residency=cn-gz\n", []).refusals[0];
  assert(late?.kind === "option-refused" && late.line === 3);
  assert.deepEqual(parseSbatch("#!/bin/sh\ntrue\n#WEIR-SIM run=1s\n#WEIRD\n", []).refusals, []);
});

test("a shortened name is answered with what was written, and what it stands for", () => {
  const [refusal] = parseSbatch(null, ["--cores=4"]).refusals;
  assert.match(refusalWords(refusal ?? assert.fail(), "en").detail, /^--cores \(--cores-per-socket\)/);
});

test("what is honoured as Slurm does is no warning", () => {
  assert.deepEqual(parseSbatch(null, ["--requeue"]).warnings, []);
});
