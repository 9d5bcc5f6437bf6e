import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
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
import { afterEach, beforeEach, describe, test } from "node:test";
import { readSite } from "#agent/drivers/slurm/site.ts";
import { nextSteps } from "#agent/operator/install-here.ts";
import { requires } from "../../tools/requirement.ts";
import { install, uninstall } from "./install.ts";
import { paths, samplePolicy, sudoersText, unitText } from "./texts.ts";

// Into a staging root, and on a copy of this machine; with systemd running: not run.

const policy = {
  slurmConf: "/etc/slurm/slurm.conf",
  slurmBin: "/usr/bin",
  runs: "%h/.weir",
  accounts: ["*"],
  partitions: ["*"],
  qos: ["*"],
};

describe("install", () => {
  let root: string;
  let source: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "weir-root-"));
    source = mkdtempSync(join(tmpdir(), "weir-source-"));
    mkdirSync(join(source, "dist"));
    writeFileSync(join(source, "dist", "agent.mjs"), "export {};\n");
    execFileSync("ln", ["-s", join(import.meta.dirname, ".."), join(source, "agent")]);
  });
  afterEach(() => {
    for (const folder of [root, source]) rmSync(folder, { recursive: true, force: true });
  });
  const put = () => install({ root, source, node: process.execPath, serverUrl: "https://weir.example", policy });
  const tree = () => readdirSync(root, { recursive: true, encoding: "utf8" }).toSorted();

  test("lays out helper, policy, rule and unit, with root's rights; once more it keeps the site's own", () => {
    const { written } = put();
    for (const path of [paths.policy, paths.settings, paths.sudoers, paths.unit])
      assert.ok(written.includes(path), path);
    const mode = (path: string) => statSync(join(root, path)).mode & 0o7777;
    assert.deepEqual(
      [paths.helper, paths.policy, paths.sudoers, paths.unit, paths.programs, "/var/log/weir"].map(mode),
      [0o755, 0o644, 0o440, 0o644, 0o755, 0o750],
    );
    if (process.getuid?.() === 0) for (const path of tree()) assert.equal(statSync(join(root, path)).uid, 0, path);
    for (const name of ["Chunk.pm", "Frame.pm", "Kernel.pm", "Policy.pm", "Record.pm"])
      assert.ok(existsSync(join(root, paths.programs, "lib", "Weir", name)), name);
    assert.match(readFileSync(join(root, paths.helper), "utf8"), /^use constant POLICY {2}=> '\/etc\/weir\/policy';$/m);
    execFileSync("perl", ["-c", join(root, paths.helper)], { stdio: "pipe" });
    writeFileSync(join(root, paths.policy), "min-uid 2000\n");
    const again = put();
    assert.deepEqual(again.kept, [paths.policy, paths.settings, paths.slurm]);
    assert.deepEqual(
      again.written.filter((path) => again.kept.includes(path)),
      [],
    );
    assert.ok(again.written.includes(paths.unit));
    assert.equal(readFileSync(join(root, paths.policy), "utf8"), "min-uid 2000\n");
  });

  test("where users lend their own tokens: no helper of root's, no policy, no rule of sudo, and it goes again", () => {
    mkdirSync(join(root, "var", "lib"), { recursive: true });
    const rest = { socket: "/run/slurmrestd/socket" };
    const delegated = { folder: "/shared/weir", rest };
    const serverUrl = "https://weir.example";
    install({ root, source, node: process.execPath, serverUrl, policy, delegated });
    const there = (path: string) => existsSync(join(root, path));
    assert.deepEqual([paths.helper, paths.policy, paths.sudoers, paths.audit].filter(there), []);
    assert.deepEqual([paths.byToken, paths.delegate, paths.unit].filter(there).length, 3);
    for (const path of [paths.byToken, paths.delegate])
      execFileSync("perl", ["-c", join(root, path)], { stdio: "pipe" });
    const site = readSite(join(root, paths.slurm));
    assert.deepEqual(
      [site.transport, site.rest?.socket, site.delegated?.folder],
      ["rest", rest.socket, "/shared/weir"],
    );
    assert.deepEqual(site.helper.slice(0, 4), [paths.byToken, "serve", "/shared/weir", paths.tokens]);
    assert.ok(
      nextSteps(root, delegated.folder).some((step) =>
        step.includes("install -d -o weir-agent -g weir-agent -m 0711 /shared/weir"),
      ),
    );
    assert.deepEqual(uninstall({ root, keepAudit: false }).left, []);
    assert.deepEqual(tree(), ["var", "var/lib"]);
  });

  test("leaves without a trace", () => {
    mkdirSync(join(root, "var", "lib"), { recursive: true });
    put();
    put();
    mkdirSync(join(root, paths.state), { recursive: true });
    writeFileSync(join(root, paths.state, "journal"), "x");
    writeFileSync(join(root, paths.audit), "x");
    writeFileSync(join(root, paths.stop), "");
    const { left } = uninstall({ root, keepAudit: false });
    assert.deepEqual(left, []);
    assert.deepEqual(tree(), ["var", "var/lib"]);
    assert.throws(() => uninstall({ root, keepAudit: false }), /nothing of Weir's agent is installed here/);
  });

  test("what was there before stays, and the audit where it is to be kept", () => {
    mkdirSync(join(root, "etc", "weir"), { recursive: true });
    writeFileSync(join(root, paths.policy), "min-uid 2000\n");
    mkdirSync(join(root, "etc", "sudoers.d"));
    put();
    writeFileSync(join(root, paths.audit), "x");
    const { left } = uninstall({ root, keepAudit: true });
    assert.deepEqual(tree(), [
      "etc",
      "etc/sudoers.d",
      "etc/weir",
      "etc/weir/policy",
      "var",
      "var/log",
      "var/log/weir",
      "var/log/weir/weir-as.log",
    ]);
    assert.ok(left.includes("/var/log/weir"));
  });

  test("without a built agent it says what to do", () => {
    rmSync(join(source, "dist", "agent.mjs"));
    assert.throws(put, /agent\.mjs is absent: build Weir first/);
    assert.deepEqual(tree(), []);
  });

  // A copy of this whole machine, laid over it for one process alone: there it is the machine itself that is installed on.
  // So are sudo's rules: those of other tests come and go under whoever reads them.
  const overlay = [
    "mount -t tmpfs none $0 && mkdir $0/up $0/work $0/machine",
    "mount -t overlay overlay -o lowerdir=/,upperdir=$0/up,workdir=$0/work $0/machine",
    "rm -rf $0/machine/etc/sudoers.d && mkdir -m 0750 $0/machine/etc/sudoers.d",
  ].join("\n");
  const inCopy = (copy: string, then: string, ...words: readonly string[]) =>
    spawnSync("unshare", ["--mount", "--pid", "--fork", "sh", "-ec", `${overlay}\n${then}`, copy, ...words], {
      encoding: "utf8",
    });

  test("on a machine: users, rule and programs come and go", { skip: requires("root", "sudo") }, (context) => {
    const copy = mkdtempSync("/var/tmp/weir-copy-");
    try {
      // What lies on another file system is not in the copy.
      const needed = [join(source, "dist", "agent.mjs"), process.execPath, join(import.meta.dirname, "install.ts")];
      const probe = needed.map((path) => `test -e "$0/machine${path}"`).join(" && ");
      if (inCopy(copy, probe).status !== 0)
        return context.skip("overlay mounts of the whole machine are not possible here");
      const code = `
        import { execFileSync, spawnSync } from "node:child_process";
        import { writeFileSync } from "node:fs";
        import { install, uninstall } from ${JSON.stringify(join(import.meta.dirname, "install.ts"))};
        import { mayBeAgent } from ${JSON.stringify(join(import.meta.dirname, "..", "operator", "settings.ts"))};
        const say = (words) => { const { status, stdout, stderr } = spawnSync("sh", ["-c", words], { encoding: "utf8" }); return [status, (stdout + stderr).trim()]; };
        spawnSync("userdel", ["weir-agent"]);
        install({ root: "/", source: "${source}", node: process.execPath, serverUrl: "https://weir.example", policy: ${JSON.stringify(policy)} });
        const asAgent = "setpriv --reuid weir-agent --regid weir-agent --clear-groups sudo -n ${paths.helper}";
        const may = (uid) => { try { mayBeAgent({ WEIR_HOME: "${paths.state}" }, uid); return null; } catch (error) { return error.message; } };
        const agent = Number(say("id -u weir-agent")[1]);
        spawnSync("install", ["-d", "-o", "weir-agent", "${paths.state}"]);
        const mayBe = [may(0), may(agent), may(agent + 1)];
        const said = [say("${paths.helper} check"), say(asAgent + " serve < /dev/null"), say(asAgent + " check"), say("visudo -c -q")];
        const { left } = uninstall({ root: "/", keepAudit: false });
        const gone = say("ls -d /etc/weir /usr/local/lib/weir /etc/sudoers.d/weir-agent /var/log/weir /run/sudo/ts/weir-agent 2>/dev/null; getent passwd weir-agent");
        console.log(JSON.stringify({ mayBe, said, left, gone }));`;
      // Its own /proc: a user whose processes run in the true machine could not be taken away.
      const bind =
        'mount -t proc proc "$0/machine/proc"\nmount --rbind /dev "$0/machine/dev"\nexec chroot "$0/machine" "$@"';
      const done = inCopy(copy, bind, process.execPath, "--input-type=module", "-e", code);
      assert.equal(done.status, 0, done.stderr);
      assert.deepEqual(JSON.parse(done.stdout), {
        mayBe: [null, null, "only root may: sudo weir-agent …"],
        said: [
          [0, "policy /etc/weir/policy is in force"],
          [0, ""],
          [1, "sudo: a password is required"],
          [0, ""],
        ],
        left: [],
        gone: [2, ""],
      });
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });

  test("visudo accepts the rule", { skip: requires("sudo") }, () => {
    const file = join(root, "rule");
    writeFileSync(file, sudoersText({ user: "weir-agent", helper: paths.helper }));
    execFileSync("/usr/sbin/visudo", ["-c", "-f", file], { stdio: "pipe" });
  });

  test("systemd accepts the unit, and nothing in it takes sudo away", {
    skip: requires("systemd"),
  }, () => {
    const file = join(root, "weir-agent.service");
    const text = unitText({ user: "weir-agent", node: process.execPath, agent: paths.agent });
    writeFileSync(file, text);
    const { stdout, stderr } = spawnSync("/usr/bin/systemd-analyze", ["verify", "--man=no", file], {
      encoding: "utf8",
    });
    const said = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("weir-agent"));
    assert.deepEqual(said, []);
    assert.match(text, /^KillMode=process$/m);
    const sandboxing =
      /^(NoNewPrivileges|Private|Protect|Restrict|SystemCall|LockPersonality|MemoryDenyWriteExecute|DynamicUser|CapabilityBoundingSet)/m;
    assert.doesNotMatch(text, sandboxing);
  });

  test("the guide names every line of a policy", () => {
    const module = readFileSync(new URL("../helper/lib/Weir/Policy.pm", import.meta.url), "utf8");
    const guide = readFileSync(new URL("../../docs/guides/least-privilege.md", import.meta.url), "utf8");
    const table = module.slice(module.indexOf("my %KEY"), module.indexOf("my $HOOK"));
    const keys = [...table.matchAll(/'([a-z-]+)' => \[|qw\(([^)]+)\)/g)].flatMap((match) =>
      (match[1] ?? match[2] ?? "").split(" "),
    );
    assert.ok(keys.length > 20, keys.join(" "));
    for (const key of keys) assert.match(guide, new RegExp(`^\\|.*\`${key} [A-Z]|^\\|.*\`${key} yes\``, "m"), key);
  });

  test("the sample policy is one that the helper reads", {
    skip: process.getuid?.() !== 0 && "only root's policy counts",
  }, () => {
    const folder = mkdtempSync("/var/tmp/weir-policy-");
    const path = join(folder, "policy");
    writeFileSync(
      path,
      samplePolicy({
        ...policy,
        lines: ["output-root /home/%u /scratch/%u", "requeue yes", "hook quota /etc/weir/hooks/quota"],
      }),
    );
    const perl =
      "my $p = Weir::Policy::read_policy($ARGV[0]); print join '|', @$p{qw(min-uid group runs slurm-conf)}, @{ $p->{'output-root'} }, $p->{hook}{quota}";
    const modules = ["helper", "launcher"].flatMap((name) => ["-I", join(import.meta.dirname, "..", name, "lib")]);
    const said = execFileSync("perl", [...modules, "-MWeir::Policy", "-e", perl, path], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    assert.equal(said, "1000|weir-users|%h/.weir|/etc/slurm/slurm.conf|/home/%u|/scratch/%u|/etc/weir/hooks/quota");
  });
});
