import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fragmentation } from "#core/scheduling/packing/fragmentation.ts";
import { growthIn } from "#core/scheduling/packing/growth.ts";
import type { DeviceNeed, NodeLeft } from "#core/scheduling/packing/node-left.ts";
import { policies } from "#core/scheduling/policy.ts";
import type { Cell } from "#core/scheduling/room.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";

const whereCards = (expected: string) => `
  centre alpha 64 cores 5 x/npu
  centre beta  64 cores 3 x/npu
  job    four  cards 4 x/npu
  place
  end    four ok
  job    one   cards 1 x/npu
  expect one starts ${expected}
`;

test("a single card is taken where four together are not, if others ask for four", () => {
  runScenario(whereCards("beta"), policies.easy);
});

test("without backfill the most free cards are taken, as ever", () => {
  runScenario(whereCards("alpha"), policies.fcfs);
});

test("work without cards keeps off the cores that work with cards needs", () => {
  const text = `
    centre alpha 8 cores 2 x/npu
    centre beta  6 cores
    job    both  cores 8 cards 2 x/npu
    place
    end    both ok
    job    plain cores 4`;
  runScenario(`${text}\nexpect plain starts beta`, policies.easy);
  runScenario(`${text}\nexpect plain starts alpha`, policies.fcfs);
});

test("a job's wishes come before the packing", () => {
  runScenario(whereCards("alpha").replace("cards 1 x/npu", "cards 1 x/npu prefer alpha"), policies.easy);
});

const models = ["x/a", "y/b"];
const needs = fc.record({
  coresMilli: fc.integer({ min: 0, max: 9 }).map((cores) => cores * 1000),
  memoryMib: fc.integer({ min: 0, max: 900 }),
  devices: fc.integer({ min: 1, max: 4 }),
  shareMilli: fc.constantFrom(200, 500, 810, 1000),
  models: fc.subarray(models),
}) satisfies fc.Arbitrary<DeviceNeed>;

test("a share goes where what is left of the device is of use to nobody else", () => {
  const shares = (expected: string) => `
    centre alpha  64 cores 1 x/npu
    centre beta   64 cores 1 x/npu parts 10
    centre gamma  64 cores 1 x/npu parts 10
    job    large  cards 1 x/npu share 800
    place
    job    whole  cards 1 x/npu
    job    whole2 cards 1 x/npu
    place
    end    whole ok
    end    whole2 ok
    job    small  cards 1 x/npu share 200
    expect small starts ${expected}`;
  runScenario(shares("beta"), policies.easy);
});

test("the growth is that of the fragmentation of the node it goes to", () => {
  const parts = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 });
  const cells = fc
    .record({
      count: fc.integer({ min: 1, max: 3 }),
      cores: fc.integer({ min: 0, max: 12 }),
      memoryMib: fc.integer({ min: 0, max: 1000 }),
      cards: fc.tuple(fc.nat(4), fc.nat(4)),
      shared: fc.option(fc.tuple(parts, parts)),
    })
    .map(
      ({ shared, ...cell }): Cell => ({
        ...cell,
        shared: shared?.map((each) => each.map((tenths) => tenths * 100).sort((a, b) => a - b)) ?? null,
        node: { order: 0, cores: 12, group: null, shared: null },
      }),
    );
  const demands = fc.array(fc.record({ need: needs, weight: fc.integer({ min: 1, max: 9 }) }), { maxLength: 5 });
  const left = ({ cores, memoryMib, cards, shared }: Cell): NodeLeft => ({
    coresMilli: cores * 1000,
    memoryMib,
    kinds: models.map((model, at) => ({
      model,
      leftMilli: [...(shared?.[at] ?? []), ...new Array<number>(cards[at] ?? 0).fill(1000)],
    })),
  });
  const shares = fc.constantFrom(undefined, 100, 500, 800);
  fc.assert(
    fc.property(cells, demands, fc.nat(12), fc.nat(4), fc.constantFrom(0, 1), shares, (cell, demand, ...asked) => {
      const [cores, cards, device, shareMilli] = asked;
      const amounts = { nodes: cell.count, cores, memoryMib: 1, cards: shareMilli === undefined ? cards : 1, device };
      const need = { ...amounts, shareMilli };
      const devices = models.map((key) => {
        const [vendor = "", model = ""] = key.split("/");
        return { vendor, model, count: 9, parts: 10 };
      });
      const room = { cells: [cell], cores: 0, memoryMib: 0, cards: cell.cards };
      const { kinds } = left(cell);
      const leftMilli = [...(kinds[device]?.leftMilli ?? [])];
      const places = leftMilli.flatMap((milli, at) => (milli >= (shareMilli ?? 1000) ? [at] : [])).slice(0, need.cards);
      const fits = cell.cores >= cores && cell.memoryMib >= 1 && places.length === need.cards;
      for (const at of places) leftMilli[at] = (leftMilli[at] ?? 0) - (shareMilli ?? 1000);
      const after = {
        coresMilli: (cell.cores - cores) * 1000,
        memoryMib: cell.memoryMib - 1,
        kinds: kinds.map((kind, at) =>
          at === device ? { ...kind, leftMilli: leftMilli.sort((a, b) => a - b) } : kind,
        ),
      };
      const expected = fits ? fragmentation(after, demand) - fragmentation(left(cell), demand) : 0;
      assert.equal(growthIn(room, devices, need, demand), expected * cell.count);
    }),
  );
});
