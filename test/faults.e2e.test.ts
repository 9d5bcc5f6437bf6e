import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startRestProxy } from "#agent/drivers/slurm/rest-testing.ts";
import { faketimeLibrary, requires } from "../tools/requirement.ts";
import { type Clusters, startClusters } from "../tools/slurm/clusters.ts";
import { ask, openSite, type Site } from "./fault-site.ts";
import { eventually, killQuietly, type Network, startNetwork } from "./network.ts";
import { joinSlurm } from "./slurm-centre.ts";

// What must be survived between a Slurm centre's agent and the server. After each fault: no job is lost, none has run
// twice (each writes its run's name into a file of the centre's shared folder), every usage is booked once, the ledger
// balances, and the job's history says what happened.
//
// WEIR_FAULT_S is how long the network is cut and slow (30, in `npm run test:long` 300); from 60 s on no time-out is scaled
// down. WEIR_FAULT_KILLS is how many SIGKILLs the last test gives (6, or 30), and WEIR_FAULT_SEED makes it the same again.
const isLong = process.env.WEIR_TEST_LONG === "1";
const faultMs = 1000 * Number(process.env.WEIR_FAULT_S ?? (isLong ? 300 : 30));
const kills = Number(process.env.WEIR_FAULT_KILLS ?? (isLong ? 30 : 6));
const seed = Number(process.env.WEIR_FAULT_SEED ?? Date.now() % 1_000_000);
const isScaled = faultMs < 60_000;

