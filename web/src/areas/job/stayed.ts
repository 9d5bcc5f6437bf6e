import type { Shown } from "../../parts/state.tsx";

/** What is said of the time in a step of the line, by the step after it; null: the time alone. */
export function stayedKind(step: Shown, next: Shown | null): "soFar" | "waited" | "begun" | null {
  if (next === null) return "soFar";
  if (step === "queued") return "waited";
  // A run that was refused, or taken back, never began.
  return step === "placed" && (next === "starting" || next === "running") ? "begun" : null;
}
