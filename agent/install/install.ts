import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { placeByToken, placeHelper } from "./place.ts";
import {
  agentUser,
  delegatedText,
  type PolicyFacts,
  paths,
  programText,
  type RestPlace,
  samplePolicy,
  settingsText,
  slurmText,
  sudoersText,
  unitText,
  userGroup,
} from "./texts.ts";

export type Installation = {
  /** "/" for this machine, which needs root; else a folder in which the same tree is laid out and nothing is started. */
  readonly root: string;
  /** Where Weir is: the folder that has `agent/` and `dist/agent.mjs`. */
  readonly source: string;
  /** Node, as the machine will find it; `copied` puts it beside the agent, where nothing else removes it. */
  readonly node: string | { readonly copied: string };
  /** null: `enrol` will say. */
  readonly serverUrl: string | null;
  readonly policy: PolicyFacts;
  /**
   * Users lend their own tokens by this folder, which nodes and login nodes share, and nothing of the agent's is root's: no
   * weir-as, no policy, no rule of sudo. Absent: weir-as acts for users.
   */
  readonly delegated?: { readonly folder: string; readonly rest: RestPlace };
};

export type Installed = {
  readonly written: readonly string[];
  /** Found and left as they were: the site's own policy and settings. */
  readonly kept: readonly string[];
};

/**
 * Lays out helper, policy, sudo's rule, systemd's unit and the agent, and notes each thing it made, so that `uninstall`
 * takes away that and nothing else. Once more is an upgrade: programs are replaced, the site's policy and settings stay.
 */
export function install(wanted: Installation): Installed {
  const { root } = wanted;
  const here = (path: string) => join(root, path);
  if (root === "/" && process.getuid?.() !== 0) throw new Error("an installation on this machine needs root");
  const { delegated } = wanted;
  if (root === "/" && delegated === undefined && !existsSync("/etc/sudoers.d"))
    throw new Error("sudo is not installed: /etc/sudoers.d is absent");
  const bundle = join(wanted.source, "dist", "agent.mjs");
  if (!existsSync(bundle)) throw new Error(`${bundle} is absent: build Weir first (npm run build)`);
  const made = new Set(readManifest(root));
  const kept: string[] = [];
  const folder = (path: string, mode: number): void => {
    for (const parent of missingFolders(root, path)) {
      mkdirSync(here(parent), { mode: 0o755 });
      own(here(parent), 0o755);
      made.add(`folder ${parent}`);
    }
    own(here(path), mode);
  };
  const file = (path: string, text: string, mode: number): void => {
    folder(dirname(path), 0o755);
    if (!existsSync(here(path))) made.add(`file ${path}`);
    putInPlace(here(path), text, mode);
  };
  const unlessThere = (path: string, text: string, mode: number): void => {
    if (existsSync(here(path))) kept.push(path);
    else file(path, text, mode);
  };

  if (root === "/") for (const line of makeAccounts(delegated === undefined)) made.add(line);
  folder(paths.programs, 0o755);
  const source = join(wanted.source, "agent");
  if (delegated === undefined) {
    folder(dirname(paths.audit), 0o750);
    folder(join(dirname(paths.policy), "hooks"), 0o755);
    placeHelper({ folder: here(paths.programs), policyPath: paths.policy, source });
  } else {
    const placed = placeByToken({ folder: here(paths.programs), source });
    file(paths.delegate, readFileSync(placed.delegate, "utf8"), 0o755);
  }
  made.add(`tree ${paths.programs}`);
  copyFileSync(bundle, here(paths.agent));
  chmodSync(here(paths.agent), 0o644);
  if (typeof wanted.node !== "string") {
    // Not over the one that an agent runs from.
    copyFileSync(wanted.node.copied, here(`${paths.node}.new`));
    chmodSync(here(`${paths.node}.new`), 0o755);
    renameSync(here(`${paths.node}.new`), here(paths.node));
  }
  if (process.getuid?.() === 0) spawnSync("chown", ["-R", "root:root", here(paths.programs)]);
  if (delegated === undefined) {
    file(join(paths.programs, "policy.sample"), samplePolicy(wanted.policy), 0o644);
    unlessThere(paths.policy, samplePolicy(wanted.policy), 0o644);
  }
  unlessThere(paths.settings, settingsText(wanted.serverUrl), 0o644);
  unlessThere(paths.slurm, delegated ? delegatedText(wanted.policy, delegated) : slurmText(wanted.policy), 0o644);
  const node = typeof wanted.node === "string" ? wanted.node : paths.node;
  file(paths.program, programText({ node, agent: paths.agent }), 0o755);
  file(paths.unit, unitText({ user: agentUser, node, agent: paths.agent }), 0o644);
  if (delegated === undefined) file(paths.sudoers, checkedSudoers(root), 0o440);
  made.add(`tree ${paths.state}`);
  putInPlace(here(manifest), `${[...made].join("\n")}\n`, 0o644);
  if (root === "/" && systemdRuns()) systemctl("daemon-reload");
  const files = [...made].filter((line) => line.startsWith("file ")).map((line) => line.slice(5));
  const written = files.filter((path) => !kept.includes(path));
  return { written, kept };
}

