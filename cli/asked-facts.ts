import type { SpecView } from "#api/job.ts";
import type { Call } from "#cli/call.ts";
import { memoryText, timeText } from "#cli/formats.ts";
import { regionWords } from "#core/centre/region.ts";
import { classTitle, shippedDefaultClass } from "#core/job/job-class.ts";
import { durationWords } from "#core/measures.ts";

/** What was asked for, as understood: lines for `printFacts`, without those that say nothing of this job. */
export function askedFacts(spec: SpecView, { say, language }: Call): readonly (readonly [string, string])[] {
  const { warning, preemptible, priorityClass, retries, requeue, dependencies } = spec;
  const span = (seconds: number) => durationWords(seconds * 1000, language);
  const optional = (key: Parameters<typeof say>[0], value: string) =>
    value === "" ? [] : [[say(key), value] as const];
  return [
    [say("factShape"), shapeText(spec, say)],
    [say("factTimeLimit"), say("limitAndGrace", { limit: span(spec.timeLimitS), grace: span(spec.graceS) })],
    ...optional("factDeadline", spec.deadlineMs === undefined ? "" : timeText(spec.deadlineMs)),
    ...optional(
      "factWarning",
      warning ? say("warnedBefore", { signal: warning.signal, span: span(warning.beforeS) }) : "",
    ),
    ...optional("factRetries", retries === 0 ? "" : `${retries}`),
    ...optional("factRequeue", requeue ? say("requeueYes") : ""),
    ...optional("factPriority", priorityClass === shippedDefaultClass ? "" : classTitle(priorityClass, language)),
    ...optional("factPreemptible", preemptible === "no" ? "" : say(`preemptible_${preemptible}`)),
    ...optional("factStdout", fileText(inFolder(spec.stdout, spec), say)),
    ...optional("factStderr", fileText(inFolder(spec.stderr, spec), say)),
    ...optional("factDependencies", dependencies.join(say("comma"))),
    ...optional("factResidency", (spec.residency ?? []).map((one) => regionWords(one, language)).join(say("comma"))),
    ...optional("factData", dataText(spec, say)),
    ...optional("factDomestic", spec.domestic ? say("domesticOnly") : ""),
  ];
}

/** Where its input is, and from when; empty: it said nothing of it. */
export function dataText({ data }: Pick<SpecView, "data">, say: Call["say"]): string {
  if (!data) return "";
  const places = data.at.map(({ centre, fromMs }) =>
    fromMs === undefined ? say("dataThere", { centre }) : say("dataThereFrom", { centre, time: timeText(fromMs) }),
  );
  const { elsewhere } = data;
  if (elsewhere?.fromMs !== undefined) places.push(say("dataElsewhereFrom", { time: timeText(elsewhere.fromMs) }));
  else if (elsewhere) places.push(say("dataElsewhere"));
  return places.join(say("comma"));
}

function inFolder(name: string | null, { workingDirectory: folder }: SpecView): string | null {
  return name === null || folder === null || name.startsWith("/") ? name : `${folder}/${name}`;
}

/** A relative name is in the run's own folder; empty where there is none. */
export function fileText(name: string | null, say: Call["say"]): string {
  if (name === null || name.startsWith("/")) return name ?? "";
  return say("beside", { words: name, more: say("inOwnFolder") });
}

function shapeText(spec: SpecView, say: Call["say"]): string {
  const { nodes, tasks, coresPerTask: cores, wholeNodes, nodeGroups, contiguous } = spec;
  const memory =
    spec.memoryMibPerNode !== null
      ? say("memoryPerNode", { memory: memoryText(spec.memoryMibPerNode) })
      : spec.memoryMibPerCore !== null
        ? say("memoryPerCore", { memory: memoryText(spec.memoryMibPerCore) })
        : say("memoryDefault");
  const cards = [
    cardsText(spec.accelerators, say),
    wholeNodes ? say("shapeWhole") : "",
    nodeGroups === undefined ? "" : say("shapeGroups", { count: nodeGroups }),
    contiguous ? say("shapeRow") : "",
  ];
  return say("shape", { nodes, tasks, cores, memory, cards: cards.join("") });
}

/** `, 2 × huawei 910b per node`; empty where there are none. */
export function cardsText(accelerators: SpecView["accelerators"], say: Call["say"]): string {
  if (!accelerators) return "";
  const { vendor, model: of, perNode: count, shareMilli: share } = accelerators;
  const model = [vendor, of].filter((word) => word).join(" ") || say("anyAccelerator");
  return share === undefined ? say("shapeCards", { count, model }) : say("shapeShare", { share, model });
}
