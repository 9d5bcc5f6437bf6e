import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

export type SystemUser = { readonly name: string; readonly uid: number; readonly gid: number };

/** Those that exist of the wanted names: /etc/passwd, which costs nothing, then whatever else the machine asks. */
export function findUsers(names: readonly string[]): ReadonlyMap<string, SystemUser> {
  const found = new Map(parsePasswd(readFileSync("/etc/passwd", "utf8"), names));
  const missing = names.filter((name) => !found.has(name));
  if (missing.length === 0) return found;
  const answer = spawnSync("getent", ["passwd", ...missing], { encoding: "utf8" });
  for (const [name, user] of parsePasswd(answer.stdout ?? "", missing)) found.set(name, user);
  return found;
}

/** Lines of passwd(5); lines that are none, and names that were not asked for, are left out. */
export function parsePasswd(text: string, names: readonly string[]): ReadonlyMap<string, SystemUser> {
  const wanted = new Set(names);
  const found = new Map<string, SystemUser>();
  for (const line of text.split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (name === undefined || !wanted.has(name) || found.has(name)) continue;
    if (!/^\d+$/.test(uid ?? "") || !/^\d+$/.test(gid ?? "")) continue;
    found.set(name, { name, uid: Number(uid), gid: Number(gid) });
  }
  return found;
}

/**
 * Makes system users that do not exist, each with a group of its own, no shell, no home, no password. About 40 ms each.
 * The caller holds the machine-wide lock: two starts must not make the same user.
 */
export function makeUsers(names: readonly string[]): void {
  for (const name of names) {
    const options = [
      "--system",
      "--user-group",
      "--no-create-home",
      "--home-dir",
      "/nonexistent",
      "--shell",
      "/usr/sbin/nologin",
      // The range that Debian keeps for its own packages has room for a dozen homes; this one for more than a hundred.
      ...(name.startsWith("weir-job-") ? jobRange.flatMap((setting) => ["-K", setting]) : []),
    ];
    const done = spawnSync("useradd", [...options, name], {
      encoding: "utf8",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    });
    if (done.error !== undefined) {
      throw new Error("useradd is missing: install the package passwd, or run Weir as an ordinary user.", {
        cause: done.error,
      });
    }
    if (done.status !== 0)
      throw new Error(
        `The system user ${name} cannot be made: ${done.stderr.trim()}\nCure where no uid is left: remove homes no longer used, or set WEIR_JOB_USERS to fewer than 64.`,
      );
  }
}

const jobRange = ["SYS_UID_MIN=70000", "SYS_UID_MAX=79999", "SYS_GID_MIN=70000", "SYS_GID_MAX=79999"];

export function jobUserName(index: number): string {
  return `weir-job-${index}`;
}

/**
 * Which of the machine's job users (`weir-job-N`) belong to this home, as indices, lowest first. Homes share no job
 * user, because two launchers would give the same uid to two runs. A home keeps its own for as long as its folder
 * exists, since runs outlive the instance; those of a home that is gone are given on once they are free.
 *
 * `claims` is the machine-wide folder of claims: a file a home, with the home's path and its indices. The caller holds
 * the machine-wide lock.
 */
export function claimJobUsers(
  claims: string,
  home: string,
  count: number,
  isFree: (index: number) => boolean,
): readonly number[] {
  mkdirSync(claims, { recursive: true, mode: 0o755 });
  const all = readdirSync(claims).flatMap((entry) => {
    const claim = parseClaim(readFileSync(join(claims, entry), "utf8"));
    return claim === null ? [] : [{ ...claim, path: join(claims, entry) }];
  });
  const own = all.find((claim) => claim.home === home);
  const gone = all.filter((claim) => claim !== own && !existsSync(claim.home) && claim.indices.every(isFree));
  for (const { path } of gone) unlinkSync(path);
  const taken = new Set(
    all.filter((claim) => claim !== own && !gone.includes(claim)).flatMap(({ indices }) => indices),
  );
  const indices = (own?.indices ?? []).filter((index, position) => position < count || !isFree(index));
  for (let index = 0; indices.length < count; index++) {
    if (!taken.has(index) && !indices.includes(index)) indices.push(index);
  }
  indices.sort((one, other) => one - other);
  const text = `${home}\n${indices.join(" ")}\n`;
  const path = own?.path ?? join(claims, freeName(claims));
  if (indices.join(" ") !== own?.indices.join(" ")) {
    writeFileSync(`${path}.new`, text, { flush: true });
    renameSync(`${path}.new`, path);
  }
  return indices;
}

/** The first line is the home, the second its indices. */
export function parseClaim(text: string): { readonly home: string; readonly indices: readonly number[] } | null {
  const [home, list] = text.split("\n");
  if (home === undefined || !home.startsWith("/") || list === undefined || !/^\d+( \d+)*$/.test(list)) return null;
  return { home, indices: list.split(" ").map(Number) };
}

function freeName(claims: string): string {
  for (let number = 0; ; number++) if (!existsSync(join(claims, `home-${number}`))) return `home-${number}`;
}

/** True when no process of the machine runs under the uid. One that has ended and waits for its parent does no more harm. */
export function hasNoProcess(uid: number): boolean {
  return !readdirSync("/proc").some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return statSync(join("/proc", pid)).uid === uid && !hasEnded(readFileSync(join("/proc", pid, "stat"), "utf8"));
    } catch {
      // It ended meanwhile.
      return false;
    }
  });
}

/** The state in proc_pid_stat(5) is the letter after the name, which may itself hold brackets. */
function hasEnded(stat: string): boolean {
  return /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
}
