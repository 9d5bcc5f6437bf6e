import assert from "node:assert/strict";
import { test } from "node:test";
import { type AdmitContext, admit, type Request } from "#core/job/admit.ts";
import { classNamed } from "#core/job/job-class.ts";
import { phrase, phraseWords } from "#core/job/phrase.ts";
import { coresPerNode } from "#core/job/spec.ts";
import { refusalWords } from "#core/refusal.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { policies } from "#core/scheduling/policy.ts";

const limits = {
  scriptBytes: 4 * 1024 * 1024,
  inputFilesBytes: 10 * 1024 * 1024,
  arrayTasks: 100_000,
  environmentVariables: 1_000,
  environmentValueChars: 131_072,
  nameChars: 200,
  labels: 64,
  dependencies: 1_000,
  timeLimitS: 366 * 86_400,
  nodes: 1_000_000,
  tasks: 10_000_000,
  cores: 100_000,
  memoryMib: 1_073_741_824,
  accelerators: 1_000,
};

const context: AdmitContext = {
  defaultProject: "default",
  projects: [
    { name: "default", tenant: "default" },
    { name: "physics", tenant: "science" },
  ],
  classes: policies.weir,
  centres: ["alpha", "beta", "local"],
  limits,
  nowMs: Date.parse("2026-11-23T14:30:00+08:00"),
  positionOfKey: (key) => (key === "first" ? 0 : null),
};

function admitted(request: Request) {
  const answer = admit(request, context);
  assert.ok(answer.kind === "admitted", JSON.stringify(answer));
  return answer;
}

function refusal(request: Request) {
  const answer = admit(request, context);
  assert.ok(answer.kind === "refused", "was admitted");
  return answer.refusal;
}

function script(...directives: string[]): Request {
  return { script: ["#!/bin/bash", ...directives.map((text) => `#SBATCH ${text}`), "true", ""].join("\n") };
}

test("a bare command gets every default, and the answer lists them", () => {
  const { spec, defaults, warnings } = admitted({ command: ["/usr/bin/env", "true"] });
  assert.deepEqual(spec, { ...sampleSpec, name: "env", work: { kind: "command", argv: ["/usr/bin/env", "true"] } });
  assert.deepEqual(defaults, [
    { field: "name", value: "env" },
    { field: "project", value: "default" },
    { field: "nodes", value: "1" },
    { field: "tasks", value: "1" },
    { field: "coresPerTask", value: "1" },
    { field: "memory", value: phrase("memory-of-the-centre") },
    { field: "timeLimitS", value: "3600" },
    { field: "graceS", value: "30" },
    { field: "processes", value: "4096" },
  ]);
  assert.deepEqual(warnings, []);
});

test("an unchanged sbatch script", () => {
  const { spec, defaults } = admitted(
    script(
      "-J fit",
      "--array=0-9%2",
      "-n 4 -c 2",
      "--mem-per-cpu=2G",
      "-t 30",
      "-A physics",
      "-d afterok:7",
      "-o o-%a",
    ),
  );
  assert.equal(spec.name, "fit");
  assert.deepEqual(spec.array, { ranges: [{ first: 0, last: 9, step: 1 }], throttle: 2 });
  assert.deepEqual(spec.shape, {
    nodes: 1,
    tasks: 4,
    coresPerTask: 2,
    memory: { kind: "per-core", mib: 2048 },
    accelerators: null,
  });
  assert.equal(spec.timeLimitS, 1800);
  assert.equal(spec.project, "physics");
  assert.deepEqual(spec.dependencies, [{ kind: "afterok", job: 7, index: null }]);
  assert.equal(spec.stdout, "o-%a");
  assert.deepEqual(
    defaults.map(({ field }) => field),
    ["nodes", "graceS", "processes"],
  );
});

