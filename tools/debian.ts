// Installs, as root on Debian, the packages that the tests need; starts no service and asks nothing.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/** Why nothing may be installed here, or undefined where it may. */
export function mayNotInstall(): string | undefined {
  if (process.env.WEIR_TEST_APT === "0") return "WEIR_TEST_APT=0 forbids it";
  if (process.getuid?.() !== 0) return "only root can";
  if (!existsSync("/etc/debian_version") || !existsSync("/usr/bin/apt-get")) return "this is not Debian";
  return undefined;
}

/**
 * Installs the packages, with a fresh package list where there is none or where the list at hand is too old to serve.
 * Returns whether it worked; apt's own words go to stderr.
 */
export function installPackages(packages: readonly string[], places: Places = debianPlaces): boolean {
  return withoutServices(places.policy, () => {
    if (!haveLists(places.lists)) aptGet("update");
    if (aptGet("install", ...packages)) return true;
    process.stderr.write("apt-get failed; once more with a fresh package list\n");
    return aptGet("update") && aptGet("install", ...packages);
  });
}

/** Where Debian keeps its lists of packages, and where it asks whether a service may be started. */
export type Places = { readonly lists: string; readonly policy: string };

const debianPlaces: Places = { lists: "/var/lib/apt/lists", policy: "/usr/sbin/policy-rc.d" };

function aptGet(verb: "update" | "install", ...words: readonly string[]): boolean {
  const options = ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", "-q"];
  const chosen = verb === "install" ? ["-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0"] : [];
  const answer = spawnSync("apt-get", [verb, ...options, ...chosen, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 64 << 20,
  });
  if (answer.status !== 0) process.stderr.write(answer.stdout);
  return answer.status === 0;
}

function haveLists(lists: string): boolean {
  try {
    return readdirSync(lists).some((name) => /_Packages(\.\w+)?$/.test(name));
  } catch {
    return false;
  }
}

const policyMark = "# placed by the tests of Weir while they install packages";

/** Debian asks this program whether a package may start its service. One that is there already is left as it is. */
function withoutServices(policyPath: string, act: () => boolean): boolean {
  const foreign = existsSync(policyPath) && !readFileSync(policyPath, "utf8").includes(policyMark);
  if (foreign) return act();
  writeFileSync(policyPath, `#!/bin/sh\n${policyMark}\nexit 101\n`, { mode: 0o755 });
  try {
    return act();
  } finally {
    rmSync(policyPath, { force: true });
  }
}
