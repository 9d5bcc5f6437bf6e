import type { DeviceNeed, NodeLeft } from "#core/scheduling/packing/node-left.ts";
import { devicesLeftMilli } from "#core/scheduling/packing/node-left.ts";
import { createPacker, type Packing } from "#core/scheduling/packing/packer.ts";

/** Devices in thousandths of one. */
export type PodsPacked = {
  readonly packing: Packing;
  readonly seed: number;
  readonly pods: number;
  /** Pods that fitted nowhere when they came; they do not come again. */
  readonly dropped: number;
  /** Of those, pods that allow only models no node has. */
  readonly ofUnknownModel: number;
  readonly devicesMilli: number;
  readonly offeredMilli: number;
  readonly allocatedMilli: number;
};

/** How far pods are offered, as a share of all devices. */
const offeredShare = 1.3;

/**
 * The experiment of Weng et al. (USENIX ATC '23, section 6): pods drawn from the population uniformly and with
 * replacement arrive one by one on nodes that are empty at first; none ends. The last is the one with which the devices
 * asked for reach 130 % of all there are. A pod that fits nowhere is dropped. The decision at a pod rests on the pods up
 * to it and on nothing else.
 */
export function packPods(
  population: readonly DeviceNeed[],
  nodes: readonly NodeLeft[],
  packing: Packing,
  seed: number,
): PodsPacked {
  const devicesMilli = nodes.reduce((sum, node) => sum + devicesLeftMilli(node), 0);
  const models = new Set(nodes.flatMap(({ kinds }) => kinds.map(({ model }) => model)));
  const packer = createPacker(nodes, packing);
  let [pods, dropped, ofUnknownModel, offeredMilli, allocatedMilli] = [0, 0, 0, 0, 0];
  for (const pod of drawn(population, devicesMilli * offeredShare, seed)) {
    const milli = pod.devices * pod.shareMilli;
    pods += 1;
    offeredMilli += milli;
    if (packer.place(pod) !== null) allocatedMilli += milli;
    else {
      dropped += 1;
      if (pod.models.length > 0 && !pod.models.some((model) => models.has(model))) ofUnknownModel += 1;
    }
  }
  return { packing, seed, pods, dropped, ofUnknownModel, devicesMilli, offeredMilli, allocatedMilli };
}

/** The share of all devices that is allocated, from 0 to 1. */
export function allocatedShare({ allocatedMilli, devicesMilli }: PodsPacked): number {
  return devicesMilli === 0 ? 0 : allocatedMilli / devicesMilli;
}

/** Pods until those drawn ask for `untilMilli` of devices; none where no pod asks for any. */
export function* drawn(
  population: readonly DeviceNeed[],
  untilMilli: number,
  seed: number,
): Generator<DeviceNeed, void> {
  if (!population.some(({ devices }) => devices > 0)) return;
  const next = numbersOf(seed);
  for (let milli = 0; milli < untilMilli; ) {
    const pod = population[Math.floor(next() * population.length)];
    if (!pod) return;
    milli += pod.devices * pod.shareMilli;
    yield pod;
  }
}

/** Numbers in [0, 1) that the seed alone decides (mulberry32, Tommy Ettinger 2017, public domain). */
function numbersOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
