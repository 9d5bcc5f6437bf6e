import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { sampleAllocation } from "#core/sample-testing.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { arrayOrders, makeTestSite, orderOf, type TestAgent, type TestSite } from "./site-testing.ts";

// What must be survived: none lost, none doubled, and each end with its evidence.

describe("the Slurm driver under faults", { skip: requires("root", "slurm", "sudo"), concurrency: 2 }, () => {
  let clusters: Clusters;
  const sites = new Map<string, TestSite>();
  before(async () => {
    // So long, too, does every command wait for a controller that is dead, and the controller for a dead node.
    clusters = await startClusters({ nodeTimeoutS: 5, extra: ["MessageTimeout=5"] });
    for (const name of ["jinan", "qingdao"] as const) sites.set(name, makeTestSite(clusters, name));
  });
  after(async () => {
    await clusters?.stop();
    for (const made of sites.values()) made.remove();
  });
  const site = (name: string) => sites.get(name) ?? assert.fail(`no ${name}`);

  for (const name of ["jinan", "qingdao"]) faults(name);
  function faults(name: string): void {
    describe(name, { concurrency: 1 }, () => {
      let agent: TestAgent;
      before(async () => {
        agent = await site(name).open();
      });
      after(() => agent.driver.close());
      // A test that fails leaves no controller dead or standing still for the next one.
      afterEach(async () => {
        if (cluster().controller.alive()) await cluster().controller.kill("SIGCONT");
        else await cluster().controller.restart();
      });

      const cluster = () => site(name).cluster;
      const asRoot = (...command: string[]) => cluster().run("root", command);
      /** A job of the site's own that takes both nodes. */
      async function fill(): Promise<() => Promise<unknown>> {
        const account = name === "jinan" ? ["--account=hpc"] : [];
        const words = [
          "sbatch",
          "--parsable",
          "-N2",
          "--exclusive",
          "--mem=100",
          "-t10",
          "-o/dev/null",
          "--wrap=sleep 600",
        ];
        const asked = await cluster().run("weirt-zhao", [...words, ...account]);
        const id = asked.stdout.trim();
        for (;;) {
          const { stdout } = await asRoot("squeue", "-h", "-j", id, "-o", "%T");
          if (stdout.trim() === "RUNNING") return () => asRoot("scancel", id);
          await delay(100);
        }
      }
      const processes = (program: "sbatch" | "weir-as") => processesOf(program, site(name).helper);
      const doubts = () => agent.notes.filter((note) => note.startsWith("a submission is in doubt")).length;
      async function copiesOf(tag: string): Promise<number> {
        const { stdout } = await asRoot("squeue", "-a", "-h", "-t", "all", "-o", "%j");
        return stdout.split("\n").filter((line) => line.includes(tag)).length;
      }

      test("a cancel in the queue, and the site's own there", async () => {
        const free = await fill();
        const [mine, theirs, back] = [orderOf("true"), orderOf("true"), orderOf("true")];
        const [, id] = await Promise.all([agent.queue(mine), agent.queue(theirs), agent.queue(back)]);
        await agent.until(() =>
          agent.seen.some((one) => one.kind === "waiting" && one.run === mine.run && one.reason !== null),
        );
        assert.equal(await agent.driver.cancel(mine.run), "cancelling");
        await asRoot("scancel", id ?? "");
        assert.equal(await agent.driver.withdraw?.(back.run), "asked");
        const [cancelled, withdrawn] = [await agent.ended(mine.run), await agent.ended(theirs.run)];
        const takenBack = await agent.ended(back.run);
        assert.match(JSON.stringify(takenBack.end), /"withdrawn".*the network took it back/);
        await free();
        assert.deepEqual(cancelled.end, { kind: "cancelled", by: "user", reason: null });
        assert.equal(cancelled.usage.startedMs, null);
        // Nobody of the network asked for it, and it never began: it is placed again.
        assert.equal(withdrawn.end.kind, "withdrawn");
        assert.match(
          withdrawn.end.kind === "withdrawn" ? withdrawn.end.evidence : "",
          /cancelled in the centre's queue/,
        );
      });

      if (name === "jinan")
        test("slurmdbd is away while the user cancels: told late, and of whom it was", async () => {
          const { slurmdbd } = cluster();
          assert(slurmdbd !== null, "jinan keeps accounting");
          const order = orderOf("sleep 300");
          const id = await agent.queue(order);
          await agent.started(order.run);
          await slurmdbd.kill("SIGKILL");
          try {
            await cluster().run("weirt-li", ["scancel", id]);
            // Longer than the controller and the wrapper alone are waited for.
            await delay(7_000);
          } finally {
            await slurmdbd.restart();
          }
          const { end } = await agent.ended(order.run);
          assert.equal(end.kind === "cancelled" && end.by, "user", JSON.stringify(end));
        });

      test("a deadline is a fence: what has not begun by then never does", async () => {
        const free = await fill();
        const order = orderOf("true", { startWithinMs: 12_000 });
        await agent.queue(order);
        const ended = await agent.ended(order.run);
        await free();
        assert.equal(ended.end.kind, "withdrawn", JSON.stringify(ended));
        assert.match(
          ended.end.kind === "withdrawn" ? ended.end.evidence : "",
          /DEADLINE, without a node|taken out there without a start/,
        );
        assert.deepEqual([ended.usage.startedMs, ended.usage.wallMs], [null, 0]);
      });

      test("the site holds it, and lets it go", async () => {
        const free = await fill();
        const order = orderOf("exit 4");
        const id = await agent.queue(order);
        await asRoot("scontrol", "hold", id);
        await agent.until(() =>
          agent.seen.some(
            (one) => one.kind === "waiting" && one.run === order.run && /^JobHeld/.test(one.reason ?? ""),
          ),
        );
        await asRoot("scontrol", "release", id);
        await free();
        assert.deepEqual((await agent.ended(order.run)).end, { kind: "failed", exitCode: 4 });
      });

      test("what the site holds beyond its lease is taken out, and never begins", async () => {
        const free = await fill();
        const order = orderOf("true", { startWithinMs: 20_000 });
        const id = await agent.queue(order);
        await asRoot("scontrol", "hold", id);
        const ended = await agent.ended(order.run);
        await free();
        assert.equal(ended.end.kind, "withdrawn", JSON.stringify(ended));
        assert.match(ended.end.kind === "withdrawn" ? ended.end.evidence : "", /lease passed in the centre's queue/);
      });

      test("the site's requeue is refused; one that it forces ends the run as requeued, and runs nothing more", async () => {
        const order = orderOf("echo ran; sleep 60");
        const id = await agent.queue(order);
        await agent.started(order.run);
        const refused = await asRoot("scontrol", "requeue", id);
        assert.notEqual(refused.status, 0);
        await asRoot("scontrol", "update", `jobid=${id}`, "requeue=1");
        assert.equal((await asRoot("scontrol", "requeue", id)).status, 0);
        const ended = await agent.ended(order.run);
        assert.deepEqual(ended.end, { kind: "requeued", by: "the centre" });
      });

      test("an agent that restarts finds what waits, what runs and what ended meanwhile", async () => {
        const long = orderOf("echo before; sleep 8; echo after; exit 5");
        const short = orderOf("exit 6");
        await Promise.all([agent.queue(long), agent.queue(short)]);
        await agent.started(long.run);
        await agent.driver.close();
        await delay(1_500);
        agent = await site(name).open();
        const found = await agent.driver.find();
        assert.deepEqual(
          [long, short].map(({ run }) => found.some((one) => one.run === run)),
          [true, true],
        );
        assert.deepEqual(await agent.driver.start(long), { kind: "already-there" });
        const ends = [await endOf(agent, long.run), await endOf(agent, short.run)];
        assert.deepEqual(ends, [
          { kind: "failed", exitCode: 5 },
          { kind: "failed", exitCode: 6 },
        ]);
        assert.equal(await agent.log(long.run), "before\nafter\n");
      });

      test("the helper killed between sbatch and its answer: exactly one job", async () => {
        await agent.driver.describe();
        // The controller stands still, so that sbatch hangs with its request on the way.
        await cluster().controller.kill("SIGSTOP");
        const order = orderOf("echo ran");
        const before = doubts();
        const answer = agent.driver.start(order);
        await agent.until(() => processes("sbatch").length > 0);
        await delay(300);
        for (const pid of processes("weir-as")) process.kill(pid, "SIGKILL");
        await agent.until(() => doubts() > before);
        await cluster().controller.kill("SIGCONT");
        assert.equal((await answer).kind, "queued");
        assert.deepEqual((await agent.ended(order.run)).end, { kind: "succeeded" });
        assert.equal(await agent.log(order.run), "ran\n");
        assert.equal(await copiesOf(`-${order.run}-1`), 1);
      });

      test("helper and sbatch killed: what never arrived is proved, and submitted again once", async () => {
        await agent.driver.describe();
        await cluster().controller.kill("SIGSTOP");
        const order = orderOf("echo ran");
        const before = doubts();
        const answer = agent.driver.start(order);
        await agent.until(() => processes("sbatch").length > 0);
        for (const pid of [...processes("weir-as"), ...processes("sbatch")]) process.kill(pid, "SIGKILL");
        await agent.until(() => doubts() > before);
        // With the controller goes what sbatch had said to it.
        await cluster().controller.kill("SIGKILL");
        await cluster().controller.restart();
        assert.equal((await answer).kind, "queued");
        assert.deepEqual((await agent.ended(order.run)).end, { kind: "succeeded" });
        assert.equal(await agent.log(order.run), "ran\n");
        const { stdout } = await cluster().run("weirt-li", [
          "sh",
          "-c",
          `ls -d ${cluster().sharedFolder}/weirt-li/.weir/*/${order.run}-*`,
        ]);
        assert.equal(stdout.trim().split("\n").length, 1, stdout);
      });

      test("an agent that ends in the middle of a submission: the next one finds the job, or proves there is none", async () => {
        await agent.driver.describe();
        await cluster().controller.kill("SIGSTOP");
        const order = orderOf("exit 7");
        agent.driver.start(order).catch(() => {});
        await agent.until(() => processes("sbatch").length > 0);
        await agent.driver.close();
        agent = await site(name).open();
        await cluster().controller.kill("SIGCONT");
        // It may have begun by now, or be over.
        const [found] = await agent.driver.find([order.run]);
        assert.ok(found, "it is found");
        assert.deepEqual(await endOf(agent, order.run), { kind: "failed", exitCode: 7 });
        assert.equal(await copiesOf(`-${order.run}-1`), 1);
      });

      test("the controller killed and started again", async () => {
        const [running, waiting] = [orderOf("sleep 3; exit 8"), orderOf("exit 9", { allocation: whole })];
        const free = await fill().then((release) => release);
        await agent.queue(waiting);
        await free();
        await agent.ended(waiting.run);
        await agent.queue(running);
        await agent.started(running.run);
        await cluster().controller.saveState();
        await cluster().controller.kill("SIGKILL");
        await delay(1_000);
        mkdirSync(`${site(name).settings.folder}/other`);
        const fresh = await site(name).open({ folder: `${site(name).settings.folder}/other` });
        const unseen = await fresh.driver.describe();
        assert.deepEqual([unseen.pools, /^scontrol .*show/.test(unseen.mechanisms.engine ?? "")], [[], true]);
        await fresh.driver.close();
        const late = orderOf("exit 4");
        const answered = agent.driver.start(late);
        await cluster().controller.restart();
        assert.deepEqual((await agent.ended(running.run)).end, { kind: "failed", exitCode: 8 });
        // It never arrived, and is tried again, or it did and is followed: never both.
        const answer = await answered;
        if (answer.kind === "busy") assert.match(answer.words, /^sbatch: .*slurm controller/s);
        else assert.equal(answer.kind, "queued", JSON.stringify(answer));
        if (answer.kind === "busy") await agent.queue(late);
        assert.deepEqual((await agent.ended(late.run)).end, { kind: "failed", exitCode: 4 });
        assert.equal(agent.seen.filter((one) => one.kind === "ended" && one.run === late.run).length, 1);
      });

      test("a node that goes down under its job", async () => {
        const order = orderOf("sleep 100");
        const id = await agent.queue(order);
        await agent.started(order.run);
        const { stdout } = await asRoot("squeue", "-h", "-j", id, "-o", "%N");
        const node = cluster().node(stdout.trim());
        await node.powerOff();
        const ended = await agent.ended(order.run);
        await node.restart();
        await asRoot("scontrol", "update", `nodename=${stdout.trim()}`, "state=resume");
        await cluster().idle();
        assert.equal(ended.end.kind, "node-failed", JSON.stringify(ended));
        assert.match(ended.end.kind === "node-failed" ? ended.end.reason : "", /NODE_FAIL on /);
      });

      test("the controller without its state: what waited never began, what ran ends by its record", async () => {
        const quick = orderOf("sleep 2; exit 3");
        await agent.queue(quick);
        await agent.started(quick.run);
        await delay(2_500);
        const free = await fill();
        const waiting = orderOf("true");
        await agent.queue(waiting);
        await agent.driver.close();
        void free;
        await cluster().controller.restart({ keepState: false });
        agent = await site(name).open();
        const [gone, done] = [await endOf(agent, waiting.run), await endOf(agent, quick.run)];
        assert.equal(gone.kind, "withdrawn", JSON.stringify(gone));
        assert.deepEqual(done, { kind: "failed", exitCode: 3 });
        await cluster().idle();
        // Numbers are given again; the tag tells old from new.
        const next = orderOf("exit 2");
        await agent.queue(next);
        assert.deepEqual((await agent.ended(next.run)).end, { kind: "failed", exitCode: 2 });
      });

      test("the controller without its state and its nodes silent: what lives is not told lost, and what died is", async () => {
        const go = `${cluster().sharedFolder}/weirt-li/go-on-${name}`;
        const lives = orderOf(`until [ -e ${go} ]; do sleep 0.1; done; exit 3`, { timeLimitS: 600 });
        const dies = orderOf("sleep 60", { timeLimitS: 600 });
        for (const order of [lives, dies]) {
          await agent.queue(order);
          await agent.started(order.run);
        }
        const nodes = [1, 2].map((at) => cluster().node(`${name}${at}`));
        for (const node of nodes) await node.kill("SIGKILL");
        await cluster().controller.restart({ keepState: false });
        const started = `${cluster().sharedFolder}/weirt-li/.weir/*/${dies.run}-*/started`;
        const { stdout } = await asRoot("sh", "-c", `sed -n 's/^pid=//p' ${started}`);
        process.kill(Number(stdout.trim()), "SIGKILL");
        const remark = () => agent.seen.find((one) => one.kind === "remark" && one.run === lives.run);
        await agent.until(() => remark() !== undefined);
        const lost = await agent.ended(dies.run);
        assert.match(JSON.stringify(lost.end), new RegExp(`"lost".*process ${stdout.trim()} there, lives no more`));
        const [found] = await agent.driver.find([lives.run]);
        assert.equal(found?.state, "running");
        writeFileSync(go, "");
        assert.deepEqual((await agent.ended(lives.run)).end, { kind: "failed", exitCode: 3 });
        for (const node of nodes) await node.restart();
        await cluster().idle();
      });

      test("many tasks at once, each started once and each end its own", async () => {
        const array = { ranges: [{ first: 0, last: 59, step: 1 }], throttle: null };
        const orders = arrayOrders("exit $((SLURM_ARRAY_TASK_ID % 7))", array, [...Array(60).keys()]);
        await Promise.all(orders.map((order) => agent.queue(order)));
        for (const order of orders) {
          const { end } = await agent.ended(order.run);
          const code = order.index % 7;
          assert.deepEqual(end, code === 0 ? { kind: "succeeded" } : { kind: "failed", exitCode: code });
        }
        assert.equal(
          agent.seen.filter((one) => one.kind === "ended" && orders.some(({ run }) => run === one.run)).length,
          60,
        );
      });
    });
  }
});

const whole = { ...sampleAllocation, memoryMibPerNode: 64, tasks: 8, coresPerNode: 8 };

/** As after a restart of the agent: what ended before is found, the rest is heard. */
async function endOf(agent: TestAgent, run: Parameters<TestAgent["ended"]>[0]) {
  const [found] = await agent.driver.find([run]);
  if (found?.state === "ended" && found.observation.kind === "ended") return found.observation.end;
  return (await agent.ended(run)).end;
}

/** Pids of one site's own helpers or of the sbatch that they run: descendants of this process alone. */
function processesOf(program: "sbatch" | "weir-as", helper: string): number[] {
  const known = new Map<number, { readonly parent: number; readonly words: string }>();
  for (const entry of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      const words = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ");
      known.set(Number(entry), { parent, words });
    } catch {
      // It has ended meanwhile.
    }
  }
  const isHelper = (words: string): boolean => /^\S*(?:sudo|perl)/.test(words) && words.includes(`${helper} serve`);
  function isTheirs(pid: number, belowHelper: boolean): boolean {
    const { parent, words } = known.get(pid) ?? { parent: 0, words: "" };
    if (pid === process.pid) return belowHelper;
    return pid > 1 && isTheirs(parent, belowHelper || isHelper(words));
  }
  const isMeant = (words: string): boolean =>
    program === "sbatch" ? /^\/usr\/bin\/sbatch /.test(words) : isHelper(words);
  return [...known].filter(([pid, { words }]) => isMeant(words) && isTheirs(pid, false)).map(([pid]) => pid);
}
