import { useTranslation } from "react-i18next";
import type { JobDetail, TaskDetail } from "#api/job.ts";
import { Icon } from "../../parts/icons.tsx";
import { type Shown, shownOf, stateColour, useStateWord } from "../../parts/state.tsx";
import { useFormat, useNow } from "../../words/use.ts";
import css from "./time-line.module.css";

/** The way of one task through its states, left to right, with the time it entered each and how long it stayed. */
export function TimeLine({ job, task, isArray }: LineContent) {
  const { t } = useTranslation("job");
  const word = useStateWord();
  const format = useFormat();
  const nowMs = useNow(1000, task.state !== "ended");
  const run = task.runs.at(-1);
  const steps = stepsOf(job, task);
  function stayedWords(shown: Shown, time: string, over: boolean): string {
    if (!over) return t("line.soFar", { time });
    if (shown === "queued") return t("line.waited", { time });
    if (shown === "placed") return t("line.begun", { time });
    return shown === "running" ? t("line.ran", { time }) : time;
  }
  return (
    <section className={css.line} aria-label={t("line.label")}>
      {isArray || (run && run.attempt > 1) ? (
        <div className={css.about}>
          {isArray ? <strong>{t("task", { index: task.index })}</strong> : null}
          {run && run.attempt > 1 ? <span className="soft">{t("line.attempt", { attempt: run.attempt })}</span> : null}
        </div>
      ) : null}
      <ol className={css.steps}>
        {steps.map((step, at) => {
          const next = steps[at + 1];
          const untilMs = next?.atMs ?? nowMs;
          const stayed = step.atMs === null || untilMs === null ? null : Math.max(0, untilMs - step.atMs);
          const current = next === undefined && step.shown !== shownOfEnd(task);
          return (
            <li
              key={step.shown}
              className={css.step}
              data-current={current || undefined}
              style={{ color: stateColour(step.shown) }}
            >
              <div className={css.head}>
                <span className={css.dot}>
                  <Icon name={step.shown} size={14} />
                </span>
                <span className={css.name}>{word(step.shown)}</span>
              </div>
              <div className={css.facts}>
                <span title={step.atMs === null ? undefined : format.dateTime(step.atMs)}>
                  {step.atMs === null ? "" : format.clock(step.atMs)}
                </span>
                {step.note ? <span className={css.note}>{step.note}</span> : null}
                {step.timed && stayed !== null ? (
                  <span className={css.stayed}>
                    {stayedWords(step.shown, format.duration(stayed), next !== undefined)}
                    {step.shown === "running" && !next
                      ? ` · ${t("line.limit", { time: format.duration(job.spec.timeLimitS * 1000) })}`
                      : ""}
                  </span>
                ) : null}
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

type LineContent = { readonly job: JobDetail; readonly task: TaskDetail; readonly isArray: boolean };

type Step = {
  readonly shown: Shown;
  readonly atMs: number | null;
  readonly note: string | null;
  /** Whether the time spent in it says something. */
  readonly timed: boolean;
};

function shownOfEnd(task: TaskDetail): Shown | null {
  return task.state === "ended" ? shownOf(task) : null;
}

function stepsOf(job: JobDetail, task: TaskDetail): readonly Step[] {
  const run = task.runs.at(-1);
  const waitsAgain = task.state === "queued";
  const steps: Step[] = [{ shown: "queued", atMs: job.submittedMs, note: null, timed: true }];
  if (run && !waitsAgain) {
    steps.push({ shown: "placed", atMs: run.placedMs, note: run.centre, timed: true });
    if (task.state === "starting") steps.push({ shown: "starting", atMs: null, note: null, timed: false });
    if (run.startedMs !== null) steps.push({ shown: "running", atMs: run.startedMs, note: null, timed: true });
    if (run.unreachableSinceMs !== null && task.state !== "ended") {
      steps.push({ shown: "unreachable", atMs: run.unreachableSinceMs, note: null, timed: true });
    }
  }
  if (task.state === "ended") {
    steps.push({ shown: shownOf(task), atMs: task.endedMs ?? run?.endedMs ?? null, note: null, timed: false });
  }
  return steps;
}
