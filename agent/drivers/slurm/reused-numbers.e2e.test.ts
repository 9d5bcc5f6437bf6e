import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { RunOrder } from "#core/run-order.ts";
import { sampleAllocation } from "#core/sample-testing.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { arrayOrders, makeTestSite, orderOf, type TestAgent, type TestSite, when } from "./site-testing.ts";

// Numbers of jobs come again: from the first on once slurmctld has lost its state, and at every site once they have reached
// MaxJobId. Here there are thirty. One cluster with slurmdbd, asked by slurmrestd, and one without, by the commands.

const firstJobId = 11;
const mostJobs = 30;

describe("numbers that are given again", { skip: requires("root", "slurm", "sudo"), concurrency: 2 }, () => {
  let clusters: Clusters;
  const sites = new Map<string, TestSite>();
  before(async () => {
    const numbers = [`FirstJobId=${firstJobId}`, `MaxJobId=${firstJobId + mostJobs - 1}`];
    clusters = await startClusters({ minJobAgeS: 2, nodeTimeoutS: 300, extra: numbers });
    const url = clusters.clusters.jinan?.restUrl;
    sites.set("jinan", makeTestSite(clusters, "jinan", { site: { transport: "rest", rest: { url } } }));
    sites.set("qingdao", makeTestSite(clusters, "qingdao"));
  });
  after(async () => {
    await clusters?.stop();
    for (const made of sites.values()) made.remove();
  });
  for (const name of ["jinan", "qingdao"] as const) numbers(name);

  function numbers(name: "jinan" | "qingdao"): void {
    describe(name, { concurrency: 1 }, () => {
      const site = () => sites.get(name) ?? assert.fail(`no ${name}`);
      const cluster = () => site().cluster;
      const root = async (...words: readonly string[]) => (await cluster().run("root", words)).stdout;
      const audit = () => readFileSync(join(site().settings.folder, "..", "log", "audit"), "utf8");
      const accounts: Readonly<Record<string, string>> = {
        "weirt-li": "ai-lab",
        "weirt-wang": "ai-lab",
        "weirt-zhao": "hpc",
      };

      /** A job that is not Weir's; its number. */
      async function own(user: string, script: string, ...more: readonly string[]): Promise<string> {
        const account = name === "jinan" ? [`--account=${accounts[user]}`] : [];
        const words = ["sbatch", "--parsable", "--mem=64", "-t10", "-o/dev/null", ...account, ...more];
        const done = await cluster().run(user, [...words, `--wrap=${script}`]);
        assert.equal(done.status, 0, done.stderr);
        return done.stdout.trim();
      }
      async function startAnew(): Promise<void> {
        await cluster().controller.restart({ keepState: false });
        await cluster().idle();
      }
      async function clear(): Promise<void> {
        for (const user of Object.keys(accounts)) await root("scancel", `--user=${user}`);
        await when(
          () => root("squeue", "--noheader"),
          (text) => text.trim() === "",
        );
      }

      test("a late cancel, take-back and signal reach nobody who has the number now, and alarm nobody", async () => {
        // It does not hear that they are gone before it acts.
        const agent = await site().open({ messageTimeoutMs: 60_000, listEveryMs: 600_000 });
        try {
          await startAnew();
          assert.equal(await own("weirt-zhao", "sleep 600", "-N2", "--exclusive"), String(firstJobId));
          const holders = ["wang's", "li's own", "another run of li's"] as const;
          const acts = ["cancel", "take back", "signal"] as const;
          const stale = [];
          for (const holder of holders)
            for (const act of acts) {
              const order = orderOf("sleep 600", { warning: { signal: "USR1", beforeS: 2 } });
              stale.push({ holder, act, order, number: await agent.queue(order) });
            }
          await startAnew();
          assert.equal(await own("weirt-zhao", "sleep 600"), String(firstJobId));

          const heard = (at: number) => join(cluster().sharedFolder, at < 3 ? "weirt-wang" : "weirt-li", `heard-${at}`);
          const script = (at: number) =>
            `for signal in USR1 TERM CONT; do trap "echo $signal >> ${heard(at)}" $signal; done; echo up >> ${heard(at)}; while :; do sleep 0.2; done`;
          const others: { readonly at: number; readonly id: string; readonly order: RunOrder }[] = [];
          for (const [at, { holder, number }] of stale.entries()) {
            const order = orderOf(script(at), { timeLimitS: 600 });
            const id =
              holder === "another run of li's"
                ? await agent.queue(order)
                : await own(holder === "wang's" ? "weirt-wang" : "weirt-li", script(at));
            assert.equal(id, number, `the number of ${holder}`);
            others.push({ at, id, order });
          }
          await when(
            async () => others.filter(({ at }) => !existsSync(heard(at))),
            (silent) => silent.length === 0,
          );

          for (const { act, order } of stale)
            if (act === "take back") assert.equal(await agent.driver.withdraw?.(order.run), "asked");
            else assert.equal(await agent.driver.cancel(order.run, act === "signal"), "cancelling");
          // The signal's two seconds, after which it is a cancel, and the time in which anything arrives.
          await delay(6_000);
          const queue = await root("squeue", "--noheader", "-o", "%i %T");
          for (const { at, id, order } of others) {
            const end = agent.seen.find((one) => one.kind === "ended" && one.run === order.run);
            const told: string = `${stale[at]?.act} of ${stale[at]?.holder}: ${queue} ${JSON.stringify(end)}`;
            assert.equal(readFileSync(heard(at), "utf8"), "up\n", told);
            assert.match(queue, new RegExp(`^${id} RUNNING$`, "m"), told);
          }
          assert.equal((await agent.driver.describe()).mechanisms.alarm, undefined);
          assert.doesNotMatch(audit(), / refused /);
          for (const { order } of stale) {
            const { end } = await agent.ended(order.run);
            assert.equal(end.kind, "withdrawn", JSON.stringify(end));
          }
          await root("scancel", ...others.map(({ id }) => id));
          for (const { order } of others.slice(6)) await agent.ended(order.run);
        } finally {
          await agent.driver.close();
          await clear();
        }
      });

      test("what was told never to begin does not, even if the controller gets its state back", async () => {
        const agent = await site().open();
        const state = join(cluster().logFolder, "..", "state");
        try {
          await startAnew();
          const first = await own("weirt-zhao", "sleep 600", "-N2", "--exclusive");
          const mark = join(cluster().sharedFolder, "weirt-li", "began");
          const array = { ranges: [{ first: 0, last: 1, step: 1 }], throttle: null };
          const orders = [orderOf(`touch ${mark}`), ...arrayOrders(`touch ${mark}`, array, [0, 1])];
          const numbers = await Promise.all(orders.map((order) => agent.queue(order)));
          await cluster().controller.saveState();
          await cluster().controller.kill("SIGKILL");
          await root("cp", "-a", state, `${state}.kept`);
          await startAnew();
          for (const order of orders) {
            const { end } = await agent.ended(order.run);
            // slurmdbd, where it is, calls them cancelled.
            assert.match(
              JSON.stringify(end),
              /"withdrawn".*(?: never began, and cannot begin any more|cancelled in the centre's queue)/,
            );
          }
          await cluster().controller.kill("SIGKILL");
          await root("rm", "-r", state);
          await root("mv", `${state}.kept`, state);
          await cluster().controller.restart();
          await root("scancel", first);
          const jobs = () => root("squeue", "--noheader", "--states=all", "-o", "%F %T", `--jobs=${numbers.join(",")}`);
          const shown = await when(
            jobs,
            (text) => text.trim() !== "" && !/PENDING|RUNNING|COMPLETING|CONFIG/.test(text),
          );
          assert.doesNotMatch(shown, /COMPLETED/);
          assert(!existsSync(mark), "it began");
        } finally {
          await agent.driver.close();
          await clear();
        }
      });

      test("what the one before it used, who had the number, is not its own", async () => {
        const agent = await site().open();
        try {
          const ends = [];
          const fill = `perl -e 'my $x = "x" x 150_000_000; sleep 3'`;
          for (const [script, memoryMibPerNode] of [
            [fill, 400],
            ["sleep 2; kill -9 $$", 64],
          ] as const) {
            await startAnew();
            const order = orderOf(script, { allocation: { ...sampleAllocation, memoryMibPerNode } });
            assert.equal(await agent.queue(order), String(firstJobId));
            ends.push(await agent.ended(order.run));
          }
          assert.deepEqual(
            ends.map(({ end }) => end),
            [{ kind: "succeeded" }, { kind: "signalled", signal: 9 }],
          );
          assert(ends[0] && ends[0].usage.peakMemoryMib > 100, JSON.stringify(ends[0]?.usage));
          assert(ends[1] && ends[1].usage.peakMemoryMib < 64, JSON.stringify(ends[1]?.usage));
        } finally {
          await agent.driver.close();
          await clear();
        }
      });

      test("past MaxJobId they begin again: each run starts once, and has its own end and output", async () => {
        const agent = await site().open();
        try {
          const numbers: number[] = [];
          const check = async (order: RunOrder, code: number, agentOf: TestAgent) => {
            const { end, usage } = await agentOf.ended(order.run);
            assert.deepEqual(end, code === 0 ? { kind: "succeeded" } : { kind: "failed", exitCode: code });
            assert(usage.startedMs !== null);
            assert.equal(await agentOf.log(order.run), `${order.run}\n`);
          };
          // Twice round: what has ended is purged once a minute, and until then its number is not free.
          for (let wave = 0; wave < 7; wave++) {
            const code = (at: number) => (wave + at) % 5;
            const plain = [0, 1, 2, 3, 4].map((at) => orderOf(`echo $WEIR_RUN_ID; exit ${code(at)}`));
            const array = { ranges: [{ first: 0, last: 3, step: 1 }], throttle: null };
            const tasks = arrayOrders("echo $WEIR_RUN_ID; exit $SLURM_ARRAY_TASK_ID", array, [0, 1, 2, 3]);
            await Promise.all(
              [...plain, ...tasks].map(async (order) => numbers.push(Number(await taken(agent, order)))),
            );
            await Promise.all([
              ...plain.map((order, at) => check(order, code(at), agent)),
              ...tasks.map((order) => check(order, order.index, agent)),
            ]);
          }
          const again = numbers.filter((number, at) => at > 0 && number < (numbers[at - 1] ?? 0) - 10);
          assert(again.length >= 1, `they came round: ${numbers.join(" ")}`);
          assert(Math.max(...numbers) < firstJobId + mostJobs, numbers.join(" "));
        } finally {
          await agent.driver.close();
          await clear();
        }
      });

      // slurmd begins no number by a credential that is older, in whole seconds, than its last kill of that number: one given
      // again in the same second, or once the controller's clock was set back.
      if (name === "qingdao")
        test("a start that its node refuses for its number is billed to nobody, and with the clock right again it starts", async () => {
          const agent = await site().open();
          try {
            await startAnew();
            assert.equal(await own("weirt-li", "sleep 600"), String(firstJobId));
            await when(
              () => root("squeue", "--noheader", "-o", "%T"),
              (text) => text.trim() === "RUNNING",
            );
            await clear();
            await cluster().controller.restart({ keepState: false, clockOffsetS: -60 });
            const refused = orderOf("true");
            assert.equal(await agent.queue(refused), String(firstJobId));
            const { end, usage } = await agent.ended(refused.run);
            // Where slurmctld has purged it by then, all that is known is that it never began.
            assert.match(
              JSON.stringify(end),
              /"platform-fault".*left no record; Slurm: FAILED 1:0|"withdrawn".* never began/,
            );
            assert.equal(usage.wallMs, 0);
            const log = readFileSync(join(cluster().logFolder, "slurmctld.log"), "utf8");
            assert.match(log, /Killing non-startable batch JobId=11: Job credential revoked/);
            await startAnew();
            const next = orderOf("exit 3");
            assert.equal(await agent.queue(next), String(firstJobId));
            assert.deepEqual((await agent.ended(next.run)).end, { kind: "failed", exitCode: 3 });
          } finally {
            await agent.driver.close();
            await cluster().controller.restart({ keepState: false });
            await clear();
          }
        });

      /** While no number is free Slurm takes nothing, and the order is offered again, as the agent's keeper does. */
      async function taken(agent: TestAgent, order: RunOrder): Promise<string> {
        for (;;) {
          const answer = await agent.driver.start(order);
          if (answer.kind === "queued") return answer.engineId;
          assert.equal(answer.kind, "busy", JSON.stringify(answer));
        }
      }
    });
  }
});
