/**
 * The supervisor behind `npm start`: makes the home and (as root) the system users, starts PostgreSQL, the server, the
 * launcher and the agent, restarts what dies, and stops all of it in order.
 *
 * ## The contract with the programs it starts (server, agent, launcher)
 *
 * Environment. Nothing of npm's or of the caller's reaches a child but PATH (without node_modules), HOME, LANG,
 * LC_*, TZ, TMPDIR, HTTPS_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS, WEIR_* (but no WEIR_TOKEN) and what this table sets:
 *
 * | variable             | server | agent | launcher | meaning                                                            |
 * |----------------------|--------|-------|----------|--------------------------------------------------------------------|
 * | WEIR_HOME            | x      | x     | x        | absolute; the paths inside are those of local/home.ts              |
 * | WEIR_CONTROL_FD      | x      | x     | x        | always 3: the control channel below; absent = not supervised       |
 * | WEIR_PORT            | x      |       |          | port to listen on, on 127.0.0.1; 0 = any (the ready line says)     |
 * | DATABASE_URL         | x      |       |          | always set: the user's own, or postgresql:///weir?host=SOCKET_DIR… |
 * | WEIR_SERVER_URL      |        | x     |          | http://127.0.0.1:PORT                                              |
 * | WEIR_CENTRE          |        | x     |          | `local`                                                            |
 * | WEIR_LAUNCHER_SOCKET |        | x     |          | WEIR_HOME/launcher/launcher.sock                                   |
 *
 * stdin is /dev/null; stdout and stderr are the program's log file in WEIR_HOME/log (pino writes to stdout as usual).
 * As root the server runs as `weir`, the agent as `weir-agent`, the launcher as root, each in a session of its own (so
 * Ctrl-C reaches the supervisor alone) with cwd `/`. The launcher starts before the agent and ends after it, in both
 * modes: the agent never starts it. It is called as `perl weir-launcher [--agent UID:GID --job-uids N,N,…]`.
 *
 * Control channel, fd 3: one connected stream socket, used both ways, one JSON object a line
 * (`new net.Socket({ fd: 3, readable: true, writable: true })`; in Perl `open my $control, "+<&=", 3`, with FD_CLOEXEC
 * so that no run inherits it). **End of file on it means that the supervisor is gone: end within a second**, as on
 * SIGTERM. Lines with unknown keys are ignored by both sides.
 *
 * | program  | direction | line                                    | meaning                                                |
 * |----------|-----------|-----------------------------------------|--------------------------------------------------------|
 * | server   | up        | {"ready":true,"url":…,"signInUrl":…}    | once, when it listens: migrated, and answers           |
 * | server   | down      | {"want":"token","have":"…"}             | a CLI token of the first administrator; `have` (absent |
 * |          |           |                                         | when there is none) is the one kept in WEIR_HOME/token |
 * | server   | up        | {"token":"…"}                           | the answer: `have` itself if it is still good, else new|
 * | server   | down      | {"want":"enrolment","centre":"local"}   | the agent needs a one-time enrolment token             |
 * | server   | up        | {"enrolment":"…"}                       | the answer                                             |
 * | server   | up        | {"refused":"words"}                     | it cannot run at all (words for the user); then it ends|
 * | agent    | up        | {"refused":"words"}                     | it cannot run as it is set (words for the user); ends  |
 * | agent    | up        | {"want":"enrolment"}                    | no credential, or the one it has is refused            |
 * | agent    | down      | {"enrolment":"…"}                       | the one-time token                                     |
 * | agent    | up        | {"ready":true}                          | once its first sync was answered                       |
 * | launcher | up        | {"ready":true}                          | its socket accepts                                     |
 *
 * SIGTERM: end in order, at most 10 s, with status 0; then SIGKILL. A program that ends by itself is started again
 * after 0.2 s, doubling up to 10 s.
 *
 * This way the server needs no file of the invoking user's, the agent's credential never leaves the agent's folder, and
 * a home whose database was replaced heals by itself: the token and the credential are refused, and asked for again.
 */
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { checkCapacitySettings } from "#agent/drivers/process/capacity.ts";
import { makeFolders, makeHome, rotateLogs } from "./folders.ts";
import { defaultPort, type WeirHome, weirHome } from "./home.ts";
import { installation, reachableInstallation } from "./installation.ts";
import { type Taken, takeHome, underLock } from "./lock.ts";
import { haveEnded, signal } from "./process.ts";
import { Supervisor, type SupervisorUsers, stopwatch } from "./supervisor.ts";
import { claimJobUsers, findUsers, hasNoProcess, jobUserName, makeUsers, type SystemUser } from "./users.ts";
import { tell } from "./words.ts";

const say = (words: string) => process.stdout.write(`${words}\n`);
// Whoever read our words may be gone (npm killed, terminal closed); that is no reason to end.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
const root = process.getuid?.() === 0;
/** What all homes of this machine share when root starts them. */
const machine = {
  folder: "/var/lib/weir",
  lock: "/var/lib/weir/machine.lock",
  claims: "/var/lib/weir/job-users",
  bin: "/var/lib/weir/bin",
};
const busyStatus = 3;

