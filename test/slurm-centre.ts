import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import pg from "pg";
import { makeTestSite } from "#agent/drivers/slurm/site-testing.ts";
import { createClient } from "#api/client.ts";
import { type Cluster, type Clusters, clusterOf } from "../tools/slurm/clusters.ts";
import { eventually, type Network, repository } from "./network.ts";
import { startProxy, type TestProxy } from "./proxy.ts";

/**
 * A real cluster joined to a network of a test: weir-as below sudo, the agent as its own unprivileged user, a proxy of
 * the test between agent and server. The connection test is left out: it takes a minute and has suites of its own.
 */
export type SlurmCentre = {
  readonly name: "jinan" | "qingdao";
  readonly cluster: Cluster;
  /** The agent's own. */
  readonly folder: string;
  readonly proxy: TestProxy;
  /** Resolves once its process runs; `connected` of the centre says when it is heard. */
  readonly start: (env?: Readonly<Record<string, string>>) => AgentProcess;
  readonly connected: () => Promise<void>;
  /** Writes slurm.json anew, for the agent that is started next. */
  readonly say: (said: object) => void;
  /** Of the agent's helpers that run now. */
  readonly helpers: () => readonly number[];
  /** The agent's folder is lost, but for what the site wrote: who is whom here, and how Slurm is reached. */
  readonly forget: () => void;
  readonly remove: () => Promise<void>;
};

export type AgentProcess = {
  readonly pid: number;
  /** Its whole log. */
  readonly said: () => string;
  /** Resolves to its status, or to null where a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>;
};

export async function joinSlurm(
  network: Network,
  clusters: Clusters,
  name: "jinan" | "qingdao",
  agentEnv: Readonly<Record<string, string>>,
  /** Of slurm.json. */
  said: object = {},
  /** Lines of the site's policy, beside the usual ones. */
  policy: readonly string[] = [],
): Promise<SlurmCentre> {
  const cluster = clusterOf(clusters, name);
  const site = makeTestSite(clusters, name, { site: said, policy });
  const folder = site.settings.folder;
  const { uid, gid } = clusters.agentUser;
  const { helper } = site.settings.site;
  const say = (words: object): void =>
    writeFileSync(join(folder, "slurm.json"), JSON.stringify({ helper, slurmConf: cluster.slurmConf, ...words }));
  say(said);
  for (const path of [folder, ...readdirSync(folder).map((file) => join(folder, file))]) chownSync(path, uid, gid);

  const client = createClient({ baseUrl: network.url, token: () => network.token });
  const added = await client.call("addCentre", { body: { id: name, driver: "slurm" } });
  if (added.kind === "problem") throw new Error(added.problem.detail);
  const enrolment = await client.call("addEnrolment", { params: { centre: name }, body: {} });
  if (enrolment.kind === "problem") throw new Error(enrolment.problem.detail);
  const store = new pg.Client({ connectionString: databaseUrlOf(network) });
  await store.connect();
  await store.query("update centre set life_cycle = 'in-service' where id = $1", [name]);
  // Work waits in the centre's own queue (B2).
  await store.query(
    "insert into pool (centre_id, name, contract, life_cycle) values ($1, 'batch', 'shared', 'in-service')",
    [name],
  );
  await store.end();

  const proxy = await startProxy(network.url);
  const agents = new Set<ChildProcess>();
  function start(env: Readonly<Record<string, string>> = {}): AgentProcess {
    const child = spawn(process.execPath, [join(repository, "dist/agent.mjs")], {
      uid,
      gid,
      cwd: "/",
      env: {
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        WEIR_HOME: dirname(folder),
        WEIR_DRIVER: "slurm",
        WEIR_SERVER_URL: proxy.url,
        ...agentEnv,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    agents.add(child);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (said += piece));
    const ended = once(child, "exit").then(([status]) => {
      agents.delete(child);
      return status;
    });
    return {
      pid: child.pid ?? 0,
      said: () => said,
      ended,
      end(signal = "SIGTERM") {
        child.kill(signal);
        return ended;
      },
    };
  }
  async function connected(): Promise<void> {
    await eventually(`${name} is connected`, async () => {
      const reply = await client.call("centres").catch(() => null);
      const centres = reply?.kind === "answer" ? reply.value.centres : [];
      return centres.some(({ id, state, pools }) => id === name && state === "connected" && pools.length > 0)
        ? true
        : null;
    });
  }

  start({ WEIR_ENROLMENT_TOKEN: enrolment.value.token });
  await connected();
  const [first] = agents;
  first?.kill("SIGTERM");
  if (first) await once(first, "exit");
  return {
    name,
    cluster,
    folder,
    proxy,
    start,
    connected,
    say,
    helpers: () => processesWith(`${site.helper} serve`),
    forget() {
      const kept = ["mapping.json", "slurm.json"];
      for (const file of readdirSync(folder))
        if (!kept.includes(file)) rmSync(join(folder, file), { recursive: true, force: true });
    },
    async remove() {
      await Promise.all(
        [...agents].map((child) => {
          child.kill("SIGKILL");
          return once(child, "exit");
        }),
      );
      await proxy.close();
      site.remove();
    },
  };
}

/** Whose command line holds these words: of one test's own path, so of no other's. */
function processesWith(words: string): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        return readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").includes(words);
      } catch {
        // It has ended meanwhile.
        return false;
      }
    })
    .map(Number);
}

/** As the supervisor told it to the server. */
function databaseUrlOf(network: Network): string {
  const [pid] = network.pids("server");
  const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  const line = environment.find((one) => one.startsWith("DATABASE_URL=")) ?? "";
  return line.slice("DATABASE_URL=".length);
}
