import type { CentreId } from "#core/ids.ts";
import { type Phrase, phrase } from "#core/job/phrase.ts";
import type { JobSpec } from "#core/job/spec.ts";
import { workFolderOf, writtenFiles } from "#core/job/written-files.ts";
import type { World } from "#core/scheduling/world.ts";

type Where = Pick<World, "centres" | "runsFolder">;

/**
 * Where the files that a job names for its output will be written: in full where only one centre can take it, or it names
 * a working directory. Of an array, with %a in place of the index.
 */
export function writtenNotes(spec: JobSpec, job: number, world: Where): readonly Phrase[] {
  if (spec.stdout === null && spec.stderr === null) return [];
  const centre = onlyCentre(spec, world);
  const run = spec.array ? `${job}.%a.1` : `${job}.0.1`;
  const { stdout, stderr } = writtenFiles(spec, centre && workFolderOf(world.runsFolder(centre), run), {
    job: spec.array ? "%j" : job,
    array: spec.array && { job, index: "%a" },
    name: spec.name,
  });
  const task = spec.array ? phrase("any-task-of", { job }) : job;
  const said = (stream: Phrase["kind"], path: string | null) => {
    if (path === null || path === "/dev/null") return [];
    const words = path.startsWith("/") ? "written-to" : "written-to-own-folder";
    const log = stream === "standard-error" ? phrase("errors-of", { job: task }) : task;
    return [phrase(words, { stream: phrase(stream), path, job: task, log })];
  };
  if (stdout === stderr) return said("both-streams", stdout);
  return [...said("standard-output", stdout), ...said("standard-error", stderr)];
}

function onlyCentre({ centres: { only } }: JobSpec, world: Where): CentreId | null {
  const [first, ...more] = only.length > 0 ? only : world.centres();
  return first === undefined || more.length > 0 ? null : first;
}
