import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "#api/client.ts";
import type { JobRequest } from "#api/job.ts";
import { type EngineOffers, noOffers, oneMachine } from "#core/centre/engine.ts";
import { centreId, jobId, runId } from "#core/ids.ts";
import { sampleAllocation } from "#core/sample-testing.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import { startTestServer, type TestServer } from "#server/http/testing.ts";
import { holds, until } from "#server/patience-testing.ts";
import { readRunOrders } from "#server/store/read-run-orders.ts";
import { readWorld } from "#server/store/read-world.ts";

// What centres offer for scripts, and a script that asks for it: from the request to the order that its centre gets.

let server: TestServer;
let client: Client;
before(async () => {
  server = await startTestServer();
  client = server.client();
  await server.db.pool.query(
    `insert into centre (id, name, driver, life_cycle, created_ms) values ('jinan', 'Jinan', 'simulated', 'in-service', 1)`,
  );
  await server.db.pool.query(
    `insert into pool (centre_id, name, contract, life_cycle) values ('jinan', 'short', 'dedicated', 'in-service')`,
  );
  await tell("jinan", offers);
  await until(async () => {
    const dry = await client.call("dryRun", { body: { command: ["true"], environment: { WEIR_SIM: "" } } });
    const fits =
      dry.kind === "answer" && dry.value.candidates.some((one) => one.centre === "jinan" && one.rule === null);
    return fits ? true : null;
  });
});
after(() => server.stop());

const offers: EngineOffers = {
  ...noOffers,
  aliases: { ...noOffers.aliases, partition: ["fast", "short"], licences: ["fem"] },
  partitionPools: { fast: "short" },
  software: ["gromacs/2024.1"],
  fileSystems: [{ name: "lustre", path: "/lustre", shared: true, purgeDays: 30 }],
  licences: [{ name: "fem", total: 4, free: 3 }],
};

async function tell(centre: string, what: EngineOffers): Promise<void> {
  const machine = { cores: 8, memoryMib: 16_384, memoryMibPerCore: 2048 };
  const engine = { pools: [{ ...oneMachine("n1", machine), name: "short" }], offers: what, mechanisms: {} };
  await server.db.pool.query("update centre set engine = $2, last_seen_ms = 1 where id = $1", [centre, engine]);
  await server.db.pool.query(
    "insert into event (at_ms, kind, centre_id, cause) values (1, 'centre-changed', $1, 'test')",
    [centre],
  );
}

const script =
  "#!/bin/sh\n#SBATCH --partition=fast --licenses=fem:2 --output=/lustre/li/out-%j\n#WEIR-SIM run=1s\ntrue\n";

async function refused(body: JobRequest, type: string): Promise<string> {
  const reply = await client.call("submit", { body });
  assert.equal(reply.kind === "problem" && reply.problem.type, `/api/problems/${type}`);
  return reply.kind === "problem" ? reply.problem.detail : "";
}

test("what centres offer is listed, of all and of one", async () => {
  const all = await client.call("offers", {});
  assert(all.kind === "answer");
  assert.deepEqual(
    all.value.offers.map(({ centre, inService }) => [centre, inService]),
    [
      ["jinan", true],
      ["local", true],
    ],
  );
  const one = await client.call("offers", { query: { centre: "jinan" } });
  assert(one.kind === "answer");
  assert.deepEqual(one.value.offers, [{ ...offers, centre: "jinan", inService: true }]);
});

test("an unchanged script goes where its words are known, the answer says so, and the centre is told the words", async () => {
  const reply = await client.call("submit", { body: { script, software: ["gromacs"] } });
  assert(reply.kind === "answer", JSON.stringify(reply));
  const [path = "", pinned = "", simulated = ""] = reply.value.warnings;
  assert.match(path, /--output \/lustre\/li\/out-%j is an absolute path/);
  assert.match(pinned, /the job can only run at: jinan$/);
  assert.equal(simulated, "simulated: nothing is executed if it goes to jinan");
  const { id } = reply.value;
  const shown = await client.call("job", { params: { job: id } });
  assert(shown.kind === "answer");
  assert.deepEqual(shown.value.spec.siteWords, { partition: ["fast"] });
  assert.deepEqual(shown.value.spec.licences, [{ name: "fem", count: 2 }]);

  // A server started now reads the same of the store.
  const events: WorldEvent[] = [];
  await readWorld(server.db, (event) => events.push(event));
  const queued = events.find((event) => event.kind === "job-queued" && event.job === id);
  const demands = {
    siteWords: { partition: ["fast"] },
    software: ["gromacs"],
    container: false,
    fileSystems: ["/lustre/li/out-%j"],
    licences: [{ name: "fem", count: 2 }],
  };
  assert.deepEqual(queued?.kind === "job-queued" && queued.demands, { ...demands, residency: [] });

  const ref = { job: jobId(id), index: 0, attempt: 1 };
  const epoch = await server.transitions.takeEpoch();
  const placement = { ...ref, centre: centreId("jinan"), pool: "short", allocation: sampleAllocation };
  const rest = { starts: "now", leaseMs: null, candidates: [] } as const;
  await server.transitions.place([{ ...placement, ...rest }], Date.now(), epoch);
  const [order] = await readRunOrders(server.db, [runId(ref)], 0, Date.now());
  assert.deepEqual(order?.demands, { ...demands, container: null, fileSystems: [] });
});

