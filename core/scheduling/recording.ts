import { type Policy, policies } from "#core/scheduling/policy.ts";
import { createWorld, type World } from "#core/scheduling/world.ts";
import type { WorldEvent } from "#core/scheduling/world-event.ts";
import type { Plan } from "#core/scheduling/world-plan.ts";

/**
 * What a world was told and what it decided, as lines of text: first `{"recording": 3, "policy": …}`, then one line an
 * event, one a decision, and one where a look at the queue told its ranks anew or found input come to a centre, in the order
 * they came. Replayed, it gives
 * the same plans byte for byte: live is simulated.
 */
type Line =
  | { readonly recording: typeof format; readonly policy: Policy }
  | { readonly event: WorldEvent }
  | { readonly told: number }
  | { readonly decide: { readonly nowMs: number; readonly most: number }; readonly plan: Plan };

/**
 * 1 knew neither whose tenant work is of, nor when it ended: what the order goes by now cannot be told from it. 2 was made
 * by worlds that did not look ahead.
 */
export const format = 3;

export type ReplayedRecording =
  | {
      readonly kind: "equal";
      readonly events: number;
      readonly decisions: number;
      readonly placements: number;
      readonly cut: boolean;
    }
  /** The first decision that came out otherwise; `line` from 1. */
  | { readonly kind: "differs"; readonly line: number; readonly recorded: string; readonly replayed: string }
  /** Made by a Weir that decided by other rules. */
  | { readonly kind: "other-format"; readonly format: number }
  /** Not the text of a recording, from this line on. */
  | { readonly kind: "unreadable"; readonly line: number };

/** A world that tells each line as it happens; `write` is given the line without its end. */
export function recordedWorld(write: (line: string) => void, policy: Policy = policies.weir): World {
  const world = createWorld(policy);
  const tell = (line: Line) => write(JSON.stringify(line, withMaps));
  tell({ recording: format, policy });
  const tellTime = (nowMs: number) => {
    const isAnew = world.tell(nowMs);
    if (isAnew) tell({ told: nowMs });
    return isAnew;
  };
  return {
    ...world,
    tell: tellTime,
    explain: (task, nowMs) => {
      tellTime(nowMs);
      return world.explain(task, nowMs);
    },
    explainNew: (shape, wishes, nowMs, asker) => {
      tellTime(nowMs);
      return world.explainNew(shape, wishes, nowMs, asker);
    },
    estimateDue: (nowMs) => {
      tellTime(nowMs);
      return world.estimateDue(nowMs);
    },
    whatIf: (task, nowMs) => {
      tellTime(nowMs);
      return world.whatIf(task, nowMs);
    },
    apply: (event) => {
      tell({ event });
      world.apply(event);
    },
    decide: (nowMs, most) => {
      const plan = world.decide(nowMs, most);
      tell({ decide: { nowMs, most }, plan });
      return plan;
    },
  };
}

/** Decides again all that was recorded. A last line that was cut off, as by a crash, is left out, and told (`cut`). */
export function replayRecording(text: string): ReplayedRecording {
  const lines = text.split("\n");
  const cut = lines.pop() !== "";
  if (cut && lines.length === 0) return { kind: "unreadable", line: 1 };
  const made = formatOf(lines[0] ?? "");
  if (made !== null && made !== format) return { kind: "other-format", format: made };
  let world: World | null = null;
  let [events, decisions, placements] = [0, 0, 0];
  for (const [at, text] of lines.entries()) {
    const line = parsedLine(text);
    if (!line || (world === null) !== "recording" in line) return { kind: "unreadable", line: at + 1 };
    if ("recording" in line) world = createWorld(line.policy);
    else if ("told" in line) world?.tell(line.told);
    else if ("event" in line) {
      world?.apply(line.event);
      events += 1;
    } else {
      const recorded = JSON.stringify(line.plan, withMaps);
      const replayed = JSON.stringify(world?.decide(line.decide.nowMs, line.decide.most), withMaps);
      if (recorded !== replayed) return { kind: "differs", line: at + 1, recorded, replayed };
      decisions += 1;
      placements += line.plan.place.length;
    }
  }
  return world ? { kind: "equal", events, decisions, placements, cut } : { kind: "unreadable", line: 1 };
}

/** Of a recording this program made itself; what is not one is told apart by its first word. */
function parsedLine(text: string): Line | null {
  try {
    const line: Line = JSON.parse(text, asMaps);
    const isOne =
      typeof line === "object" &&
      line !== null &&
      ("recording" in line || "event" in line || "decide" in line || "told" in line);
    return isOne ? line : null;
  } catch {
    return null;
  }
}

function formatOf(first: string): number | null {
  const [, made] = /^\{"recording":(\d{1,9}),/.exec(first) ?? [];
  return made === undefined ? null : Number(made);
}

/** Maps of an event (accounts, limits) as lists of their entries. */
function withMaps(_key: string, value: unknown): unknown {
  return value instanceof Map ? { entries: [...value], is: "map" } : value;
}

function asMaps(_key: string, value: unknown): unknown {
  const isMap =
    typeof value === "object" && value !== null && "is" in value && value.is === "map" && "entries" in value;
  return isMap && Array.isArray(value.entries) ? new Map(value.entries) : value;
}
