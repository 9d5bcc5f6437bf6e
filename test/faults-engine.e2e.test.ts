import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type ByToken, layByToken } from "#agent/drivers/slurm/by-token-testing.ts";
import { type RestProxy, startRestProxy } from "#agent/drivers/slurm/rest-testing.ts";
import { requires } from "../tools/requirement.ts";
import { type Clusters, startClusters } from "../tools/slurm/clusters.ts";
import { fillDisk, mountSmall } from "../tools/small-disk.ts";
import { openSite, type Site } from "./fault-site.ts";
import { eventually, type Network, startNetwork } from "./network.ts";
import { joinSlurm } from "./slurm-centre.ts";

// What must be survived of a centre's own machinery: its controller, nodes, disks and tokens, by the real daemons and
// through the whole network. After each: no job is lost, none has run twice, every usage is booked once and to whom it
// belongs, the ledger balances, and the job's history says what happened. What lies between agent and server, and
// processes that are killed, is in faults.e2e.test.ts.

const names = ["qingdao", "jinan"] as const;

/** In slurm.json of both. */
const said = { forgottenAfterS: 10 };

describe("faults of a centre's engine", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let network: Network;
  let byToken: ByToken;
  let proxy: RestProxy;
  const sites = new Map<string, Site>();
  const frees: (() => void)[] = [];

  before(async () => {
    [clusters, network] = await Promise.all([
      // So long is a submission in doubt, and a silent node not given up.
      startClusters({ extra: ["MessageTimeout=5"], nodeTimeoutS: 5 }),
      startNetwork({ env: { WEIR_LOCAL_CORES: "1" } }),
    ]);
    byToken = layByToken(clusters);
    await Promise.all(
      names.map(async (name) => {
        const centre = await joinSlurm(network, clusters, name, {});
        centre.say(said);
        if (name === "jinan") {
          proxy = await startRestProxy(centre.cluster.restUrl);
          centre.say({ ...said, transport: "rest", rest: { url: proxy.url, patienceS: 3 } });
        }
        if (name === "qingdao") frees.push(moveToSmallDisk(centre.folder));
        sites.set(name, await openSite(network, centre));
      }),
    );
  });
  after(async () => {
    if (process.env.WEIR_TEST_TALK) for (const site of sites.values()) console.error(site.agent().said());
    for (const free of frees) free();
    for (const site of sites.values()) await site.centre.remove();
    await proxy?.close();
    await network?.remove();
    await clusters?.stop();
    byToken?.remove();
  });
  const siteOf = (name: string) => sites.get(name) ?? assert.fail(`no ${name}`);

  test("the agents are users of their own, without a privilege", () => {
    for (const site of sites.values()) {
      const status = readFileSync(`/proc/${site.agent().pid}/status`, "utf8");
      assert.match(status, new RegExp(`^Uid:(?:\\t${clusters.agentUser.uid}){4}$`, "m"));
      assert.match(status, /^CapEff:\t0+$/m);
    }
    assert.notEqual(clusters.agentUser.uid, 0);
  });

  describe("at two centres at once", { concurrency: 2 }, () => {
    for (const name of names)
      describe(`at ${name}`, { concurrency: 1 }, () => {
        if (name === "qingdao") ofLentTokens(name);
        if (name === "jinan") ofTheSpool(name);
        ofTheController(name);
        if (name === "jinan") ofSlurmrestd(name);
        if (name === "qingdao") ofANode(name);
        if (name === "qingdao") ofTheAgentsDisk(name);
      });
  });

  function ofANode(name: string): void {
    test("a node loses its power under a job", { timeout: 200_000 }, async () => {
      const site = siteOf(name);
      const lost = await site.submit({ held: true, ends: { kinds: ["node-failed"] } });
      await site.are([lost], "running");
      const node = (await site.asRoot("squeue", "-h", "-j", await site.engineId(lost), "-o", "%N")).trim();
      await site.centre.cluster.node(node).powerOff();
      await site.check();
      assert.match(await causes(site, lost), new RegExp(`node-failed: Slurm: NODE_FAIL on ${node}`));
      await site.centre.cluster.node(node).restart();
      await backInService(site, [node]);
    });
  }

  function ofTheSpool(name: string): void {
    test("the spool of the nodes is full", { timeout: 200_000 }, async () => {
      const site = siteOf(name);
      const { nodes, logFolder } = site.centre.cluster;
      const folders = nodes.map((node) => join(dirname(logFolder), "spool", node));
      const frees = folders.map((folder) => mountSmall(folder, "1m"));
      let unbegun: number;
      try {
        for (const folder of folders) fillDisk(join(folder, "filler"));
        unbegun = await site.submit({ ends: { kinds: ["node-failed"], unbegun: true } });
        await site.check();
      } finally {
        for (const free of frees) free();
      }
      assert.match(await causes(site, unbegun), /node-failed: Slurm ended job \d+ as soon as it had .*nothing of it/);
      await backInService(site, nodes);
      await site.submit({ exitCode: 4 });
      await site.check();
    });
  }

  function ofTheController(name: string): void {
    test("slurmctld is killed and starts without its state, while runs wait, run and end", {
      timeout: 200_000,
    }, async () => {
      const site = siteOf(name);
      const { controller } = site.centre.cluster;
      // By its nodes, at times the program a moment before the wrapper, which then writes of it.
      const forgotten = { kinds: ["lost", "node-failed"] } as const;
      const ends = await site.submit({ held: true, exitCode: 3 });
      const killed = [
        await site.submit({ held: true, cores: 7, ends: forgotten }),
        await site.submit({ held: true, cores: 8, ends: forgotten }),
      ];
      await site.are([ends, ...killed], "running");
      const waits = await site.submit({ cores: 8, exitCode: 5 });
      await site.queued(waits);
      await controller.kill("SIGKILL");
      site.release(ends);
      await eventually("one ends meanwhile", async () => (site.hasEnded(ends) ? true : null));
      await controller.restart({ keepState: false });
      // Numbers are given again, here to jobs of the site's own; the tag tells whose is whose.
      await takeNumbers(site, 30);
      await site.check([ends, ...killed]);
      assert.match(await causes(site, ends), /this end is by the wrapper's record/);
      for (const id of killed)
        assert.match(await causes(site, id), /(?:lost|node-failed): .*the engine answers and knows no job \d+/);
      await site.check([await site.submit({ exitCode: 2 }), waits]);
      assert.equal((await site.job(waits)).firstTasks[0]?.attempts, 2);
      assert.match(await causes(site, waits), /knows no job \d+; its wrapper never began/);
    });
  }

  function ofSlurmrestd(name: string): void {
    test("slurmrestd hangs at a submission, at a question and at a cancel", { timeout: 200_000 }, async () => {
      const site = siteOf(name);
      const [long, cancelled] = [
        await site.submit({ held: true, exitCode: 6 }),
        await site.submit({ held: true, ends: { kinds: ["cancelled"], by: "user" } }),
      ];
      await site.are([long, cancelled], "running");
      const met = async (trouble: Parameters<RestProxy["spoil"]>[0]) => {
        const before = proxy.spoilt();
        proxy.spoil(trouble);
        return () => eventually(`${trouble.kind} was met`, async () => (proxy.spoilt() > before ? true : null));
      };
      const submissions: number[] = [];
      for (const kind of ["hang", "hang-after"] as const) {
        const wasMet = await met({ kind, method: "POST", times: 1 });
        submissions.push(await site.submit({ exitCode: 7 }));
        await wasMet();
      }
      const cancelMet = await met({ kind: "hang", method: "DELETE", times: 1 });
      await site.cancel(cancelled);
      await cancelMet();
      const questionMet = await met({ kind: "hang", method: "GET", times: 2 });
      site.release(long);
      await questionMet();
      await site.check([long, cancelled, ...submissions]);
      for (const id of submissions) assert.match(await causes(site, id), /no certain answer/);
    });

    test("slurmrestd stands still with all that it was asked, and does it late", { timeout: 200_000 }, async () => {
      const site = siteOf(name);
      const { rest } = site.centre.cluster;
      const [long, cancelled] = [
        await site.submit({ held: true, exitCode: 6 }),
        await site.submit({ held: true, ends: { kinds: ["cancelled"], by: "user" } }),
      ];
      await site.are([long, cancelled], "running");
      const before = proxy.heard.length;
      await rest.kill("SIGSTOP");
      const submitted = await site.submit({ exitCode: 8 });
      site.release(long);
      await site.cancel(cancelled);
      await eventually("it was asked", async () =>
        proxy.heard.slice(before).some((asked) => /^POST .*\/job\/submit/.test(asked)) ? true : null,
      );
      await delay(4_000);
      await rest.kill("SIGCONT");
      await site.check([long, cancelled, submitted]);
    });

    test("tokens whose life has passed", { timeout: 200_000 }, async () => {
      const site = siteOf(name);
      const { stdout } = await site.centre.cluster.run("weirt-li", ["scontrol", "token", "lifespan=1"]);
      await delay(2_500);
      const [before, said] = [proxy.spoilt(), site.agent().said().length];
      proxy.spoil({ kind: "token", token: stdout.trim().replace("SLURM_JWT=", "") });
      const ids = [await site.submit({ exitCode: 7 }), await site.submit({ exitCode: 8 })];
      await site.check(ids);
      assert.ok(proxy.spoilt() > before, "the token was tried");
      assert.doesNotMatch(site.agent().said().slice(said), /in doubt/);
    });
  }

  function ofLentTokens(name: "qingdao" | "jinan"): void {
    test("lent tokens end under work, and are lent again", { timeout: 200_000 }, async () => {
      const site = siteOf(name);
      await site.agent().end();
      site.centre.say(byToken.at(name).site);
      const agent = site.start();
      const lend = async (lifeS: number) => {
        const { status, stdout, stderr } = await byToken.lend(name, "weirt-li", "--lifespan", `${lifeS}`);
        assert.equal(status, 0, stdout + stderr);
      };
      const ends = () => agent.said().match(/"person":1\b[^\n]*"readiness":"needs-credential"/g)?.length ?? 0;
      const lacks = (times: number) => eventually("none is lent", async () => (ends() >= times ? true : null));
      await lacks(1);
      await lend(900);
      const [long, cancelled] = [
        await site.submit({ held: true, exitCode: 3 }),
        await site.submit({ held: true, ends: { kinds: ["cancelled"], by: "user" } }),
      ];
      await site.are([long, cancelled], "running");
      await lend(8);
      await lacks(2);
      // Nothing new is sent with what is near its end; what was asked before may still be.
      await delay(1_500);
      const late = await site.submit({ exitCode: 4 });
      site.release(long);
      await site.cancel(cancelled);
      await eventually("the cancel waits", async () =>
        /waits until its user has lent/.test(await causes(site, cancelled)) ? true : null,
      );
      assert.notEqual((await site.job(cancelled)).state, "ended");
      await lend(900);
      await site.check([long, cancelled, late]);
      assert.match(await causes(site, cancelled), /its user has lent a credential again/);
      await site.agent().end();
      site.centre.say(said);
      site.start();
      await site.centre.connected();
    });
  }

  function ofTheAgentsDisk(name: string): void {
    test("the agent's disk is full in the middle of submissions and of ends", { timeout: 200_000 }, async () => {
      const site = siteOf(name);
      const agent = site.agent();
      const long = await site.submit({ held: true, exitCode: 3 });
      await site.are([long], "running");
      const filler = join(site.centre.folder, "filler");
      fillDisk(filler);
      const ids: number[] = [];
      for (let n = 0; n < 16; n += 1) ids.push(await site.submit({ sleepS: n % 2, exitCode: n % 5 }));
      site.release(long);
      await eventually("it was met", async () => (/no space left on device/.test(agent.said()) ? true : null));
      await eventually("work goes on", async () => (site.hasEnded(long) ? true : null));
      await delay(3_000);
      rmSync(filler);
      await site.check([long, ...ids]);
      assert.ok(existsSync(`/proc/${agent.pid}`), agent.said());
      const told = await Promise.all(ids.map((id) => causes(site, id)));
      assert.match(told.join("\n"), /not taken yet, and asked again: a fault at the site/);
    });
  }
});

