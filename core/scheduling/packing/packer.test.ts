import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Demand, emptyDemand } from "#core/scheduling/packing/demand.ts";
import { fragmentation } from "#core/scheduling/packing/fragmentation.ts";
import { type DeviceNeed, devicesLeftMilli, type NodeLeft, waysOf } from "#core/scheduling/packing/node-left.ts";
import { createPacker, packings } from "#core/scheduling/packing/packer.ts";

function node(cores: number, devices: readonly number[], model = "a"): NodeLeft {
  const kinds = devices.length === 0 ? [] : [{ model, leftMilli: [...devices].sort((a, b) => a - b) }];
  return { coresMilli: cores * 1000, memoryMib: 1000, kinds };
}

function need(cores: number, devices: number, shareMilli = 1000, models: readonly string[] = []): DeviceNeed {
  return { coresMilli: cores * 1000, memoryMib: 10, devices, shareMilli: devices === 0 ? 0 : shareMilli, models };
}

function asked(...needs: readonly DeviceNeed[]): Demand {
  return needs.map((each) => ({ need: each, weight: 1 }));
}

test("what is left is useless where cores lack, where too few devices are whole, and where another model is asked", () => {
  const left = node(8, [300, 1000, 1000]);
  assert.equal(fragmentation(left, asked(need(4, 1))), 300);
  assert.equal(fragmentation(left, asked(need(4, 1, 300))), 0);
  assert.equal(fragmentation(left, asked(need(9, 1))), 2300);
  assert.equal(fragmentation(left, asked(need(4, 3))), 2300);
  assert.equal(fragmentation(left, asked(need(4, 1, 1000, ["b"]))), 2300);
  assert.equal(fragmentation(left, asked(need(4, 1), need(4, 1, 300), need(9, 1))), 2600);
  assert.equal(fragmentation(node(8, []), asked(need(4, 1))), 0);
});

test("a share of a device goes where it may, several whole ones side by side", () => {
  const lefts = (left: NodeLeft, of: DeviceNeed) => waysOf(left, of).map(({ kinds }) => kinds[0]?.leftMilli);
  const left = node(8, [200, 500, 500, 1000]);
  assert.deepEqual(lefts(left, need(1, 1, 400)), [
    [100, 200, 500, 1000],
    [200, 500, 500, 600],
  ]);
  assert.deepEqual(lefts(left, need(1, 2)), []);
  assert.deepEqual(lefts(node(8, [500, 1000, 1000]), need(1, 2)), [[0, 0, 500]]);
  assert.deepEqual(lefts(left, need(9, 1, 400)), []);
  assert.deepEqual(lefts(left, need(1, 1, 400, ["b"])), []);
});

test("a share does not break a whole device that somebody may ask for while another has room for it", () => {
  for (const packing of packings) {
    const packer = createPacker([node(8, [1000]), node(8, [1000, 1000])], packing);
    assert.equal(packer.place(need(1, 1)), 0);
    for (const share of [400, 400]) assert.equal(packer.place(need(1, 1, share)), 1);
    assert.deepEqual(packer.left()[1]?.kinds[0]?.leftMilli, [200, 1000], packing);
  }
});

test("who needs few cores goes where few are, if others ask for many; best-fit does not see to it", () => {
  const nodes = [node(9, [1000]), node(9, [1000]), node(2, [1000, 1000])];
  const places = (packing: (typeof packings)[number]) => {
    const packer = createPacker(nodes, packing);
    return [need(8, 1), need(1, 1)].map((each) => packer.place(each));
  };
  assert.deepEqual(places("fragmentation"), [0, 2]);
  assert.deepEqual(places("best-fit"), [0, 1]);
});

test("a model that no node has fits nowhere, and one that some have goes there", () => {
  const packer = createPacker([node(8, [1000], "a"), node(8, [1000], "b")], "fragmentation");
  assert.equal(packer.place(need(1, 1, 1000, ["c"])), null);
  assert.equal(packer.place(need(1, 1, 1000, ["b", "c"])), 1);
  assert.equal(packer.place(need(1, 1, 1000, ["b", "c"])), null);
});

test("the demand is what was asked, oftenest first, and changes when as much again was seen", () => {
  const demand = emptyDemand();
  const changes = [1, 2, 2, 2, 1, 1, 1, 1].map((devices) => demand.saw(need(1, devices)));
  assert.deepEqual(changes, [true, true, false, true, false, false, false, true]);
  assert.deepEqual(
    demand.known().map(({ need: { devices }, weight }) => [devices, weight]),
    [
      [1, 5],
      [2, 3],
    ],
  );
  demand.saw(need(1, 0));
  assert.ok(demand.known().every(({ need: { devices } }) => devices > 0));
});

const needs = fc
  .record({
    cores: fc.integer({ min: 0, max: 9 }),
    devices: fc.integer({ min: 0, max: 3 }),
    shareMilli: fc.constantFrom(100, 250, 500, 810, 1000),
    models: fc.subarray(["a", "b"]),
  })
  .map(({ cores, devices, shareMilli, models }) => need(cores, devices, shareMilli, models));
const nodes = fc
  .record({
    cores: fc.integer({ min: 0, max: 16 }),
    devices: fc.array(fc.constantFrom(1000, 700, 190), { maxLength: 4 }),
    model: fc.constantFrom("a", "b"),
  })
  .map(({ cores, devices, model }) => node(cores, devices, model));

test("nothing is oversubscribed, what is refused fits nowhere, and the same in gives the same out", () => {
  fc.assert(
    fc.property(fc.array(nodes, { maxLength: 6 }), fc.array(needs, { maxLength: 30 }), (empty, stream) => {
      for (const packing of packings) {
        const packer = createPacker(empty, packing);
        const taken = empty.map(() => ({ coresMilli: 0, memoryMib: 0, devicesMilli: 0 }));
        const chosen = stream.map((each) => {
          const before = packer.left();
          const at = packer.place(each);
          if (at === null) assert.ok(before.every((left) => waysOf(left, each).length === 0));
          const sum = at === null ? undefined : taken[at];
          if (sum) {
            sum.coresMilli += each.coresMilli;
            sum.memoryMib += each.memoryMib;
            sum.devicesMilli += each.devices * each.shareMilli;
          }
          return at;
        });
        packer.left().forEach((left, at) => {
          const start = empty[at];
          const sum = taken[at];
          assert.ok(start && sum);
          assert.equal(left.coresMilli, start.coresMilli - sum.coresMilli);
          assert.equal(left.memoryMib, start.memoryMib - sum.memoryMib);
          assert.equal(devicesLeftMilli(left), devicesLeftMilli(start) - sum.devicesMilli);
          assert.ok(left.coresMilli >= 0 && left.memoryMib >= 0);
          assert.ok(left.kinds.every(({ leftMilli }) => leftMilli.every((milli) => milli >= 0)));
        });
        const again = createPacker(empty, packing);
        assert.deepEqual(
          stream.map((each) => again.place(each)),
          chosen,
        );
      }
    }),
  );
});