test("a job that asks for nothing of the kind carries none of it", async () => {
  const reply = await client.call("submit", { body: { command: ["true"] } });
  assert(reply.kind === "answer");
  const events: WorldEvent[] = [];
  await readWorld(server.db, (event) => events.push(event));
  const queued = events.find((event) => event.kind === "job-queued" && event.job === reply.value.id);
  assert.equal(queued?.kind === "job-queued" && queued.demands, null);
});

test("what nobody knows is refused with what is known; what is known elsewhere, with each centre's rule", async () => {
  assert.match(
    await refused({ script: "#!/bin/sh\n#SBATCH -p huge\n" }, "not-offered"),
    /--partition: partition "huge" is offered by no centre in service\. Known: fast, short\./,
  );
  assert.match(
    await refused({ command: ["gmx"], software: ["gromacs/2030"] }, "not-offered"),
    /Known: gromacs\/2024\.1/,
  );
  assert.match(
    await refused({ command: ["gmx"], software: ["gromacs"], centres: { only: ["local"] } }, "no-centre-fits"),
    /jinan: the job asks for local only; local: does not have the software gromacs/,
  );
  const words = { command: ["x"], siteWords: { qos: ["a b"] } };
  assert.match(await refused(words, "bad-option-value"), /without blanks/);
});

test("work that was not meant for it never goes to a simulated centre, and the answer says why", async () => {
  const body = { command: ["sh", "-c", "exit 3"] };
  const plain = await client.call("dryRun", { body });
  assert(plain.kind === "answer");
  assert.deepEqual(
    plain.value.candidates.map(({ centre, rule }) => [centre, rule]),
    [
      ["jinan", "only-simulated-work"],
      ["local", null],
    ],
  );
  assert.deepEqual([plain.value.wouldGoTo, plain.value.warnings], ["local", []]);
  assert.match(
    await refused({ ...body, nodes: 2 }, "no-centre-fits"),
    /jinan: is simulated, executes nothing, and takes only jobs that name it or say #WEIR-SIM; local: a process centre/,
  );
  const named = await client.call("dryRun", { body: { ...body, centres: { only: ["jinan"] } } });
  assert(named.kind === "answer");
  assert.equal(named.value.wouldGoTo, "jinan");
  assert.deepEqual(named.value.warnings, ["simulated: nothing is executed if it goes to jinan"]);
});

test("licences that a placed run will take are not promised again, and the dry run says so", async () => {
  await holds(async () => {
    const dry = await client.call("dryRun", { body: { script } });
    assert(dry.kind === "answer");
    assert.deepEqual(
      // What follows is the score, where it has one.
      dry.value.candidates.map(({ centre, rule, words }) => [centre, rule, words?.split("; score")[0]]),
      [
        ["jinan", "licences-busy", "needs 2 licences fem, 1 of 4 is free"],
        ["local", "unknown-word", "its tables have no --partition=fast"],
      ],
    );
    assert.equal(dry.value.wouldGoTo, null);
  });
});

test("a dry run of a job that depends on another says where it would go, and not that it starts now", async () => {
  const body = { command: ["true"], centres: { only: ["local"] } };
  const first = await client.call("submit", { body });
  assert(first.kind === "answer");
  const said = async (request: JobRequest) => {
    const dry = await client.call("dryRun", { body: request });
    assert(dry.kind === "answer");
    return [dry.value.wouldGet?.centre, dry.value.wouldGet?.startsNow, dry.value.start];
  };
  assert.deepEqual(await said(body), ["local", true, null]);
  const after = { ...body, dependencies: [{ kind: "afterok" as const, job: first.value.id }] };
  assert.deepEqual(await said(after), ["local", false, null]);
});
