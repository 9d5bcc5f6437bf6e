import { type CentreWishes, coresPerNode, memoryMibPerNode, type Shape } from "#core/job/spec.ts";
import { type CentreRecord, deviceKey, devicesFor, type PoolRecord } from "#core/scheduling/centres.ts";
import { judgeEver, mostNodes } from "#core/scheduling/fit.ts";
import type { EverFit } from "#core/scheduling/world.ts";

/**
 * Whether any centre could run the shape if it were empty. If none could: each centre's first failing rule, and the
 * shape nearest to what was asked that some centre could run.
 */
export function nearestFit(centres: readonly CentreRecord[], shape: Shape, wishes: CentreWishes): EverFit {
  const known = centres.filter((centre) => centre.state);
  const verdicts = known.map((centre) => judgeEver(shape, wishes, centre));
  if (verdicts.length === 0 || verdicts.some((verdict) => verdict.holds !== "never")) return { kind: "fits" };
  const nearest = nearestShape(known, shape, wishes);
  return {
    kind: "refused",
    refusal: {
      kind: "no-centre-fits",
      asked: shape,
      nearest: nearest && { shape: nearest.shape, centre: nearest.centre.id, wished: nearest.wished },
      rules: verdicts.map(({ centre, rule, facts }) => ({ centre, rule, facts })),
    },
  };
}

/** The shape that some centre in service could run and that gives up least of what was asked; null without a centre. */
export function nearestShape(
  centres: readonly CentreRecord[],
  shape: Shape,
  wishes: CentreWishes,
): { readonly centre: CentreRecord; readonly shape: Shape; readonly wished: boolean } | null {
  const wished = centres.filter((centre) => allows(wishes, centre));
  const among = wished.some((centre) => centre.pools.length > 0) ? wished : centres;
  let best: { readonly centre: CentreRecord; readonly shape: Shape; readonly wished: boolean } | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const centre of among)
    for (const pool of centre.pools) {
      const fitting = shrunk(shape, Math.min(shape.nodes, mostNodes(centre)), pool);
      const lost = givenUp(shape, fitting, pool);
      if (lost >= least) continue;
      best = { centre, shape: fitting, wished: allows(wishes, centre) };
      least = lost;
    }
  return best;
}

function allows(wishes: CentreWishes, centre: CentreRecord): boolean {
  return (wishes.only.length === 0 || wishes.only.includes(centre.id)) && !wishes.except.includes(centre.id);
}

/** The shape cut down to what the pool has when it is empty. */
function shrunk(shape: Shape, nodes: number, pool: PoolRecord): Shape {
  const { cores, memoryMib, memoryMibPerCore } = pool.state;
  const coresPerTask = Math.min(shape.coresPerTask, Math.floor(cores / nodes));
  const tasksPerNode = Math.min(Math.ceil(shape.tasks / nodes), Math.floor(cores / nodes / coresPerTask));
  const tasks = Math.min(shape.tasks, nodes * tasksPerNode);
  const cut = { ...shape, nodes, coresPerTask, tasks, accelerators: offeredAccelerators(shape, nodes, pool) };
  const fits = nodes * memoryMibPerNode(cut, memoryMibPerCore) <= memoryMib;
  return fits ? cut : { ...cut, memory: { kind: "per-node", mib: Math.floor(memoryMib / nodes) } };
}

function offeredAccelerators(shape: Shape, nodes: number, pool: PoolRecord): Shape["accelerators"] {
  if (!shape.accelerators) return null;
  const matching = devicesFor(shape, pool);
  const devices = matching.length > 0 ? matching : pool.state.accelerators;
  const most = Math.max(0, ...devices.map((device) => device.count));
  const perNode = Math.min(shape.accelerators.perNode, Math.floor(most / nodes));
  if (perNode === 0) return null;
  if (matching.length > 0) return { ...shape.accelerators, perNode };
  const device = devices.find((each) => each.count === most);
  return { vendor: device?.vendor ?? null, model: device?.model ?? null, perNode };
}

/** How much of what was asked is lost, as a sum of shares; another device counts as a whole share. */
function givenUp(asked: Shape, given: Shape, pool: PoolRecord): number {
  const share = (of: (shape: Shape) => number) => (of(asked) === 0 ? 0 : 1 - of(given) / of(asked));
  const mib = (shape: Shape) => shape.nodes * memoryMibPerNode(shape, pool.state.memoryMibPerCore);
  const device = (shape: Shape) => deviceKey(shape.accelerators?.vendor ?? null, shape.accelerators?.model ?? null);
  return (
    share((shape) => shape.nodes) +
    share((shape) => shape.nodes * coresPerNode(shape)) +
    share(mib) +
    share((shape) => shape.nodes * (shape.accelerators?.perNode ?? 0)) +
    (device(asked) === device(given) ? 0 : 1)
  );
}
