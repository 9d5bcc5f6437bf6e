// slurmdbd and the database beneath it, for one cluster.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type AccountingFacts, accountingFile, slurmdbdConf } from "./configuration.ts";
import { answerOf, type Daemon, startDaemon } from "./daemon.ts";
import { answers } from "./readiness.ts";

const swift = [
  "--innodb-log-file-size=10M",
  "--innodb-flush-log-at-trx-commit=0",
  "--innodb-flush-method=nosync",
  "--innodb-doublewrite=0",
  "--sync-frm=0",
];

export type Owner = { readonly uid: number; readonly gid: number };

/**
 * Starts the database of an instance, with slurmdbd's tables, its QoS (`normal` may preempt `preemptible`), accounts and
 * users in it. To make them takes seconds of two daemons, a copy of what they made 0.1 s: it is kept in the temporary
 * folder from one instance to the next of that day.
 */
export async function startDatabase(top: string, facts: InstanceFacts): Promise<Daemon> {
  const { slurm, owned } = facts;
  const folder = join(top, "database");
  mkdirSync(folder, { mode: 0o700 });
  chownSync(folder, slurm.uid, slurm.gid);
  const kept = keptDatabase(facts.cluster);
  await makeOnce(kept, () => makeDatabase(top, facts, kept));
  if (lstatSync(kept).uid !== slurm.uid) throw new Error(`${kept} belongs to another user. Remove it.`);
  const data = join(folder, "data");
  if (!existsSync(data)) await run("cp", "-a", "--reflink=auto", kept, data);
  return startMariadb(top, owned);
}

export type InstanceFacts = {
  readonly cluster: string;
  readonly slurm: Owner;
  readonly owned: boolean;
  /** Where slurmdbd listens. */
  readonly port: number;
  readonly slurmConf: string;
};

/** By what it was made from, and the day: slurmdbd sums up all hours since a cluster came to be. */
function keptDatabase(cluster: string): string {
  const texts = ["accounting.ts", "configuration.ts"].map((name) => readFileSync(join(import.meta.dirname, name)));
  const programs = ["/usr/sbin/slurmdbd", "/usr/sbin/mariadbd"].map((path) => String(statSync(path).mtimeMs));
  const recipe = createHash("sha256")
    .update(Buffer.concat(texts))
    .update(programs.join(" "))
    .digest("hex")
    .slice(0, 12);
  return join(tmpdir(), `${keptPrefix}${cluster}-${recipe}-${today()}`);
}

const keptPrefix = "weir-slurm-database-";
const today = () => new Date().toISOString().slice(0, 10);

/** By one of those that come at once; the others wait for it, and one of them goes on where it was killed. */
async function makeOnce(kept: string, make: () => Promise<void>): Promise<void> {
  const making = `${kept}.making`;
  while (!existsSync(kept)) {
    const begunMs = statSync(making, { throwIfNoEntry: false })?.mtimeMs;
    if (begunMs !== undefined && Date.now() - begunMs < makingMs) await delay(50);
    else if (begunMs !== undefined) rmSync(making, { recursive: true, force: true });
    else if (mkdirNew(making)) {
      try {
        await make();
      } finally {
        rmSync(making, { recursive: true, force: true });
      }
    }
  }
}

/** Far more than it takes on a busy machine. */
const makingMs = 60_000;

