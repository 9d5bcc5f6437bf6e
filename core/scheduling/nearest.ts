import type { CentreId } from "#core/ids.ts";
import { type CentreWishes, coresPerNode, memoryMibPerNode, type Shape } from "#core/job/spec.ts";
import { withinShare } from "#core/scheduling/agreed.ts";
import { outOfBounds } from "#core/scheduling/bounds.ts";
import { type CentreRecord, devicesFor, type PoolRecord } from "#core/scheduling/centres.ts";
import type { EverFit } from "#core/scheduling/explanation.ts";
import {
  type Asked,
  hasNoGroups,
  hasNoRow,
  isMeantFor,
  isToldOf,
  judgeEver,
  mostNodes,
  neverFits,
} from "#core/scheduling/fit.ts";
import { lacks, lacksInPool, offeredNowhere } from "#core/scheduling/offered.ts";
import { type Cell, deviceKey, type Room } from "#core/scheduling/room.ts";

/**
 * Whether any centre could run the shape if it were empty. If none could: each centre's first failing rule, and the
 * shape nearest to what was asked that some centre could run.
 */
export function nearestFit(centres: readonly CentreRecord[], asked: Asked): EverFit {
  const { shape } = asked;
  const known = centres.filter((centre) => centre.state);
  const nowhere = asked.demands && offeredNowhere(asked.demands, known);
  if (nowhere) return { kind: "refused", refusal: nowhere };
  const verdicts = known.map((centre) => judgeEver(asked, centre));
  const possible = verdicts.filter((verdict) => verdict.holds !== "never").map(({ centre }) => centre);
  if (verdicts.length === 0 || possible.length > 0)
    return {
      kind: "fits",
      pinnedTo: asked.demands ? pinnedBy(asked, known, possible) : null,
      simulatedAt: known.filter(({ id, state }) => state?.driver === "simulated" && possible.includes(id)).map(idOf),
    };
  const meeting = known.filter(
    (centre) =>
      isMeantFor(asked.wishes, centre) &&
      (asked.bounds === null || outOfBounds(asked.bounds, centre) === null) &&
      (asked.demands === null || lacks(asked.demands, centre) === null),
  );
  const nearest = nearestShape(meeting, asked);
  const told = new Set(known.filter((centre) => isToldOf(centre, asked)).map(idOf));
  return {
    kind: "refused",
    refusal: {
      kind: "no-centre-fits",
      asked: shape,
      nearest: nearest && { shape: nearest.shape, centre: nearest.centre.id, wished: nearest.wished },
      rules: verdicts
        .filter(({ centre }) => told.has(centre))
        .map(({ centre, rule, facts }) => ({ centre, rule, facts })),
    },
  };
}

function idOf({ id }: CentreRecord): CentreId {
  return id;
}

/** Where some centre that would do for the shape alone is left out by the demands: those that are not. */
function pinnedBy(
  asked: Asked,
  known: readonly CentreRecord[],
  possible: readonly CentreId[],
): readonly CentreId[] | null {
  const plain = { ...asked, demands: null };
  const isLeftOut = known.some((centre) => !possible.includes(centre.id) && judgeEver(plain, centre).holds !== "never");
  return isLeftOut ? possible : null;
}

/**
 * The shape that some centre in service could run and that gives up least of what was asked; null without a centre that
 * allows the time.
 */
export function nearestShape(
  centres: readonly CentreRecord[],
  { shape, wishes, timeLimitS, demands, bounds }: Omit<Asked, "line" | "who" | "graceS">,
): { readonly centre: CentreRecord; readonly shape: Shape; readonly wished: boolean } | null {
  const wished = centres.filter((centre) => allows(wishes, centre));
  const among = wished.some((centre) => centre.pools.length > 0) ? wished : centres;
  let best: { readonly centre: CentreRecord; readonly shape: Shape; readonly wished: boolean } | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const centre of among)
    for (const pool of centre.pools) {
      if (hasNoGroups(shape, pool) || hasNoRow(shape, pool) || (demands && lacksInPool(demands, pool))) continue;
      if (timeLimitS > (pool.state?.limits.timeLimitS ?? timeLimitS)) continue;
      const couldRun = (one: Shape) => neverFits({ shape: one, wishes, timeLimitS, demands, bounds }, pool) === null;
      const isWhole = shape.nodes <= mostNodes(centre) && couldRun(shape);
      // Cut down, it may still be kept away by what no size changes, as the origin of what the pool has.
      const smaller = isWhole ? [] : shrunk(shape, mostNodes(centre), pool, pool.size.cells).filter(couldRun);
      const onMore = isWhole ? [] : spread(shape, mostNodes(centre), pool).filter(couldRun);
      for (const fitting of isWhole ? [shape] : [...onMore, ...smaller]) {
        // Of all that was asked nothing is given up on more nodes; the fewest are nearest.
        const lost = onMore.includes(fitting) ? fitting.nodes * 1e-9 : givenUp(shape, fitting, pool);
        if (lost >= least) continue;
        best = { centre, shape: fitting, wished: allows(wishes, centre) };
        least = lost;
      }
    }
  return best;
}

