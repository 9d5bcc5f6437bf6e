// Two real Slurm clusters on loopback, without systemd, for tests and for trying things out:
//
//   jinan     slurmdbd, enforced associations, limits and QoS, no jobs of root, private jobs and usage, slurmrestd
//   qingdao   no slurmdbd; a plugin of the site rewrites comments; a file of completed jobs; slurmrestd
//
// Everything lies below one folder. `stop` leaves no process, of jobs neither, and no file but the homes of the users.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { findUsers } from "#local/users.ts";
import { requires } from "../requirement.ts";
import { type Owner, prepareSlurmdbd, startDatabase, startSlurmdbd } from "./accounting.ts";
import { allClaims, type Claim, claimPorts, isAbandoned, keep, release } from "./claims.ts";
import {
  accounts,
  type ClusterName,
  gresConf,
  jobCompletions,
  jobSubmitLua,
  nodeNames,
  partitions,
  type Site,
  slurmConf,
} from "./configuration.ts";
import { type Answer, answerOf, type Daemon, endTrees, startDaemon } from "./daemon.ts";
import { makePeople, type Person } from "./people.ts";
import { answers, until } from "./readiness.ts";

export type Clusters = {
  readonly top: string;
  /** Those that were asked for; `clusterOf` finds one or throws. */
  readonly clusters: Readonly<Partial<Record<ClusterName, Cluster>>>;
  readonly users: readonly Person[];
  readonly agentUser: Person;
  /** Ends every daemon and every process of a job, and removes the folder. */
  readonly stop: () => Promise<void>;
};

export type Cluster = {
  readonly name: ClusterName;
  /** For SLURM_CONF. */
  readonly slurmConf: string;
  readonly nodes: readonly string[];
  readonly partitions: readonly string[];
  /** Of slurmdbd; none at a cluster without it. */
  readonly accounts: readonly string[];
  readonly accounting: boolean;
  readonly restUrl: string;
  readonly restSocket: string;
  /** Jobs that have ended, a line each; null where slurmdbd has them. */
  readonly jobCompletions: string | null;
  /** Of all nodes: 1777, and in it a folder of each user's own, 0700. */
  readonly sharedFolder: string;
  readonly logFolder: string;
  readonly controller: Controller;
  readonly rest: Rest;
  readonly slurmdbd: Service | null;
  readonly node: (name: string) => Node;
  /** Resolves once every node is idle. */
  readonly idle: () => Promise<void>;
  /** Runs a command as a user (or as root) with this cluster's SLURM_CONF, in the user's home. */
  readonly run: (user: string, command: readonly string[], input?: string) => Promise<Answer>;
};

export type Service = {
  readonly pid: () => number;
  readonly alive: () => boolean;
  /** Resolves once it has ended; at once for SIGSTOP and SIGCONT. What it started lives on. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
  /** Ends it, where it still runs, and starts it; resolves once it answers. The clock may be off by some seconds. */
  readonly restart: (options?: { readonly clockOffsetS?: number }) => Promise<void>;
};

/** Serves every version that Slurm 22.05 has, or those named: an older Slurm has not the newer ones. */
export type Rest = Omit<Service, "restart"> & {
  readonly restart: (options?: { readonly versions?: readonly string[] }) => Promise<void>;
};

export type Controller = Omit<Service, "restart"> & {
  /** Resolves once all that it knows now is on disk; of itself it takes its time, and a kill loses what is not there. */
  readonly saveState: () => Promise<void>;
  /** Without its state it has forgotten every job, and gives their ids again. */
  readonly restart: (options?: { readonly keepState?: boolean; readonly clockOffsetS?: number }) => Promise<void>;
};

export type Node = Service & {
  /** Kills slurmd, slurmstepd and the jobs at once, as when the power fails. */
  readonly powerOff: () => Promise<void>;
};

