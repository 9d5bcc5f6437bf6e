import { isWithin, type Region } from "#core/centre/region.ts";
import type { CentreId } from "#core/ids.ts";
import { anyDemands, type Demands } from "#core/job/demands.ts";
import { type Accelerators, memoryMibPerNode, type Shape, siteWordKinds } from "#core/job/spec.ts";
import { leftOf, type PoolRecord } from "#core/scheduling/centres.ts";
import { type Asked, mostNodes } from "#core/scheduling/fit.ts";
import { givenUp, shrunk } from "#core/scheduling/nearest.ts";
import { type Cell, type Device, deviceKey } from "#core/scheduling/room.ts";

/** One thing that would have to be asked otherwise. Amounts are less than what was asked. */
export type Change =
  /** `accelerator-share`: in thousandths, 1000 a whole one. */
  | {
      readonly kind:
        | "nodes"
        | "tasks"
        | "cores-per-task"
        | "memory-mib-per-node"
        | "accelerators"
        | "accelerator-share"
        | "time-limit-s";
      readonly from: number;
      readonly to: number;
    }
  /** `VENDOR/MODEL`, each `any` where it is left open. */
  | { readonly kind: "accelerator-type"; readonly from: string; readonly to: string }
  /** The job's own wishes leave this centre out. */
  | { readonly kind: "centre"; readonly centre: CentreId }
  /** Its own residency leaves this region out. */
  | { readonly kind: "region"; readonly region: Region }
  /** What is asked beside the shape, as a user writes it: `--constraint=fast`, `software gromacs/2024`. */
  | { readonly kind: "without"; readonly demand: string };

/** What to ask instead, all of it, where it would start, and what is other than it was. */
export type StartingChange = {
  readonly changes: readonly Change[];
  readonly asked: Pick<Asked, "shape" | "wishes" | "timeLimitS" | "demands">;
  readonly centre: CentreId;
  readonly pool: string;
};

/** The pool where it would start now, were this asked; null: nowhere. */
export type Starts = (asked: Asked) => PoolRecord | null;

/**
 * The smallest changes with each of which it would start now, smallest first, at most `mostShown`. Each thing asked is
 * changed by itself, an amount as little as suffices; and the shape is cut, in everything at once, to what nodes of the
 * pools have left and, with fewer tasks, to what its owners may use, or with a shorter time limit where that alone does not
 * do. Of the shape no single amount could be larger than is said. What is given up is counted in shares of what was asked;
 * another type of accelerator, another centre and a demand left out count as a whole one. `pools`: those that might start anything now. Empty also where it would start as it is.
 */
export function smallestChanges(asked: Asked, pools: readonly PoolRecord[], starts: Starts): readonly StartingChange[] {
  if (starts(asked) !== null) return [];
  const cut = cutShapes(asked, pools);
  const found = [
    ...amountsOf(asked, pools).flatMap((amount) => lessOf(amount, starts)),
    ...otherAccelerators(asked, pools),
    ...otherCentres(asked, pools),
    ...otherRegions(asked, pools),
    ...withoutOne(asked),
    ...cut,
    ...fewerTasks(cut, starts),
    ...cut.slice(0, mostShortened).flatMap((each) => (starts(each) ? [] : lessOf(limitOf(each), starts))),
  ].flatMap((changed) => answerOf(asked, changed, starts));
  const tried = new Set<string>();
  const shown = new Map<string, Answered>();
  for (const { changed, kinds } of found.sort((a, b) => a.lost - b.lost)) {
    if (tried.has(kinds)) continue;
    tried.add(kinds);
    // Of several that change the same things the smallest says it.
    for (const answer of answerOf(asked, grown(asked, changed, starts), starts)) {
      const known = shown.get(answer.kinds);
      if (known === undefined || answer.lost < known.lost) shown.set(answer.kinds, answer);
    }
    if (shown.size === mostShown) break;
  }
  return [...shown.values()]
    .sort((a, b) => a.lost - b.lost)
    .map(({ changes, changed: { shape, wishes, timeLimitS, demands }, pool }) => ({
      changes,
      asked: { shape, wishes, timeLimitS, demands },
      centre: pool.centre.id,
      pool: pool.name,
    }));
}

