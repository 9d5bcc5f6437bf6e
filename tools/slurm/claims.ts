// Instances on this machine: each claims a block of ports before it starts, so that several run side by side, and what
// the claim says lets the next one clear away what a killed one left.

import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { isAlive, type ProcessIdentity, processIdentity } from "#local/process.ts";

export type Claim = {
  readonly firstPort: number;
  readonly top: string;
  /** Whose end is the instance's end; null for one that stays until it is taken down. */
  readonly owner: ProcessIdentity | null;
};

/** Below the ports that Linux gives to clients; a block has room for two clusters of 60 nodes. */
export const blocks = { first: 10_000, size: 200, count: 110 } as const;

const folder = "/run/weir-slurm";

/** Claims a block for the instance in `top`, owned by this process. */
export async function claimPorts(top: string, wanted: number): Promise<Claim> {
  if (wanted > blocks.size) throw new Error(`${wanted} ports are wanted, and a block has ${blocks.size}: fewer nodes`);
  const owner = processIdentity(process.pid);
  for (const firstPort of blocksFrom(process.pid)) {
    const claim = { firstPort, top, owner };
    if (!write(claim)) continue;
    if (await allFree(firstPort, wanted)) return claim;
    release(claim);
  }
  throw new Error("every block of ports from 10000 to 32000 is in use");
}

/** From now on the instance outlives this process. */
export function keep(claim: Claim): void {
  const draft = join(folder, `.${process.pid}.${claim.firstPort}`);
  writeFileSync(draft, JSON.stringify({ ...claim, owner: null }));
  renameSync(draft, join(folder, String(claim.firstPort)));
}

/** Of a claim that another has released already, and whose block has a new owner, nothing is taken. */
export function release(claim: Claim): void {
  const mine = allClaims().some(({ firstPort, top }) => firstPort === claim.firstPort && top === claim.top);
  if (mine) rmSync(join(folder, String(claim.firstPort)), { force: true });
}

export function allClaims(): readonly Claim[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const claim: Claim = JSON.parse(readFileSync(join(folder, name), "utf8"));
        return [claim];
      } catch {
        // Released meanwhile.
        return [];
      }
    });
}

/** Whether whoever started it is gone without having stopped it. */
export function isAbandoned({ owner }: Claim): boolean {
  return owner !== null && !isAlive(owner);
}

/** All first ports of blocks, once each, beginning at a place that differs between neighbouring processes. */
export function blocksFrom(seed: number): readonly number[] {
  return Array.from(
    { length: blocks.count },
    (_, index) => blocks.first + ((seed + index) % blocks.count) * blocks.size,
  );
}

/** False where somebody has it. A link, not a rename: it fails where the name is taken, and the text is whole. */
function write(claim: Claim): boolean {
  mkdirSync(folder, { recursive: true });
  const draft = join(folder, `.${process.pid}.${claim.firstPort}`);
  writeFileSync(draft, JSON.stringify(claim));
  try {
    linkSync(draft, join(folder, String(claim.firstPort)));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

async function allFree(first: number, count: number): Promise<boolean> {
  const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
  return free.every(Boolean);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer();
    server.once("error", () => settle(false));
    server.listen({ port, host: "0.0.0.0", exclusive: true }, () => server.close(() => settle(true)));
  });
}