export type Options = {
  readonly only?: readonly ClusterName[];
  /** Nodes a cluster. */
  readonly nodes?: number;
  /** These are of one node; it may have more than the machine. */
  readonly cpus?: number;
  readonly memoryMib?: number;
  readonly npus?: number;
  readonly gpus?: number;
  /** Into how many shards each GPU may be given out; absent: whole ones alone. */
  readonly shards?: number;
  /** How long slurmctld remembers an ended job; 300 as in Slurm. */
  readonly minJobAgeS?: number;
  /** How long before a silent node counts as down. */
  readonly nodeTimeoutS?: number;
  /** Lines of slurm.conf, for all clusters or for one. */
  readonly extra?: readonly string[] | Partial<Record<ClusterName, readonly string[]>>;
  /** A folder that does not exist yet; else one below /var/tmp. */
  readonly top?: string;
  /** Whether it outlives this process; `main.ts` needs that. */
  readonly detached?: boolean;
};

/** Needs root, the packages of requires("slurm") and nothing else. Throws with a daemon's own words where it fails. */
export async function startClusters(options: Options = {}): Promise<Clusters> {
  const possible = slurmPossible();
  if (possible.kind === "missing") throw new Error(possible.words);
  await clearAbandoned();
  const { users, agent } = makePeople();
  const top = options.top ?? mkdtempSync("/var/tmp/weir-slurm-");
  if (options.top !== undefined) mkdirSync(top);
  chmodSync(top, 0o755);
  const names = options.only ?? (["jinan", "qingdao"] as const);
  const nodes = options.nodes ?? 2;
  const claim = await claimPorts(top, fixedPorts + 2 * nodes).catch((error: unknown) => {
    rmSync(top, { recursive: true });
    throw error;
  });
  const end = (): Promise<void> => endInstance(claim);
  try {
    mkdirSync(join(top, "processes"), { mode: 0o700 });
    const ground = await layGround(top, claim.firstPort, options.detached !== true);
    const all = await Promise.all(
      names.map((name) => startCluster(siteOf(name, ground, nodes, options), ground, users)),
    );
    if (options.detached === true) keep(claim);
    return {
      top,
      clusters: Object.fromEntries(all.map((cluster) => [cluster.name, cluster])),
      users,
      agentUser: agent,
      stop: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

export function clusterOf(clusters: Clusters, name: ClusterName): Cluster {
  const found = clusters.clusters[name];
  if (found === undefined) throw new Error(`${name} was not asked for`);
  return found;
}

/** For the reason of a skip; a test file also says requires("root", "slurm") itself, so that the packages come. */
export function slurmPossible(): { readonly kind: "possible" } | { readonly kind: "missing"; readonly words: string } {
  const reason = requires("root", "slurm");
  return reason === false ? { kind: "possible" } : { kind: "missing", words: reason };
}

export async function endInstance(claim: Claim): Promise<void> {
  await endTrees(claim.top);
  rmSync(claim.top, { recursive: true, force: true, maxRetries: 5 });
  release(claim);
}

async function clearAbandoned(): Promise<void> {
  await Promise.all(allClaims().filter(isAbandoned).map(endInstance));
}

// ---- what all clusters of an instance share

type Ground = {
  readonly top: string;
  readonly firstPort: number;
  readonly owned: boolean;
  readonly slurm: Owner;
  readonly mungeSocket: string;
  readonly jwtKey: string;
};

/** slurmdbd, then controller and slurmrestd of two clusters; the nodes' ports come after them. */
const fixedPorts = 5;

async function layGround(top: string, firstPort: number, owned: boolean): Promise<Ground> {
  const slurm = findUsers(["slurm"]).get("slurm");
  if (slurm === undefined) throw new Error("there is no user slurm, which Debian's slurm-client brings");
  const jwtKey = join(top, "jwt.key");
  writeSecret(jwtKey, slurm);
  return { top, firstPort, owned, slurm, mungeSocket: await startMunge(top, owned), jwtKey };
}

/** With a key and a socket of its own, apart from the machine's. */
async function startMunge(top: string, owned: boolean): Promise<string> {
  const folder = join(top, "munge");
  mkdirSync(folder, { mode: 0o711 });
  chmodSync(folder, 0o711);
  const root = { uid: 0, gid: 0 };
  const socket = join(folder, "socket");
  writeSecret(join(folder, "key"), root);
  const log = join(top, "munged.log");
  const daemon = await startDaemon({
    top,
    name: "munged",
    log,
    owned,
    environment: {},
    command: [
      "munged",
      "--foreground",
      // It would else refuse folders below /var/tmp, which everybody may write.
      "--force",
      `--key-file=${folder}/key`,
      `--socket=${socket}`,
      `--pid-file=${folder}/pid`,
      `--log-file=${folder}/log`,
      `--seed-file=${folder}/seed`,
      "--num-threads=4",
      // Test users are made while it runs.
      "--group-update-time=60",
    ],
  });
  await answers(socket, daemon, log);
  return socket;
}

function writeSecret(path: string, { uid, gid }: Owner): void {
  writeFileSync(path, randomBytes(64), { mode: 0o600 });
  chownSync(path, uid, gid);
}

function siteOf(name: ClusterName, ground: Ground, nodes: number, options: Options): Site {
  const index = name === "jinan" ? 0 : 1;
  const { top, firstPort, mungeSocket, jwtKey } = ground;
  const firstNode = firstPort + fixedPorts + index * nodes;
  return {
    name,
    folder: join(top, name),
    host: hostname().split(".")[0] ?? "",
    mungeSocket,
    jwtKey,
    controllerPort: firstPort + 1 + 2 * index,
    restPort: firstPort + 2 + 2 * index,
    nodePorts: Array.from({ length: nodes }, (_, node) => firstNode + node),
    accountingPort: name === "jinan" ? firstPort : null,
    cpus: options.cpus ?? 8,
    memoryMib: options.memoryMib ?? 32_000,
    npus: options.npus ?? 8,
    gpus: options.gpus ?? 4,
    shards: options.shards ?? 0,
    minJobAgeS: options.minJobAgeS ?? 300,
    nodeTimeoutS: options.nodeTimeoutS ?? 30,
    extra: linesFor(name, options.extra ?? []),
  };
}

function linesFor(name: ClusterName, extra: NonNullable<Options["extra"]>): readonly string[] {
  return "length" in extra ? extra : (extra[name] ?? []);
}

// ---- one cluster

async function startCluster(site: Site, ground: Ground, users: readonly Person[]): Promise<Cluster> {
  makeFolders(site, ground.slurm, users);
  const configuration = join(site.folder, "slurm.conf");
  const slurmdbd = site.accountingPort === null ? null : await startAccounting(site, ground, site.accountingPort);
  const controller = await service(controllerStart(site, ground));
  const nodes = new Map(
    await Promise.all(
      nodeNames(site).map(async (name, index) => [name, await nodeService(site, ground, name, index)] as const),
    ),
  );
  let restVersions: readonly string[] = allRestVersions;
  const rest = await service((clockOffsetS) => startRest(site, ground, restVersions, clockOffsetS));
  const run: Cluster["run"] = (user, command, input) => runAs(users, configuration, user, command, input);
  const cluster: Cluster = {
    name: site.name,
    slurmConf: configuration,
    nodes: nodeNames(site),
    partitions,
    accounts: slurmdbd === null ? [] : accounts,
    accounting: slurmdbd !== null,
    restUrl: `http://127.0.0.1:${site.restPort}`,
    restSocket: restSocket(site),
    jobCompletions: slurmdbd === null ? jobCompletions(site) : null,
    sharedFolder: join(site.folder, "shared"),
    logFolder: join(site.folder, "log"),
    controller: {
      ...controller,
      saveState: () => saveState(site, run),
      restart: async ({ keepState = true, ...rest } = {}) => {
        if (keepState) return controller.restart(rest);
        if (controller.alive()) await controller.kill("SIGKILL");
        emptyState(site, ground.slurm);
        await controller.restart(rest);
      },
    },
    rest: {
      ...rest,
      restart: ({ versions = allRestVersions } = {}) => {
        restVersions = versions;
        return rest.restart();
      },
    },
    slurmdbd,
    node: (name) => {
      const node = nodes.get(name);
      if (node === undefined) throw new Error(`${site.name} has no node ${name}`);
      return node;
    },
    idle: () =>
      until(`all nodes of ${site.name} to be idle`, controllerLog(site), async () => {
        const { stdout } = await run("root", ["sinfo", "-h", "-N", "-p", "batch", "-o", "%T"]);
        return (
          stdout.trim() ===
          nodeNames(site)
            .map(() => "idle")
            .join("\n")
        );
      }),
    run,
  };
  await cluster.idle();
  return cluster;
}

function makeFolders(site: Site, slurm: Owner, users: readonly Person[]): void {
  const make = (name: string, mode: number, owner: Owner = { uid: 0, gid: 0 }): void => {
    const path = join(site.folder, name);
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode);
    chownSync(path, owner.uid, owner.gid);
  };
  make("", 0o755);
  make("log", 0o755, slurm);
  make("run", 0o755, slurm);
  make("spool", 0o755);
  make("devices", 0o755);
  make("shared", 0o1777);
  emptyState(site, slurm);
  for (const user of users) make(`shared/${user.name}`, 0o700, user);
  make("rest", 0o755, nobody());
  for (const node of nodeNames(site)) {
    make(`spool/${node}`, 0o755);
    make(`tmp/${node}`, 0o1777);
  }
  for (let gpu = 0; gpu < site.gpus; gpu++) writeFileSync(join(site.folder, "devices", `gpu${gpu}`), "");
  writeFileSync(join(site.folder, "slurm.conf"), slurmConf(site), { mode: 0o644 });
  writeFileSync(join(site.folder, "gres.conf"), gresConf(site), { mode: 0o644 });
  writeFileSync(join(site.folder, "job_submit.lua"), jobSubmitLua, { mode: 0o644 });
}

function emptyState(site: Site, slurm: Owner): void {
  const path = join(site.folder, "state");
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, slurm.uid, slurm.gid);
}

/** Told to read its configuration again, slurmctld writes down everything it knows. */
async function saveState(site: Site, run: Cluster["run"]): Promise<void> {
  const path = join(site.folder, "state", "job_state");
  const changedMs = (): number => (existsSync(path) ? statSync(path).mtimeMs : 0);
  const beforeMs = changedMs();
  const done = await run("root", ["scontrol", "reconfigure"]);
  if (done.status !== 0) throw new Error(`scontrol reconfigure: ${done.stderr}`);
  await until(`${site.name} to save its state`, controllerLog(site), async () => changedMs() > beforeMs);
}

function controllerLog(site: Site): string {
  return join(site.folder, "log", "slurmctld.log");
}

function nobody(): Owner {
  const found = findUsers(["nobody"]).get("nobody");
  if (found === undefined) throw new Error("there is no user nobody");
  return found;
}

async function startAccounting(site: Site, ground: Ground, port: number): Promise<Service> {
  const { top, slurm, owned } = ground;
  prepareSlurmdbd(top, { ...site, port }, slurm);
  await startDatabase(top, { cluster: site.name, slurm, owned, port, slurmConf: join(site.folder, "slurm.conf") });
  return service((clockOffsetS) => startSlurmdbd(top, port, owned, clockOffsetS));
}

// ---- daemons that come and go

type Start = (clockOffsetS: number) => Promise<Daemon>;

async function service(start: Start): Promise<Service> {
  let daemon = await start(0);
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    daemon.kill(signal);
    if (signal === "SIGSTOP" || signal === "SIGCONT") return;
    if (!(await daemon.ended(30_000))) throw new Error(`${daemon.name} does not end on ${signal}`);
  };
  return {
    pid: () => daemon.pid,
    alive: () => daemon.alive(),
    kill,
    restart: async ({ clockOffsetS = 0 } = {}) => {
      if (daemon.alive()) await kill("SIGTERM");
      daemon = await start(clockOffsetS);
    },
  };
}