test("fields win over options, options over the script", () => {
  const request = {
    ...script("-N2", "-c 2", "-t 5", "-J inside"),
    sbatchOptions: ["-c", "3", "-J", "given"],
    name: "field",
  };
  const { spec } = admitted(request);
  assert.equal(spec.shape.nodes, 2);
  assert.equal(spec.shape.tasks, 2, "sbatch starts one task for each node");
  assert.equal(spec.shape.coresPerTask, 3);
  assert.equal(spec.name, "field");
  assert.deepEqual(admitted({ ...script("--mem=1G", "--gres=gpu:1"), memoryMibPerCore: 5 }).spec.shape.memory, {
    kind: "per-core",
    mib: 5,
  });
  const cards = admitted({ ...script("-G 4"), accelerators: { perNode: 1, vendor: "nvidia" } }).spec.shape.accelerators;
  assert.deepEqual(cards, { vendor: "nvidia", model: null, perNode: 1 });
});

test("shapes asked for in Slurm's ways", () => {
  const shapes: readonly (readonly [string, number, number, number, number, number])[] = [
    // options, nodes, tasks, cores per task, accelerators per node, cores of a node
    ["--ntasks-per-node=4 -N2", 2, 8, 1, 0, 4],
    ["--ntasks-per-node=4 -n 10", 3, 10, 1, 0, 4],
    ["-N2 -n 5 -c 2", 2, 5, 2, 0, 6],
    ["-G 8 -N2", 2, 2, 1, 4, 1],
    ["--gres=gpu:4 --cpus-per-gpu=6", 1, 1, 24, 4, 24],
    ["--gpus-per-task=1 -n 4 --cpus-per-task=3", 1, 4, 3, 4, 12],
    ["--gpus-per-task=2 -G 8", 1, 4, 1, 8, 4],
    ["--gpus-per-node=2 --ntasks-per-gpu=3", 1, 6, 1, 2, 6],
    ["--gpus-per-node=a100:4 --gres=none", 1, 1, 1, 0, 1],
  ];
  for (const [options, nodes, tasks, coresPerTask, perNode, cores] of shapes) {
    const { shape } = admitted(script(options)).spec;
    const actual = [
      shape.nodes,
      shape.tasks,
      shape.coresPerTask,
      shape.accelerators?.perNode ?? 0,
      coresPerNode(shape),
    ];
    assert.deepEqual(actual, [nodes, tasks, coresPerTask, perNode, cores], options);
  }
  assert.deepEqual(admitted(script("-G 4 --mem-per-gpu=2G")).spec.shape.memory, { kind: "per-node", mib: 8192 });
  for (const options of [
    "-N 4 -n 2",
    "-G 3 -N 2",
    "-G 4 --gpus-per-node=2",
    "--cpus-per-gpu=2",
    "--mem-per-gpu=2G",
    "-G 3 --gpus-per-task=2",
    "-N1 -n 9 --ntasks-per-node=4",
    "--gpus=a100:1 --gpus-per-node=h100:1",
    "-G 2 -c 2 --cpus-per-gpu=2",
  ]) {
    assert.equal(refusal(script(options)).kind, "bad-option-value", options);
  }
  assert.equal(refusal(script("-N 2000000")).kind, "too-large");
  assert.equal(refusal(script("--ntasks-per-node=999999999 -N 1000000")).kind, "too-large");
  assert.equal(refusal(script("-N2 --use-min-nodes")).kind, "option-refused");
  assert.equal(admitted(script("--use-min-nodes -m block")).spec.shape.nodes, 1);
});

test("whole nodes, nodes at few switches, and a share of an accelerator", () => {
  const shape = (options: string, request: Request = {}) => admitted({ ...script(options), ...request }).spec.shape;
  assert.equal(shape("--exclusive").wholeNodes, true);
  assert.equal(shape("").wholeNodes, undefined);
  assert.equal(shape("--exclusive", { wholeNodes: false }).wholeNodes, undefined);
  const beside = admitted(script("--exclusive=user"));
  assert.deepEqual([beside.spec.shape.wholeNodes, beside.warnings.length], [undefined, 1]);
  assert.equal(shape("-N4 --switches=1").nodeGroups, 1);
  assert.equal(shape("-N4", { nodeGroups: 2 }).nodeGroups, 2);
  assert.equal(shape("--switches=1").nodeGroups, undefined, "one node is always within one");
  assert.equal(shape("-N4 --contiguous").contiguous, true);
  assert.equal(shape("-N4", { contiguous: true }).contiguous, true);
  assert.equal(shape("--contiguous").contiguous, undefined, "one node is always a row");
  assert.deepEqual(
    admitted(script("-N4 --switches=2@30:00")).warnings.map(({ kind }) => kind),
    ["taken-so"],
  );
  for (const wrong of ["0", "x", "1@", "1@soon", "-1"])
    assert.equal(refusal(script(`-N4 --switches=${wrong}`)).kind, "bad-option-value", wrong);
  const share = { vendor: null, model: "a100", perNode: 1, shareMilli: 250 };
  assert.deepEqual(shape("", { accelerators: share }).accelerators, share);
  for (const [options, perNode] of [
    ["", 2],
    ["--exclusive", 1],
  ] as const)
    assert.equal(
      refusal({ ...script(options), accelerators: { ...share, perNode } }).kind,
      "bad-option-value",
      `${options} ${perNode}`,
    );
});

