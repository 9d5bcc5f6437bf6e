import assert from "node:assert/strict";
import { replay } from "#core/scheduling/kernel/replay.ts";
import { policies } from "#core/scheduling/policy.ts";
import { runTrial, runTrials, type Trial, trials } from "#simulator/frontier.ts";
import { generate } from "#simulator/generate/generate.ts";
import { buildWorkload } from "#simulator/workload.ts";
import type { ReportInput } from "./report.ts";

/** A report over made jobs of one or several homes, whose names are as bad as a trace's may be. */
export function madeInput(language: "en" | "zh", homes: number, jobs = 400, size = 64): ReportInput {
  const logs = Array.from({ length: homes }, (_, i) => {
    const made = generate({ model: "lublin", jobs, processors: size * (i + 1), seed: i, load: 0.9 });
    assert.ok(made.kind === "log");
    return { ...made.log, name: `<b>${i}</b> & "co"` };
  });
  const settings = { estimates: "requested", days: null, sequence: null, processors: [], rules: "batch" } as const;
  const built = buildWorkload(logs, settings);
  assert.ok(built.kind === "workload");
  const { workload } = built;
  const run = ({ policy, routing }: Trial) => {
    if (routing === "weir") return null;
    const replayed = replay(workload, { policy, routing, seed: 1 });
    return replayed.kind === "schedule" ? replayed.schedule : null;
  };
  const one = (name: "easy" | "saf-easy", routing: Trial["routing"]) => {
    const done = runTrial(workload, { policy: policies[name], routing }, run);
    assert.ok(done);
    return done;
  };
  const chosen = one("saf-easy", "merged");
  const merged = one("easy", "merged");
  return {
    language,
    command: "weir simulate --trace '<a>.swf'",
    estimates: "requested",
    isSynthetic: true,
    isOverNetwork: false,
    workload,
    chosen,
    homeOnly: homes === 1 ? null : one("easy", "home"),
    merged,
    frontier: runTrials(workload, trials(homes), run),
    fairness: { on: chosen, off: merged },
  };
}