function controllerStart(site: Site, { top, owned }: Ground): Start {
  const log = join(top, `slurmctld-${site.name}.log`);
  return async (clockOffsetS) => {
    const daemon = await startDaemon({
      ...{ top, name: `slurmctld-${site.name}`, log, owned, clockOffsetS, user: "slurm" },
      environment: { SLURM_CONF: join(site.folder, "slurm.conf") },
      command: ["slurmctld", "-D", "-i"],
    });
    await answers(site.controllerPort, daemon, log);
    return daemon;
  };
}

async function nodeService(site: Site, { top, owned }: Ground, node: string, index: number): Promise<Node> {
  const log = join(top, `slurmd-${node}.log`);
  const name = `slurmd-${node}`;
  const slurmd = await service(async (clockOffsetS) => {
    const daemon = await startDaemon({
      ...{ top, name, log, owned, clockOffsetS },
      environment: { SLURM_CONF: join(site.folder, "slurm.conf") },
      command: ["slurmd", "-D", "-N", node],
    });
    await answers(site.nodePorts[index] ?? 0, daemon, log);
    return daemon;
  });
  return { ...slurmd, powerOff: () => endTrees(top, (other) => other === name) };
}

const allRestVersions = ["v0.0.38", "v0.0.37"];

async function startRest(
  site: Site,
  { top, owned }: Ground,
  versions: readonly string[],
  clockOffsetS: number,
): Promise<Daemon> {
  const log = join(top, `slurmrestd-${site.name}.log`);
  // Without slurmdbd it ends at once when told to load the plugins that need it.
  const plugins = versions.flatMap((version) => [
    `openapi/${version}`,
    ...(site.accountingPort === null ? [] : [`openapi/db${version}`]),
  ]);
  rmSync(restSocket(site), { force: true });
  const daemon = await startDaemon({
    ...{ top, name: `slurmrestd-${site.name}`, log, owned, clockOffsetS, user: "nobody" },
    folder: join(site.folder, "rest"),
    // SLURM_JWT=daemon: else it refuses every token.
    environment: { SLURM_CONF: join(site.folder, "slurm.conf"), SLURM_JWT: "daemon" },
    command: [
      ...["slurmrestd", "-s", plugins.join(","), "-a", "rest_auth/jwt", "-t", "8"],
      ...[`127.0.0.1:${site.restPort}`, `unix:${restSocket(site)}`],
    ],
  });
  await answers(site.restPort, daemon, log);
  await answers(restSocket(site), daemon, log);
  // As a site does that lets its agent in; tokens still say who one is.
  chmodSync(restSocket(site), 0o666);
  return daemon;
}

function restSocket(site: Site): string {
  return join(site.folder, "rest", "socket");
}

// ---- commands

function runAs(
  users: readonly Person[],
  configuration: string,
  user: string,
  command: readonly string[],
  input = "",
): Promise<Answer> {
  const known = findUsers([user]).get(user);
  if (known === undefined) throw new Error(`there is no user ${user}`);
  const home = users.find(({ name }) => name === user)?.home ?? "/";
  const drop = ["/usr/bin/setpriv", `--reuid=${known.uid}`, `--regid=${known.gid}`, "--init-groups"];
  const words = user === "root" ? command : [...drop, ...command];
  const child = spawn(words[0] ?? "", words.slice(1), {
    cwd: existsSync(home) ? home : "/",
    env: { PATH: "/usr/bin:/bin", HOME: home, USER: user, LOGNAME: user, LC_ALL: "C.UTF-8", SLURM_CONF: configuration },
  });
  child.stdin.on("error", () => {}).end(input);
  return answerOf(child);
}