type Answered = {
  readonly changed: Asked;
  readonly pool: PoolRecord;
  readonly changes: readonly Change[];
  /** Of the changes, which tells apart what is answered. */
  readonly kinds: string;
  readonly lost: number;
};

/** None where it would not start, or where nothing that was asked has changed. */
function answerOf(asked: Asked, changed: Asked, starts: Starts): readonly Answered[] {
  const pool = starts(changed);
  if (pool === null) return [];
  const changes = changesOf(asked, changed, pool);
  // More memory, of a pool that gives less with each core, was not what kept it waiting.
  const isMore = changes.some((change) => change.kind === "memory-mib-per-node" && change.to > change.from);
  if (changes.length === 0 || isMore) return [];
  const kinds = changes.map(({ kind }) => kind).join();
  return [{ changed, pool, changes, kinds, lost: lostBy(asked, changed, pool) }];
}

const mostShown = 5;
/** Of so many cut shapes, those that give up least, a shorter time limit is looked for. */
const mostShortened = 8;
/** Of a pool, so many nodes that differ in what they have left are looked at, those with most left. */
const mostCells = 12;

/** A number asked for, which more than `least` of it may be taken from in steps. */
type Amount = {
  readonly from: number;
  readonly least: number;
  readonly step: number;
  readonly ask: (to: number) => Asked;
};

/** What `asked` has of each amount. */
function amountsOf(asked: Asked, pools: readonly PoolRecord[]): readonly Amount[] {
  const { shape } = asked;
  const { nodes, tasks, coresPerTask, accelerators } = shape;
  const tasksPerNode = Math.ceil(tasks / nodes);
  // A memory for each core differs by pool where the centre says how much that is.
  const memories = [...new Set(pools.map((pool) => memoryMibIn(shape, pool)))];
  const reshaped = (change: Partial<Shape>): Asked => ({ ...asked, shape: { ...shape, ...change } });
  return [
    limitOf(asked),
    ...memories.map((from): Amount => {
      return { from, least: 1, step: 1, ask: (mib) => reshaped({ memory: { kind: "per-node", mib } }) };
    }),
    { from: coresPerTask, least: 1, step: 1, ask: (to) => reshaped({ coresPerTask: to }) },
    { from: tasks, least: nodes, step: 1, ask: (to) => reshaped({ tasks: to }) },
    {
      from: nodes,
      least: 1,
      step: 1,
      ask: (to) => reshaped({ nodes: to, tasks: Math.min(tasks, to * tasksPerNode) }),
    },
    {
      from: accelerators?.perNode ?? 0,
      least: 1,
      step: 1,
      ask: (perNode) => reshaped({ accelerators: accelerators && { ...accelerators, perNode } }),
    },
    {
      // Of one card, where nobody else may be on its nodes there is no less.
      from: accelerators?.perNode === 1 && !shape.wholeNodes ? shareOf(shape) : 0,
      least: 1,
      step: 1,
      ask: (shareMilli) => reshaped({ accelerators: accelerators && { ...accelerators, shareMilli } }),
    },
  ];
}

function limitOf(asked: Asked): Amount {
  return { from: asked.timeLimitS, least: 60, step: 60, ask: (to) => ({ ...asked, timeLimitS: to }) };
}

function shareOf({ accelerators }: Shape): number {
  return accelerators?.shareMilli ?? 1000;
}

/** The most of it with which it starts; found by halving, as less of an amount never fits worse. */
function lessOf({ from, least, step, ask }: Amount, starts: Starts): readonly Asked[] {
  let fits = 0;
  let tooMany = Math.ceil((from - least) / step);
  if (from <= least || starts(ask(least)) === null) return [];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (starts(ask(least + middle * step)) !== null) fits = middle;
    else tooMany = middle;
  }
  return [ask(least + fits * step)];
}

