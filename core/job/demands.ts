import type { Region } from "#core/centre/region.ts";
import type { DataPlaces } from "#core/job/data-places.ts";
import type { JobSpec, SiteWords } from "#core/job/spec.ts";

/**
 * What a job asks of a centre beside its shape (W1, W2): words of the centre's own tables, software, a runtime for its
 * container, file systems, licences. Nearly no job asks for any of it.
 */
export type Demands = {
  readonly siteWords: SiteWords;
  /** Empty with a container: what is inside is not the centre's. */
  readonly software: readonly string[];
  readonly container: boolean;
  /** Names of file systems, and absolute paths that must lie on one. */
  readonly fileSystems: readonly string[];
  readonly licences: JobSpec["licences"];
  /** Where its data may be; empty: anywhere. */
  readonly residency: readonly Region[];
  /** Where its input is, and from when on; absent: wherever it runs. */
  readonly data?: DataPlaces | undefined;
};

/** The fields of a spec that demands come from. */
export type Demanding = Pick<
  JobSpec,
  | "siteWords"
  | "software"
  | "container"
  | "fileSystems"
  | "licences"
  | "workingDirectory"
  | "stdout"
  | "stderr"
  | "residency"
  | "data"
>;

export function demandsOf(spec: Demanding): Demands | null {
  const { siteWords, container, licences, residency, data } = spec;
  const paths = pinningPaths(spec);
  const asked = spec.software.length + spec.fileSystems.length + licences.length + paths.length + residency.length;
  if (container === null && asked === 0 && data === null && Object.keys(siteWords).length === 0) return null;
  return {
    siteWords,
    software: container === null ? spec.software : [],
    container: container !== null,
    fileSystems: [...new Set([...spec.fileSystems, ...paths.map(({ path }) => path)])],
    licences,
    residency,
    ...(data !== null && { data }),
  };
}

/** The same, or null where nothing is asked. */
export function anyDemands(demands: Demands): Demands | null {
  const { siteWords, software, container, fileSystems, licences, residency, data } = demands;
  const beside = software.length + fileSystems.length + licences.length + residency.length;
  const count = Object.keys(siteWords).length + beside;
  return count > 0 || container || data ? demands : null;
}

/** Absolute paths that are true only where a centre has that file system; what every machine has is not among them. */
export function pinningPaths(
  spec: Pick<JobSpec, "workingDirectory" | "stdout" | "stderr">,
): readonly { readonly field: string; readonly path: string }[] {
  const { workingDirectory, stdout, stderr } = spec;
  if (workingDirectory === null && stdout === null && stderr === null) return [];
  return Object.entries({ workingDirectory, stdout, stderr }).flatMap(([field, path]) =>
    path?.startsWith("/") && !isEverywhere(path) ? [{ field, path }] : [],
  );
}

/** The system's own, as the file hierarchy standard has it on every machine: no centre declares it. */
export function isEverywhere(path: string): boolean {
  return systemFolders.test(path);
}

const systemFolders =
  /^\/(?:bin|boot|dev|etc|lib|lib32|lib64|libx32|proc|run|sbin|sys|tmp|usr|var(?=\/?$)|var\/(?:cache|lib|lock|log|mail|opt|run|spool|tmp))(?=\/|$)/;
