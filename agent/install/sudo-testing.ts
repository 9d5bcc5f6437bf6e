import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sudoersText } from "#agent/install/texts.ts";

const folder = "/etc/sudoers.d";
const prefix = "weir-test-";

/**
 * For tests, as root: lets a user start a helper by sudo. Returns the rule's file, which the test removes; those of
 * tests that were killed are removed here.
 */
export function allowSudo(user: string, helper: string, name: string): string {
  for (const file of readdirSync(folder)) {
    const pid = file.startsWith(prefix) ? /^\d+/.exec(file.slice(prefix.length))?.[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(folder, file), { force: true });
  }
  const rule = join(folder, `${prefix}${process.pid}-${name}`);
  // Whole at once, as other tests' sudo reads it too; a name with a dot is not read.
  writeFileSync(`${rule}.new`, sudoersText({ user, helper }), { mode: 0o440 });
  execFileSync("visudo", ["-c", "-q", "-f", `${rule}.new`]);
  renameSync(`${rule}.new`, rule);
  return rule;
}