test("what is refused, and by which rule", () => {
  const good = "#!/bin/sh\ntrue\n";
  const file = (path: string, contentBase64 = "") => ({ path, contentBase64 });
  const big = "a".repeat(14 * 1024 * 1024);
  const cases: readonly (readonly [string, Request, string])[] = [
    ["nothing to run", {}, "invalid-request"],
    ["both", { script: good, command: ["true"] }, "invalid-request"],
    ["empty program", { command: [""] }, "invalid-request"],
    ["arguments of a command", { command: ["true"], arguments: ["x"] }, "invalid-request"],
    ["both memories", { script: good, memoryMibPerNode: 1, memoryMibPerCore: 1 }, "invalid-request"],
    ["no interpreter", { script: "echo hi\n" }, "script-without-interpreter"],
    ["an empty interpreter", { script: "#! \necho hi\n" }, "script-without-interpreter"],
    ["DOS lines", { script: "#!/bin/sh\r\ntrue\r\n" }, "script-with-dos-lines"],
    ["NUL in the script", { script: `${good}\0` }, "not-text"],
    ["NUL in a label", { script: good, labels: { a: "\0" } }, "not-text"],
    ["NUL in a label's name", { script: good, labels: { "\0": "a" } }, "not-text"],
    ["lone surrogate in an argument", { command: ["true", "\ud800"] }, "not-text"],
    ["lone surrogate in the environment", { command: ["true"], environment: { A: "\udc00x" } }, "not-text"],
    ["NUL in an option", { script: good, sbatchOptions: ["--mem=\0"] }, "not-text"],
    ["a script over 4 MiB in bytes", { script: `${good}#${"堰".repeat(1_400_000)}` }, "too-large"],
    ["ten million tasks", { script: good, array: "0-9999999" }, "too-large"],
    ["bad array", { script: good, array: "5-1" }, "bad-array"],
    ["path up", { script: good, inputFiles: [file("a/../../b")] }, "path-escape"],
    ["absolute path", { script: good, inputFiles: [file("/etc/passwd")] }, "path-escape"],
    ["a folder", { script: good, inputFiles: [file("a/")] }, "path-escape"],
    ["output above the run's folder", { script: good, stdout: "a/../../b" }, "invalid-request"],
    ["errors above it", { script: good, stderr: "..", workingDirectory: "." }, "invalid-request"],
    ["twice", { script: good, inputFiles: [file("a"), file("a")] }, "invalid-request"],
    ["file and folder", { script: good, inputFiles: [file("a/b/c"), file("a/b")] }, "invalid-request"],
    ["a long name", { script: good, inputFiles: [file("堰".repeat(100))] }, "too-large"],
    ["too much", { script: good, inputFiles: [file("a", big), file("b", "AAAA")] }, "too-large"],
    ["another's project", { script: good, project: "chemistry" }, "unknown-project"],
    ["software with a word of the shell", { script: good, software: ["gromacs; rm"] }, "bad-option-value"],
    ["a word with a comma", { script: good, siteWords: { qos: ["a,b"] } }, "bad-option-value"],
    ["an empty word", script("--partition="), "bad-option-value"],
    ["a list of nodes that never ends", script("-w c[1-"), "bad-option-value"],
    ["fewer nodes than named", script("-w c[1-3] -N 2"), "bad-option-value"],
    ["two kinds of cards", script("--gres=gpu:1,npu:1"), "option-refused"],
    ["unknown option", script("--tiem=5"), "unknown-option"],
    ["a relative folder", { script: good, workingDirectory: "data" }, "bad-option-value"],
    ["a variable without a value", script("--export=HOME"), "bad-option-value"],
    ["unknown key", { script: good, dependencies: [{ kind: "afterok", job: "second" }] }, "unknown-dependency"],
    ["aftercorr of a plain job", { script: good, dependencies: [{ kind: "aftercorr", job: 3 }] }, "array-mismatch"],
    ["a year and more", script("-t 400-0"), "too-large"],
    ["a signal before the start", script("-t 1 --signal=TERM@60"), "bad-option-value"],
    ["a warning before the start", script("-t 1 --signal=B:USR1@60"), "bad-option-value"],
    ["a wrap beside a script", { script: good, sbatchOptions: ["--wrap=true"] }, "invalid-request"],
  ];
  for (const [what, request, kind] of cases) {
    const found = refusal(request);
    assert.equal(found.kind, kind, `${what}: ${JSON.stringify(found)}`);
    assert.notEqual(refusalWords(found, "en").detail, "", what);
    assert.doesNotMatch(
      refusalWords(found, "zh").detail,
      /[a-z]{2,} [a-z]{2,} [a-z]{2,}/,
      `${what}: no English sentence`,
    );
  }
});