function mkdirNew(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

async function makeDatabase(top: string, facts: InstanceFacts, kept: string): Promise<void> {
  const folder = join(top, "database");
  const data = join(folder, "data");
  const install = [
    "mysql_install_db",
    "--no-defaults",
    "--user=slurm",
    `--datadir=${data}`,
    "--skip-test-db",
    ...swift,
  ];
  // Two that start at the same instant would meet in /tmp.
  await run("env", `TMPDIR=${folder}`, ...install);
  const first = join(folder, "first.sql");
  writeFileSync(
    first,
    [
      "create database slurm_acct_db;",
      "create user slurm@localhost identified via unix_socket;",
      "grant all on slurm_acct_db.* to slurm@localhost;",
      "",
    ].join("\n"),
    { mode: 0o644 },
  );
  const database = await startMariadb(top, facts.owned, `--init-file=${first}`);
  const slurmdbd = await startSlurmdbd(top, facts.port, facts.owned, 0);
  await fillAccounting(top, facts.cluster, facts.slurmConf);
  for (const daemon of [slurmdbd, database]) {
    daemon.kill("SIGTERM");
    if (!(await daemon.ended(60_000))) throw new Error(`${daemon.name} does not end`);
  }
  for (const name of readdirSync(tmpdir()))
    if (name.startsWith(keptPrefix) && !name.includes(today()))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  const fresh = `${kept}.${process.pid}`;
  await run("cp", "-a", "--reflink=auto", data, fresh);
  try {
    renameSync(fresh, kept);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(kept)) throw error;
  }
}

/**
 * Its only door is a socket that nobody but SlurmUser reaches. Its data need not survive a crash of the machine, so it
 * never waits for the disk.
 */
async function startMariadb(top: string, owned: boolean, ...more: readonly string[]): Promise<Daemon> {
  const folder = join(top, "database");
  const socket = databaseSocket(top);
  const daemon = await startDaemon({
    top,
    name: "mariadbd",
    log: join(top, "database.log"),
    user: "slurm",
    folder,
    owned,
    environment: {},
    command: [
      "mariadbd",
      "--no-defaults",
      `--datadir=${join(folder, "data")}`,
      `--socket=${socket}`,
      `--pid-file=${folder}/pid`,
      "--skip-networking",
      "--innodb-buffer-pool-size=64M",
      "--innodb-lock-wait-timeout=900",
      "--performance-schema=off",
      ...swift,
      ...more,
    ],
  });
  await answers(socket, daemon, join(top, "database.log"));
  return daemon;
}

export function prepareSlurmdbd(top: string, facts: Omit<AccountingFacts, "folder">, slurm: Owner): void {
  const folder = slurmdbdFolder(top);
  mkdirSync(folder, { mode: 0o700 });
  chownSync(folder, slurm.uid, slurm.gid);
  const path = join(folder, "slurmdbd.conf");
  writeFileSync(path, slurmdbdConf({ ...facts, folder }));
  chmodSync(path, 0o600);
  chownSync(path, slurm.uid, slurm.gid);
}

export async function startSlurmdbd(top: string, port: number, owned: boolean, clockOffsetS: number): Promise<Daemon> {
  const folder = slurmdbdFolder(top);
  const log = join(top, "slurmdbd.log");
  const daemon = await startDaemon({
    top,
    name: "slurmdbd",
    log,
    user: "slurm",
    owned,
    clockOffsetS,
    // The database's library takes the path of the socket from nowhere else.
    environment: { SLURM_CONF: join(folder, "slurmdbd.conf"), MYSQL_UNIX_PORT: databaseSocket(top) },
    command: ["slurmdbd", "-D"],
  });
  await answers(port, daemon, log);
  return daemon;
}

async function fillAccounting(top: string, cluster: string, slurmConf: string): Promise<void> {
  const file = join(slurmdbdFolder(top), "accounts");
  writeFileSync(file, accountingFile(cluster));
  await sacctmgr(slurmConf, "add", "qos", "preemptible", "Priority=0");
  await Promise.all([
    sacctmgr(slurmConf, "modify", "qos", "normal", "set", "Priority=100", "Preempt=preemptible"),
    sacctmgr(slurmConf, "load", file),
  ]);
}

function sacctmgr(slurmConf: string, ...words: readonly string[]): Promise<void> {
  return run("env", `SLURM_CONF=${slurmConf}`, "sacctmgr", "-i", ...words);
}

async function run(program: string, ...words: readonly string[]): Promise<void> {
  const child = spawn(program, words, {
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  const { status, stdout, stderr } = await answerOf(child);
  if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${stdout}${stderr}`);
}

function slurmdbdFolder(top: string): string {
  return join(top, "slurmdbd");
}

function databaseSocket(top: string): string {
  return join(top, "database", "socket");
}
