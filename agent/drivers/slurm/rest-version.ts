/**
 * Versions of slurmrestd's API that this driver can speak, the newest first. `plain`: numbers are numbers, and
 * submissions take sbatch's options; `typed`: the data parser of Slurm 23.11 and later, with numbers as
 * `{set, infinite, number}`, an environment that is a list, and exit codes with their parts.
 */
export const knownVersions = [
  { name: "v0.0.42", family: "typed", isRunLive: false },
  { name: "v0.0.41", family: "typed", isRunLive: false },
  { name: "v0.0.40", family: "typed", isRunLive: false },
  { name: "v0.0.38", family: "plain", isRunLive: true },
  { name: "v0.0.37", family: "plain", isRunLive: true },
] as const;

export type RestVersion = {
  readonly name: (typeof knownVersions)[number]["name"];
  readonly family: RestFamily;
  /** On a real slurmrestd in this project's tests; else by recorded and documented answers alone. */
  readonly isRunLive: boolean;
};
export type RestFamily = "plain" | "typed";

const named = (isRunLive: boolean) =>
  knownVersions.flatMap((one) => (one.isRunLive === isRunLive ? [one.name] : [])).join(", ");

/** For the doctor and for errors: what was run live, and what is known by documented answers alone. */
export const knownRange = { live: named(true), documented: named(false) } as const;

/** The newest version that both sides know, of the paths in its OpenAPI document; null: none, and nothing is guessed. */
export function newestCommon(served: readonly string[]): RestVersion | null {
  return knownVersions.find(({ name }) => served.includes(name)) ?? null;
}

/** The versions that a document of /openapi/v3 names. */
export function servedVersions(document: unknown): readonly string[] {
  if (typeof document !== "object" || document === null || !("paths" in document)) return [];
  const { paths } = document;
  if (typeof paths !== "object" || paths === null) return [];
  const names = Object.keys(paths).flatMap(
    (path) => /^\/slurm\/(v\d+\.\d+\.\d+)\/job\/submit\/?$/.exec(path)?.[1] ?? [],
  );
  return [...new Set(names)];
}
