// `npm run agent-package`: all that a site needs to join, as one file that is copied there: the agent's bundle, the helper
// with its modules, and the pinned Node, for machines that have none.
//
//   dist/weir-agent-VERSION-linux-ARCH.tar.gz → weir-agent/{weir-agent,node,dist/agent.mjs,agent/…}

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import packageFile from "../package.json" with { type: "json" };

const root = resolve(import.meta.dirname, "..");

/** Returns the path of the package. */
export function makeAgentPackage(folder: string): string {
  const draft = mkdtempSync(join(tmpdir(), "weir-agent-package-"));
  try {
    const top = join(draft, "weir-agent");
    mkdirSync(join(top, "dist"), { recursive: true });
    copyFileSync(join(root, "dist", "agent.mjs"), join(top, "dist", "agent.mjs"));
    const parts = ["helper/lib", "helper/weir-as", "helper/weir-run", "launcher/lib"];
    for (const part of parts) cpSync(join(root, "agent", part), join(top, "agent", part), { recursive: true });
    copyFileSync(join(root, "LICENSE"), join(top, "LICENSE"));
    copyFileSync(process.execPath, join(top, "node"));
    chmodSync(join(top, "node"), 0o755);
    writeFileSync(join(top, "weir-agent"), launcher, { mode: 0o755 });
    const name = `weir-agent-${packageFile.version}-linux-${process.arch}.tar.gz`;
    const draftFile = join(draft, name);
    execFileSync("tar", [
      "--create",
      "--gzip",
      "--owner=0",
      "--group=0",
      `--file=${draftFile}`,
      `--directory=${draft}`,
      "weir-agent",
    ]);
    const file = join(folder, name);
    copyFileSync(draftFile, `${file}.new`);
    renameSync(`${file}.new`, file);
    return file;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

const launcher = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/node" "$here/dist/agent.mjs" "$@"
`;

if (import.meta.main) {
  const file = makeAgentPackage(join(root, "dist"));
  console.log(relative(process.cwd(), file));
}