function otherAccelerators(asked: Asked, pools: readonly PoolRecord[]): readonly Asked[] {
  const { accelerators } = asked.shape;
  if (!accelerators) return [];
  const devices = new Map<string, Device>();
  for (const pool of pools)
    for (const device of pool.devices.filter(({ elsewhere }) => !elsewhere))
      devices.set(deviceKey(device.vendor, device.model), device);
  return [...devices.values()].map(({ vendor, model }) => ({
    ...asked,
    shape: { ...asked.shape, accelerators: { ...accelerators, vendor, model } },
  }));
}

function otherCentres(asked: Asked, pools: readonly PoolRecord[]): readonly Asked[] {
  const { wishes } = asked;
  const { only, except } = wishes;
  if (only.length === 0 && except.length === 0) return [];
  const leftOut = new Set(
    pools.map(({ centre }) => centre.id).filter((id) => except.includes(id) || (only.length > 0 && !only.includes(id))),
  );
  return [...leftOut].flatMap((id) => {
    const without = except.filter((each) => each !== id);
    const allowed = { ...wishes, only: only.length === 0 ? only : [...only, id], except: without };
    // Naming it would send there what is not to be simulated.
    const isSimulated = pools.some(({ centre }) => centre.id === id && centre.state?.driver === "simulated");
    return isSimulated && wishes.simulated !== true ? [] : [{ ...asked, wishes: allowed }];
  });
}

function withoutOne(asked: Asked): readonly Asked[] {
  const { demands, shape, bounds } = asked;
  const { domestic, ...anywhere } = shape;
  // What its project or tenant asks for it cannot leave out.
  const foreign = domestic && bounds?.domestic == null ? [{ ...asked, shape: anywhere }] : [];
  const { wholeNodes, ...beside } = shape;
  const shared = wholeNodes ? [{ ...asked, shape: beside }] : [];
  const { nodeGroups, ...apart } = shape;
  const scattered = nodeGroups === undefined ? [] : [{ ...asked, shape: apart }];
  const { contiguous, ...parted } = shape;
  const inPieces = contiguous ? [{ ...asked, shape: parted }] : [];
  const without = demands === null ? [] : demandsIn(demands).map(({ rest }) => ({ ...asked, demands: rest }));
  return [...foreign, ...shared, ...scattered, ...inPieces, ...without];
}

function otherRegions(asked: Asked, pools: readonly PoolRecord[]): readonly Asked[] {
  const { demands } = asked;
  if (demands === null || demands.residency.length === 0) return [];
  const regions = new Set(pools.map(({ centre }) => centre.state?.region ?? null));
  return [...regions].flatMap((region) => {
    if (region === null || isWithin(region, demands.residency)) return [];
    return [{ ...asked, demands: { ...demands, residency: [...demands.residency, region] } }];
  });
}

/** Each single demand, in words, and what is asked without it; null: nothing. */
function demandsIn(demands: Demands): readonly { readonly words: string; readonly rest: Demands | null }[] {
  const { siteWords, software, container, fileSystems, licences, residency } = demands;
  const rest = (change: Partial<Demands>) => anyDemands({ ...demands, ...change });
  const others = <Item>(items: readonly Item[], item: Item) => items.filter((each) => each !== item);
  return [
    ...siteWordKinds.flatMap((kind) => {
      const words = siteWords[kind];
      const kept = Object.fromEntries(Object.entries(siteWords).filter(([each]) => each !== kind));
      return words ? [{ words: `--${kind}=${words.join(",")}`, rest: rest({ siteWords: kept }) }] : [];
    }),
    ...software.map((name) => ({ words: `software ${name}`, rest: rest({ software: others(software, name) }) })),
    ...(container ? [{ words: "container", rest: rest({ container: false }) }] : []),
    ...fileSystems.map((name) => ({
      words: `file system ${name}`,
      rest: rest({ fileSystems: others(fileSystems, name) }),
    })),
    ...licences.map((licence) => ({
      words: `--licenses=${licence.name}:${licence.count}`,
      rest: rest({ licences: others(licences, licence) }),
    })),
    ...(residency.length > 0 ? [{ words: `--residency=${residency.join(",")}`, rest: rest({ residency: [] }) }] : []),
  ];
}