describe("faults between agent and server", { skip: requires("root", "slurm", "sudo", "faketime") }, () => {
  let clusters: Clusters;
  let network: Network;
  const sites = new Map<string, Site>();

  before(async () => {
    const env = { WEIR_LOCAL_CORES: "4", ...(isScaled && { WEIR_UNREACHABLE_AFTER_S: "15" }) };
    // So long is a submission in doubt.
    [clusters, network] = await Promise.all([
      startClusters({ extra: ["MessageTimeout=5"], nodeTimeoutS: 15 }),
      startNetwork({ env }),
    ]);
    await Promise.all(
      (["qingdao", "jinan"] as const).map(async (name) => {
        const centre = await joinSlurm(network, clusters, name, isScaled ? { WEIR_POLL_S: "4" } : {});
        sites.set(name, await openSite(network, centre));
      }),
    );
  });
  after(async () => {
    if (process.env.WEIR_TEST_TALK) for (const site of sites.values()) console.error(site.agent().said());
    for (const site of sites.values()) await site.centre.remove();
    await network?.remove();
    await clusters?.stop();
  });
  const siteOf = (name: string) => sites.get(name) ?? assert.fail(`no ${name}`);

  describe("at two centres at once", { concurrency: 2 }, () => {
    describe("at qingdao", { concurrency: 1 }, () => {
      test("the network is cut", { timeout: faultMs + 400_000 }, async () => {
        const site = siteOf("qingdao");
        const long = await site.submit({ held: true });
        const fills = [await site.submit({ held: true, cores: 7 }), await site.submit({ held: true, cores: 7 })];
        await site.are([long, ...fills], "running");
        const short = await site.submit({ held: true, exitCode: 3 });
        await site.are([short], "running");
        const waits = await site.submit({ sleepS: 2, cores: 8, exitCode: 5 });
        await site.queued(waits);
        site.centre.proxy.set({ kind: "silent" });
        const healed = delay(faultMs);

        await eventually("the centre is unreachable", async () =>
          (await site.state()) === "unreachable" ? true : null,
        );
        const bound = await Promise.all([long, ...fills, waits, short].map(site.job));
        assert.deepEqual(
          bound.map(({ state }) => state),
          ["running", "running", "running", "starting", "running"],
        );
        for (const { unreachableSinceMs } of bound) assert.notEqual(unreachableSinceMs, null);
        const later = await site.submit({ sleepS: 0 });
        const elsewhere = await site.submit({ sleepS: 0, anywhere: true });
        await site.are([elsewhere], "ended");
        site.release(short, ...fills);
        await eventually("work goes on there", async () =>
          site.hasEnded(short) && site.marks(waits).length === 1 ? true : null,
        );
        assert.equal((await site.job(short)).state, "running");
        await healed;
        for (const id of [long, ...fills, waits, short]) {
          const { centres, firstTasks } = await site.job(id);
          assert.deepEqual([centres, firstTasks[0]?.attempts], [["qingdao"], 1], `job ${id} moved`);
        }
        assert.equal((await site.job(later)).state, "queued");

        site.centre.proxy.set({ kind: "none" });
        await site.centre.connected();
        site.release(long);
        await site.check();
        for (const id of [long, waits, short]) {
          const steps = await site.history(id);
          const told = steps.map(({ kind }) => kind);
          for (const kind of ["unreachable", "reachable", "ended"])
            assert.ok(told.includes(kind), `${id}: ${told.join(" ")}`);
          assert.ok(told.indexOf("unreachable") < told.indexOf("reachable"));
          assert.ok(told.indexOf("reachable") < told.indexOf("ended"));
        }
        assert.ok(!(await site.job(elsewhere)).centres.includes("qingdao"));
      });

      test("two agents: the newer fences the older", { timeout: 400_000 }, async () => {
        const site = siteOf("qingdao");
        await site.submit({ sleepS: 6, exitCode: 2 });
        const stream = site.stream(12);
        await delay(500);
        const older = site.agent();
        const newer = site.start();
        assert.equal(await older.ended, 3);
        assert.match(older.said(), /fenced by a newer agent/);
        assert.match(newer.said(), /another agent serves from this folder/);
        await stream;
        await site.check();
        assert.equal(newer.said().match(/session begins/g)?.length, 1, newer.said());
      });

      test("an agent's disk is lost, and its place taken by another", { timeout: 400_000 }, async () => {
        const site = siteOf("qingdao");
        const runs = [await site.submit({ held: true, exitCode: 3 }), await site.submit({ held: true, cores: 7 })];
        await site.are(runs, "running");
        const short = await site.submit({ held: true, exitCode: 4 });
        await site.are([short], "running");
        const waits = [
          await site.submit({ sleepS: 1, cores: 8, exitCode: 5 }),
          await site.submit({ sleepS: 1, cores: 8 }),
        ];
        for (const id of waits) await site.queued(id);
        await site.agent().end("SIGKILL");
        site.release(short);
        await eventually("one ends meanwhile", async () => (site.hasEnded(short) ? true : null));
        site.centre.forget();
        const agent = site.start({ WEIR_ENROLMENT_TOKEN: await site.enrolment() });
        await eventually("they are taken up", async () =>
          /runs of an earlier agent of this centre are taken up/.test(agent.said()) ? true : null,
        );
        site.release(...runs);
        await site.check();
        for (const id of [...runs, short, ...waits]) {
          const { firstTasks } = await site.job(id);
          assert.equal(firstTasks[0]?.attempts, 1, `job ${id} was placed again: ${JSON.stringify(firstTasks)}`);
        }
        // From here on by its credential alone, as on every other day.
        await agent.end();
        site.start();
      });

      test("a revoked credential", { timeout: 400_000 }, async () => {
        const site = siteOf("qingdao");
        const runs = [await site.submit({ held: true }), await site.submit({ held: true, exitCode: 4 })];
        await site.are(runs, "running");
        await site.revoke();
        const refused = site.agent();
        await eventually("the agent says so", async () =>
          /was revoked by an administrator/.test(refused.said()) ? true : null,
        );
        assert.equal(await refused.ended, 1);
        assert.match(refused.said(), /has no credential/);
        site.release(...runs);
        await eventually("work goes on", async () => (runs.every(site.hasEnded) ? true : null));
        assert.equal((await site.job(runs[1] ?? 0)).state, "running");
        // The answers to the enrolment and to what follows are lost, and the token serves once.
        const before = site.centre.proxy.cut();
        site.centre.proxy.set({ kind: "cut-answers", whole: 0 });
        site.start({ WEIR_ENROLMENT_TOKEN: await site.enrolment() });
        await eventually("answers are lost", async () => (site.centre.proxy.cut() > before + 1 ? true : null));
        site.centre.proxy.set({ kind: "none" });
        await site.check();
      });

      test("the agent killed after each step of a submission", { timeout: 400_000 }, async () => {
        const site = siteOf("qingdao");
        await site.agent().end();
        const ids: number[] = [];
        for (const [at, step] of steps.entries()) {
          const id = await site.submit({ sleepS: 1, exitCode: at + 1 });
          ids.push(id);
          const env = { WEIR_KILL_JOB: String(id), WEIR_KILL_AT: step, NODE_OPTIONS: `--import ${killAt}` };
          const agent = site.start(env);
          assert.equal(await agent.ended, null, `${step}: ${agent.said()}`);
          assert.ok(agent.said().endsWith(`killed after: ${step}\n`), agent.said());
        }
        site.start();
        await site.check();
        for (const [at, id] of ids.entries()) {
          const steps = await site.history(id);
          const told = steps.map(({ kind }) => kind);
          // What had not gone out by then is proved not to be there, and placed again; what had is followed.
          const { attempts = 0 } = (await site.job(id)).firstTasks[0] ?? {};
          assert.ok(at < 2 ? attempts === 2 : at > 2 ? attempts === 1 : attempts <= 2, `${id}: ${attempts}`);
          const causes = steps.map(({ cause }) => cause).join("; ");
          if (attempts === 2) assert.match(causes, /ended before its submission was certain; .* nothing of it/);
          for (const kind of ["started", "ended"])
            assert.equal(told.filter((one) => one === kind).length, 1, `${id}: ${told.join(" ")}`);
        }
      });

      test("the helper killed, and slurmctld too, under a stream of jobs", { timeout: 400_000 }, async () => {
        const site = siteOf("qingdao");
        const { controller } = site.centre.cluster;
        const stop = new AbortController();
        const stream = site.stream(500, stop.signal);
        for (let kill = 0; kill < 5; kill += 1) {
          await eventually("a helper runs", async () => (site.centre.helpers().length > 0 ? true : null));
          for (const pid of site.centre.helpers()) killQuietly(pid);
          await delay(700);
        }
        await controller.saveState();
        await controller.kill("SIGKILL");
        await delay(1_500);
        await controller.restart();
        stop.abort();
        await stream;
        await site.check();
      });
    });

    describe("at jinan", { concurrency: 1 }, () => {
      test("the network is slow", { timeout: faultMs + 400_000 }, async () => {
        const site = siteOf("jinan");
        const before = [await site.submit({ held: true, exitCode: 1 }), await site.submit({ held: true })];
        await site.are(before, "running");
        site.centre.proxy.set({ kind: "slow", latencyMs: 1_000, bytesPerS: 2_000 });
        site.release(...before);
        const until = performance.now() + faultMs;
        for (let n = 0; performance.now() < until; n += 1) {
          await site.submit({ sleepS: n % 3, exitCode: n % 2 });
          assert.equal(await site.state(), "connected");
          await delay(faultMs / 10);
        }
        await site.check();
        site.centre.proxy.set({ kind: "none" });
        const told = (await Promise.all(before.map(site.history))).flat().map(({ kind }) => kind);
        assert.ok(!told.includes("unreachable"), told.join(" "));
      });

      test("answers are cut after the server has committed", { timeout: 400_000 }, async () => {
        const site = siteOf("jinan");
        site.centre.proxy.set({ kind: "cut-answers", whole: 1 });
        await site.stream(8);
        await site.agent().end("SIGKILL");
        site.start();
        await eventually("many answers are cut", async () => {
          await site.stream(2);
          return site.centre.proxy.cut() >= 8 ? true : null;
        });
        await site.check();
        site.centre.proxy.set({ kind: "none" });
      });

      test("the site cancels one, holds one, and forces a requeue", { timeout: 400_000 }, async () => {
        const site = siteOf("jinan");
        const { asRoot, engineId } = site;
        const cancelled = await site.submit({ held: true, ends: { kinds: ["cancelled"], by: "centre" } });
        const requeued = await site.submit({ held: true, exitCode: 2 });
        const fills = [await site.submit({ held: true, cores: 6 }), await site.submit({ held: true, cores: 7 })];
        await site.are([cancelled, requeued, ...fills], "running");
        const waits = await site.submit({ cores: 8, exitCode: 4 });
        await site.queued(waits);
        await asRoot("scontrol", "hold", await engineId(waits));
        await asRoot("scancel", await engineId(cancelled));
        const id = await engineId(requeued);
        await asRoot("scontrol", "update", `jobid=${id}`, "requeue=1");
        await asRoot("scontrol", "requeue", id);
        await eventually("it is told as held", async () => {
          const { waiting } = (await site.job(waits)).firstTasks[0]?.runs[0] ?? {};
          return /held/i.test(JSON.stringify(waiting)) ? true : null;
        });
        await eventually("it is the network's to start again", async () =>
          (await site.job(requeued)).firstTasks[0]?.attempts === 2 ? true : null,
        );
        await asRoot("scontrol", "release", await engineId(waits));
        site.release(requeued, ...fills);
        await site.check();
        const causes = (await site.history(requeued)).map(({ cause }) => cause).join("\n");
        assert.match(causes, /requeued by the centre/);
        assert.match((await site.history(cancelled)).map(({ cause }) => cause).join("\n"), /cancelled by centre: /);
      });

      test("slurmrestd: 500, half a body, no answer, wrong tokens, killed", { timeout: 400_000 }, async () => {
        const site = siteOf("jinan");
        const { rest } = site.centre.cluster;
        const proxy = await startRestProxy(site.centre.cluster.restUrl);
        await site.agent().end();
        site.centre.say({ transport: "rest", rest: { url: proxy.url, patienceS: 3 } });
        site.start();
        await eventually("it serves", async () => (/session begins/.test(site.agent().said()) ? true : null));
        const troubles = [
          { kind: "500", times: 3 },
          { kind: "half-body", method: "POST", times: 2 },
          { kind: "hang-up", method: "POST", times: 2 },
          { kind: "token", token: "no.such.token" },
        ] as const;
        for (const trouble of troubles) {
          const before = proxy.spoilt();
          proxy.spoil(trouble);
          await site.stream(2);
          await eventually(`${trouble.kind} was met`, async () => (proxy.spoilt() > before ? true : null));
        }
        proxy.spoil({ kind: "none" });
        await rest.kill("SIGKILL");
        await site.stream(1);
        await rest.restart();
        await site.check();
        await site.agent().end();
        site.centre.say({});
        site.start();
        await proxy.close();
      });

      for (const offsetS of [90, -90])
        test(`the agent's clock is off by ${offsetS} s`, { timeout: 400_000 }, async () => {
          const site = siteOf("jinan");
          await site.agent().end();
          site.start({
            LD_PRELOAD: faketimeLibrary() ?? assert.fail("no libfaketime"),
            FAKETIME: `${offsetS > 0 ? "+" : ""}${offsetS}s`,
            FAKETIME_DONT_FAKE_MONOTONIC: "1",
            DONT_FAKE_MONOTONIC: "1",
          });
          await eventually("it serves", async () => (/session begins/.test(site.agent().said()) ? true : null));
          const sinceMs = Date.now();
          const ids = [await site.submit({ sleepS: 3, exitCode: 6 }), await site.submit({ sleepS: 0 })];
          const fills = [await site.submit({ sleepS: 3, cores: 8 }), await site.submit({ sleepS: 3, cores: 8 })];
          await site.check();
          // Slurm's times are whole seconds.
          const isRight = (atMs: number | null) => atMs !== null && atMs > sinceMs - 1_500 && atMs < Date.now() + 1_500;
          for (const id of [...ids, ...fills]) {
            const { startedMs, endedMs } = await site.job(id);
            assert.ok(isRight(startedMs) && isRight(endedMs), `${id}: ${startedMs} ${endedMs}, now ${Date.now()}`);
            for (const { kind, atMs } of await site.history(id))
              assert.ok(isRight(atMs), `${id}: ${kind} at ${atMs}, now ${Date.now()}`);
          }
          await site.agent().end();
          site.start();
        });
    });
  });

  test(`${kills} SIGKILLs of agents and server under a stream of jobs`, {
    timeout: 480_000 + kills * 10_000,
  }, async (context) => {
    context.diagnostic(`WEIR_FAULT_SEED=${seed}`);
    const random = generator(seed);
    const both = [siteOf("qingdao"), siteOf("jinan")];
    const stop = new AbortController();
    const streams = both.map((site) => site.stream(500, stop.signal));
    for (let kill = 0; kill < kills; kill += 1) {
      await delay(500 + random() * 2_500);
      const victim = kill < 3 ? kill : Math.floor(random() * 3);
      const site = both[victim];
      if (site) {
        await site.agent().end("SIGKILL");
        site.start();
      } else for (const pid of network.pids("server")) process.kill(pid, "SIGKILL");
    }
    stop.abort();
    await Promise.all(streams);
    for (const site of both) context.diagnostic(`${await site.check()} jobs of ${site.centre.name} checked`);
    const books = await ask(both[0]?.client ?? assert.fail(), "the books", (client) => client.call("ledgerCheck"));
    for (const unit of books.units) assert.equal(unit.debitsPending, "0", `holds left in ${unit.unit}`);
  });
});

/** Of a submission, each with its name in kill-at.ts. */
const steps = ["intent noted", "chunk noted", "sbatch asked", "id appended", "id synced"];
const killAt = join(import.meta.dirname, "kill-at.ts");

/** mulberry32: small, seeded, good enough to choose victims. */
function generator(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
