import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client, Input } from "#api/client.ts";
import { noOffers } from "#core/centre/engine.ts";
import { type JoinedCentre, joinCentre } from "#server/http/joined-centre-testing.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { until } from "#server/patience-testing.ts";

/** Whole nodes, nodes at one switch and shares of an accelerator, from the submission to the order that an agent gets. */
let server: TestServer;
let client: Client;
let centre: JoinedCentre;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
  centre = await joinCentre(server, "jinan", "simulated");
  const engine = { pools: [pool], offers: noOffers, mechanisms: {} } as unknown as Input<"sync">["body"]["engine"];
  await centre.sync({ engine });
  // The scheduler hears of it by the feed.
  await until(async () => {
    const trial = await client.call("dryRun", { body: { ...work, nodes: 5 } });
    return trial.kind === "answer" ? true : null;
  });
});
after(() => server.stop());

const work = { command: ["true"], centres: { only: ["jinan"] } };
const accelerators = [{ vendor: "x", model: "npu", count: 2, parts: 4 }];
const amounts = { cores: 8, memoryMib: 8192, accelerators };
const leaf = (within: string, count: number) => {
  const names = `${within}-[1-${count}]`;
  return { names, count, state: "up", reason: null, features: [], within, ...amounts, free: amounts };
};
const pool = {
  name: "batch",
  state: "up",
  memoryMibPerCore: 1024,
  limits: { timeLimitS: null, leastNodes: 1, mostNodes: null },
  nodes: [leaf("leaf1", 2), leaf("leaf2", 3)],
  ours: { cores: 0, memoryMib: 0, accelerators: [] },
  foreign: { kind: "none" },
  row: "leaf1-[1-2],leaf2-[1-3]",
};

async function orderOf(body: Input<"submit">["body"]) {
  const { id } = await ok(client.call("submit", { body: { ...work, ...body } }));
  const order = await until(async () => (await centre.sync({ waitMs: 500 })).start.find(({ job }) => job === id));
  return { id, run: order.run, allocation: order.allocation };
}

test("an order says which nodes and what of them, and the job shows what was asked", async () => {
  const whole = await orderOf({ sbatchOptions: ["--exclusive"] });
  const { wholeNodes, coresPerNode, memoryMibPerNode, acceleratorsPerNode } = whole.allocation;
  assert.deepEqual([wholeNodes, coresPerNode, memoryMibPerNode, acceleratorsPerNode], [true, 8, 8192, 2]);
  const near = await orderOf({ sbatchOptions: ["-N2", "--switches=1"] });
  assert.equal(near.allocation.nodeGroups, 1);
  // Until the centre says where these are, four nodes in a row are not sure of the five.
  const on = (run: string, nodes: string) => ({ kind: "started" as const, run, atMs: 1, evidence: "seen", nodes });
  const { nodes: _, ...somewhere } = on(whole.run, "");
  await centre.sync({ observations: [somewhere, on(near.run, "leaf2-[1-2]")] });
  // Its engine may say later than that it runs on which node.
  await centre.sync({ observations: [on(whole.run, "leaf1-1")] });
  const row = await orderOf({ sbatchOptions: ["-N4", "--contiguous"] });
  assert.equal(row.allocation.contiguous, true);
  const part = await orderOf({ accelerators: { vendor: "x", perNode: 1, shareMilli: 300 } });
  assert.equal(part.allocation.acceleratorShareMilli, 500, "whole parts: two of four");

  const { spec } = await ok(client.call("job", { params: { job: whole.id } }));
  assert.equal(spec.wholeNodes, true);
  assert.equal((await ok(client.call("job", { params: { job: row.id } }))).spec.contiguous, true);
  const shown = await ok(client.call("job", { params: { job: part.id } }));
  assert.deepEqual(shown.spec.accelerators, { vendor: "x", model: null, perNode: 1, shareMilli: 300 });
  const { nodes } = await ok(client.call("nodes", { query: {} }));
  assert.deepEqual(nodes.find(({ name }) => name === "leaf1-[1-2]")?.within, "leaf1");
  assert.deepEqual(
    nodes.filter(({ within }) => within).map(({ name, coresInUse, runs }) => [name, coresInUse, runs]),
    [
      ["leaf1-[1-2]", coresPerNode, 1],
      ["leaf2-[1-3]", 2 * near.allocation.coresPerNode, 1],
    ],
  );
});

test("what a centre cannot give is refused, and what it cannot give now waits, naming its rule in both languages", async () => {
  const refused = async (body: Input<"submit">["body"], language: "en" | "zh") => {
    const answer = await server.client(server.token, language).call("submit", { body: { ...work, ...body } });
    return answer.kind === "problem" ? JSON.stringify(answer.problem) : assert.fail("it was taken");
  };
  const far = { nodes: 4, nodeGroups: 1 };
  assert.match(await refused(far, "en"), /needs 4 nodes within 1 group \(switches\), pool batch has 3 such nodes/);
  assert.match(
    await refused(far, "zh"),
    /需要 4 个位于 1 个节点组（交换机）之内的节点，资源池 batch 如此相邻的有 3 个/,
  );
  assert.match(await refused({ nodes: 6, contiguous: true }, "en"), /needs 6 nodes .*has 5/);
  const { id } = await ok(client.call("submit", { body: { ...work, nodes: 5, wholeNodes: true } }));
  const why = async (language: "en" | "zh") => {
    const { candidates } = await ok(
      server.client(server.token, language).call("why", { params: { job: id }, query: {} }),
    );
    return candidates.find((one) => one.centre === "jinan")?.words ?? "";
  };
  const busy = /needs 5 whole nodes of 8 cores, \d of pool batch are empty/;
  await until(async () => (busy.test(await why("en")) ? true : null));
  assert.match(await why("zh"), /需要 5 个整节点（各 8 核）/);
});
