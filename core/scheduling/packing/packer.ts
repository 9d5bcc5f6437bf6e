import { emptyDemand, needKey } from "#core/scheduling/packing/demand.ts";
import { fragmentation } from "#core/scheduling/packing/fragmentation.ts";
import { type DeviceNeed, devicesLeftMilli, type NodeLeft, waysOf } from "#core/scheduling/packing/node-left.ts";

/**
 * `fragmentation`: where the expected fragmentation grows least (Weng et al., ATC '23). `best-fit`: where the devices
 * have least left, the yardstick. Ties of both: least left of devices, then of cores, then of memory; all alike: the
 * state that some node has been in longest.
 */
export const packings = ["fragmentation", "best-fit"] as const;
export type Packing = (typeof packings)[number];

/** Puts needs on nodes one by one, as they come, and never takes one away. */
export type Packer = {
  /** The place of its node among those given; null: it fits nowhere. It counts as asked for either way. */
  place(need: DeviceNeed): number | null;
  /** What each node has left. */
  left(): readonly NodeLeft[];
};

export function createPacker(nodes: readonly NodeLeft[], packing: Packing): Packer {
  const classes = new Map<string, Class>();
  const demand = emptyDemand();
  const found = new Map<string, number>();
  for (let at = nodes.length - 1; at >= 0; at--) {
    const node = nodes[at];
    if (node) classOf(classes, node).nodes.push(at);
  }
  const weigh: Weigh = packing === "best-fit" ? () => 0 : (left) => fragmentation(left, demand.known());
  return {
    place: (need) => {
      if (demand.saw(need)) for (const each of classes.values()) forget(each);
      const key = needKey(need);
      const number = found.get(key) ?? found.size;
      found.set(key, number);
      let best: Class | null = null;
      let choice: Choice | null = null;
      for (const each of classes.values()) {
        const known = choiceOf(each, number, need, weigh);
        if (known === null || (choice && !isBetter(known, choice))) continue;
        best = each;
        choice = known;
      }
      const node = best?.nodes.pop();
      if (!best || !choice || node === undefined) return null;
      if (best.nodes.length === 0) classes.delete(best.key);
      classOf(classes, choice.after).nodes.push(node);
      return node;
    },
    left: () => {
      const left = [...nodes];
      for (const each of classes.values()) for (const at of each.nodes) left[at] = each.left;
      return left;
    },
  };
}

/** The nodes that have the same left, and what was found out of them since the demand last changed. */
type Class = {
  readonly key: string;
  readonly left: NodeLeft;
  readonly nodes: number[];
  /** null: to be worked out. */
  weight: number | null;
  /** By the number of the need; null: it does not fit. */
  choices: (Choice | null | undefined)[];
};

type Choice = {
  /** By how much what counts against it grows. */
  readonly growth: number;
  readonly after: NodeLeft;
  readonly devicesMilli: number;
};

type Weigh = (left: NodeLeft) => number;

function forget(each: Class): void {
  each.weight = null;
  each.choices = [];
}

function classOf(classes: Map<string, Class>, left: NodeLeft): Class {
  const key = leftKey(left);
  const known = classes.get(key);
  if (known) return known;
  const made: Class = { key, left, nodes: [], weight: null, choices: [] };
  classes.set(key, made);
  return made;
}

function leftKey({ coresMilli, memoryMib, kinds }: NodeLeft): string {
  return `${coresMilli} ${memoryMib} ${kinds.map(({ model, leftMilli }) => `${model}:${leftMilli.join()}`).join(" ")}`;
}

function choiceOf(of: Class, number: number, need: DeviceNeed, weigh: Weigh): Choice | null {
  const known = of.choices[number];
  if (known !== undefined) return known;
  const choice = chooseIn(of, need, weigh);
  of.choices[number] = choice;
  return choice;
}

function chooseIn(of: Class, need: DeviceNeed, weigh: Weigh): Choice | null {
  const ways = waysOf(of.left, need);
  if (ways.length === 0) return null;
  of.weight ??= weigh(of.left);
  const before = of.weight;
  let best: Choice | null = null;
  for (const after of ways) {
    const choice = { growth: weigh(after) - before, after, devicesMilli: devicesLeftMilli(after) };
    if (!best || isBetter(choice, best)) best = choice;
  }
  return best;
}

function isBetter(one: Choice, other: Choice): boolean {
  if (one.growth !== other.growth) return one.growth < other.growth;
  if (one.devicesMilli !== other.devicesMilli) return one.devicesMilli < other.devicesMilli;
  const [a, b] = [one.after, other.after];
  if (a.coresMilli !== b.coresMilli) return a.coresMilli < b.coresMilli;
  return a.memoryMib < b.memoryMib;
}
