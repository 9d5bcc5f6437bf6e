import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fragmentation } from "#core/scheduling/packing/fragmentation.ts";
import type { DeviceNeed, NodeLeft } from "#core/scheduling/packing/node-left.ts";
import { growthIn } from "#core/scheduling/packing/whole-cards.ts";
import { policies } from "#core/scheduling/policy.ts";
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
  shareMilli: fc.constant(1000),
  models: fc.subarray(models),
}) satisfies fc.Arbitrary<DeviceNeed>;

test("the growth is that of the fragmentation of the node it goes to", () => {
  const node = fc.record({
    count: fc.integer({ min: 1, max: 3 }),
    cores: fc.integer({ min: 0, max: 12 }),
    memoryMib: fc.integer({ min: 0, max: 1000 }),
    cards: fc.tuple(fc.nat(4), fc.nat(4)),
  });
  const demands = fc.array(fc.record({ need: needs, weight: fc.integer({ min: 1, max: 9 }) }), { maxLength: 5 });
  const left = ({
    cores,
    memoryMib,
    cards,
  }: {
    cores: number;
    memoryMib: number;
    cards: readonly number[];
  }): NodeLeft => ({
    coresMilli: cores * 1000,
    memoryMib,
    kinds: models.map((model, at) => ({ model, leftMilli: new Array<number>(cards[at] ?? 0).fill(1000) })),
  });
  fc.assert(
    fc.property(node, demands, fc.nat(12), fc.nat(4), fc.constantFrom(0, 1), (cell, demand, cores, cards, device) => {
      const need = { nodes: cell.count, cores, memoryMib: 1, cards, device };
      const devices = models.map((key) => {
        const [vendor = "", model = ""] = key.split("/");
        return { vendor, model, count: 9 };
      });
      const room = { cells: [cell], cores: 0, memoryMib: 0, cards: cell.cards };
      const fits = cell.cores >= cores && cell.memoryMib >= 1 && (cards === 0 || (cell.cards[device] ?? 0) >= cards);
      const kept = cell.cards.map((count, at) => (at === device ? count - cards : count));
      const after = { cores: cell.cores - cores, memoryMib: cell.memoryMib - 1, cards: kept };
      const expected = fits ? fragmentation(left(after), demand) - fragmentation(left(cell), demand) : 0;
      assert.equal(growthIn(room, devices, need, demand) * 1000, expected * cell.count);
    }),
  );
});
