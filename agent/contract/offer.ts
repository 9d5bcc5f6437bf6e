import type { DriverName } from "#core/centre/centre.ts";
import type { EnginePool, EngineReport } from "#core/centre/engine.ts";

/** What the checks may ask of a centre. */
export type ContractOffer = {
  readonly pool: string;
  /** Whether what is submitted is executed; a simulated centre executes nothing. */
  readonly executes: boolean;
  /** All that is up in the pool, for checks that need it full; null where it is too large to fill for a test. */
  readonly whole: { readonly nodes: number; readonly coresPerNode: number } | null;
  readonly multiNode: { readonly pool: string } | null;
  readonly accelerator: { readonly pool: string; readonly vendor: string; readonly model: string } | null;
};

/** A test fills nothing larger. */
const mostNodesFilled = 64;

/** From what the engine reports; null where no pool is up. `pool`: test that one. */
export function offerOf(report: EngineReport, driver: DriverName, pool: string | null): ContractOffer | null {
  const up = report.pools.filter((one) => one.state === "up" && nodesUp(one).length > 0);
  const tested = pool === null ? up[0] : up.find(({ name }) => name === pool);
  if (!tested) return null;
  const first = [tested, ...up.filter((one) => one !== tested && pool === null)];
  const several = first.find((one) => nodeCount(one) >= 2 && (one.limits.mostNodes ?? 2) >= 2);
  const withDevice = first.flatMap((one) =>
    nodesUp(one).flatMap(({ accelerators }) => accelerators.map((device) => ({ pool: one.name, ...device }))),
  )[0];
  return {
    pool: tested.name,
    executes: driver !== "simulated",
    whole: wholeOf(tested),
    multiNode: several ? { pool: several.name } : null,
    accelerator: withDevice ? { pool: withDevice.pool, vendor: withDevice.vendor, model: withDevice.model } : null,
  };
}

function wholeOf(pool: EnginePool): ContractOffer["whole"] {
  const nodes = nodeCount(pool);
  if (nodes > mostNodesFilled || (pool.limits.mostNodes ?? nodes) < nodes) return null;
  return { nodes, coresPerNode: Math.min(...nodesUp(pool).map(({ cores }) => cores)) };
}

function nodesUp(pool: EnginePool): EnginePool["nodes"] {
  return pool.nodes.filter(({ state }) => state === "up");
}

function nodeCount(pool: EnginePool): number {
  return nodesUp(pool).reduce((sum, { count }) => sum + count, 0);
}
