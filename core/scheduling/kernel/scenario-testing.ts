import assert from "node:assert/strict";
import { policies } from "../policy.ts";
import type { Schedule, Workload } from "../replay/workload.ts";
import { replay } from "./replay.ts";
import type { Routing } from "./routings.ts";

export type PlainJob = {
  readonly submitS: number;
  readonly runS: number;
  readonly estimateS: number;
  readonly processors: number;
  readonly home: number;
};

/** The workload of these jobs, in the order (submit, home, place in the list). */
export function workloadOf(sizes: readonly number[], jobs: readonly PlainJob[]): Workload {
  const sorted = jobs.map((job, at) => ({ ...job, at }));
  sorted.sort((a, b) => a.submitS - b.submitS || a.home - b.home || a.at - b.at);
  const column = (of: (job: PlainJob & { readonly at: number }) => number) => Int32Array.from(sorted, of);
  return {
    homes: sizes.map((processors, at) => ({
      ...{ name: `home-${at}`, processors, firstSubmitS: 0, dropped: 0, clipped: 0, killed: 0 },
    })),
    count: jobs.length,
    submitS: column((job) => job.submitS),
    runS: column((job) => job.runS),
    estimateS: column((job) => job.estimateS),
    processors: column((job) => job.processors),
    home: Uint16Array.from(sorted, (job) => job.home),
    person: column((job) => job.home),
    project: column((job) => job.home),
    place: column((job) => job.at),
    number: column((job) => job.at + 1),
  };
}

export type ClassicName = "fcfs" | "sjf" | "easy" | "easy-sjbf" | "sjf-easy" | "saf-easy" | "conservative";
export const classicNames = ["fcfs", "sjf", "easy", "easy-sjbf", "sjf-easy", "saf-easy", "conservative"] as const;

export function scheduleOf(workload: Workload, policy: keyof typeof policies, routing: Routing = "home"): Schedule {
  const replayed = replay(workload, { policy: policies[policy], routing, seed: 1 });
  assert.ok(replayed.kind === "schedule", replayed.kind);
  return replayed.schedule;
}

/**
 * A scenario as text, and what it starts. Lines: `centre NAME PROCESSORS`, `job NAME at S run S [asks S] needs N [home NAME]`,
 * `expect NAME starts S [on CENTRE]`; `#` begins a remark.
 */
export function checkScenario(policy: keyof typeof policies, routing: Routing, text: string): void {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim().split(/\s+/));
  const centres = lines.filter(([word]) => word === "centre");
  const centreNames = centres.map(([, name = ""]) => name);
  const told = lines.filter(([word]) => word === "job");
  const after = (line: readonly string[], word: string) => line[line.indexOf(word) + 1] ?? "";
  const jobs = told.map((line) => ({
    submitS: Number(after(line, "at")),
    runS: Number(after(line, "run")),
    estimateS: Number(line.includes("asks") ? after(line, "asks") : after(line, "run")),
    processors: Number(after(line, "needs")),
    home: line.includes("home") ? centreNames.indexOf(after(line, "home")) : 0,
  }));
  const sizes = centres.map(([, , size]) => Number(size));
  const workload = workloadOf(sizes, jobs);
  const { startS, centre } = scheduleOf(workload, policy, routing);
  for (const line of lines.filter(([word]) => word === "expect")) {
    const job = workload.place.indexOf(told.findIndex(([, name]) => name === line[1]));
    assert.equal(startS[job], Number(after(line, "starts")), `${policy}: ${line.join(" ")}`);
    if (line.includes("on")) assert.equal(centreNames[centre[job] ?? -1], after(line, "on"), line.join(" "));
  }
}
