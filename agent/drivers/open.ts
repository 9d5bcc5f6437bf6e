import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Driver } from "#agent/driver.ts";
import { driverNames } from "#core/centre/centre.ts";
import { unreachable } from "#core/unreachable.ts";
import { checkCapacitySettings } from "./process/capacity.ts";
import { openProcessDriver } from "./process/driver.ts";
import { parseDescriptions } from "./simulated/description.ts";
import { openSimulatedDriver } from "./simulated/driver.ts";
import { say as saySlurm } from "./slurm/doctor-words.ts";
import { openSlurmDriver } from "./slurm/driver.ts";

type Environment = Readonly<Record<string, string | undefined>>;
export type Note = (words: string, facts: object) => void;

/** A centre that this process serves, and how its engine is opened; again after each restart of the driver. */
export type ServedCentre = {
  /** null: which one it is, its enrolment says. */
  readonly name: string | null;
  readonly folder: string;
  readonly open: (note: Note) => Promise<Driver>;
};

/**
 * By WEIR_DRIVER: `process` (the default), `slurm` or `simulated`. Only simulated centres may be several in one process: those
 * of the file WEIR_SIMULATION, or the one of them that WEIR_CENTRE names. Throws with words for the operator.
 */
export function servedCentres(environment: Environment, folder: string): readonly ServedCentre[] {
  const name = driverNames.find((one) => one === (environment.WEIR_DRIVER || "process"));
  switch (name) {
    case "process":
      checkCapacitySettings(environment);
      return [{ name: null, folder, open: (note) => openProcessDriver(environment, note) }];
    case "simulated":
      return simulatedCentres(environment, folder);
    case "slurm":
      // Before anything is written: its folder would be root's, and the agent's own could not serve from it any more (P1).
      if (process.getuid?.() === 0) throw new Error(saySlurm("notAsRoot"));
      return [{ name: null, folder, open: (note) => openSlurmDriver(environment, folder, note) }];
    case undefined:
      throw new Error(`WEIR_DRIVER=${environment.WEIR_DRIVER}: an agent drives ${driverNames.join(", ")}`);
    default:
      return unreachable(name);
  }
}

function simulatedCentres(environment: Environment, folder: string): readonly ServedCentre[] {
  const path = environment.WEIR_SIMULATION;
  if (!path) throw new Error("WEIR_SIMULATION is not set: the file that describes the simulated centres.");
  const all = parseDescriptions(readFileSync(path, "utf8"), path);
  const only = environment.WEIR_CENTRE;
  const chosen = [...all].filter(([name]) => !only || name === only);
  if (chosen.length === 0)
    throw new Error(`${path} describes ${[...all.keys()].join(", ") || "no centre"}, not ${only}`);
  return chosen.map(([name, description]) => {
    const own = join(folder, name);
    const open = async (note: Note) => openSimulatedDriver({ description, path: join(own, "engine"), note });
    return { name, folder: own, open };
  });
}
