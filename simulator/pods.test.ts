import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeviceNeed, NodeLeft } from "#core/scheduling/packing/node-left.ts";
import { allocatedShare, drawn, packPods } from "./pods.ts";

function pod(coresMilli: number, devices: number, shareMilli: number, models: readonly string[] = []): DeviceNeed {
  return { coresMilli, memoryMib: 1024, devices, shareMilli, models };
}

function nodes(count: number, coresMilli: number, devices: number, model: string): readonly NodeLeft[] {
  const kinds = [{ model, leftMilli: new Array<number>(devices).fill(1000) }];
  return Array.from({ length: count }, () => ({ coresMilli, memoryMib: 1 << 20, kinds }));
}

/** A small network of the same kind: few cores beside most devices, many beside some. Synthetic. */
const smallNetwork = [...nodes(40, 96_000, 8, "g"), ...nodes(40, 104_000, 2, "t"), ...nodes(10, 16_000, 2, "p")];
const smallPopulation = [
  ...new Array<DeviceNeed>(40).fill(pod(11_500, 1, 1000)),
  ...new Array<DeviceNeed>(10).fill(pod(4000, 1, 1000)),
  ...new Array<DeviceNeed>(15).fill(pod(3000, 1, 800)),
  ...new Array<DeviceNeed>(15).fill(pod(8000, 1, 470)),
  ...new Array<DeviceNeed>(14).fill(pod(20_000, 0, 0)),
  pod(90_000, 8, 1000),
  pod(4000, 1, 1000, ["unheard-of"]),
];

test("pods are drawn until they ask for 130 %, and what is not allocated was dropped", () => {
  const packed = packPods(smallPopulation, smallNetwork, "fragmentation", 1);
  const last = [...drawn(smallPopulation, packed.offeredMilli, 1)].at(-1);
  assert.equal(packed.devicesMilli, 420_000);
  assert.ok(packed.offeredMilli >= 546_000 && packed.offeredMilli - (last?.devices ?? 0) * 1000 < 546_000);
  assert.ok(packed.allocatedMilli <= packed.devicesMilli && packed.dropped > 0);
  assert.ok(packed.ofUnknownModel > 0 && packed.ofUnknownModel < packed.dropped);
  assert.deepEqual(packPods(smallPopulation, smallNetwork, "fragmentation", 1), packed);
  assert.notDeepEqual(packPods(smallPopulation, smallNetwork, "fragmentation", 2), packed);
});

test("nothing is allocated of nothing, and pods without a device end at once", () => {
  assert.equal(allocatedShare(packPods([pod(1, 1, 1000)], [], "fragmentation", 0)), 0);
  assert.equal(packPods([pod(1, 0, 0)], smallNetwork, "best-fit", 0).pods, 0);
  assert.equal(packPods([], smallNetwork, "best-fit", 0).pods, 0);
});

test("more is allocated than by best-fit on a small synthetic network", () => {
  const mean = (packing: "fragmentation" | "best-fit") =>
    [0, 1, 2, 3].reduce(
      (sum, seed) => sum + allocatedShare(packPods(smallPopulation, smallNetwork, packing, seed)),
      0,
    ) / 4;
  assert.ok(mean("fragmentation") > mean("best-fit") + 0.002, `${mean("fragmentation")}, ${mean("best-fit")}`);
});
