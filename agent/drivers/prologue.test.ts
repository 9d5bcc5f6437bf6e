import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import type { RunOrder } from "#core/run-order.ts";
import { sampleOrder } from "#core/sample-testing.ts";
import { modulesIn, readModules } from "./modules.ts";
import { type Means, prepared } from "./prologue.ts";

let folder = "";
let means: Means;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-prologue-"));
  const init = join(folder, "modules.sh");
  // As Lmod and Environment Modules do it, told apart by nothing here: `module` is a function, LOADEDMODULES says what is in.
  writeFileSync(
    init,
    `module() {
  case "$1 $2" in
    "load gromacs/2024.1"|"load gromacs") export LOADEDMODULES=\${LOADEDMODULES:+$LOADEDMODULES:}gromacs/2024.1 GMX=/opt/gromacs ;;
    "load silent/1") return 0 ;;
    "--terse avail") printf '%s\\n' '/opt/modules:' 'gromacs/2024.1(default)' 'gromacs/' gcc/12 >&2 ;;
    *) echo "no module $2" >&2; return 1 ;;
  esac
}
`,
  );
  means = { moduleInits: [join(folder, "none.sh"), init], container: { runtimes: [], fileSystems: [] } };
});
after(() => rmSync(folder, { recursive: true, force: true }));

const nothing = { siteWords: {}, software: [], container: null, fileSystems: [], licences: [] };

function ordered(work: RunOrder["work"], demands: Partial<NonNullable<RunOrder["demands"]>>): RunOrder {
  return sampleOrder(1, { work, environment: { GREETING: "a b,c" }, demands: { ...nothing, ...demands } });
}

/** Runs the prepared order as a driver would: its files in the work folder, its command from there. */
function run(order: RunOrder, path = process.env.PATH ?? "") {
  const made = prepared(order, means);
  const work = mkdtempSync(join(folder, "work-"));
  for (const file of made.inputFiles) {
    mkdirSync(dirname(join(work, file.path)), { recursive: true });
    writeFileSync(join(work, file.path), Buffer.from(file.contentBase64, "base64"));
    chmodSync(join(work, file.path), file.executable ? 0o755 : 0o644);
  }
  assert(made.work.kind === "command");
  const [program, ...words] = made.work.argv;
  const env = { PATH: path, WEIR_WORK: work, SLURM_JOB_ID: "7", ...order.environment };
  const done = spawnSync(program, words, { cwd: work, env, encoding: "utf8" });
  return { ...done, work };
}

test("an order without software and container is left alone", () => {
  const order = sampleOrder(1);
  assert.equal(prepared(order, means), order);
  const words = ordered({ kind: "command", argv: ["true"] }, { siteWords: { partition: ["fast"] } });
  assert.equal(prepared(words, means), words);
});

test("software is loaded before scripts of any interpreter and before commands; words stay words", () => {
  const script = (text: string) =>
    ordered({ kind: "script", text, arguments: ["x y", "--"] }, { software: ["gromacs"] });
  assert.equal(run(script('#!/bin/sh\necho "$GMX $1 $#"\n')).stdout, "/opt/gromacs x y 2\n");
  assert.equal(run(script('#!/usr/bin/perl\nprint "$ENV{GMX} @ARGV\\n"; exit 3\n')).stdout, "/opt/gromacs x y --\n");
  assert.equal(run(script("#!/usr/bin/perl\nexit 3\n")).status, 3);
  // The user's own bash scripts have `module` themselves.
  assert.equal(run(script("#!/bin/bash\ntype -t module\n")).stdout, "function\n");
  const command = ordered({ kind: "command", argv: ["printenv", "GMX"] }, { software: ["gromacs/2024.1"] });
  assert.equal(run(command).stdout, "/opt/gromacs\n");
});

test("variables of the user's keep their values, whatever they are called", () => {
  const names = ["init", "modules", "program", "kind", "one", "status", "first", "interpreter"];
  const environment = Object.fromEntries(names.map((name) => [name, "mine"]));
  const work = { kind: "command", argv: ["printenv", ...names] } as const;
  const order = { ...ordered(work, { software: ["gromacs"] }), environment };
  assert.equal(run(order).stdout, "mine\n".repeat(names.length));
});

test("what cannot be loaded ends the run with 127 and words, before the user's program", () => {
  const asked = (software: string) =>
    run(ordered({ kind: "command", argv: ["echo", "ran"] }, { software: [software] }));
  for (const [software, words] of [
    ["gcc/99", /no module gcc\/99\nweir: module load gcc\/99 failed/],
    ["silent/1", /weir: module load silent\/1 has not loaded it/],
  ] as const) {
    const done = asked(software);
    assert.deepEqual([done.status, done.stdout], [127, ""]);
    assert.match(done.stderr, words);
  }
  const bare = prepared(ordered({ kind: "command", argv: ["true"] }, { software: ["gcc/12"] }), {
    ...means,
    moduleInits: [],
  });
  assert(bare.work.kind === "command");
  const [program, ...words] = bare.work.argv;
  const done = spawnSync(program, words, { encoding: "utf8" });
  assert.deepEqual([done.status, /no start file of modules/.test(done.stderr)], [127, true]);
});

test("a script that may not be run is read by its interpreter, also beside a file of its name", () => {
  const order = {
    ...ordered({ kind: "script", text: "#!/bin/sh -e\necho $GMX\n", arguments: [] }, { software: ["gromacs"] }),
    inputFiles: [{ path: ".weir/script", contentBase64: "", executable: false }],
  };
  const made = prepared(order, means);
  assert.deepEqual(
    made.inputFiles.map(({ path }) => path),
    [".weir/script", ".weir-1/script"],
  );
  const work = join(folder, "noexec");
  mkdirSync(join(work, ".weir-1"), { recursive: true });
  writeFileSync(join(work, ".weir-1/script"), "#!/bin/sh -e\necho $GMX\n");
  assert(made.work.kind === "command");
  const [program, ...words] = made.work.argv;
  const env = { PATH: process.env.PATH, WEIR_WORK: work };
  // Not executable, as on a file system that is mounted so.
  assert.equal(execFileSync(program, words, { env, encoding: "utf8" }), "/opt/gromacs\n");
});

test("modules are read from the machine; headings, folders and marks are left out", async () => {
  assert.deepEqual(await readModules(means.moduleInits), ["gcc/12", "gromacs/2024.1"]);
  assert.deepEqual(await readModules([join(folder, "none.sh")]), []);
  assert.deepEqual(modulesIn("/usr/share/modules/modulefiles:\ndot\nmodule-git  \nnull\n\npython/3.11 <aL>\n"), [
    "dot",
    "module-git",
    "null",
    "python/3.11",
  ]);
});