function allows(wishes: CentreWishes, centre: CentreRecord): boolean {
  return (wishes.only.length === 0 || wishes.only.includes(centre.id)) && !wishes.except.includes(centre.id);
}

/** All tasks of the shape on more nodes than were asked for, as many to each as nodes of the pool have cores for: for each size of node. */
function spread(shape: Shape, mostNodes: number, pool: PoolRecord): readonly Shape[] {
  const { tasks, coresPerTask } = shape;
  const most = Math.min(mostNodes, pool.state?.limits.mostNodes ?? mostNodes);
  return pool.size.cells.flatMap(({ cores }) => {
    const tasksPerNode = Math.floor(cores / coresPerTask);
    const nodes = tasksPerNode === 0 ? 0 : Math.ceil(tasks / tasksPerNode);
    return nodes > shape.nodes && nodes <= most ? [{ ...shape, nodes }] : [];
  });
}

/** The shape cut down to what nodes of the pool have: for each of these sizes of node, over all that are as large. */
export function shrunk(shape: Shape, mostNodes: number, pool: PoolRecord, cells: readonly Cell[]): readonly Shape[] {
  const leastNodes = pool.state?.limits.leastNodes ?? 1;
  const most = Math.min(mostNodes, pool.state?.limits.mostNodes ?? mostNodes);
  const share = withinShare(pool, pool.size, null);
  return cells.flatMap((cell) => {
    const alike = cells.filter((other) => isAsLarge(other, cell));
    const there = alike.reduce((sum, each) => sum + each.count, 0);
    const nodes = Math.min(Math.max(shape.nodes, leastNodes), there, most, share.cores);
    if (nodes < leastNodes || nodes === 0 || cell.cores === 0) return [];
    return [cutTo(shareOf(cell, nodes, share), shape, nodes, pool)];
  });
}

/** What each of so many nodes may have, that all of them are within the agreed share. */
function shareOf(cell: Cell, nodes: number, share: Room): Cell {
  return {
    ...cell,
    cores: Math.min(cell.cores, Math.floor(share.cores / nodes)),
    memoryMib: Math.min(cell.memoryMib, Math.floor(share.memoryMib / nodes)),
    cards: cell.cards.map((count, device) => Math.min(count, Math.floor((share.cards[device] ?? 0) / nodes))),
  };
}

function isAsLarge(cell: Cell, other: Cell): boolean {
  if (cell.cores < other.cores || cell.memoryMib < other.memoryMib) return false;
  return cell.cards.every((count, device) => count >= (other.cards[device] ?? 0));
}

function cutTo(cell: Cell, shape: Shape, nodes: number, pool: PoolRecord): Shape {
  const coresPerTask = Math.min(shape.coresPerTask, cell.cores);
  const tasksPerNode = Math.min(Math.ceil(shape.tasks / nodes), Math.floor(cell.cores / coresPerTask));
  const tasks = Math.max(nodes > shape.nodes ? nodes : 1, Math.min(shape.tasks, nodes * tasksPerNode));
  const cut = { ...shape, nodes, coresPerTask, tasks, accelerators: offeredAccelerators(cell, shape, pool) };
  const fits = memoryMibPerNode(cut, pool.state?.memoryMibPerCore ?? 0) <= cell.memoryMib;
  return fits ? cut : { ...cut, memory: { kind: "per-node", mib: cell.memoryMib } };
}

function offeredAccelerators(cell: Cell, shape: Shape, pool: PoolRecord): Shape["accelerators"] {
  if (!shape.accelerators) return null;
  const matching = devicesFor(shape, pool.devices);
  const devices = matching.length > 0 ? matching : pool.devices.map((_, device) => device);
  const most = Math.max(0, ...devices.map((device) => cell.cards[device] ?? 0));
  const perNode = Math.min(shape.accelerators.perNode, most);
  if (perNode === 0) return null;
  if (matching.length > 0) return { ...shape.accelerators, perNode };
  const device = pool.devices[devices.find((each) => cell.cards[each] === most) ?? -1];
  return { vendor: device?.vendor ?? null, model: device?.model ?? null, perNode };
}

/** How far it is from what was asked, as a sum of shares; another device counts as a whole share. */
export function givenUp(asked: Shape, given: Shape, pool: PoolRecord): number {
  const share = (of: (shape: Shape) => number) => (of(asked) === 0 ? 0 : Math.abs(1 - of(given) / of(asked)));
  const mib = (shape: Shape) => shape.nodes * memoryMibPerNode(shape, pool.state?.memoryMibPerCore ?? 0);
  const device = (shape: Shape) => deviceKey(shape.accelerators?.vendor ?? null, shape.accelerators?.model ?? null);
  return (
    share((shape) => shape.nodes) +
    share((shape) => shape.nodes * coresPerNode(shape)) +
    share(mib) +
    share((shape) => shape.nodes * (shape.accelerators?.perNode ?? 0)) +
    (device(asked) === device(given) ? 0 : 1)
  );
}
