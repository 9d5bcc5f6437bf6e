import type { SpecView } from "#api/job.ts";
import { arrayText } from "#core/job/array.ts";
import type { DataPlaces } from "#core/job/data-places.ts";
import { dependencyText } from "#core/job/dependency.ts";
import type { JobSpec, OnUnreachable } from "#core/job/spec.ts";

/** A spec as the API shows it: the fields a request has, complete, with the size of each input file for its content. */
export function specView(spec: JobSpec): SpecView {
  const { work, shape } = spec;
  return {
    script: work.kind === "script" ? work.text : null,
    command: work.kind === "command" ? [...work.argv] : null,
    arguments: work.kind === "script" ? [...work.arguments] : [],
    environment: { ...spec.environment },
    workingDirectory: spec.workingDirectory,
    nodes: shape.nodes,
    tasks: shape.tasks,
    coresPerTask: shape.coresPerTask,
    memoryMibPerNode: shape.memory.kind === "per-node" ? shape.memory.mib : null,
    memoryMibPerCore: shape.memory.kind === "per-core" ? shape.memory.mib : null,
    accelerators: shape.accelerators && { ...shape.accelerators },
    ...(shape.wholeNodes && { wholeNodes: true }),
    ...(shape.nodeGroups !== undefined && { nodeGroups: shape.nodeGroups }),
    ...(shape.contiguous && { contiguous: true }),
    timeLimitS: spec.timeLimitS,
    graceS: spec.graceS,
    ...(spec.deadlineMs !== null && { deadlineMs: spec.deadlineMs }),
    array: spec.array && arrayText(spec.array),
    dependencies: spec.dependencies.map(dependencyText),
    stdout: spec.stdout,
    stderr: spec.stderr,
    retries: spec.retries,
    requeue: spec.requeue,
    preemptible: spec.preemptible,
    warning: spec.warning && { ...spec.warning },
    onUnreachable: onUnreachableText(spec.onUnreachable),
    priorityClass: spec.priorityClass,
    software: [...spec.software],
    container: spec.container,
    fileSystems: [...spec.fileSystems],
    licences: spec.licences.map((licence) => ({ ...licence })),
    siteWords: Object.fromEntries(Object.entries(spec.siteWords).map(([kind, words]) => [kind, [...words]])),
    ...(spec.residency.length > 0 && { residency: [...spec.residency] }),
    ...(spec.data && { data: dataView(spec.data) }),
    ...(shape.domestic && { domestic: true }),
    inputFiles: spec.inputFiles.map(({ path, contentBase64, executable }) => ({
      path,
      bytes: bytesOfBase64(contentBase64),
      executable,
    })),
    centres: { only: [...spec.centres.only], except: [...spec.centres.except], prefer: [...spec.centres.prefer] },
    labels: { ...spec.labels },
    project: spec.project,
  };
}

/** As a request says it: without a moment it is there already, and `elsewhere` is left out where it never is. */
export function dataView({ at, elsewhereMs }: DataPlaces): NonNullable<SpecView["data"]> {
  const from = (fromMs: number) => (fromMs === 0 ? {} : { fromMs });
  return {
    at: at.map(({ centre, fromMs }) => ({ centre, ...from(fromMs) })),
    ...(elsewhereMs !== null && { elsewhere: from(elsewhereMs) }),
  };
}

/** `wait`, or `restart-after 600 s`. */
function onUnreachableText(policy: OnUnreachable): string {
  return policy.kind === "wait" ? "wait" : `restart-after ${policy.delayS} s`;
}

function bytesOfBase64(text: string): number {
  return Math.floor((text.replace(/=+$/, "").length * 3) / 4);
}
