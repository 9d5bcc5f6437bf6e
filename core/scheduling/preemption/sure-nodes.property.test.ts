import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, personId, projectId } from "#core/ids.ts";
import type { Allocation } from "#core/run-order.ts";
import { describe, emptyCentre, moveRun, type PoolRecord, poolOf, sortOf } from "#core/scheduling/centres.ts";
import { type LiveRun, untold } from "#core/scheduling/job-record.ts";
import { sureNodes } from "#core/scheduling/preemption/sure-nodes.ts";
import type { Need } from "#core/scheduling/room.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { expectEnd } from "#core/scheduling/twin.ts";

/**
 * A centre puts runs on its nodes as it likes. However it did, and whatever starts first of what it has not started yet,
 * there are at least as many nodes for the need as was said. A failure prints the seed.
 */
test("what is sure of nodes holds wherever the centre has put its runs", () => {
  let sure = 0;
  fc.assert(
    fc.property(
      nodes,
      runs,
      needs,
      fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      (sizes, asked, need, ends) => {
        const centre = settle(sizes, asked);
        const over = centre.runs.filter(({ live }, at) => ends[at] === true && live.phase === "running");
        const said = sureNodes(centre.pool, need, 0)(over.map(({ live }) => live));
        const found = freeAfter(centre, over, need);
        assert(said <= found, `${said} were sure, and there are ${found}`);
        if (said >= need.nodes) sure += 1;
      },
    ),
    { numRuns: 2_000 },
  );
  assert(sure > 200, `in ${sure} of 2000 cases it was sure`);
});

type Node = { readonly cores: number; readonly cards: number; readonly isUp: boolean };
type AskedRun = { readonly nodes: number; readonly cores: number; readonly cards: number; readonly from: number };
type Put = { readonly live: LiveRun; readonly on: readonly number[]; readonly asked: AskedRun };
type Centre = { readonly pool: PoolRecord; readonly nodes: readonly Node[]; readonly runs: readonly Put[] };

const nodes = fc.array(
  fc.record({
    cores: fc.constantFrom(4, 8, 8),
    cards: fc.constantFrom(0, 2),
    isUp: fc.constantFrom(true, true, true, false),
  }),
  { minLength: 2, maxLength: 6 },
);
const runs = fc.array(
  fc.record({
    nodes: fc.constantFrom(1, 1, 1, 2, 3),
    cores: fc.constantFrom(1, 2, 4, 8, 8),
    cards: fc.constantFrom(0, 0, 1, 2),
    from: fc.nat(5),
  }),
  { maxLength: 12 },
);
const needs = fc
  .record({ nodes: fc.constantFrom(1, 1, 2), cores: fc.constantFrom(2, 4, 8), cards: fc.constantFrom(0, 0, 1) })
  .map(
    ({ nodes: count, cores, cards }): Need => ({
      nodes: count,
      cores,
      memoryMib: 0,
      cards,
      device: cards === 0 ? -1 : 0,
    }),
  );

/** Each run on the first nodes, from one of its own choice on, that have room for it; one that finds none has not started. */
function settle(sizes: readonly Node[], asked: readonly AskedRun[]): Centre {
  const device = { vendor: "x", model: "npu" };
  const groups = sizes.map(({ cores, cards, isUp }) => ({
    cores,
    accelerators: cards === 0 ? [] : [{ ...device, count: cards }],
    state: isUp ? ("up" as const) : ("draining" as const),
  }));
  const record = emptyCentre(centreId("alpha"));
  const rest = { driver: "slurm", lifeCycle: "in-service", intake: "open", connection: "connected" } as const;
  describe(record, { id: record.id, ...rest, pools: [poolOfNodes("batch", groups)], offers: noOffers, accounts: null });
  const pool = poolOf(record, "batch");
  const free = sizes.map(({ cores, cards }) => ({ cores, cards }));
  const put = asked.map((one): Put => {
    const order = free.map((_, at) => (at + one.from) % free.length);
    const fitting = order.filter((at) => (free[at]?.cores ?? 0) >= one.cores && (free[at]?.cards ?? 0) >= one.cards);
    const on = fitting.length < one.nodes ? [] : fitting.slice(0, one.nodes);
    for (const at of on) take(free, at, one, 1);
    const allocation: Allocation = {
      nodes: one.nodes,
      tasks: one.nodes,
      coresPerTask: one.cores,
      coresPerNode: one.cores,
      memoryMibPerNode: 0,
      acceleratorsPerNode: one.cards,
      acceleratorVendor: one.cards === 0 ? null : device.vendor,
      acceleratorModel: one.cards === 0 ? null : device.model,
    };
    const sort = sortOf(pool, { person: personId(1), project: projectId(1) }, allocation);
    const phase = on.length > 0 ? "running" : "sent";
    moveRun(pool, sort, null, phase);
    const fresh = {
      attempt: 1,
      phase,
      endsMs: 1_000,
      startedMs: null,
      charged: null,
      placedMs: 0,
      timeLimitS: 0,
      expectedS: 0,
    } as const;
    const live: LiveRun = { ...fresh, ...untold, visits: false, pool, sort };
    expectEnd(pool, live);
    return { live, on, asked: one };
  });
  return { pool, nodes: sizes, runs: put };
}

function take(free: { cores: number; cards: number }[], at: number, { cores, cards }: AskedRun, sign: 1 | -1): void {
  const node = free[at];
  assert(node);
  node.cores -= sign * cores;
  node.cards -= sign * cards;
}

/** Nodes for the need in truth, when what had not started takes the best of what ends. */
function freeAfter({ nodes: sizes, runs: all }: Centre, over: readonly Put[], need: Need): number {
  const free = sizes.map(({ cores, cards }) => ({ cores, cards }));
  for (const { on, asked } of all.filter((one) => !over.includes(one))) for (const at of on) take(free, at, asked, 1);
  for (const { asked } of all.filter(({ on }) => on.length === 0)) {
    const fitting = [...free.keys()]
      .filter((at) => sizes[at]?.isUp && (free[at]?.cores ?? 0) >= asked.cores && (free[at]?.cards ?? 0) >= asked.cards)
      .sort((a, b) => (free[b]?.cores ?? 0) - (free[a]?.cores ?? 0));
    if (fitting.length >= asked.nodes) for (const at of fitting.slice(0, asked.nodes)) take(free, at, asked, 1);
  }
  return free.filter(
    (node, at) => sizes[at]?.isUp && node.cores >= need.cores && (need.cards === 0 || node.cards >= need.cards),
  ).length;
}
