import type { SimulatedRun } from "./cluster.ts";
import { hostsText } from "./hosts.ts";

const mostTicks = 500;

/**
 * The log of a run: what the engine did with it, and that nothing was executed. It follows from the run and the
 * centre's time, and what was said once never changes. Null before the start.
 */
export function logOf(run: SimulatedRun, nowMs: number): { readonly text: string; readonly final: boolean } | null {
  const { state } = run;
  if (state.kind === "waiting" || (state.kind === "ended" && state.startedMs === null)) return null;
  const startedMs = state.startedMs ?? 0;
  const overMs = (state.kind === "running" ? nowMs : state.atMs) - startedMs;
  const everyMs = Math.max(100, Math.ceil(run.plan.runMs / mostTicks));
  const lines = [
    `simulated: ${run.run} ${JSON.stringify(run.name)} began on ${hostsText(state.on)} of ${run.pool}; nothing is executed`,
    `simulated: ${run.ask.cores} cores and ${run.ask.memoryMib} MiB on each of ${run.ask.nodes} nodes`,
    ...(run.copies > 0 ? ["simulated: the engine started a second copy; it found the first one and ran nothing"] : []),
  ];
  for (let tick = 1; tick * everyMs <= Math.min(overMs, run.plan.runMs) && tick <= mostTicks; tick++)
    lines.push(`simulated: ${((tick * everyMs) / 1000).toFixed(1)} s of ${run.plan.runMs / 1000} s`);
  const final = state.kind === "ended";
  if (final) lines.push(`simulated: ended after ${overMs / 1000} s: ${endText(state.end)}`);
  return { text: `${lines.join("\n")}\n`, final };
}

function endText(end: Extract<SimulatedRun["state"], { readonly kind: "ended" }>["end"]): string {
  if (end.kind === "failed") return `exit code ${end.exitCode}`;
  return end.kind === "signalled" ? `signal ${end.signal}` : end.kind;
}