/** Those that give up least first. */
function cutShapes(asked: Asked, pools: readonly PoolRecord[]): readonly Asked[] {
  const shapes = new Map<string, { readonly shape: Shape; readonly lost: number }>();
  for (const pool of pools) {
    const cells = leftOf(pool).room.cells.filter(({ cores }) => cores > 0);
    // Pools that have the same left give the same shape: it is tried once, and goes where it would go.
    for (const shape of shrunk(asked.shape, mostNodes(pool.centre), pool, largest(cells)))
      shapes.set(JSON.stringify(shape), { shape, lost: givenUp(asked.shape, shape, pool) });
  }
  const byLoss = [...shapes.values()].sort((a, b) => a.lost - b.lost);
  return byLoss.map(({ shape }) => ({ ...asked, shape }));
}

/**
 * Of each number of nodes the first, where there is room for it and it may still not start: with fewer tasks, or where one
 * for each node is too much, with fewer cores for each.
 */
function fewerTasks(cut: readonly Asked[], starts: Starts): readonly Asked[] {
  const firstOf = new Map<number, Asked>();
  for (const each of cut) if (!firstOf.has(each.shape.nodes)) firstOf.set(each.shape.nodes, each);
  return [...firstOf.values()].flatMap((each) => {
    if (starts(each) !== null) return [];
    const { nodes, tasks, coresPerTask } = each.shape;
    const reshaped = (change: Partial<Shape>): Asked => ({ ...each, shape: { ...each.shape, ...change } });
    const fewer = lessOf({ from: tasks, least: nodes, step: 1, ask: (to) => reshaped({ tasks: to }) }, starts);
    if (fewer.length > 0) return fewer;
    const ask = (to: number) => reshaped({ tasks: nodes, coresPerTask: to });
    return lessOf({ from: coresPerTask, least: 1, step: 1, ask }, starts);
  });
}

/** What starts, each amount of it that was cut raised by itself for as long as it still starts. */
function grown(asked: Asked, changed: Asked, starts: Starts): Asked {
  let shape = changed.shape;
  const whole = asked.shape;
  const does = (one: Shape) => starts({ ...changed, shape: one }) !== null;
  const raise = (now: number, most: number, ask: (to: number) => Shape) => {
    let [fits, tooMany] = [now, most + 1];
    if (now < most && does(ask(most))) fits = most;
    while (tooMany - fits > 1) {
      const middle = (fits + tooMany) >> 1;
      if (does(ask(middle))) fits = middle;
      else tooMany = middle;
    }
    if (fits > now) shape = ask(fits);
  };
  // What is raised later may leave room for more of what was raised before: over more nodes each has fewer tasks.
  for (let before: Shape | null = null; before !== shape; ) {
    before = shape;
    const { nodes, tasks, coresPerTask, memory, accelerators } = shape;
    raise(coresPerTask, whole.coresPerTask, (to) => ({ ...shape, coresPerTask: to }));
    raise(tasks, whole.tasks, (to) => ({ ...shape, tasks: to }));
    raise(nodes, Math.min(whole.nodes, shape.tasks), (to) => ({ ...shape, nodes: to }));
    if (memory !== whole.memory && does({ ...shape, memory: whole.memory })) shape = { ...shape, memory: whole.memory };
    if (accelerators !== null && whole.accelerators !== null)
      raise(accelerators.perNode, whole.accelerators.perNode, (to) => ({
        ...shape,
        accelerators: { ...accelerators, perNode: to },
      }));
  }
  return { ...changed, shape };
}

function largest(cells: readonly Cell[]): readonly Cell[] {
  if (cells.length <= mostCells) return cells;
  const cards = (cell: Cell) => cell.cards.reduce((sum, count) => sum + count, 0);
  return [...cells].sort((a, b) => cards(b) - cards(a) || b.cores - a.cores).slice(0, mostCells);
}

