// `npm run slurm -- up|down|status`: two real Slurm clusters for trying things out. See clusters.ts for what they are.
//
//   up [--nodes N] [--cpus N] [--only jinan|qingdao] [--min-job-age SECONDS]   installs Debian's packages where it may
//   status                                                                     which instances there are
//   down [FOLDER]                                                              that one, or all that `up` made

import { parseArgs } from "node:util";
import { installPackages, mayNotInstall } from "../debian.ts";
import { lookAgain, requirements } from "../requirement.ts";
import { allClaims, type Claim, isAbandoned } from "./claims.ts";
import { type Cluster, endInstance, slurmPossible, startClusters } from "./clusters.ts";
import type { ClusterName } from "./configuration.ts";
import { aliveDaemons } from "./daemon.ts";

const usage =
  "usage: npm run slurm -- up [--nodes N] [--cpus N] [--only jinan|qingdao] [--min-job-age S] | status | down [FOLDER]";

const options = {
  nodes: { type: "string" },
  cpus: { type: "string" },
  only: { type: "string" },
  "min-job-age": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;
const { values, positionals } = read();
const [verb, folder] = positionals;
try {
  if (values.help) {
    console.log(usage);
    process.exit();
  }
  if (process.getuid?.() !== 0) throw new Error("root starts the clusters' daemons: run it as root");
  if (verb === "up") await up();
  else if (verb === "status") status();
  else if (verb === "down") await down(folder);
  else throw new Error(usage);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function read() {
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    process.exit(1);
  }
}

async function up(): Promise<void> {
  installWhatIsMissing();
  const startedMs = performance.now();
  const nodes = numberOf("nodes");
  const cpus = numberOf("cpus");
  const minJobAgeS = numberOf("min-job-age");
  const only = nameOf(values.only);
  const { top, clusters, users, agentUser } = await startClusters({
    detached: true,
    ...(nodes === undefined ? {} : { nodes }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(minJobAgeS === undefined ? {} : { minJobAgeS }),
    ...(only === undefined ? {} : { only: [only] }),
  });
  console.log(`up in ${((performance.now() - startedMs) / 1000).toFixed(1)} s, below ${top}\n`);
  for (const cluster of Object.values(clusters)) console.log(describe(cluster));
  console.log(`users ${users.map(({ name }) => name).join(", ")}; the agent's user is ${agentUser.name}`);
  console.log(`take it down: npm run slurm -- down ${top}`);
}

function describe(cluster: Cluster): string {
  return [
    `${cluster.name}: ${cluster.nodes.join(" ")}; ${cluster.accounting ? "slurmdbd" : "no slurmdbd"}`,
    `  export SLURM_CONF=${cluster.slurmConf}`,
    `  slurmrestd ${cluster.restUrl} and unix:${cluster.restSocket}`,
    `  shared folder ${cluster.sharedFolder}, logs ${cluster.logFolder}`,
    "",
  ].join("\n");
}

function status(): void {
  const claims = allClaims();
  if (claims.length === 0) console.log("nothing is up");
  for (const claim of claims) {
    const daemons = aliveDaemons(claim.top);
    console.log(`${claim.top}  ${stateOf(claim)}  ${daemons.map(({ name, pid }) => `${name} ${pid}`).join(", ")}`);
  }
}

function stateOf(claim: Claim): string {
  if (claim.owner === null) return "up";
  return isAbandoned(claim) ? "abandoned" : `of process ${claim.owner.pid}`;
}

async function down(top: string | undefined): Promise<void> {
  const chosen = allClaims().filter((claim) => (top === undefined ? claim.owner === null : claim.top === top));
  if (chosen.length === 0) throw new Error(top === undefined ? "nothing is up" : `no instance lies below ${top}`);
  for (const claim of chosen) {
    await endInstance(claim);
    console.log(`down: ${claim.top}`);
  }
}

function installWhatIsMissing(): void {
  if (slurmPossible().kind === "possible") return;
  const why = mayNotInstall();
  const { packages } = requirements.slurm;
  if (why !== undefined) throw new Error(`missing, and not installed (${why}): ${packages.join(" ")}`);
  console.log(`installing ${packages.join(" ")} …`);
  if (!installPackages(packages)) throw new Error("apt-get failed: its words are above");
  lookAgain();
}

function numberOf(name: "nodes" | "cpus" | "min-job-age"): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Error(`--${name} ${text}: a whole number from 1 is wanted`);
  return Number(text);
}

function nameOf(text: string | undefined): ClusterName | undefined {
  if (text === undefined || text === "jinan" || text === "qingdao") return text;
  throw new Error(`--only ${text}: there are jinan and qingdao`);
}