/** As an administrator may give the agent a disk of its own, a small one. */
function moveToSmallDisk(folder: string): () => void {
  const aside = `${folder}-aside`;
  execFileSync("cp", ["-a", folder, aside]);
  const free = mountSmall(folder, "1m");
  execFileSync("cp", ["-a", `${aside}/.`, folder]);
  rmSync(aside, { recursive: true });
  return free;
}

/** Of the steps of its history, and what its runs' ends said. */
async function causes(site: Site, id: number): Promise<string> {
  const said = (await site.job(id)).firstTasks[0]?.runs.map(({ words }) => words) ?? [];
  return [...(await site.history(id)).map(({ cause }) => cause), ...said].join("\n");
}

/** More than were ever given there. */
async function takeNumbers({ centre }: Site, count: number): Promise<void> {
  const account = centre.cluster.accounting ? "--account=hpc" : "";
  const held = `sbatch --parsable --hold --mem=32 -t1 -o/dev/null ${account} --wrap=true`;
  const script = `first=; for n in $(seq ${count}); do id=$(${held}) || exit 1; first=\${first:-$id}; done; echo $first`;
  const { status, stdout, stderr } = await centre.cluster.run("weirt-zhao", ["sh", "-c", script]);
  assert.deepEqual([status, stdout], [0, "1\n"], stderr);
}

async function backInService(site: Site, nodes: readonly string[]): Promise<void> {
  for (const node of nodes) {
    const state = await site.asRoot("sinfo", "-h", "-n", node, "-o", "%T");
    if (!/idle|mixed|alloc/.test(state)) await site.asRoot("scontrol", "update", `nodename=${node}`, "state=resume");
  }
  await site.centre.cluster.idle();
}
