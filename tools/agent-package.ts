// `npm run agent-package`: all that a site needs to join, as one file that is copied there: the agent's bundle, the helper
// with its modules, and the pinned Node, for machines that have none. Beside it its SHA-256, which is printed too.
//
//   dist/weir-agent-VERSION-linux-ARCH.tar.gz → weir-agent/{weir-agent,node,dist/agent.mjs,agent/…}
//   dist/weir-agent-VERSION-linux-ARCH.tar.gz.sha256, as `sha256sum --check` reads it

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import packageFile from "../package.json" with { type: "json" };

const root = resolve(import.meta.dirname, "..");

/** Returns the path of the package and its SHA-256, which lies beside it as `PATH.sha256`. */
export function makeAgentPackage(folder: string): { readonly file: string; readonly sha256: string } {
  const draft = mkdtempSync(join(tmpdir(), "weir-agent-package-"));
  try {
    const top = join(draft, "weir-agent");
    mkdirSync(join(top, "dist"), { recursive: true });
    copyFileSync(join(root, "dist", "agent.mjs"), join(top, "dist", "agent.mjs"));
    for (const part of parts) cpSync(join(root, "agent", part), join(top, "agent", part), { recursive: true });
    copyFileSync(join(root, "LICENSE"), join(top, "LICENSE"));
    copyFileSync(process.execPath, join(top, "node"));
    chmodSync(join(top, "node"), 0o755);
    writeFileSync(join(top, "weir-agent"), launcherText(process.arch), { mode: 0o755 });
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
    const sha256 = createHash("sha256").update(readFileSync(draftFile)).digest("hex");
    const file = join(folder, name);
    copyFileSync(draftFile, `${file}.new`);
    renameSync(`${file}.new`, file);
    writeFileSync(`${file}.sha256`, `${sha256}  ${name}\n`);
    return { file, sha256 };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

const parts = [
  ...["helper/lib", "helper/weir-as", "helper/weir-by-token", "helper/weir-delegate", "helper/weir-run"],
  "launcher/lib",
];

/** Of the machine's kind as `uname -m` says it, by Node's name for it. */
const machines: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

/**
 * Node itself says nothing that helps where the machine is of another kind, or its C library older than the one that Node
 * is built for (BUILDING.md of Node 24: glibc 2.28): so it is looked at before Node is started.
 */
export function launcherText(arch: string): string {
  const machine = machines[arch] ?? arch;
  return `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
refuse() { echo "weir-agent: $1" >&2; exit 1; }
kind="$(uname -s) on $(uname -m)"
[ "$kind" = "Linux on ${machine}" ] ||
  refuse "this package is for Linux on ${machine}, and this machine is $kind: make the package (npm run agent-package) on a machine of that kind, or install on another login node"
libc=$(getconf GNU_LIBC_VERSION 2> /dev/null) ||
  refuse "this machine's C library is not glibc (musl, perhaps), and the package's Node needs glibc 2.28 or later: install on a login node with Debian 10, Red Hat 8, openEuler 20.03 or later"
newest=$(printf '%s\\n' "$libc" "glibc 2.28" | sort -V | tail -n 1)
[ "$newest" = "$libc" ] ||
  refuse "this machine has $libc, and the package's Node needs glibc 2.28 or later (Debian 10, Red Hat 8, openEuler 20.03): install on a login node with a later system"
command -v perl > /dev/null ||
  refuse "perl is not here, which weir-as and the wrapper of the runs are written in: install perl-base (Debian) or perl-interpreter (Red Hat), here and on the nodes"
exec "$here/node" "$here/dist/agent.mjs" "$@"
`;
}

if (import.meta.main) {
  const { file, sha256 } = makeAgentPackage(join(root, "dist"));
  console.log(`${relative(process.cwd(), file)}\nSHA-256 ${sha256}`);
}
