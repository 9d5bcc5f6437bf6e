import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { ContainerRuntime } from "#core/centre/containers.ts";
import type { RunOrder } from "#core/run-order.ts";
import { sampleAllocation, sampleOrder } from "#core/sample-testing.ts";
import { requires } from "../../tools/requirement.ts";
import { containerCommand } from "./container.ts";
import { findRuntimes } from "./runtimes.ts";

// NOT RUN LIVE: programs in the places of the runtimes print what they are called with. Podman itself: podman.e2e.test.ts.

const digest = `sha256:${"0".repeat(64)}`;
const image = `registry.example:5000/lab/md:1.2@${digest}`;
let folder = "";
let work = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-container-"));
  work = join(folder, "work");
  mkdirSync(work);
  // What each is asked, a line a word; then its end.
  const tell = `printf "%s\\n" "\${0##*/}" "$@"`;
  program("apptainer", `${tell}; env | grep ^APPTAINERENV_ | sort; exit 7`);
  program("podman", `${tell}; [ "$1" = --version ] && echo podman version 4.3.1; exit 7`);
  program(
    "srun",
    `[ "$1" = --help ] && { echo "      --container-image=[USER@][REGISTRY#]IMAGE"; exit; }; ${tell}; exit 7`,
  );
  program(
    "enroot",
    `${tell}; case $1 in import) [ -z "$BROKEN" ] && : > "$3" ;; create) [ -e "$4" ] ;; start) cat "$3"; eval "$HEARS"; exit 7 ;; esac`,
  );
  mkdirSync(join(folder, "tools"));
  for (const name of ["grep", "mktemp", "perl", "rm", "cat", "env", "sleep", "sort", "sh"])
    symlinkSync(`/bin/${name}`, join(folder, "tools", name));
  for (const name of ["crun", "catatonit"]) program(name, "exit 0");
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Each in a folder of its own, so that a test says which of them a node has. */
function program(name: string, text: string): void {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

type Asked = {
  readonly has: readonly string[];
  readonly runtimes?: readonly ContainerRuntime[];
  readonly vendor?: string;
  readonly fileSystems?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly image?: string;
};

function run(asked: Asked) {
  const { command, env } = called(asked);
  const [bash, ...words] = command;
  const done = spawnSync(bash, words, { cwd: work, env, encoding: "utf8" });
  return { ...done, lines: done.stdout.trimEnd().split("\n") };
}

function called({ has, runtimes, vendor, fileSystems = [], environment = { GREETING: "a b,c" }, image: named }: Asked) {
  const allocation: RunOrder["allocation"] =
    vendor === undefined
      ? sampleAllocation
      : { ...sampleAllocation, acceleratorsPerNode: 1, acceleratorVendor: vendor, acceleratorModel: "one" };
  const demands = { siteWords: {}, software: [], container: image, fileSystems: [...fileSystems], licences: [] };
  const order = sampleOrder(1, { environment, demands, allocation });
  const place = {
    runtimes: runtimes ?? (["apptainer", "pyxis", "enroot", "podman"] as const),
    fileSystems: [{ name: "scratch", path: join(folder, "crun") }],
    order,
  };
  const command = containerCommand(named ?? image, ".weir/script", ["x y", "--", "$HOME"], place);
  const path = [...has, "tools"].map((name) => join(folder, name)).join(delimiter);
  return {
    command,
    env: {
      PATH: path,
      XDG_RUNTIME_DIR: folder,
      WEIR_WORK: work,
      WEIR_RUN_ID: "1.0.1",
      SLURM_JOB_ID: "7",
      ...environment,
    },
  };
}

const program3 = () => [`${work}/.weir/script`, "x y", "--", "$HOME"];

test("Apptainer (not run live)", () => {
  const done = run({ has: ["apptainer"], vendor: "nvidia", fileSystems: ["scratch", "/no/such"] });
  assert.equal(done.status, 7);
  assert.deepEqual(done.lines, [
    ...["apptainer", "exec", "--containall", "--nv", "--bind", work, "--bind", join(folder, "crun"), "--pwd", work],
    ...[`docker://registry.example:5000/lab/md@${digest}`, ...program3()],
    ...["APPTAINERENV_GREETING=a b,c", "APPTAINERENV_NVIDIA_DRIVER_CAPABILITIES=compute,utility"],
    ...["APPTAINERENV_NVIDIA_VISIBLE_DEVICES=all", "APPTAINERENV_SLURM_JOB_ID=7"],
    ...["APPTAINERENV_WEIR_RUN_ID=1.0.1", `APPTAINERENV_WEIR_WORK=${work}`],
  ]);
  assert.ok(run({ has: ["apptainer"], vendor: "hygon" }).lines.includes("--rocm"));
});

test("Podman: the job's control groups, the node's users, the image as it is named", () => {
  const done = run({ has: ["podman", "crun", "catatonit"], fileSystems: [join(folder, "crun")] });
  assert.equal(done.status, 7);
  assert.deepEqual(done.lines, [
    ...["podman", "--runtime=crun", "run", "--rm", "--cgroups=disabled", "--network=host", "--userns=keep-id"],
    ...["--group-add=keep-groups", "--security-opt=label=disable", "--log-driver=none", "--entrypoint="],
    ...[`--workdir=${work}`, "--init", "--volume=/dev/shm:/dev/shm", `--volume=${work}:${work}`],
    ...[`--volume=${join(folder, "crun")}:${join(folder, "crun")}`, "--env=GREETING", "--env=SLURM_JOB_ID"],
    ...["--env=WEIR_RUN_ID", "--env=WEIR_WORK", `registry.example:5000/lab/md@${digest}`, ...program3()],
  ]);
  // Device files go in as devices: what is mounted has none.
  const cards = run({ has: ["podman", "crun"], fileSystems: ["/dev/null"], vendor: "nvidia" });
  assert.ok(cards.lines.includes("--device=/dev/null") && !cards.lines.includes("--volume=/dev/null:/dev/null"));
  assert.ok(cards.lines.includes("--env=NVIDIA_VISIBLE_DEVICES"));
  assert.match(run({ has: ["podman"] }).stderr, /^weir: this node has none of the runtimes/);
});

test("pyxis: a step of one task with the plugin's options; the digest goes as the tag (not run live)", () => {
  const env = { GREETING: "a", SLURMD_NODENAME: "n1", SLURM_CPUS_ON_NODE: "4" };
  const done = run({ has: ["srun"], environment: env, fileSystems: ["scratch", "/dev/null"] });
  assert.equal(done.status, 7);
  const scratch = join(folder, "crun");
  assert.deepEqual(done.lines, [
    ...["srun", "--nodes=1", "--ntasks=1", "--ntasks-per-node=1", "--nodelist=n1", "--cpus-per-task=4"],
    ...["--cpu-bind=none", "--input=none", "--export=ALL"],
    ...[`--container-image=registry.example:5000#lab/md:${digest}`],
    ...[`--container-mounts=${work}:${work},${scratch}:${scratch}`, `--container-workdir=${work}`],
    "--container-env=GREETING,SLURMD_NODENAME,SLURM_CPUS_ON_NODE,SLURMD_NODENAME,SLURM_CPUS_ON_NODE,SLURM_JOB_ID,WEIR_RUN_ID,WEIR_WORK",
    ...["--no-container-mount-home", "--no-container-remap-root", "--no-container-entrypoint", ...program3()],
  ]);
  const hub = run({ has: ["srun"], image: `lab/md@${digest}` });
  assert.ok(hub.lines.includes(`--container-image=lab/md:${digest}`));
});

test("enroot: import, create, start, and the container is taken away (not run live)", () => {
  const done = run({ has: ["enroot"] });
  assert.equal(done.status, 7, done.stderr);
  // The first two tell on stderr, lest the user's output has them.
  const said = done.stderr.trimEnd().split("\n");
  const [sqsh = "", box = ""] = [said[3], said[8]];
  assert.deepEqual(said.slice(0, 5), [
    "enroot",
    "import",
    "--output",
    sqsh,
    `docker://registry.example:5000#lab/md:${digest}`,
  ]);
  assert.deepEqual(said.slice(5), ["enroot", "create", "--name", box, sqsh]);
  assert.match(box, /^weir-1\.0\.1-\d+$/);
  const place = sqsh.replace("/image.sqsh", "");
  assert.deepEqual(done.lines, [
    ...["enroot", "start", "--rc", `${place}/rc`, "--env", `WEIR_FOLDER=${work}`, "--mount", `${work}:${work}`],
    ...["--env", "GREETING", "--env", "SLURM_JOB_ID", "--env", "WEIR_RUN_ID", "--env", "WEIR_WORK", box, ...program3()],
    'cd "$WEIR_FOLDER" && unset WEIR_FOLDER && exec "$@"',
  ]);
  assert.equal(spawnSync("ls", [place]).status, 2, "its folder is gone");
  const broken = run({ has: ["enroot"], environment: { BROKEN: "1" } });
  assert.deepEqual([broken.status, /weir: enroot import .* failed/.test(broken.stderr)], [127, true]);
});

test("enroot: a signal reaches the program, which ends as it likes (not run live)", async () => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGUSR1"] as const) {
    const HEARS = `trap 'exit 9' ${signal.slice(3)}; echo hears; while :; do sleep 0.05; done`;
    const { command, env } = called({ has: ["enroot"], environment: { HEARS } });
    const [bash, ...words] = command;
    const child = spawn(bash, words, { cwd: work, env, stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    for await (const part of child.stdout) {
      said += part;
      if (said.includes("hears")) break;
    }
    child.kill(signal);
    assert.deepEqual(await once(child, "exit"), [9, null], signal);
  }
});

test("the first runtime of the site's that the node has; none is said", () => {
  const all = ["apptainer", "srun", "enroot", "podman", "crun"];
  assert.equal(run({ has: all }).lines[0], "apptainer");
  assert.equal(run({ has: all, runtimes: ["podman", "apptainer"] }).lines[0], "podman");
  assert.equal(run({ has: ["podman", "crun"], runtimes: ["enroot", "podman"] }).lines[0], "podman");
  const none = run({ has: [], runtimes: ["apptainer", "podman"] });
  assert.deepEqual(
    [none.status, none.stderr],
    [127, "weir: this node has none of the runtimes for containers that its centre offers: apptainer podman\n"],
  );
});

test("Podman is told to look again by one run at a time, and never while a container of the user's lives", async () => {
  const [log, broken] = [join(folder, "log"), join(folder, "broken")];
  // As Podman: what looks again stops what runs.
  const look = `sleep 0.2; rm -f ${broken}; echo looked >> ${log}`;
  const fake = `case $1 in ps) sleep 0.1; [ ! -e ${broken} ] ;; system) ${look} ;; *) echo runs >> ${log} ;; esac`;
  mkdirSync(join(folder, "breaks"));
  writeFileSync(join(folder, "breaks", "podman"), `#!/bin/sh\n${fake}\n`, { mode: 0o755 });
  const { command, env } = called({ has: ["breaks", "crun"] });
  const [bash, ...words] = command;
  const both = async () => {
    writeFileSync(log, "");
    writeFileSync(broken, "");
    await Promise.all(
      [0, 1].map(async (n) => {
        await delay(n * 150);
        await once(spawn(bash, words, { cwd: work, env: { ...env, PATH: `${env.PATH}:/usr/bin:/bin` } }), "exit");
      }),
    );
    return readFileSync(log, "utf8").trim().split("\n");
  };
  assert.deepEqual(await both(), ["looked", "runs", "runs"]);
  cpSync("/bin/sleep", join(folder, "conmon"), { dereference: true });
  const lives = spawn(join(folder, "conmon"), ["60"]);
  await once(lives, "spawn");
  try {
    assert.deepEqual(await both(), ["runs", "runs"]);
  } finally {
    lives.kill();
  }
});

test("a path that a runtime would take apart is refused in words", () => {
  const odd = join(folder, "a,b");
  mkdirSync(odd, { recursive: true });
  for (const has of [["apptainer"], ["srun"], ["podman", "crun"]]) {
    const done = run({ has, fileSystems: [odd] });
    assert.deepEqual([done.status, done.stdout], [127, ""]);
    assert.match(done.stderr, /a,b cannot be mounted in a container: a colon, a comma or a space is in it/);
  }
});

test("variables of the user's keep their values, whatever they are called", () => {
  const environment = { kind: "mine", image: "mine", name: "mine", folder: "mine", status: "mine", IFS: ":" };
  const { lines } = run({ has: ["apptainer"], environment });
  for (const name of ["kind", "image", "name", "folder", "status"])
    assert.ok(lines.includes(`APPTAINERENV_${name}=mine`), name);
  const own = { mounts: "mine", box: "mine", folder: "mine", status: "mine" };
  const HEARS = 'echo "$mounts $box $folder $status"';
  assert.ok(run({ has: ["enroot"], environment: { ...own, HEARS } }).lines.includes("mine mine mine mine"));
});

test("what this machine has, with its versions; Podman counts with crun alone", async () => {
  const found = (has: readonly string[]) =>
    findRuntimes({
      path: [...has, "tools"].map((name) => join(folder, name)).join(delimiter),
      slurmBin: join(folder, has.includes("srun") ? "srun" : "tools"),
      slurmConf: null,
    });
  program("apptainer", "echo apptainer version 1.3.4-1.el9");
  program("enroot", "echo 3.5.0");
  program("podman", "echo podman version 4.3.1");
  assert.deepEqual(await found(["apptainer", "srun", "enroot", "podman", "crun"]), [
    { name: "apptainer", version: "1.3.4-1.el9" },
    { name: "pyxis", version: null },
    { name: "enroot", version: "3.5.0" },
    { name: "podman", version: "4.3.1" },
  ]);
  program("srun", "echo '      --container=path   Path to OCI container bundle'");
  program("enroot", "exit 1");
  // Slurm's own --container is no plugin.
  assert.deepEqual(await found(["srun", "enroot", "podman"]), []);
});

test("a plugin with pyxis's option is seen in srun's own help", { skip: requires("slurm", "openmpi") }, async () => {
  const place = join(folder, "spank");
  mkdirSync(place);
  const slurmConf = join(place, "slurm.conf");
  const stack = join(place, "plugstack.conf");
  writeFileSync(slurmConf, `ClusterName=none\nSlurmctldHost=localhost\nPlugStackConfig=${stack}\n`);
  writeFileSync(stack, "");
  const env = { ...process.env, SLURM_CONF: slurmConf };
  const version = execFileSync("srun", ["--version"], { env, encoding: "utf8" });
  const [major, minor, micro] = (/(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
  // slurm/spank.h, as far as it is needed; its package has what srun does not.
  const source = `struct spank_option { char *name, *arginfo, *usage; int has_arg, val; int (*heard)(int, const char *, int); };
int spank_option_register(void *, struct spank_option *);
const char plugin_name[] = "weir-test", plugin_type[] = "spank";
const unsigned int plugin_version = ${((major ?? 0) << 16) | ((minor ?? 0) << 8) | (micro ?? 0)}, spank_plugin_version = 1;
static int heard(int value, const char *argument, int remote) { return 0; }
static struct spank_option image = { "container-image", "IMAGE", "[pyxis] the image", 1, 0, heard };
int slurm_spank_init(void *spank, int count, char **words) { return spank_option_register(spank, &image); }
`;
  writeFileSync(join(place, "plugin.c"), source);
  execFileSync("gcc", ["-shared", "-fPIC", "-o", join(place, "plugin.so"), join(place, "plugin.c")]);
  const find = () => findRuntimes({ path: "/nowhere", slurmBin: "/usr/bin", slurmConf });
  assert.deepEqual(await find(), []);
  writeFileSync(stack, `required ${join(place, "plugin.so")}\n`);
  assert.deepEqual(await find(), [{ name: "pyxis", version: null }]);
});
