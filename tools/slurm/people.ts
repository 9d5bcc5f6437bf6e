// The people of the clusters: system users without any right, made where they are missing and left on the machine.

import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { findUsers } from "#local/users.ts";

export type Person = { readonly name: string; readonly uid: number; readonly gid: number; readonly home: string };

/** The group of those whom a site lets into Weir; everyone's second one. */
export const group = "weir-users";
export const jobUsers = ["weirt-li", "weirt-wang", "weirt-zhao"] as const;
export const agentUser = "weirt-agent";

const homes = "/var/lib/weir-slurm-users";

/** Makes the group and the users that are missing (about 50 ms each), as root. The agent's user is not in the group. */
export function makePeople(): { readonly users: readonly Person[]; readonly agent: Person } {
  const missing = [...jobUsers, agentUser].filter((name) => !findUsers([name]).has(name));
  if (!readFileSync("/etc/group", "utf8").includes(`\n${group}:`)) run("groupadd", group);
  if (missing.length > 0) run("mkdir", "-p", "-m", "755", homes);
  for (const name of missing) {
    const groups = name === agentUser ? [] : ["--groups", group];
    run("useradd", "--user-group", ...groups, "--create-home", "-d", `${homes}/${name}`, "-s", "/bin/bash", name);
    chmodSync(`${homes}/${name}`, 0o700);
  }
  return { users: jobUsers.map(find), agent: find(agentUser) };
}

function find(name: string): Person {
  const user = findUsers([name]).get(name);
  if (user === undefined) throw new Error(`there is no user ${name}, although useradd was content`);
  return { ...user, home: `${homes}/${name}` };
}

/** Two of us may make the same one at once: who comes second is content. */
function run(command: string, ...words: readonly string[]): void {
  const done = spawnSync(command, words, { encoding: "utf8", env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
  const thereAlready = 9;
  if (done.error !== undefined) throw new Error(`${command} cannot be run`, { cause: done.error });
  if (done.status !== 0 && done.status !== thereAlready)
    throw new Error(`${command} ${words.join(" ")}: ${done.stderr.trim()}`);
}
