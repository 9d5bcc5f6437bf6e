import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId, tenantId } from "#core/ids.ts";
import {
  allocationOf,
  describe,
  emptyCentre,
  moveRun,
  needIn,
  type PoolRecord,
  sortOf,
} from "#core/scheduling/centres.ts";
import { offerOf } from "#core/scheduling/fit.ts";
import { type JobRecord, untold } from "#core/scheduling/job-record.ts";
import { policies } from "#core/scheduling/policy.ts";
import { indicesOf } from "#core/scheduling/positions.ts";
import { type Ask, emptyQueue, intern } from "#core/scheduling/queue.ts";
import { rankingOf } from "#core/scheduling/ranking.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { emptySubmitters, submitterOf } from "#core/scheduling/submitters.ts";
import { expectEnd, reserveAt, withdraw } from "#core/scheduling/twin.ts";
import { likelyPools } from "./likely.ts";
import { beginWalk, changed, type Walk } from "./walk.ts";

const nowMs = 1_000_000;

const asked = fc.record({
  nodes: fc.constantFrom(1, 1, 1, 2),
  cores: fc.integer({ min: 1, max: 6 }),
  mib: fc.integer({ min: 1, max: 400 }),
  cards: fc.constantFrom(0, 0, 1, 2),
  share: fc.constantFrom(undefined, undefined, 500),
  limitS: fc.integer({ min: 1, max: 60 }),
});
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;

const network = fc.record({
  pools: fc.array(
    fc.record({
      count: fc.constantFrom(1, 1, 2, 3),
      cores: fc.integer({ min: 1, max: 8 }),
      mib: fc.integer({ min: 100, max: 800 }),
      cards: fc.nat(3),
      contract: fc.constantFrom("dedicated", "dedicated", "shared"),
      foreign: fc.constantFrom("none", "none", "seen"),
      sharePercent: fc.constantFrom(null, null, 50),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  runs: fc.array(fc.record({ asked, endsInS: fc.integer({ min: 1, max: 60 }), pool: fc.nat(3) }), { maxLength: 8 }),
  places: fc.array(fc.record({ asked, inS: fc.integer({ min: 1, max: 40 }), pool: fc.nat(3) }), { maxLength: 4 }),
  wanted: fc.array(asked, { minLength: 1, maxLength: 12 }),
});

test("where work may start, likely pools leave out none, whatever places are given and taken back meanwhile", () => {
  let left = 0;
  let offered = 0;
  fc.assert(
    fc.property(network, ({ pools: told, runs, places, wanted }) => {
      const centres = told.map((each, at) => centreOf(at, each));
      const pools = centres.flatMap((centre) => centre.pools);
      const queue = emptyQueue(rankingOf(policies.weir), emptySubmitters(policies.weir));
      const askOf = (each: Asked) => intern(queue, wantsOf(each), centres);
      for (const { asked: each, endsInS, pool } of runs) run(pools[pool], askOf(each), nowMs + endsInS * 1000);
      const asks = wanted.map(askOf);
      const check = (walk: Walk) => {
        for (const ask of asks) {
          const likely = likelyPools(walk, ask.group, nowMs + ask.timeLimitS * 1000);
          for (const pool of ask.group.pools) {
            if (likely.includes(pool)) continue;
            assert.equal(offerOf(ask, pool, nowMs), null, `${pool.centre.id} takes ${ask.key}`);
            left += 1;
          }
          offered += likely.length;
        }
      };
      const first = beginWalk(nowMs);
      check(first);
      const given = places.flatMap(({ asked: each, inS, pool: at }, number) => {
        const [pool, ask] = [pools[at], askOf(each)];
        if (!pool || !ask.group.pools.includes(pool)) return [];
        const holder = { job: jobOf(ask, number), position: 0 };
        const need = needIn(ask.shape, pool, ask.shape.accelerators ? 0 : -1);
        reserveAt(pool, holder, need, nowMs + inS * 1000, ask.timeLimitS * 1000, nowMs);
        changed(first, pool);
        check(first);
        return [{ pool, holder }];
      });
      const second = beginWalk(nowMs);
      check(second);
      for (const { pool, holder } of given) {
        withdraw(pool, holder);
        changed(second, pool);
        check(second);
      }
    }),
    { numRuns: 1000 },
  );
  assert.ok(left > 1000 && offered > 1000, `${left} left out, ${offered} not`);
});

function centreOf(at: number, told: (typeof network extends fc.Arbitrary<infer T> ? T : never)["pools"][number]) {
  const { count, cores, mib, cards, contract, foreign, sharePercent } = told;
  const centre = emptyCentre(centreId(`c${at}`));
  const accelerators = cards === 0 ? [] : [{ vendor: "x", model: "npu", count: cards, parts: 4 }];
  const size = { cores, memoryMib: mib, accelerators };
  const free = { ...size, cores: Math.max(0, cores - 1) };
  const pool = poolOfNodes("main", [{ count, ...size, free }], { contract, foreign, sharePercent });
  const { id } = centre;
  const state = { lifeCycle: "in-service", intake: "open", connection: "connected", offers: noOffers } as const;
  describe(centre, { id, driver: "slurm", ...state, accounts: null, pools: [pool] });
  return centre;
}

function wantsOf({ nodes, cores, mib, cards, share, limitS }: Asked) {
  const shareMilli = cards === 1 && nodes === 1 ? share : undefined;
  const accelerators = { vendor: null, model: "npu", perNode: cards, ...(shareMilli !== undefined && { shareMilli }) };
  const shape = {
    ...{ nodes, tasks: nodes, coresPerTask: cores, memory: { kind: "per-node", mib } as const },
    accelerators: cards === 0 ? null : accelerators,
  };
  const who = { person: personId(1), project: projectId(1) };
  const plain = { wishes: { only: [], except: [], prefer: [] }, graceS: 0, demands: null, bounds: null };
  return { shape, timeLimitS: limitS, ...plain, ...who };
}

function run(pool: PoolRecord | undefined, ask: Ask, endsMs: number): void {
  if (!pool || !ask.group.pools.includes(pool)) return;
  const allocation = allocationOf(ask.shape, pool, ask.shape.accelerators ? 0 : -1);
  const sort = sortOf(pool, { person: personId(1), project: projectId(1) }, allocation);
  moveRun(pool, sort, null, "running");
  const times = { placedMs: 0, startedMs: 0, endsMs, timeLimitS: ask.timeLimitS, expectedS: ask.timeLimitS };
  expectEnd(pool, { attempt: 1, pool, sort, phase: "running", charged: null, ...untold, visits: false, ...times });
}

function jobOf(ask: Ask, number: number): JobRecord {
  const [project, person] = [projectId(1), personId(1)];
  const submitter = submitterOf(emptySubmitters(policies.weir), tenantId(1), project, person);
  const who = { project, person, submitter, name: "", priority: "normal", preemptible: "no" } as const;
  const none = { ended: null, failed: null, attempts: null, live: null, told: null, moves: null, madeWay: null };
  const alone = {
    throttle: null,
    deadline: null,
    waits: null,
    home: null,
    data: null,
    warnS: 0,
    ofArray: false,
    endedCount: 0,
  };
  const state = { ask, queued: [0, 1], complete: false, inQueue: false };
  return { id: jobId(number + 1), submittedMs: 0, ...who, indices: indicesOf(null), ...none, ...alone, ...state };
}
