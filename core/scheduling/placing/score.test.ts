import assert from "node:assert/strict";
import { test } from "node:test";
import { noOffers } from "#core/centre/engine.ts";
import { centreId } from "#core/ids.ts";
import { describe, emptyCentre, type PoolRecord } from "#core/scheduling/centres.ts";
import { costS, type Priced, scoreAt } from "#core/scheduling/placing/score.ts";
import { policies } from "#core/scheduling/policy.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";

const weighing = (secondsPerYuan: number) => ({ ...policies.weir.placing, secondsPerYuan });
const hours = {
  nodes: 2,
  tasks: 4,
  coresPerTask: 3,
  memory: { kind: "per-node", mib: 1000 },
  accelerators: null,
} as const;
const asked = { shape: hours, timeLimitS: 3000, graceS: 600 };

/** Of `dear`: two yuan a core-hour and ten a card-hour. There is `free` alone today, so a tariff is put in its place. */
const priced: Priced = {
  isFree: (list) => list !== "dear",
  microYuan: (_, amounts) => {
    const cards = amounts.get("milli-card-ms:x/npu") ?? 0n;
    return (2_000_000n * (amounts.get("core-ms") ?? 0n)) / 3_600_000n + (10_000_000n * cards) / 3_600_000_000n;
  },
};

function poolWith(priceList: string | undefined, speed = 1): PoolRecord {
  const centre = emptyCentre(centreId("alpha"));
  const nodes = [{ count: 4, cores: 8, accelerators: [{ vendor: "x", model: "npu", count: 2 }] }];
  const pools = [poolOfNodes("main", nodes, { speed, ...(priceList !== undefined && { priceList }) })];
  const state = { lifeCycle: "in-service", intake: "open", connection: "connected", offers: noOffers } as const;
  describe(centre, { id: centre.id, driver: "slurm", ...state, accounts: null, pools });
  return centre.pools[0] ?? assert.fail();
}

test("the price of a place is that of all that would be held there, in the seconds that a yuan is worth", () => {
  // 12 cores for 3 600 s, grace and all: 12 core-hours, 24 yuan.
  assert.equal(costS(weighing(60), asked, poolWith("dear"), priced), 3000 + 60 * 24);
  assert.equal(costS(weighing(100), asked, poolWith("dear"), priced), 3000 + 100 * 24);
  // What is held is by the limit, whatever the speed.
  assert.equal(costS(weighing(60), asked, poolWith("dear", 2), priced), 1500 + 60 * 24);
  const cards = { ...asked, shape: { ...hours, accelerators: { vendor: "x", model: null, perNode: 2 } } };
  assert.equal(costS(weighing(60), cards, poolWith("dear"), priced), 3000 + 60 * (24 + 40));
  for (const [placing, pool] of [
    [weighing(0), poolWith("dear")],
    [weighing(60), poolWith("free")],
    [weighing(60), poolWith(undefined)],
  ] as const)
    assert.equal(costS(placing, asked, pool, priced), 3000);
});

test("people are shown the same, apart from the rest", () => {
  const { priceS, runS, startsInS } = scoreAt(weighing(60), asked, poolWith("dear"), 5000, priced);
  assert.deepEqual([startsInS, runS, priceS], [5, 3000, 1440]);
});

test("with the tariffs that there are nothing costs anything, nor by a list that there is not", () => {
  for (const list of ["free", "dear", undefined]) assert.equal(costS(weighing(60), asked, poolWith(list)), 3000);
});
