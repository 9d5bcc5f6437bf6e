import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Installation, install, uninstall } from "#agent/install/install.ts";
import { agentUser, paths, userGroup } from "#agent/install/texts.ts";
import { readLeaving } from "#agent/leaving.ts";
import { weirHome } from "#local/home.ts";
import type { Given } from "./given.ts";
import { lookAtSlurm } from "./look-at-slurm.ts";
import { say } from "./say.ts";

export async function installHere(given: Given): Promise<number> {
  const root = resolve(given.one("root") ?? "/");
  const found = lookAtSlurm(given.environment);
  const delegated = delegatedBy(given);
  // A policy that is there already is the site's own and stays; where users lend their own tokens there is none.
  const isNew = delegated.delegated === undefined && !existsSync(join(root, paths.policy));
  const isUpgrade = root === "/" && existsSync(join(weirHome(given.environment).agent.folder, "credential"));
  const source = dirname(dirname(resolve(process.argv[1] ?? "")));
  const { written, kept } = install({
    root,
    source,
    node: { copied: process.execPath },
    serverUrl: null,
    policy: {
      ...found,
      runs: given.one("runs") ?? "%h/.weir",
      accounts: chosen(given, "account", found.accounts, isNew),
      partitions: chosen(given, "partition", found.partitions, isNew),
      // Where none is named, jobs have Slurm's default.
      qos: given.has("qos") ? given.all("qos") : ["-"],
    },
    ...delegated,
  });
  if (root === "/" && !existsSync(paths.state))
    execFileSync("install", ["-d", "-o", agentUser, "-g", agentUser, "-m", "0700", paths.state]);
  for (const path of written) given.print(`${say("written")} ${join(root, path)}`);
  for (const path of kept) given.print(`${say("kept")} ${join(root, path)}`);
  given.print(`\n${say("next")}`);
  const steps = isUpgrade
    ? [say("nextRestart"), say("nextLook")]
    : nextSteps(root, delegated.delegated?.folder ?? null);
  for (const [at, step] of steps.entries()) given.print(`${at + 1}. ${step}`);
  return 0;
}

/** What a new policy lets the network use is said, if it be everything: an operator who says nothing has opened nothing. */
function chosen(
  given: Given,
  option: "account" | "partition",
  found: readonly string[],
  isNew: boolean,
): readonly string[] {
  const every = `all-${option}s`;
  if (given.has(option) && given.has(every)) throw new Error(say("notBoth", { option, every }));
  if (given.has(option)) return given.all(option);
  if (!isNew || given.has(every) || !found.some((name) => name !== "-")) return found;
  throw new Error(say("sayWhich", { option, every, found: found.filter((name) => name !== "-").join(" ") }));
}

/** `--delegated FOLDER --rest PLACE`: both or neither. */
function delegatedBy(given: Given): Pick<Installation, "delegated"> {
  const [folder, rest] = [given.one("delegated"), given.one("rest")];
  if (folder === null && rest === null) return {};
  if (folder === null || rest === null) throw new Error(say("delegatedBoth"));
  if (!/^\/[\w.@+/-]{1,200}$/.test(folder)) throw new Error(say("delegatedPath", { folder }));
  return { delegated: { folder, rest: rest.startsWith("/") ? { socket: rest } : { url: rest } } };
}

/** What the operator has still to do, in order. `delegated`: the folder where users and agent meet, where that is so. */
export function nextSteps(root: string, delegated: string | null): readonly string[] {
  const enrolled = [say("nextEnrol"), say("nextLook"), say("nextStart")];
  const isStaged = root !== "/";
  if (delegated !== null)
    return [
      ...(isStaged ? [say("nextUser", { user: agentUser })] : []),
      say("nextFolder", { user: agentUser, folder: delegated }),
      ...enrolled,
      say("nextTell", { delegate: paths.delegate }),
    ];
  return [
    ...(isStaged ? [say("nextUserAndGroup", { user: agentUser, group: userGroup })] : []),
    say("nextPolicy", { policy: paths.policy }),
    say("nextLetIn", { group: userGroup, helper: paths.helper }),
    ...enrolled,
  ];
}

export async function uninstallHere(given: Given): Promise<number> {
  const root = resolve(given.one("root") ?? "/");
  // Who knows of the folders and accounts that are kept is what goes now.
  if (root === "/" && readLeaving(weirHome(given.environment).agent.folder) !== null)
    throw new Error(say("notFinished"));
  const { removed, left } = uninstall({ root, keepAudit: given.has("keep-audit") });
  for (const path of removed) given.print(`${say("removed")} ${path}`);
  for (const path of left) given.print(`${say("leftThere")} ${path}`);
  return 0;
}
