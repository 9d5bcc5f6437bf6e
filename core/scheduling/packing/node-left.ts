/** What a task asks of each of its nodes. */
export type DeviceNeed = {
  readonly coresMilli: number;
  readonly memoryMib: number;
  /** How many devices; 0: none. */
  readonly devices: number;
  /** Of each of them, in thousandths: 1000 is the whole device, less shares it with others. */
  readonly shareMilli: number;
  /** The models it may have; empty: any. All its devices of one node are of one model. */
  readonly models: readonly string[];
};

/** What a node has left. Nodes that have the same left are alike: which of them, or of their devices, is the engine's affair. */
export type NodeLeft = {
  readonly coresMilli: number;
  readonly memoryMib: number;
  /** In the order of their names. */
  readonly kinds: readonly KindLeft[];
};

/** The devices of one model: what each has left in thousandths, least first. */
export type KindLeft = { readonly model: string; readonly leftMilli: readonly number[] };

/** What all devices of a node have left, in thousandths. */
export function devicesLeftMilli({ kinds }: NodeLeft): number {
  let sum = 0;
  for (const { leftMilli } of kinds) for (const left of leftMilli) sum += left;
  return sum;
}

/** Whether cores and memory suffice: what every choice of devices needs. */
export function hasBeside(left: NodeLeft, need: DeviceNeed): boolean {
  return left.coresMilli >= need.coresMilli && left.memoryMib >= need.memoryMib;
}

export function mayUse({ models }: DeviceNeed, { model }: KindLeft): boolean {
  return models.length === 0 || models.includes(model);
}

/** All that the node may have left with the need on it, each once; empty: it does not fit. */
export function waysOf(left: NodeLeft, need: DeviceNeed): readonly NodeLeft[] {
  if (!hasBeside(left, need)) return [];
  if (need.devices === 0) return [without(left, need, left.kinds)];
  return left.kinds.flatMap((kind, place) =>
    mayUse(need, kind)
      ? placesFor(kind.leftMilli, need).map((from) => {
          const kinds = left.kinds.map((each, at) => (at === place ? lessFrom(each, need, from) : each));
          return without(left, need, kinds);
        })
      : [],
  );
}

/**
 * Where among the devices, ordered by what they have left, it may begin: one that shares a device may have any that has
 * enough, and each amount is tried once; several take those that have enough and least left, side by side.
 */
function placesFor(leftMilli: readonly number[], { devices, shareMilli }: DeviceNeed): readonly number[] {
  const first = leftMilli.findIndex((left) => left >= shareMilli);
  if (first === -1 || leftMilli.length - first < devices) return [];
  if (devices > 1 || shareMilli === 1000) return [first];
  const places: number[] = [];
  for (let at = first; at < leftMilli.length; at++)
    if (leftMilli[at] !== leftMilli[at - 1] || at === first) places.push(at);
  return places;
}

function lessFrom({ model, leftMilli }: KindLeft, { devices, shareMilli }: DeviceNeed, from: number): KindLeft {
  const taken = leftMilli.map((left, at) => (at >= from && at < from + devices ? left - shareMilli : left));
  return { model, leftMilli: taken.sort((a, b) => a - b) };
}

function without(left: NodeLeft, need: DeviceNeed, kinds: readonly KindLeft[]): NodeLeft {
  return { coresMilli: left.coresMilli - need.coresMilli, memoryMib: left.memoryMib - need.memoryMib, kinds };
}
