import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type ByToken, layByToken } from "#agent/drivers/slurm/by-token-testing.ts";
import { createClient } from "#api/client.ts";
import { requires } from "../tools/requirement.ts";
import { type Clusters, clusterOf, startClusters } from "../tools/slurm/clusters.ts";
import { eventually, type Network, startNetwork, type WeirRun } from "./network.ts";
import { type AgentProcess, joinSlurm, type SlurmCentre } from "./slurm-centre.ts";

// Two real clusters in one network: at jinan weir-as acts for users, at qingdao each lends the agent their own token. Who
// may run where, what blocks a job at each centre, and what a cancel waits for, as users read it in `weir why`.

const [li, wang] = ["weirt-li", "weirt-wang"] as const;

describe("users of two Slurm centres", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let network: Network;
  let byToken: ByToken;
  let folder = "";
  const centres: SlurmCentre[] = [];
  let lender: AgentProcess;
  /** `weir` as the administrator, person 1, who is weirt-li at both; and as wang, person 2. */
  const weir = {
    li: (..._: readonly string[]): Promise<WeirRun> => notYet(),
    wang: (..._: readonly string[]) => notYet(),
  };

  before(async () => {
    [clusters, network] = await Promise.all([startClusters(), startNetwork({ env: { WEIR_LOCAL_CORES: "2" } })]);
    byToken = layByToken(clusters);
    folder = mkdtempSync(join(tmpdir(), "weir-users-"));
    centres.push(await joinSlurm(network, clusters, "jinan", {}));
    centres.push(await joinSlurm(network, clusters, "qingdao", {}, byToken.at("qingdao").site));
    const own = { env: { HOME: folder, WEIR_HOME: join(folder, "none") } };
    weir.li = (...args) => network.weir(args);
    weir.wang = (...args) => network.weir(args, own);
    const added = await network.weir(["admin", "user", "add", "wang", "--project", "default"]);
    assert.equal((await weir.wang("login", added.stdout.trim())).status, 0, added.stderr);
    const [jinan, qingdao] = centres.map((centre) => centre.start());
    assert.ok(jinan && qingdao);
    lender = qingdao;
    for (const centre of centres) await centre.connected();
  });
  after(async () => {
    for (const centre of centres) await centre.remove();
    byToken?.remove();
    await network?.remove();
    await clusters?.stop();
    if (folder) rmSync(folder, { recursive: true });
  });

  type Who = (...args: readonly string[]) => Promise<WeirRun>;
  const submit = async (who: Who, ...args: readonly string[]) => {
    const { status, stdout, stderr } = await who("submit", "--parsable", "-Q", ...args);
    assert.equal(status, 0, stderr);
    return stdout.trim();
  };
  /** Of a machine that is busy with much else. */
  const until = (what: string, probe: () => Promise<true | null>) => eventually(what, probe, 180_000);
  const client = () => createClient({ baseUrl: network.url, token: () => network.token });
  const why = async (job: string) => answered(await client().call("why", { params: { job: Number(job) }, query: {} }));
  const show = async (job: string) => answered(await client().call("job", { params: { job: Number(job) } }));
  const becomes = (job: string, state: string) =>
    until(`job ${job} is ${state}`, async () => ((await show(job)).state === state ? true : null));
  const blocksOf = async (job: string) =>
    Object.fromEntries((await why(job)).candidates.map(({ centre, rule }) => [centre, rule]));
  const lend = async (user: string, ...words: readonly string[]) => {
    const { status, stdout, stderr } = await byToken.lend("qingdao", user, ...words);
    assert.equal(status, 0, stdout + stderr);
  };

  test("who has lent a token runs as themselves; who has not waits, and why says for what", async () => {
    const [mine, theirs] = await Promise.all([
      submit(weir.li, "--centre", "qingdao", "--", "id", "-un"),
      submit(weir.wang, "--centre", "qingdao", "--", "id", "-un"),
    ]);
    await until("both wait for a credential", async () =>
      (await Promise.all([why(mine), why(theirs)])).every(({ candidates }) =>
        /lend their own credential there again \(weir-delegate\)/.test(JSON.stringify(candidates)),
      )
        ? true
        : null,
    );
    await lend(li);
    await becomes(mine, "ended");
    assert.equal((await weir.li("logs", mine)).stdout, `${li}\n`);
    assert.equal((await show(theirs)).state, "queued");
    assert.equal((await blocksOf(theirs)).qingdao, "no-account-here");
    await lend(wang);
    await becomes(theirs, "ended");
    assert.equal((await weir.wang("logs", theirs)).stdout, `${wang}\n`);
  });

  test("a cancel that waits for a credential says so, also after the agent was killed, and is done once one is lent", async () => {
    const job = await submit(weir.wang, "--centre", "qingdao", "--", "sleep", "600");
    await becomes(job, "running");
    await lend(wang, "--remove");
    await until("the network knows that wang's credential is gone", async () => {
      const { accounts } = answered(await client().call("accounts", { params: { centre: "qingdao" } }));
      return accounts.some(({ readiness, person }) => person.name === "wang" && readiness === "needs-credential")
        ? true
        : null;
    });
    assert.equal((await weir.wang("cancel", job)).status, 0);
    const waits = /was asked to end: it waits until its user has lent the centre a credential again \(weir-delegate\)/;
    const saysSo = () =>
      until("why says what the cancel waits for", async () => (waits.test((await why(job)).words) ? true : null));
    await saysSo();
    assert.match((await weir.wang("show", job)).stdout, waits);
    await lender.end("SIGKILL");
    lender = centres[1]?.start() ?? assert.fail();
    await until("the next agent has the cancel too", async () =>
      /a cancel waits until its user has lent a credential again/.test(lender.said()) ? true : null,
    );
    await saysSo();
    assert.equal((await show(job)).state, "running");
    await lend(wang);
    await becomes(job, "ended");
    const { outcome } = await show(job);
    assert.deepEqual([outcome?.kind, outcome?.by], ["cancelled", "user"]);
    assert.doesNotMatch((await why(job)).words, /asked to end/);
  });

  test("why names what blocks a job at each centre, and in a centre's own queue the engine's own word", async () => {
    const jinan = clusterOf(clusters, "jinan");
    const [node = assert.fail(), other = assert.fail()] = jinan.nodes;
    const asRoot = async (...words: readonly string[]) => {
      const { status, stdout, stderr } = await jinan.run("root", words);
      assert.equal(status, 0, stderr);
      return stdout.trim();
    };
    const setNode = (...words: readonly string[]) => asRoot("scontrol", "update", `nodename=${node}`, ...words);
    await setNode("state=drain", "reason=test");
    await lend(wang, "--remove");
    await until("the network knows of the node", async () => {
      const { centres } = answered(await client().call("centres"));
      const pools = centres.find(({ id }) => id === "jinan")?.pools ?? [];
      return pools.some(({ name, nodesUp }) => name === "batch" && nodesUp === 1) ? true : null;
    });
    const job = await submit(weir.wang, "-N2", "-c2", "--", "true");
    const expected = { jinan: "nodes-out", local: "several-nodes", qingdao: "no-account-here" };
    await until("each centre has its own reason", async () =>
      isDeepStrictEqual(await blocksOf(job), expected) ? true : null,
    ).catch(async (error: unknown) => assert.deepEqual(await blocksOf(job), expected, String(error)));
    const table = (await weir.wang("why", job)).stdout;
    for (const [centre, rule] of Object.entries(expected)) assert.match(table, new RegExp(`${centre} +${rule}`));

    // Others hold the node that is up; the job, whose nodes are back, waits behind them in the centre's own queue.
    const sleep = [
      "sbatch",
      "--parsable",
      "-N1",
      "--exclusive",
      "-t10",
      "-o/dev/null",
      `-w${other}`,
      "--wrap=sleep 600",
    ];
    const theirs = await jinan.run("weirt-zhao", sleep);
    assert.equal(theirs.status, 0, theirs.stderr);
    await setNode("state=resume");
    const there = /waits there: waits for nodes to become free \(Resources\)/;
    await until("the engine's own reason", async () => (there.test((await why(job)).words) ? true : null)).catch(
      async (error: unknown) => assert.match(JSON.stringify(await why(job)), there, String(error)),
    );
    assert.match((await weir.wang("show", job)).stdout, /waits for nodes to become free \(Resources\)/);
    await asRoot("scancel", theirs.stdout.trim());
    await becomes(job, "ended");
    assert.equal((await show(job)).outcome?.kind, "succeeded");
  });
});

function answered<Value>(
  reply: { readonly kind: "answer"; readonly value: Value } | { readonly kind: "problem" },
): Value {
  if (reply.kind === "problem") throw new Error(JSON.stringify(reply));
  return reply.value;
}

function notYet(): Promise<WeirRun> {
  throw new Error("the network has not started");
}