function memoryMibIn(shape: Shape, pool: PoolRecord): number {
  return memoryMibPerNode(shape, pool.state?.memoryMibPerCore ?? 0);
}

/** In shares of what was asked. */
function lostBy(asked: Asked, changed: Asked, pool: PoolRecord): number {
  const ofTime = asked.timeLimitS === 0 ? 0 : 1 - changed.timeLimitS / asked.timeLimitS;
  const ofWishes = asked.wishes === changed.wishes ? 0 : 1;
  const ofDemands = asked.demands === changed.demands ? 0 : 1;
  const ofShare = asked.shape.accelerators ? 1 - shareOf(changed.shape) / shareOf(asked.shape) : 0;
  const ofShape = wordsGivenUp(asked.shape, changed.shape).length;
  return givenUp(asked.shape, changed.shape, pool) + ofTime + ofShare + ofWishes + ofDemands + ofShape;
}

function changesOf(asked: Asked, changed: Asked, pool: PoolRecord): readonly Change[] {
  const [was, is] = [asked.shape, changed.shape];
  const cards = ({ accelerators }: Shape) => accelerators?.perNode ?? 0;
  const amounts = [
    { kind: "nodes", from: was.nodes, to: is.nodes },
    { kind: "tasks", from: was.tasks, to: is.tasks },
    { kind: "cores-per-task", from: was.coresPerTask, to: is.coresPerTask },
    // A memory for each core falls with the cores; it is a change of its own where it was asked otherwise.
    {
      kind: "memory-mib-per-node",
      from: memoryMibIn(was, pool),
      to: was.memory === is.memory ? memoryMibIn(was, pool) : memoryMibIn(is, pool),
    },
    { kind: "accelerators", from: cards(was), to: cards(is) },
    { kind: "accelerator-share", from: shareOf(was), to: is.accelerators ? shareOf(is) : shareOf(was) },
    { kind: "time-limit-s", from: asked.timeLimitS, to: changed.timeLimitS },
  ] as const satisfies readonly Change[];
  const [typeWas, typeIs] = [typeOf(was.accelerators), typeOf(is.accelerators)];
  const types: readonly Change[] =
    typeWas === typeIs || typeIs === null ? [] : [{ kind: "accelerator-type", from: typeWas ?? "", to: typeIs }];
  const centres: readonly Change[] =
    asked.wishes === changed.wishes ? [] : [{ kind: "centre", centre: pool.centre.id }];
  const added = addedRegion(asked.demands, changed.demands);
  const dropped =
    asked.demands === null || asked.demands === changed.demands || added !== null
      ? []
      : demandsIn(asked.demands).filter(({ words }) => !wordsOf(changed.demands).has(words));
  return [
    ...amounts.filter(({ from, to }) => from !== to),
    ...types,
    ...centres,
    ...(added === null ? [] : [{ kind: "region", region: added } as const]),
    ...wordsGivenUp(was, is).map((demand) => ({ kind: "without", demand }) as const),
    ...dropped.map(({ words }): Change => ({ kind: "without", demand: words })),
  ];
}

/** What of a shape is asked for or not, as a user writes it. */
function wordsGivenUp(was: Shape, is: Shape): readonly string[] {
  return [
    ...(was.domestic && !is.domestic ? ["--domestic"] : []),
    ...(was.wholeNodes && !is.wholeNodes ? ["--exclusive"] : []),
    ...(was.contiguous && !is.contiguous ? ["--contiguous"] : []),
    ...(was.nodeGroups !== undefined && is.nodeGroups === undefined ? [`--switches=${was.nodeGroups}`] : []),
  ];
}

function addedRegion(before: Demands | null, after: Demands | null): Region | null {
  const has = before?.residency ?? [];
  return after?.residency.find((region) => has.length > 0 && !has.includes(region)) ?? null;
}

function typeOf(accelerators: Accelerators | null): string | null {
  return accelerators && deviceKey(accelerators.vendor, accelerators.model);
}

function wordsOf(demands: Demands | null): ReadonlySet<string> {
  return new Set(demands === null ? [] : demandsIn(demands).map(({ words }) => words));
}