test("words of a site are kept for the centres to look up; options win over the script, fields over both", () => {
  const { spec, warnings } = admitted({
    ...script("-p fast,batch -q high", "-C ib&bigmem --gres=npu:ascend910b:2,fpga:u280", "-L abaqus:2", "-w c[01-02]"),
    sbatchOptions: ["--qos=urgent"],
    siteWords: { reservation: ["course"] },
    software: ["gromacs/2024.1"],
  });
  assert.deepEqual(spec.siteWords, {
    partition: ["fast", "batch"],
    qos: ["urgent"],
    constraint: ["ib", "bigmem"],
    gres: ["fpga:u280:1"],
    reservation: ["course"],
    nodelist: ["c01", "c02"],
  });
  assert.deepEqual(spec.shape.accelerators, { vendor: null, model: "ascend910b", perNode: 2 });
  assert.deepEqual([spec.licences, spec.shape.nodes], [[{ name: "abaqus", count: 2 }], 2]);
  assert.match(phraseWords(warnings[0] ?? "", "en"), /--nodelist c01,c02: .* only run at the centre that has these/);
  assert.deepEqual(admitted(script("-C [ib|opa]")).spec.siteWords, { constraint: ["[ib|opa]"] });
  assert.deepEqual(admitted(script("-p fast")).spec.shape.nodes, 1);
});

test("a person without a project is told so", () => {
  const answer = admit({ command: ["true"] }, { ...context, defaultProject: null, projects: [] });
  assert.deepEqual(answer, { kind: "refused", refusal: { kind: "unknown-project", project: "", known: [] } });
});

test("a centre that is not there is named, with those that are, wherever it stands", () => {
  const known = ["alpha", "beta", "local"];
  const nope = { kind: "not-offered", option: null, line: null, what: "centre", value: "nope", known };
  const command = ["true"];
  for (const wish of ["only", "except", "prefer"] as const) {
    assert.deepEqual(refusal({ command, centres: { [wish]: ["local", "nope"] } }), nope);
  }
  assert.deepEqual(refusal(script("-M nope")), nope);
  assert.deepEqual(admitted({ command, centres: { only: ["beta"], except: ["alpha"] } }).spec.centres.only, ["beta"]);
  const words = refusalWords(refusal({ command, centres: { only: ["nope"] } }), "en");
  assert.deepEqual(
    [words.title, words.detail.startsWith('There is no centre "nope". Known: alpha, beta, local.')],
    ["Unknown centre", true],
  );
  assert.match(refusalWords(refusal({ command, centres: { only: ["nope"] } }), "zh").detail, /没有中心 "nope"/);
});

