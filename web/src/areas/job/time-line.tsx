import { useQuery } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { JobDetail, TaskDetail } from "#api/job.ts";
import { Icon } from "../../parts/icons.tsx";
import { type Shown, shownOf, stateColour, useStateWord } from "../../parts/state.tsx";
import { useFormat, useNow } from "../../words/use.ts";
import { type Run, runsBefore } from "./before.tsx";
import { whyQuery } from "./queries.ts";
import { stayedKind } from "./stayed.ts";
import css from "./time-line.module.css";

/** The way of one task through its states, left to right and an attempt a line, with the time it entered each and how long it stayed. */
export function TimeLine({ job, task, isArray }: LineContent) {
  const { t } = useTranslation("job");
  const word = useStateWord();
  const format = useFormat();
  const nowMs = useNow(1000, task.state !== "ended");
  const why = useQuery({ ...whyQuery(job.id, task.index), enabled: task.state === "queued" });
  const likelyMs = task.state === "queued" ? (why.data?.start?.likelyMs ?? null) : null;
  const ways = waysOf(t, job, task);
  function stayedWords(step: Shown, next: Shown | null, time: string): string {
    const kind = stayedKind(step, next);
    return kind === null ? time : t(`line.${kind}`, { time });
  }
  return (
    <section className={css.line} aria-label={t("line.label")}>
      {isArray ? (
        <div className={css.about}>
          <strong>{t("task", { index: task.index })}</strong>
        </div>
      ) : null}
      {ways.map((way, place) => (
        <ol key={way[0]?.attempt ?? 0} className={css.steps}>
          {way.map((step, at) => {
            const next = way[at + 1];
            const untilMs = next?.atMs ?? nowMs;
            const stayed = step.atMs === null ? null : Math.max(0, untilMs - step.atMs);
            const ran = step.ranMs === undefined ? null : t("line.ran", { time: format.ran(step.ranMs) });
            const current = next === undefined && place === ways.length - 1 && step.shown !== shownOfEnd(task);
            return (
              <li
                key={`${step.shown} ${step.atMs}`}
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
                      {ran ?? stayedWords(step.shown, next?.shown ?? null, format.duration(stayed))}
                      {step.shown === "running" && !next
                        ? ` · ${t("line.limit", { time: format.duration(job.spec.timeLimitS * 1000) })}`
                        : ""}
                    </span>
                  ) : null}
                </div>
              </li>
            );
          })}
          {likelyMs === null || place < ways.length - 1 ? null : (
            <li className={css.step} data-ahead="yes" style={{ color: stateColour("running") }}>
              <div className={css.head}>
                <span className={css.dot}>
                  <Icon name="running" size={14} />
                </span>
                <span className={css.name}>{t("line.likely")}</span>
              </div>
              <div className={css.facts}>
                <span>{format.until(likelyMs, nowMs)}</span>
                <span className={css.stayed}>{format.dateTime(likelyMs)}</span>
              </div>
            </li>
          )}
        </ol>
      ))}
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
  /** Of a run that is over. */
  readonly ranMs?: number | undefined;
  readonly attempt: number;
};

function shownOfEnd(task: TaskDetail): Shown | null {
  return task.state === "ended" ? shownOf(task) : null;
}

/** Attempt by attempt, each from the queue on. */
function waysOf(t: TFunction<"job">, job: JobDetail, task: TaskDetail): readonly (readonly Step[])[] {
  const before = runsBefore(task);
  const present = task.state === "queued" ? undefined : task.runs.at(-1);
  const runs = [...before, present];
  return runs.map((run, at) => {
    const isLast = at === runs.length - 1;
    const attempt = run?.attempt ?? at + 1;
    const note = before.length === 0 ? null : t("line.attempt", { attempt });
    const sinceMs = at === 0 ? job.submittedMs : (runs[at - 1]?.endedMs ?? null);
    const steps: Step[] = [{ shown: "queued", atMs: sinceMs, note: null, timed: true, attempt }];
    if (run) {
      steps.push({ shown: "placed", atMs: run.placedMs, note: run.centre, timed: true, attempt });
      if (isLast && task.state === "starting")
        steps.push({ shown: "starting", atMs: null, note: null, timed: false, attempt });
      if (run.startedMs !== null)
        steps.push({ shown: "running", atMs: run.startedMs, note, timed: true, ranMs: ranMs(run), attempt });
      if (!isLast) steps.push({ shown: run.end?.kind ?? "lost", atMs: run.endedMs, note, timed: false, attempt });
      else if (run.unreachableSinceMs !== null && task.state !== "ended")
        steps.push({ shown: "unreachable", atMs: run.unreachableSinceMs, note: null, timed: true, attempt });
    }
    if (isLast && task.state === "ended") {
      const endedMs = task.endedMs ?? run?.endedMs ?? null;
      steps.push({ shown: shownOf(task), atMs: endedMs, note: null, timed: false, attempt });
    }
    return steps;
  });
}

/** By the measure that it is billed by, which leaves out the clearing up after it; of one that nobody measured, from start to end. */
function ranMs({ usage, startedMs, endedMs }: Run): number | undefined {
  if (usage) return usage.wallMs;
  return startedMs === null || endedMs === null ? undefined : Math.max(0, endedMs - startedMs);
}