/**
 * Takes away what `install` made on this tree, the agent's journal with it, and says what it left: things that were there
 * before, and the audit where it is to be kept. The users' own folders of runs are theirs and stay.
 */
export function uninstall(wanted: { readonly root: string; readonly keepAudit: boolean }): {
  readonly removed: readonly string[];
  readonly left: readonly string[];
} {
  const { root } = wanted;
  const made = readManifest(root);
  if (made.length === 0)
    throw new Error(`nothing of Weir's agent is installed here: ${join(root, manifest)} is absent`);
  if (root === "/" && systemdRuns()) systemctl("disable", "--now", "weir-agent.service");
  const removed: string[] = [];
  const left: string[] = [];
  // What appeared while it ran, in folders that are ours.
  for (const path of [paths.stop, paths.audit])
    if (made.includes(`folder ${dirname(path)}`) && !(wanted.keepAudit && path === paths.audit))
      rmSync(join(root, path), { force: true });
  if (made.includes(`user ${agentUser}`))
    for (const path of [`/run/sudo/ts/${agentUser}`, `/var/lib/sudo/lectured/${agentUser}`])
      rmSync(join(root, path), { force: true });
  for (const line of [...made].reverse().toSorted((a, b) => orderOf(a) - orderOf(b))) {
    const [kind, path = ""] = line.split(" ");
    const full = join(root, path);
    if (kind === "user" || kind === "group") {
      const done = root === "/" && run(kind === "user" ? "userdel" : "groupdel", path);
      (done ? removed : left).push(line);
    } else if (existsSync(full)) {
      (remove(kind ?? "", full) ? removed : left).push(path);
    }
  }
  if (root === "/" && systemdRuns()) systemctl("daemon-reload");
  return { removed, left };
}

const manifest = join(paths.programs, "installed");

/** Each line `kind path`, kind being file, folder, tree, user or group; in the order in which they were made. */
function readManifest(root: string): readonly string[] {
  const path = join(root, manifest);
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
}

/** The agent can do nothing first; folders go last, and only empty ones. */
function orderOf(line: string): number {
  if (line === `file ${paths.sudoers}`) return 0;
  return line.startsWith("file ") ? 1 : line.startsWith("tree ") ? 2 : line.startsWith("folder ") ? 3 : 4;
}

function remove(kind: string, path: string): boolean {
  if (kind === "file") unlinkSync(path);
  else if (kind === "tree") rmSync(path, { recursive: true });
  else {
    try {
      rmdirSync(path);
    } catch {
      return false;
    }
  }
  return true;
}

function missingFolders(root: string, path: string): readonly string[] {
  const missing: string[] = [];
  for (let at = path; at !== "/" && !existsSync(join(root, at)); at = dirname(at)) missing.unshift(at);
  return missing;
}

/** Whole or not at all, and with its rights from the start. */
function putInPlace(path: string, text: string, mode: number): void {
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, text, { mode });
  own(fresh, mode);
  renameSync(fresh, path);
}

function own(path: string, mode: number): void {
  if (process.getuid?.() === 0) chownSync(path, 0, 0);
  chmodSync(path, mode);
}

/** A broken file in sudoers.d makes all of sudo useless: it is tried before it is put there. */
function checkedSudoers(root: string): string {
  const text = sudoersText({ user: agentUser, helper: paths.helper });
  const visudo = "/usr/sbin/visudo";
  if (!existsSync(visudo)) return text;
  const trial = join(root, paths.programs, "sudoers.trial");
  putInPlace(trial, text, 0o440);
  const { status, stdout, stderr } = spawnSync(visudo, ["-c", "-f", trial], { encoding: "utf8" });
  unlinkSync(trial);
  if (status !== 0) throw new Error(`visudo refuses the rule for the agent: ${stdout}${stderr}`);
  return text;
}

/** The agent's user without any right, and where it acts for users the group of those whom the site lets in; the lines of what was missing. */
function makeAccounts(actsForUsers: boolean): readonly string[] {
  const made: string[] = [];
  if (actsForUsers && !run("getent", "group", userGroup) && must("groupadd", "--system", userGroup))
    made.push(`group ${userGroup}`);
  const words = [
    "--system",
    "--user-group",
    "--no-create-home",
    "--home-dir",
    paths.state,
    "--shell",
    "/usr/sbin/nologin",
  ];
  if (!run("getent", "passwd", agentUser) && must("useradd", ...words, agentUser)) made.push(`user ${agentUser}`);
  return made;
}

function run(command: string, ...words: readonly string[]): boolean {
  return spawnSync(command, words, { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } }).status === 0;
}

function must(command: string, ...words: readonly string[]): true {
  if (!run(command, ...words)) throw new Error(`${command} ${words.join(" ")} failed`);
  return true;
}

function systemdRuns(): boolean {
  return existsSync("/run/systemd/system");
}

function systemctl(...words: readonly string[]): void {
  if (!run("systemctl", ...words)) throw new Error(`systemctl ${words.join(" ")} failed`);
}