test("what is close to a limit is admitted", () => {
  const whole = "A".repeat(Math.ceil((limits.inputFilesBytes * 4) / 3 / 4) * 4);
  const exact = `${whole.slice(0, -2)}==`;
  assert.equal(admit({ command: ["x"], inputFiles: [{ path: "a", contentBase64: exact }] }, context).kind, "admitted");
  const head = "#!/bin/sh\n#";
  const text = head + "x".repeat(limits.scriptBytes - head.length);
  assert.equal(admit({ script: text }, context).kind, "admitted");
  assert.equal(refusal({ script: `${text}x` }).kind, "too-large");
});

test("keys of a bulk submission become places in it; variables asked for by name may come with the request", () => {
  const { spec, after } = admitted({
    ...script("--export=HOME,A=1"),
    environment: { HOME: "/home/x" },
    dependencies: [
      { kind: "afterok", job: "first" },
      { kind: "afterany", job: "9" },
    ],
  });
  assert.deepEqual(spec.environment, { A: "1", HOME: "/home/x" });
  assert.deepEqual(spec.dependencies, [{ kind: "afterany", job: 9, index: null }]);
  assert.deepEqual(after, [{ dependency: { kind: "afterok", job: 0, index: null }, position: 0 }]);
});

test("absolute paths are pinned and said so; --wrap and --signal", () => {
  const { warnings } = admitted(script("-D /data", "-o /data/o", "-e /dev/null"));
  assert.equal(warnings.length, 2);
  const words = warnings.map((warning) => phraseWords(warning, "en"));
  assert.match(words[0] ?? "", /--chdir \/data .* only run at a centre that has it/);
  assert.doesNotMatch(words.join(), /to itself/);
  const [shared, near] = admitted(script("-o /dev/shm/o", "-e /tmpfiles/e")).warnings.map((each) =>
    phraseWords(each, "en"),
  );
  assert.match(
    shared ?? "",
    /^--output \/dev\/shm\/o: where the centre separates users each run has \/dev\/shm to itself/,
  );
  assert.match(near ?? "", /--error \/tmpfiles\/e .* has it$/);
  assert.deepEqual(admitted(script("-D /usr", "-o /var/lib/x/o")).warnings, [], "what every machine has pins nothing");
  const wrapped = admitted({ sbatchOptions: ["--wrap", "echo hi"] }).spec;
  assert.equal(wrapped.name, "wrap");
  assert.ok(wrapped.work.kind === "script" && wrapped.work.text.startsWith("#!/bin/sh\n"));
  const warned = admitted(script("-t 10 --signal=B:USR1@120")).spec;
  assert.deepEqual([warned.timeLimitS, warned.warning], [600, { signal: "USR1", beforeS: 120 }]);
  const early = admitted(script("-t 10 --signal=B:TERM@120")).spec;
  assert.deepEqual([early.timeLimitS, early.graceS], [480, 120]);
});