try {
  await start();
} catch (error) {
  // Refusals about this machine or its settings carry their remedy; a trace would only hide it. Ours carry none.
  process.stderr.write(
    `weir: ${error instanceof Error && !(error instanceof TypeError) ? error.message : String(error)}\n`,
  );
  process.exit(1);
}

async function start(): Promise<void> {
  const home = weirHome();
  checkCapacitySettings(process.env);
  const userCount = jobUserCount();
  // Where there is a home already, whoever holds it may be the one that has the port.
  if (!existsSync(home.lock)) await assertPortFree(home.port);
  const found = installation(!process.env.DATABASE_URL);
  if (root) mkdirSync(machine.folder, { recursive: true, mode: 0o755 });
  makeHome(home, root ? { name: "nobody", uid: 65_534, gid: 65_534 } : null);
  const lock = await takeHome(home.lock, ({ pid }) => say(tell("stoppingOther", { pid })));
  if (lock.kind === "busy") return sayBusy(home, lock);
  await endLeft(lock.left);
  await assertPortFree(home.port);
  if (!existsSync(home.log.folder)) say(tell(root ? "newHome" : "newHomeUser", { folder: home.folder }));
  const users = root ? systemUsers(home, userCount) : null;
  makeFolders(home, users);
  rotateLogs(home);
  const parts =
    users === null
      ? found
      : reachableInstallation(found, { ...users, job: users.jobs[0] ?? users.agent }, machine.bin, say);
  const supervisor = new Supervisor({
    home,
    parts,
    users,
    databaseUrl: process.env.DATABASE_URL || null,
    environment: process.env,
    writeLock: lock.write,
    say,
  });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => supervisor.requestStop());
  const status = await supervisor.run();
  lock.release();
  process.exit(status);
}

type Lock = Extract<Taken, { readonly kind: "taken" }>;

function sayBusy(home: WeirHome, { holder }: Extract<Taken, { readonly kind: "busy" }>): never {
  if (holder === null) say(tell("busyUnknown", { lock: home.lock }));
  else {
    const facts = { url: holder.url ?? "", pid: holder.pid, folder: home.folder };
    say(`${tell(holder.url === null ? "busyStarting" : "busyRunning", facts)}\n${tell("busyOpen")}`);
  }
  process.exit(busyStatus);
}

/** They end by themselves when their supervisor is gone; this makes sure, and waits until their port is free. */
async function endLeft(left: Lock["left"]): Promise<void> {
  for (const program of left) signal(program, "SIGTERM");
  if (await haveEnded(left, 3000)) return;
  for (const program of left) signal(program, "SIGKILL");
  await haveEnded(left, 3000);
}

async function assertPortFree(port: number): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once("error", reject);
      probe.listen(port, "127.0.0.1", resolve);
    });
    await new Promise<void>((resolve) => probe.close(() => resolve()));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    const why = code === "EADDRINUSE" ? tell("portBusy") : code === "EACCES" ? tell("portNeedsRoot") : String(error);
    throw new Error(tell("portTaken", { port, why, next: code === "EACCES" ? defaultPort : port + 1 }), {
      cause: error,
    });
  }
}

function jobUserCount(): number {
  const count = Number(process.env.WEIR_JOB_USERS || 64);
  if (Number.isInteger(count) && count >= 1 && count <= 512) return count;
  throw new Error(`WEIR_JOB_USERS must be a number from 1 to 512, not ${process.env.WEIR_JOB_USERS}.`);
}

/** The server's, the agent's, and the job users that this home alone has; made where they are missing. */
function systemUsers(home: WeirHome, count: number): SupervisorUsers {
  return underLock(machine.lock, () => {
    const isFree = (index: number) => {
      const user = findUsers([jobUserName(index)]).get(jobUserName(index));
      return (
        user === undefined ||
        (hasNoProcess(user.uid) && !existsSync(join(home.launcher.folder, "uids", String(user.uid))))
      );
    };
    const jobs = claimJobUsers(machine.claims, home.folder, count, isFree).map(jobUserName);
    const names = ["weir", "weir-agent", ...jobs];
    const missing = names.filter((name) => !findUsers(names).has(name));
    if (missing.length > 0) {
      const step = stopwatch();
      makeUsers(missing);
      say(tell("madeUsers", { users: inShort(missing), took: step() }));
    }
    const users = findUsers(names);
    const user = (name: string): SystemUser => {
      const one = users.get(name);
      if (one === undefined) throw new Error(`The system user ${name} was made and cannot be found.`);
      return one;
    };
    return { server: user("weir"), agent: user("weir-agent"), jobs: jobs.map(user) };
  });
}

/** "weir, weir-agent, weir-job-0 … weir-job-63" */
function inShort(names: readonly string[]): string {
  return names.length <= 4
    ? names.join(", ")
    : [...names.slice(0, 3), "…", names.at(-1)].join(", ").replaceAll(", …,", " …");
}
