import { expandPattern, type PatternFacts } from "#core/job/file-pattern.ts";
import type { JobSpec } from "#core/job/spec.ts";

/**
 * Where a run's streams are written beside its log, by the names that the job gave (`--output`, `--error`); null: it gave
 * none. As under sbatch, stderr without a name goes where stdout does. What the centre alone knows (%u, %N) stays as it is.
 */
export type WrittenFiles = { readonly stdout: string | null; readonly stderr: string | null };

/** `workFolder`: the run's own, where it is known; else a relative name without a working directory stays relative. */
export function writtenFiles(
  { stdout, stderr, workingDirectory }: Pick<JobSpec, "stdout" | "stderr" | "workingDirectory">,
  workFolder: string | null,
  known: Omit<PatternFacts, "user" | "node">,
): WrittenFiles {
  const facts = { ...known, user: "%u", node: "%N" };
  const folder = workingDirectory ?? workFolder;
  const written = (name: string | null) => {
    if (name === null) return null;
    const path = expandPattern(name, facts);
    return path.startsWith("/") || folder === null ? path : `${folder}/${path}`;
  };
  return { stdout: written(stdout), stderr: written(stderr ?? stdout) };
}

/** A run's own folder at a centre that says where it keeps them. */
export function workFolderOf(runsFolder: string | null | undefined, run: string): string | null {
  return runsFolder ? `${runsFolder}/${run}/work` : null;
}