test("what a job says to a simulated centre is refused where it cannot be read, before it would end the job there", () => {
  const wrong = refusal({ command: ["x"], environment: { WEIR_SIM: "run=3s exot=1" } });
  assert.match(
    refusalWords(wrong, "en").detail,
    /environment\.WEIR_SIM: "exot=1" after #WEIR-SIM or in WEIR_SIM is not understood/,
  );
  assert.match(refusalWords(wrong, "zh").detail, /无法理解 #WEIR-SIM 之后或 WEIR_SIM 中的 "exot=1"/);
  const inScript = refusal({ script: "#!/bin/sh\n#WEIR-SIM run=5\n" });
  assert.match(refusalWords(inScript, "en").detail, /script: "run=5" after/);
  for (const good of ["run=1ms..2h exit=index", "exit=255 signal=64 memory=0", " "])
    admitted({ command: ["x"], environment: { WEIR_SIM: good } });
  for (const bad of ["exit=256", "signal=0", "run=2s..1s", "memory=1G", "run"])
    assert.equal(refusal({ command: ["x"], environment: { WEIR_SIM: bad } }).kind, "invalid-request", bad);
});

test("what is too large is named in words, and a number of things says once what they are", () => {
  const cores = refusal({ command: ["x"], coresPerTask: 999_999 });
  assert.match(refusalWords(cores, "en").detail, /^The number of cores per task is 999999; the limit is 100000\./);
  assert.match(refusalWords(cores, "zh").detail, /^每任务核数为 999999，上限 100000。/);
  const tasks = refusal({ command: ["x"], tasks: 99_999_999 });
  assert.match(refusalWords(tasks, "en").detail, /^The number of tasks is 99999999; the limit is 10000000\./);
});

test("a job is meant for a simulated centre where its script or its environment says so", () => {
  const command = ["true"];
  const meant = (request: Request) => admitted(request).spec.centres.simulated;
  assert.equal(meant({ script: "#!/bin/sh\n#WEIR-SIM run=3s\n" }), true);
  assert.equal(meant({ command, environment: { WEIR_SIM: "exit=3" } }), true);
  assert.equal(meant({ script: "#!/bin/sh\n#SBATCH --export=WEIR_SIM=exit=3\ntrue\n" }), true);
  assert.equal(meant({ script: "#!/bin/sh\necho '#WEIR-SIM run=3s'\n# WEIR-SIM\n#WEIR-SIMPLE\n" }), undefined);
  assert.equal(meant({ command: ["sh", "-c", "exit 3"] }), undefined);
});

const classes = {
  classes: [
    { ...classNamed("urgent"), tenants: ["science"], projects: ["tides"], longestS: 7200, mostCoresOfProject: 64 },
    classNamed("standard"),
    { ...classNamed("filler"), mostCoresOfPerson: 8 },
  ],
  defaultClass: "standard",
};
const ofClass = (request: Request, project: string) =>
  admit({ command: ["true"], ...request, project }, { ...context, classes });

test("a job is of the class it names, else the script, else the policy's default", () => {
  const classIn = (request: Request) => {
    const answer = ofClass(request, "physics");
    return answer.kind === "admitted" ? answer.spec.priorityClass : refusalWords(answer.refusal, "en").detail;
  };
  assert.equal(classIn({}), "standard");
  assert.equal(classIn({ priorityClass: "urgent" }), "urgent");
  const script = "#!/bin/sh\n#WEIR --priority-class=filler\ntrue\n";
  const said = (more: Request) => {
    const answer = admit({ script, ...more, project: "default" }, { ...context, classes });
    return answer.kind === "admitted" && answer.spec.priorityClass;
  };
  assert.equal(said({}), "filler");
  assert.equal(said({ priorityClass: "standard" }), "standard", "what is said beside the script wins");
});

test("a class that the policy does not have, is for others, or is too small for the job is refused with what there is", () => {
  const words = (request: Request, project: string) => {
    const answer = ofClass(request, project);
    assert.ok(answer.kind === "refused", JSON.stringify(answer));
    const { detail } = refusalWords(answer.refusal, "en");
    assert.match(refusalWords(answer.refusal, "zh").detail, /\p{Script=Han}/u);
    return `${answer.refusal.kind}: ${detail}`;
  };
  assert.match(
    words({ priorityClass: "urgnet" }, "physics"),
    /^bad-option-value: .*urgent, standard, filler; is urgent meant/,
  );
  assert.match(
    words({ priorityClass: "normal" }, "default"),
    /^bad-option-value: .*of the policy in force: standard, filler/,
  );
  assert.match(
    words({ priorityClass: "urgent" }, "default"),
    /^option-refused: .*project default may not be of class urgent; choose one of these: standard, filler/,
  );
  assert.match(
    words({ priorityClass: "urgent", timeLimitS: 7201 }, "physics"),
    /class urgent may ask for 7200 s at most, and this asks for 7201 s; ask for less, or choose one of these: standard, filler/,
  );
  assert.match(
    words({ priorityClass: "urgent", timeLimitS: 60, tasks: 65 }, "physics"),
    /its project may hold 64 cores at once in class urgent, and this asks for 65/,
  );
  assert.match(words({ priorityClass: "filler", tasks: 9 }, "default"), /its submitter may hold 8 cores/);
  const inScript = admit({ script: "#!/bin/sh\n#WEIR --priority-class=fast\ntrue\n" }, context);
  assert.ok(inScript.kind === "refused");
  assert.match(refusalWords(inScript.refusal, "en").detail, /--priority-class .*line 2.*high, normal, low/);
});
