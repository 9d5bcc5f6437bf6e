// slurmdbd and the database beneath it, for one cluster.

import { spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
 * Starts the database, whose only door is a socket that nobody but SlurmUser reaches. Its data need not survive a crash
 * of the machine, so it never waits for the disk.
 */
export async function startDatabase(top: string, slurm: Owner, owned: boolean): Promise<Daemon> {
  const folder = join(top, "database");
  mkdirSync(folder, { mode: 0o700 });
  chownSync(folder, slurm.uid, slurm.gid);
  const data = join(folder, "data");
  const socket = databaseSocket(top);
  const made = await answerOf(
    spawn("mysql_install_db", ["--no-defaults", "--user=slurm", `--datadir=${data}`, "--skip-test-db", ...swift], {
      cwd: "/",
      stdio: ["ignore", "pipe", "pipe"],
      // Two that start at the same instant would meet in /tmp.
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", TMPDIR: folder },
    }),
  );
  if (made.status !== 0) throw new Error(`mysql_install_db: ${made.stdout}${made.stderr}`);
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
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--pid-file=${folder}/pid`,
      `--init-file=${first}`,
      "--skip-networking",
      "--innodb-buffer-pool-size=64M",
      "--innodb-lock-wait-timeout=900",
      "--performance-schema=off",
      ...swift,
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

/** Tells slurmdbd of the cluster, its QoS (`normal` may preempt `preemptible`), accounts and users. */
export async function fillAccounting(top: string, cluster: string, slurmConf: string): Promise<void> {
  const file = join(slurmdbdFolder(top), "accounts");
  writeFileSync(file, accountingFile(cluster));
  await sacctmgr(slurmConf, "add", "qos", "preemptible", "Priority=0");
  await Promise.all([
    sacctmgr(slurmConf, "modify", "qos", "normal", "set", "Priority=100", "Preempt=preemptible"),
    sacctmgr(slurmConf, "load", file),
  ]);
}

async function sacctmgr(slurmConf: string, ...words: readonly string[]): Promise<void> {
  const child = spawn("sacctmgr", ["-i", ...words], {
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/bin:/bin", SLURM_CONF: slurmConf },
  });
  const { status, stdout, stderr } = await answerOf(child);
  if (status !== 0) throw new Error(`sacctmgr ${words.join(" ")}: ${stdout}${stderr}`);
}

function slurmdbdFolder(top: string): string {
  return join(top, "slurmdbd");
}

function databaseSocket(top: string): string {
  return join(top, "database", "socket");
}
