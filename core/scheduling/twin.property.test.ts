import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, personId, projectId } from "#core/ids.ts";
import {
  allocationOf,
  describe,
  emptyCentre,
  moveRun,
  needIn,
  type PoolRecord,
  roomBeside,
  sortOf,
} from "#core/scheduling/centres.ts";
import { untold } from "#core/scheduling/job-record.ts";
import { hasRoom } from "#core/scheduling/room.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { earliestFit, expectEnd, fitsBefore, mayFitBefore, mayHaveCores } from "./twin.ts";

const nowMs = 100_000;

const amounts = fc.record({
  cores: fc.integer({ min: 1, max: 4 }),
  mib: fc.integer({ min: 0, max: 300 }),
  cards: fc.constantFrom(0, 0, 1, 2),
});
type Amounts = { readonly cores: number; readonly mib: number; readonly cards: number };
const runs = fc.array(fc.record({ of: amounts, endsInS: fc.integer({ min: -2, max: 20 }) }), { maxLength: 8 });

test("on one node what is foretold is the plain sum of what ends by then, and nothing that may fit is ruled out", () => {
  let fitting = 0;
  fc.assert(
    fc.property(amounts, runs, amounts, fc.integer({ min: 0, max: 25 }), (more, running, asked, beforeS) => {
      const cores = 8 + more.cores;
      const [memoryMib, cards] = [100 + more.mib, 2 + more.cards];
      const pool = poolWith(cores, memoryMib, cards);
      const live: typeof running = [];
      for (const each of running) {
        const taken = sumOf([...live, each].map(({ of }) => of));
        if (taken.cores > cores || taken.mib > memoryMib || taken.cards > cards) continue;
        live.push(each);
        run(pool, each.of, nowMs + each.endsInS * 1000);
      }
      const need = needIn(shapeOf(asked), pool, asked.cards > 0 ? 0 : -1);
      const isFree = (atMs: number) => {
        const left = sumOf(live.filter(({ endsInS }) => nowMs + endsInS * 1000 > atMs).map(({ of }) => of));
        return (
          asked.cores <= cores - left.cores && asked.mib <= memoryMib - left.mib && asked.cards <= cards - left.cards
        );
      };
      const ends = live.map(({ endsInS }) => nowMs + endsInS * 1000).sort((a, b) => a - b);
      const first = ends.find(isFree);
      assert.equal(earliestFit(pool, need, 1000, nowMs), first === undefined ? null : Math.max(nowMs + 1, first));
      const beforeMs = nowMs + beforeS * 1000;
      assert.equal(fitsBefore(pool, need, beforeMs), first !== undefined && first < beforeMs);
      // What runs beyond its limit is there still.
      const isFreeNow = isFree(Number.NEGATIVE_INFINITY);
      assert.equal(mayFitBefore(pool, need, beforeMs), isFreeNow || (first !== undefined && first < beforeMs));
      if (mayFitBefore(pool, need, beforeMs)) {
        assert.ok(mayHaveCores(pool, asked.cores, beforeMs));
        fitting += 1;
      }
      assert.ok(!mayHaveCores(pool, cores + 1, beforeMs));
    }),
    { numRuns: 1000 },
  );
  assert.ok(fitting > 300 && fitting < 1000, `${fitting} may fit`);
});

test("on several nodes what is foretold is what is left beside the runs that end later, put on their nodes anew", () => {
  let fitting = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 3 }),
      runs,
      fc.integer({ min: 1, max: 2 }),
      amounts,
      (count, running, nodes, asked) => {
        const pool = poolWith(4, 300, 2, count);
        for (const each of running) run(pool, each.of, nowMs + each.endsInS * 1000);
        const shape = { ...shapeOf(asked), nodes, tasks: nodes };
        const need = needIn(shape, pool, asked.cards > 0 ? 0 : -1);
        for (const { endsMs } of pool.runs) {
          const later = pool.runs.filter((each) => each.endsMs > endsMs);
          const isRoom = hasRoom(roomBeside(pool, later), need);
          assert.equal(fitsBefore(pool, need, endsMs + 1), isRoom);
          if (isRoom) fitting += 1;
        }
      },
    ),
    { numRuns: 500 },
  );
  assert.ok(fitting > 300, `${fitting} fit`);
});

function sumOf(all: readonly Amounts[]): Amounts {
  const sum = (of: (one: Amounts) => number) => all.reduce((before, one) => before + of(one), 0);
  return { cores: sum(({ cores }) => cores), mib: sum(({ mib }) => mib), cards: sum(({ cards }) => cards) };
}

function poolWith(cores: number, memoryMib: number, cards: number, count = 1): PoolRecord {
  const centre = emptyCentre(centreId("alpha"));
  const pools = [
    poolOfNodes("main", [{ count, cores, memoryMib, accelerators: [{ vendor: "x", model: "npu", count: cards }] }]),
  ];
  const state = { lifeCycle: "in-service", intake: "open", connection: "connected", offers: noOffers } as const;
  describe(centre, { id: centre.id, driver: "slurm", ...state, accounts: null, pools });
  const [pool] = centre.pools;
  assert(pool);
  return pool;
}

function shapeOf({ cores, mib, cards }: Amounts) {
  const accelerators = cards === 0 ? null : { vendor: null, model: "npu", perNode: cards };
  return { nodes: 1, tasks: 1, coresPerTask: cores, memory: { kind: "per-node", mib } as const, accelerators };
}

function run(pool: PoolRecord, of: Amounts, endsMs: number): void {
  const allocation = allocationOf(shapeOf(of), pool, of.cards > 0 ? 0 : -1);
  const sort = sortOf(pool, { person: personId(1), project: projectId(1) }, allocation);
  moveRun(pool, sort, null, "running");
  const times = { placedMs: 0, startedMs: 0, endsMs, timeLimitS: 1, expectedS: 1 };
  expectEnd(pool, { attempt: 1, pool, sort, phase: "running", charged: null, ...untold, visits: false, ...times });
}
