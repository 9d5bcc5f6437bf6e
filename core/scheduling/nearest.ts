import { type CentreWishes, coresPerNode, memoryMibPerNode, type Shape } from "#core/job/spec.ts";
import { type CentreRecord, deviceKey, devicesFor, type PoolRecord } from "#core/scheduling/centres.ts";
import { judgeEver, mostNodes } from "#core/scheduling/fit.ts";
import { reasonWords } from "#core/scheduling/reasons.ts";
import type { EverFit } from "#core/scheduling/world.ts";

/**
 * Whether any centre could run the shape if it were empty. If none could: each centre's first failing rule, and the
 * shape nearest to what was asked that some centre could run.
 */
export function nearestFit(centres: readonly CentreRecord[], shape: Shape, wishes: CentreWishes): EverFit {
  const known = centres.filter((centre) => centre.state);
  const verdicts = known.map((centre) => judgeEver(shape, wishes, centre));
  if (verdicts.length === 0 || verdicts.some((verdict) => verdict.holds !== "never")) return { kind: "fits" };
  return {
    kind: "refused",
    refusal: {
      kind: "no-centre-fits",
      asked: shapeWords(shape),
      nearest: nearestWords(known, shape, wishes),
      rules: verdicts.map(({ centre, rule, facts }) => ({
        centre,
        rule: rule ?? "",
        words: reasonWords(rule, facts, "en"),
      })),
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

/** A shape in words that need no translation of their own. */
export function shapeWords(shape: Shape): string {
  const { accelerators, memory } = shape;
  const words = [`nodes ${shape.nodes}`, `cores ${shape.nodes * coresPerNode(shape)}`];
  if (memory.kind === "per-node") words.push(`memory ${memory.mib} MiB/node`);
  if (memory.kind === "per-core") words.push(`memory ${memory.mib} MiB/core`);
  if (accelerators) {
    const device = deviceKey(accelerators.vendor, accelerators.model);
    words.push(`accelerators ${accelerators.perNode}/node (${device})`);
  }
  return words.join(", ");
}

function nearestWords(centres: readonly CentreRecord[], shape: Shape, wishes: CentreWishes): string {
  const nearest = nearestShape(centres, shape, wishes);
  if (!nearest) return "none";
  const words = `${shapeWords(nearest.shape)} @ ${nearest.centre.id}`;
  return nearest.wished ? words : `${words} (not among the wished)`;
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
