/** What this machine can be asked for. */
export type Capacity = { readonly cores: number; readonly memoryMib: number; readonly memoryMibPerCore: number };

/**
 * Cores: WEIR_LOCAL_CORES, else what this process may use. Memory: WEIR_LOCAL_MEMORY_MIB, else the machine's (or its
 * container's, if less) without an eighth of it, at least 512 and at most 4096 MiB, which the system and Weir keep.
 * Throws an Error with words for the operator where a setting is not a positive integer.
 */
export function capacityOf(
  environment: Readonly<Record<string, string | undefined>>,
  machine: { readonly cores: number; readonly memoryBytes: number },
): Capacity {
  const machineMib = Math.floor(machine.memoryBytes / 2 ** 20);
  const reserveMib = Math.min(4096, Math.max(512, Math.floor(machineMib / 8)));
  const cores = setting(environment, "WEIR_LOCAL_CORES", 1_000_000) ?? machine.cores;
  const memoryMib =
    setting(environment, "WEIR_LOCAL_MEMORY_MIB", 2 ** 40) ??
    Math.max(machineMib - reserveMib, Math.ceil(machineMib / 2));
  return { cores, memoryMib, memoryMibPerCore: Math.max(1, Math.floor(memoryMib / cores)) };
}

/** Throws as `capacityOf` does, before anything is opened. */
export function checkCapacitySettings(environment: Readonly<Record<string, string | undefined>>): void {
  capacityOf(environment, { cores: 1, memoryBytes: 0 });
}

function setting(environment: Readonly<Record<string, string | undefined>>, name: string, most: number): number | null {
  const asked = environment[name];
  if (asked === undefined || asked === "") return null;
  const value = Number(asked);
  if (!/^\d+$/.test(asked) || value < 1 || value > most) {
    throw new Error(`${name} must be an integer from 1 to ${most}, not ${JSON.stringify(asked)}.`);
  }
  return value;
}
