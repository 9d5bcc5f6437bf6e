import assert from "node:assert/strict";
import { chownSync, existsSync, linkSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { requires } from "../../../tools/requirement.ts";
import { type Cluster, type Clusters, clusterOf, startClusters } from "../../../tools/slurm/clusters.ts";
import { type ByToken, layByToken } from "./by-token-testing.ts";
import { examineSite } from "./doctor.ts";
import { arrayOrders, makeTestSite, orderOf, type TestAgent, type TestSite } from "./site-testing.ts";

// Users lend the agent their own tokens, on real clusters: weir-as is not there, and nothing of the agent's is root's.

const [li, wang, zhao] = ["weirt-li", "weirt-wang", "weirt-zhao"] as const;

describe("users lend their own tokens", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let byToken: ByToken;
  const places = new Map<string, Place>();
  before(async () => {
    clusters = await startClusters({ nodeTimeoutS: 5 });
    byToken = layByToken(clusters);
    for (const name of ["jinan", "qingdao"] as const) {
      const { shared, tokens, site: said } = byToken.at(name);
      const site = makeTestSite(clusters, name, { site: said });
      rmSync(site.helper);
      places.set(name, { name, shared, tokens, cluster: clusterOf(clusters, name), site, agent: await site.open() });
    }
  });
  after(async () => {
    for (const { agent } of places.values()) await agent.driver.close();
    await clusters?.stop();
    for (const { site } of places.values()) site.remove();
    byToken?.remove();
  });
  const at = (name: string) => places.get(name) ?? assert.fail(`no ${name}`);
  const lend = ({ name }: Place, user: string, ...words: readonly string[]) => byToken.lend(name, user, ...words);
  const readiness = ({ agent }: Place, person: number) =>
    agent.driver.mapping.entries().find((entry) => entry.person === person)?.readiness;
  const becomes = (place: Place, person: number, kind: string) =>
    place.agent.until(() => readiness(place, person)?.kind === kind);
  const uidOf = (user: string) => clusters.users.find(({ name }) => name === user)?.uid ?? assert.fail(`no ${user}`);
  const of = (person: number) => ({ person: { id: person, name: "p" } });

  describe("at once", { concurrency: 3 }, () => {
    for (const name of ["jinan", "qingdao"] as const) whole(name);
    harm();
  });

  function whole(name: "jinan" | "qingdao"): void {
    describe(name, { concurrency: 1 }, () => {
      test("nobody is ready until they have lent a token, and a job of their own has run", async () => {
        const place = at(name);
        await becomes(place, 1, "needs-credential");
        const lent = await lend(place, li, "--lifespan", "900");
        assert.deepEqual([lent.status, lent.stderr], [0, ""], lent.stdout);
        assert.match(lent.stdout, /^taken; a small job of yours proves it next, until /);
        await becomes(place, 1, "ready");
        assert.equal(readiness(place, 2)?.kind, "needs-credential");
        assert.match((await lend(place, li, "--status")).stdout, /^in force, until /);
        assert.deepEqual([(await lend(place, wang, "--status")).status], [1]);
      });

      describe("runs", { concurrency: 6 }, () => {
        test("exit code, output of both streams, input files and arguments", async () => {
          const { agent } = at(name);
          const script = "id -un; cat data.txt; umask; echo wrong >&2; exit 3";
          const contentBase64 = Buffer.from("from the order\n").toString("base64");
          const ended = await agent.run(script, {
            inputFiles: [{ path: "data.txt", executable: false, contentBase64 }],
          });
          assert.deepEqual(ended.end, { kind: "failed", exitCode: 3 });
          assert.match(await agent.log(ended.run), /^weirt-li\nfrom the order\n0\d+\n$/);
          assert.equal(await agent.log(ended.run, "stderr"), "wrong\n");
        });

        test("a signal, the time limit, and more memory than asked for", async () => {
          const { agent } = at(name);
          const [killed, late, large] = await Promise.all([
            agent.run("kill -9 $$"),
            agent.run("sleep 100", { timeLimitS: 2 }),
            agent.run(`exec perl -e 'my $x = "x" x 300_000_000; sleep 30'`),
          ]);
          assert.deepEqual(killed.end, { kind: "signalled", signal: 9 });
          assert.deepEqual([late.end.kind, large.end], ["timed-out", { kind: "out-of-memory" }]);
        });

        test("a cancel while it runs, and one in the queue", async () => {
          const { agent, cluster } = at(name);
          const [running, queued] = [orderOf("sleep 100"), orderOf("true", { pool: "short" })];
          await cluster.run("root", ["scontrol", "update", "PartitionName=short", "State=DOWN"]);
          await Promise.all([agent.queue(running), agent.queue(queued)]);
          assert.equal(await agent.driver.withdraw?.(queued.run), "asked");
          assert.equal((await agent.ended(queued.run)).end.kind, "withdrawn");
          await cluster.run("root", ["scontrol", "update", "PartitionName=short", "State=UP"]);
          await agent.started(running.run);
          assert.equal(await agent.driver.cancel(running.run), "cancelling");
          assert.deepEqual((await agent.ended(running.run)).end, { kind: "cancelled", by: "user", reason: null });
        });

        test("tasks of an array see the whole of it, and end each for itself", async () => {
          const { agent } = at(name);
          const script = "echo $SLURM_ARRAY_TASK_COUNT $SLURM_ARRAY_TASK_ID\nexit $((SLURM_ARRAY_TASK_ID / 10))";
          const array = { ranges: [{ first: 0, last: 398, step: 2 }], throttle: null };
          const orders = arrayOrders(script, array, [10, 20, 60]);
          const ids = await Promise.all(orders.map((order) => agent.queue(order)));
          assert.equal(new Set(ids).size, 1, "they travel as one array");
          for (const [nth, order] of orders.entries()) {
            assert.deepEqual((await agent.ended(order.run)).end, { kind: "failed", exitCode: [1, 2, 6][nth] });
            assert.equal(await agent.log(order.run), `200 ${order.index}\n`);
          }
        });

        test("output that the user names elsewhere is theirs alone, and the agent says where it lies", async () => {
          const { agent, cluster } = at(name);
          const file = join(cluster.sharedFolder, li, "named.out");
          const ended = await agent.run("echo mine", { stdout: file });
          assert.deepEqual([ended.end.kind, readFileSync(file, "utf8")], ["succeeded", "mine\n"]);
          assert.match(await agent.log(ended.run), /lies in .*named\.out, where only its owner can read it/);
        });
      });

      test("what a run leaves is for its user and the agent; what is removed goes, the rest at the next turn", async () => {
        const { agent, cluster, shared, tokens } = at(name);
        const ended = await agent.run("echo secret; mkdir kept; chmod 700 kept");
        const runs = join(shared, "runs", li);
        const chunk = readdirSync(runs).find((one) => one.includes(`-${ended.run}-`)) ?? assert.fail("no folder");
        for (const path of [runs, join(runs, chunk, `${ended.run}-0`, "stdout"), tokens, join(shared, "drop")])
          assert.notEqual((await cluster.run(zhao, ["ls", path])).status, 0, path);
        assert.equal((await cluster.run(li, ["ls", runs])).status, 0);
        const token = join(tokens, String(uidOf(li)));
        assert.deepEqual([statSync(token).mode & 0o777, statSync(token).uid], [0o600, clusters.agentUser.uid]);
        await agent.driver.remove(ended.run);
        assert.deepEqual(
          readdirSync(runs).filter((one) => one.includes(ended.run)),
          [`.gone-${chunk}`],
        );
        assert.equal((await lend(at(name), li, "--lifespan", "900")).status, 0);
        assert.deepEqual(
          readdirSync(runs).filter((one) => one.startsWith(".gone-")),
          [],
        );
      });

      test("the token ends under work: nothing is lost or doubled, and what has to wait is done once it is renewed", async () => {
        const place = at(name);
        const { agent, cluster, shared } = place;
        const flag = join(cluster.sharedFolder, wang, "go-on");
        assert.equal((await lend(place, wang, "--lifespan", "900")).status, 0);
        await becomes(place, 2, "ready");
        const [lives, goesOn, late] = [
          orderOf(`until [ -e ${flag} ]; do sleep 0.1; done; exit 4`, of(2)),
          orderOf("sleep 100", of(2)),
          orderOf("exit 5", of(2)),
        ];
        const queued = orderOf("true", { ...of(2), pool: "short" });
        const short = (state: string) =>
          cluster.run("root", ["scontrol", "update", "PartitionName=short", `State=${state}`]);
        await short("DOWN");
        await Promise.all([agent.queue(lives), agent.queue(goesOn), agent.queue(queued)]);
        await Promise.all([agent.started(lives.run), agent.started(goesOn.run)]);
        assert.equal((await lend(place, wang, "--lifespan", "15")).status, 0);
        await becomes(place, 2, "needs-credential");
        await agent.until(() => /has ended at .*: weir-delegate/.test(JSON.stringify(readiness(place, 2))));
        const answer = await agent.driver.start(late);
        assert.match(answer.kind === "busy" ? answer.words : answer.kind, /waits for its user's own credential/);
        assert.equal(await agent.driver.cancel(goesOn.run), "cancelling");
        await agent.until(() => agent.notes.some((note) => /a cancel waits until its user has lent/.test(note)));
        assert.equal(await agent.driver.withdraw?.(queued.run), "asked");
        const remarkOf = (run: string) => agent.seen.find((one) => one.kind === "remark" && one.run === run);
        await agent.until(() => remarkOf(goesOn.run) !== undefined && remarkOf(queued.run) !== undefined);
        for (const [run, words] of [
          [goesOn.run, /^was asked to end: it waits/],
          [queued.run, /^was asked back, unless it has started: it waits/],
        ] as const) {
          const remark = remarkOf(run);
          assert.deepEqual(remark?.kind === "remark" && remark.cancelWaits, "credential");
          assert.match(remark?.kind === "remark" ? remark.words : "", words);
        }
        writeFileSync(flag, "");
        if (name === "qingdao")
          // Nothing is hidden from the agent there: it sees the end with its own eyes.
          assert.deepEqual((await agent.ended(lives.run)).end, { kind: "failed", exitCode: 4 });
        else {
          const record = readdirSync(join(shared, "runs", wang)).find((one) => one.includes(`-${lives.run}-`));
          await agent.until(() => existsSync(join(shared, "runs", wang, record ?? "", `${lives.run}-0`, "ended")));
          // The agent sees nothing of the job there, and takes that for no end of it.
          await delay(5_000);
          assert.equal(endsOf(agent, lives.run), 0);
        }
        assert.equal((await lend(place, wang, "--lifespan", "900")).status, 0);
        assert.deepEqual((await agent.ended(lives.run)).end, { kind: "failed", exitCode: 4 });
        assert.deepEqual((await agent.ended(goesOn.run)).end, { kind: "cancelled", by: "user", reason: null });
        assert.equal((await agent.ended(queued.run)).end.kind, "withdrawn");
        await short("UP");
        const told = agent.seen.flatMap((one) => (one.kind === "remark" && one.run === goesOn.run ? [one] : []));
        assert.deepEqual(
          told.map(({ cancelWaits }) => cancelWaits),
          ["credential", null],
        );
        await becomes(place, 2, "ready");
        await agent.queue(late);
        assert.deepEqual((await agent.ended(late.run)).end, { kind: "failed", exitCode: 5 });
        assert.equal(endsOf(agent, lives.run), 1);
      });
    });
  }

  function harm(): void {
    describe("somebody who means harm", { concurrency: 1 }, () => {
      const drops = ({ shared }: Place) => readdirSync(join(shared, "drop"));
      const tokenOf = (place: Place, user: string) => join(place.tokens, String(uidOf(user)));
      const dropped = (token: string) => `ask=delegate\ntoken=${token}\nend=1\n`;

      test("lends for nobody else: not by another's token, another's file, a link or a pipe", async () => {
        const place = at("qingdao");
        const { agent, cluster, shared } = place;
        await agent.until(() => existsSync(tokenOf(place, li)));
        await becomes(place, 1, "ready");
        const stolen = (await cluster.run(li, ["scontrol", "token", "lifespan=300"])).stdout
          .replace("SLURM_JWT=", "")
          .trim();
        const name = "0123456789abcdef0123456789abcdef";
        const put = (as: string, text: string) =>
          cluster.run(as, [
            "sh",
            "-c",
            `umask 027; printf '${text.replaceAll("\n", "\\n")}' > ${shared}/drop/.${name}; mv ${shared}/drop/.${name} ${shared}/drop/${name}`,
          ]);
        await put(zhao, dropped(stolen));
        await agent.until(() =>
          agent.notes.some((note) => /was refused: the token is not weirt-zhao's own/.test(note)),
        );
        assert.equal(existsSync(tokenOf(place, zhao)), false);
        // Of li's own file, as a hard link that a careless kernel might let others make.
        const theirs = join(cluster.sharedFolder, li, "theirs");
        writeFileSync(theirs, dropped("aaaa.bbbb.cccc").replace("delegate", "remove"), { mode: 0o644 });
        chownSync(theirs, uidOf(li), clusters.agentUser.gid);
        linkSync(theirs, join(shared, "drop", name));
        await agent.until(() => drops(place).length === 0);
        await cluster.run(zhao, ["ln", "-s", theirs, join(shared, "drop", name)]);
        await cluster.run(zhao, ["mkfifo", join(shared, "drop", "a-pipe")]);
        await put(zhao, "ask=delegate\ntoken=");
        await agent.until(() => drops(place).length === 0);
        assert.match(readFileSync(tokenOf(place, li), "utf8"), /^token=(?!aaaa)/m);
        assert.notEqual((await cluster.run("root", [byToken.weirDelegate, "--folder", shared])).status, 0);
        assert.match(
          (await lend(place, zhao, "--folder", cluster.sharedFolder)).stderr,
          /written by others|No such file/,
        );
      });

      test("takes another's place in the folder of runs: it is moved aside", async () => {
        const place = at("qingdao");
        const { agent, cluster, shared } = place;
        await cluster.run(wang, ["mkdir", join(shared, "runs", zhao)]);
        await agent.until(() =>
          agent.notes.some((note) => /runs\/weirt-zhao was made by uid \d+, whose name it is not/.test(note)),
        );
        assert.equal((await lend(place, zhao)).status, 0);
        await becomes(place, 3, "ready");
        assert.equal(statSync(join(shared, "runs", zhao)).uid, uidOf(zhao));
      });

      test("leads the agent to files of others by output, record, folder and link: it reads and removes none", async () => {
        const place = at("qingdao");
        const { agent, cluster, shared } = place;
        const [token, ofLi] = [tokenOf(place, li), await agent.run("echo secret of li")];
        const scripts = {
          "a link to the agent's own": `ln -sf ${token} ../stdout`,
          "a link to another's output": `ln -sf ${shared}/runs/${li} ../stdout`,
          "a record that says so": `sed -i 's|^stdout=.*|stdout=${token}|' ../started`,
          "a record with a way out": `sed -i 's|^stdout=.*|stdout=${shared}/runs/${zhao}/../${li}/x|' ../started`,
          "a pipe": "rm ../stdout; mkfifo ../stdout",
        };
        const tried = Object.entries(scripts).map(async ([what, script]) => {
          const { run } = await agent.run(`echo own; ${script}; sleep 1`, of(3));
          const read = await agent.log(run);
          assert.match(read, /^\(/, `${what}: ${read}`);
          assert.doesNotMatch(read, /secret|token=/, what);
        });
        await Promise.all(tried);
        // A run's folder, and then the whole chunk's, is exchanged for a link to what is another's.
        const runs = join(shared, "runs", zhao);
        const exchanged = async (target: string, what: (chunk: string, run: string) => string) => {
          const ended = await agent.run("true", of(3));
          const chunk = readdirSync(runs).find((one) => one.includes(`-${ended.run}-`)) ?? assert.fail("no chunk");
          const path = what(chunk, ended.run);
          const done = await cluster.run(zhao, [
            "sh",
            "-c",
            `cd ${runs} && mv ${path} ${path}.aside && ln -s ${target} ${path}`,
          ]);
          assert.equal(done.status, 0, done.stderr);
          assert.match(await agent.log(ended.run), /^\(/, target);
          return ended.run;
        };
        const chunkOfLi = readdirSync(join(shared, "runs", li)).find((one) => one.includes(`-${ofLi.run}-`));
        await exchanged(`${shared}/runs/${li}/${chunkOfLi}/${ofLi.run}-0`, (chunk, run) => `${chunk}/${run}-0`);
        const run = await exchanged(place.tokens, (chunk) => chunk);
        await agent.driver.remove(run).catch(() => {});
        assert.ok(existsSync(token));
        assert.equal(await agent.log(ofLi.run), "secret of li\n");
        assert.equal((await agent.run("exit 0")).end.kind, "succeeded");
      });

      test("rules Slurm: nothing of theirs is taken (P1)", async () => {
        const place = at("jinan");
        await becomes(place, 3, "needs-credential");
        const modify = (level: string) =>
          place.cluster.run("root", [
            "sacctmgr",
            "-i",
            "modify",
            "user",
            "where",
            `name=${zhao}`,
            "set",
            `adminlevel=${level}`,
          ]);
        await modify("Operator");
        const refused = await lend(place, zhao);
        await modify("None");
        assert.deepEqual(
          [refused.status, /is an administrator of Slurm/.test(refused.stdout)],
          [1, true],
          refused.stdout,
        );
        assert.equal(existsSync(tokenOf(place, zhao)), false);
      });
    });
  }

  test("a submission that ended before its order was written is prepared again", async () => {
    const { agent, cluster, shared } = at("qingdao");
    const order = orderOf("cat data; exit 7", {
      inputFiles: [{ path: "data", executable: false, contentBase64: Buffer.from("in\n").toString("base64") }],
    });
    const mark = readdirSync(join(shared, "runs", li))
      .find((one) => /^[a-z0-9]{8}-/.test(one))
      ?.slice(0, 8);
    const chunk = join(shared, "runs", li, `${mark}-${order.run}-1`);
    const asAgent = `umask 0; mkdir -m 3777 ${chunk} && cd ${chunk} && mkdir -m 755 input && echo torn > .order && ls -a`;
    const left = await cluster.run(clusters.agentUser.name, ["sh", "-c", asAgent]);
    assert.equal(left.status, 0, left.stderr);
    await agent.queue(order);
    assert.deepEqual((await agent.ended(order.run)).end, { kind: "failed", exitCode: 7 });
    assert.equal(await agent.log(order.run), "in\n");
    assert.ok(agent.notes.some((note) => /in doubt.*has no order/.test(note)));
  });

  test("the agent starts again under a run; then the user takes back what they lent", async () => {
    const place = at("qingdao");
    const go = join(place.cluster.sharedFolder, li, "go-on-too");
    const order = orderOf(`until [ -e ${go} ]; do sleep 0.1; done; exit 6`, { timeLimitS: 600 });
    const engineId = await place.agent.queue(order);
    await place.agent.started(order.run);
    await place.agent.driver.close();
    writeFileSync(go, "");
    const agent = await place.site.open();
    places.set("qingdao", { ...place, agent });
    assert.deepEqual((await agent.ended(order.run)).end, { kind: "failed", exitCode: 6 });
    // What an agent that has lost its disk would go by.
    const chunk = readdirSync(join(place.shared, "runs", li)).find((one) => one.includes(`-${order.run}-`)) ?? "";
    const known = await agent.driver.engine.chunks(li, `${chunk.split("-")[0]}-`);
    const found = known.find((one) => one.chunk === chunk);
    assert.deepEqual([found?.engineId, found?.runs], [engineId, [{ index: 0, run: order.run }]]);
    const removed = await lend(place, li, "--remove");
    assert.match(removed.stdout, /^it is forgotten/, removed.stderr);
    await becomes(at("qingdao"), 1, "needs-credential");
    assert.equal(existsSync(join(place.tokens, String(uidOf(li)))), false);
  });

  test("a cancel that waits for a credential is not forgotten by a restart, though nobody asks again", async () => {
    const place = at("qingdao");
    const waits = ({ seen }: TestAgent, run: string) =>
      seen.some((one) => one.kind === "remark" && one.run === run && one.cancelWaits === "credential");
    assert.equal((await lend(place, li, "--lifespan", "900")).status, 0);
    await becomes(place, 1, "ready");
    const order = orderOf("sleep 100");
    await place.agent.queue(order);
    await place.agent.started(order.run);
    assert.equal((await lend(place, li, "--remove")).status, 0);
    await becomes(place, 1, "needs-credential");
    assert.equal(await place.agent.driver.cancel(order.run), "cancelling");
    assert.ok(waits(place.agent, order.run));
    await place.agent.driver.close();
    const agent = await place.site.open();
    places.set("qingdao", { ...place, agent });
    await agent.until(() => waits(agent, order.run));
    assert.equal((await lend(place, li, "--lifespan", "900")).status, 0);
    assert.deepEqual((await agent.ended(order.run)).end, { kind: "cancelled", by: "user", reason: null });
  });

  test("no token is in notes, in the notebook or in the agent's folder; the doctor names the mode", async () => {
    for (const { agent, site, tokens } of places.values()) {
      const kept = readdirSync(tokens).map((one) => /^token=(.+)$/m.exec(readFileSync(join(tokens, one), "utf8"))?.[1]);
      assert.ok(kept.length > 0);
      const { folder } = site.settings;
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
      const texts = [...agent.notes, ...files.map((one) => readFileSync(join(one.parentPath, one.name), "utf8"))];
      for (const token of kept) assert.ok(token && !texts.some((text) => text.includes(token)));
      const findings = await examineSite(site.settings.site, folder, site.settings.identity);
      const mode = findings.find(({ name }) => name === "mode");
      assert.match(mode?.words ?? "", /users lend their own tokens/, JSON.stringify(findings));
    }
  });
});

function endsOf({ seen }: TestAgent, run: string): number {
  return seen.filter((one) => one.kind === "ended" && one.run === run).length;
}

type Place = {
  readonly name: "jinan" | "qingdao";
  readonly shared: string;
  readonly tokens: string;
  readonly cluster: Cluster;
  readonly site: TestSite;
  readonly agent: TestAgent;
};
