// slurmdbd and the database beneath it, for one cluster.

import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AccountingFacts, accountingCommands, slurmdbdConf } from "./configuration.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { answers } from "./readiness.ts";

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
  const made = spawnSync(
    "mysql_install_db",
    ["--no-defaults", "--user=slurm", `--datadir=${data}`, "--skip-test-db", "--innodb-log-file-size=10M"],
    { encoding: "utf8", cwd: "/", env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } },
  );
  if (made.status !== 0) throw new Error(`mysql_install_db: ${made.stderr}`, { cause: made.error });
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
      "--innodb-log-file-size=10M",
      "--innodb-lock-wait-timeout=900",
      "--innodb-flush-log-at-trx-commit=0",
      "--innodb-flush-method=nosync",
      "--innodb-doublewrite=0",
      "--performance-schema=off",
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

/** Tells slurmdbd of the cluster, its accounts and users. */
export function fillAccounting(cluster: string, slurmConf: string): void {
  const done = spawnSync("sacctmgr", ["-i", "-Q"], {
    input: `${accountingCommands(cluster)}quit\n`,
    encoding: "utf8",
    cwd: "/",
    env: { PATH: "/usr/bin:/bin", SLURM_CONF: slurmConf },
  });
  if (done.status !== 0) throw new Error(`sacctmgr: ${done.stdout}${done.stderr}`, { cause: done.error });
}

function slurmdbdFolder(top: string): string {
  return join(top, "slurmdbd");
}

function databaseSocket(top: string): string {
  return join(top, "database", "socket");
}
