import { useTranslation } from "react-i18next";
import type { WireOutcome } from "#api/job.ts";
import type { StateKind } from "#core/job/state.ts";
import { Icon, type IconName } from "./icons.tsx";
import css from "./state.module.css";

export type EndKind = WireOutcome["kind"] | "withdrawn" | "duplicate" | "requeued";
/** Everything a badge can say. */
export type Shown = Exclude<StateKind, "ended"> | EndKind | "unreachable";

/** The state of a task, run or job as icon + word in one colour; for what has ended, its outcome. */
export function StateBadge({ shown, quiet = false }: { readonly shown: Shown; readonly quiet?: boolean }) {
  const word = useStateWord();
  return (
    <span className={quiet ? css.quiet : css.badge} style={{ color: stateColour(shown) }} data-state={shown}>
      <Icon name={iconOf[shown]} size={14} />
      <span>{word(shown)}</span>
    </span>
  );
}

/** What a list shows for a job: its outcome once it ended, else that its centre is gone, else its state. */
export function shownOf(job: {
  readonly state: StateKind;
  readonly outcome?: { readonly kind: EndKind } | null;
  readonly end?: { readonly kind: EndKind } | null;
  readonly unreachableSinceMs: number | null;
}): Shown {
  const end = job.outcome ?? job.end;
  if (job.state === "ended") return end?.kind ?? "lost";
  return job.unreachableSinceMs === null ? job.state : "unreachable";
}

export function useStateWord(): (shown: Shown) => string {
  const { t } = useTranslation("words");
  return (shown) => (isState(shown) ? t(`state.${shown}`) : t(`outcome.${shown}`));
}

export function stateColour(shown: Shown): string {
  const like = ["refused", "withdrawn", "duplicate", "requeued"];
  const name = like.includes(shown) ? "cancelled" : shown;
  return `var(--state-${name})`;
}

function isState(shown: Shown): shown is "queued" | "placed" | "starting" | "running" | "unreachable" {
  return ["queued", "placed", "starting", "running", "unreachable"].includes(shown);
}

const iconOf: Readonly<Record<Shown, IconName>> = {
  queued: "queued",
  placed: "placed",
  starting: "starting",
  running: "running",
  unreachable: "unreachable",
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "cancelled",
  "timed-out": "timed-out",
  "out-of-memory": "out-of-memory",
  preempted: "preempted",
  "node-failed": "node-failed",
  "platform-fault": "platform-fault",
  refused: "refused",
  lost: "lost",
  withdrawn: "withdrawn",
  duplicate: "duplicate",
  requeued: "requeued",
};
