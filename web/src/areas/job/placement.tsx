import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobDetail, TaskDetail, WhatIf as WhatIfAnswer, Why } from "#api/job.ts";
import { CopyLine } from "../../parts/copy.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Table } from "../../parts/table.tsx";
import { useFormat, useNow } from "../../words/use.ts";
import css from "./job.module.css";
import { whatIfQuery, whyQuery } from "./queries.ts";

/** What it waits for, in one sentence, whichever of its views is open; nothing once it runs. */
export function WaitsFor({ job, task }: { readonly job: JobDetail; readonly task: TaskDetail }) {
  const { t } = useTranslation("job");
  const format = useFormat();
  const run = task.runs.at(-1);
  const isQueued = task.state === "queued";
  const why = useQuery({ ...whyQuery(job.id, task.index), enabled: isQueued });
  if (!isQueued && !run?.waiting) return null;
  const there = run?.waiting && t("why.there", { centre: run.centre, pool: run.pool, words: run.waiting.words });
  const words = isQueued ? why.data && format.clockTimes(why.data.words) : there;
  return <Notice kind="plain" title={<span className={css.sentence}>{words ?? "…"}</span>} />;
}

/** While it waits: what for, centre by centre. Afterwards: what each centre said when it was placed. */
export function Placement({ job, task }: { readonly job: JobDetail; readonly task: TaskDetail }) {
  const { t } = useTranslation("job");
  const run = task.runs.at(-1);
  if (task.state === "queued") return <Waits job={job} index={task.index} />;
  return (
    <div>
      {run?.cancelling ? <p className={css.waits}>{run.cancelling.words}</p> : null}
      {run?.waiting ? <InTheirQueue waiting={run.waiting} /> : null}
      {run?.nodes ? <p className={css.quiet}>{t("why.onNodes", { nodes: run.nodes })}</p> : null}
      <p className={css.quiet}>
        {run ? t("why.chosen", { attempt: run.attempt }) : t(task.state === "ended" ? "runs.never" : "runs.none")}
      </p>
      {run ? <Candidates candidates={run.candidates} chosen={run.centre} /> : null}
    </div>
  );
}

type Waiting = NonNullable<TaskDetail["runs"][number]["waiting"]>;

/** It was placed, and waits in the centre's own queue: since when, and until when by its estimate. */
function InTheirQueue({ waiting }: { readonly waiting: Waiting }) {
  const { t } = useTranslation("job");
  const format = useFormat();
  const nowMs = useNow();
  const { engineId, startsMs, sinceMs, start } = waiting;
  return (
    <div className={css.waits}>
      <span className="soft">
        {t("why.since", { id: engineId, time: format.ago(sinceMs, nowMs) })}
        {start !== null || startsMs === null ? "" : ` · ${t("why.starts", { time: format.dateTime(startsMs) })}`}
      </span>
      <Start start={start} />
    </div>
  );
}

/** When it is likely to start, and what that rests on. */
export function Start({ start }: { readonly start: Why["start"] }) {
  const { t } = useTranslation("job");
  const format = useFormat();
  const nowMs = useNow(1000, start !== null);
  if (start === null) return null;
  const { likelyMs, words } = start;
  return (
    <span className={css.start}>
      <span>
        {t("why.likely")}
        {likelyMs === null ? null : <strong title={format.dateTime(likelyMs)}> {format.until(likelyMs, nowMs)}</strong>}
      </span>
      <span className="soft">{format.clockTimes(words)}</span>
    </span>
  );
}

function Waits({ job, index }: { readonly job: JobDetail; readonly index: number }) {
  const { t } = useTranslation("job");
  const format = useFormat();
  const nowMs = useNow();
  const why = useQuery(whyQuery(job.id, index));
  if (why.error) return <Problem error={why.error} again={() => void why.refetch()} />;
  if (!why.data) return <div style={{ height: 160 }} />;
  const { rule, candidates, decidedMs, start, order } = why.data;
  const isHeld = rule !== null && !candidates.some((candidate) => candidate.rule === rule);
  return (
    <div>
      <div className={css.waits}>
        {decidedMs === null ? null : (
          <span className="soft">{t("why.decided", { time: format.ago(decidedMs, nowMs) })}</span>
        )}
        <Start start={start} />
        {order === null ? null : (
          <span className="soft">{t("why.order", { words: format.clockTimes(order.words) })}</span>
        )}
      </div>
      {candidates.length > 0 ? <Candidates candidates={candidates} chosen={null} held={isHeld} /> : null}
      {start !== null && candidates.some(({ score }) => score !== null) ? (
        <p className={css.legend}>{t("why.scoreLegend")}</p>
      ) : null}
      <WhatIf job={job.id} index={index} />
      <div className={css.command}>
        <CopyLine text={t("why.command", { job: job.id })} />
      </div>
    </div>
  );
}

/** What to ask instead so that it starts now. Asked for only when somebody looks: most who look why want to wait. */
function WhatIf({ job, index }: { readonly job: number; readonly index: number }) {
  const { t } = useTranslation("job");
  const [isOpen, open] = useState(false);
  const found = useQuery({ ...whatIfQuery(job, index), enabled: isOpen });
  return (
    <details className={css.whatIf} onToggle={(event) => open(event.currentTarget.open)}>
      <summary>{t("whatIf.title")}</summary>
      {found.error ? <Problem error={found.error} again={() => void found.refetch()} /> : null}
      {found.data ? <p className="soft">{t("whatIf.said", { words: found.data.words })}</p> : null}
      {found.data && found.data.answers.length > 0 ? <Answers answers={found.data.answers} /> : null}
    </details>
  );
}

function Answers({ answers }: { readonly answers: WhatIfAnswers }) {
  const { t } = useTranslation("job");
  return (
    <Table
      label={t("whatIf.title")}
      rows={answers}
      rowKey={(each) => each.changes.map(({ words }) => words).join()}
      stacks
      empty={null}
      columns={[
        {
          key: "changes",
          title: t("whatIf.change"),
          cell: (each) => (
            <div>
              {each.changes.map(({ kind, words }) => (
                <div key={kind + words}>{words}</div>
              ))}
            </div>
          ),
        },
        { key: "centre", title: t("why.centre"), cell: (each) => each.centre },
        {
          key: "options",
          title: t("whatIf.options"),
          cell: (each) => (each.options.length > 0 ? <CopyLine text={each.options.join(" ")} prompt={false} /> : null),
        },
      ]}
    />
  );
}

type WhatIfAnswers = WhatIfAnswer["answers"];

/** One line for each centre: whether it fits, else the first rule that fails there with its facts; and what it would cost. */
export function Candidates({ candidates, chosen, held = false }: CandidatesContent) {
  const { t } = useTranslation("job");
  const { clockTimes } = useFormat();
  return (
    <Table
      label={t("why.centre")}
      rows={nearestFirst(candidates)}
      rowKey={(candidate) => candidate.centre}
      stacks
      empty={<p className={css.quiet}>{t("why.none")}</p>}
      columns={[
        {
          key: "centre",
          title: t("why.centre"),
          cell: (candidate) =>
            candidate.centre === chosen ? (
              <strong>
                {candidate.centre} <span className={css.chosen}>{t("why.chosenHere")}</span>
              </strong>
            ) : (
              candidate.centre
            ),
        },
        { key: "holds", title: "", cell: (candidate) => <Holds candidate={candidate} held={held} /> },
        {
          key: "words",
          title: t("why.reason"),
          cell: (candidate) => (
            <div>
              <div>{clockTimes(candidate.words) || (candidate.rule === null ? t("why.fits") : candidate.rule)}</div>
              {candidate.rule === null ? null : <code className="faint">{candidate.rule}</code>}
            </div>
          ),
        },
      ]}
    />
  );
}

/** Where it could start comes before where it cannot; else as the server has them. */
function nearestFirst(candidates: readonly Candidate[]): readonly Candidate[] {
  const order: readonly Candidate["holds"][] = ["now", "later", "never"];
  return [...candidates].sort((a, b) => order.indexOf(a.holds) - order.indexOf(b.holds));
}

type Candidate = Why["candidates"][number];
type CandidatesContent = {
  readonly candidates: readonly Candidate[];
  readonly chosen: string | null;
  /** Something of the job itself keeps it from starting, wherever there is room. */
  readonly held?: boolean;
};

/** A place in a centre's own queue can be had now, a start cannot: the mark is that of waiting. */
function Holds({ candidate, held }: { readonly candidate: Candidate; readonly held: boolean }) {
  const { t } = useTranslation("job");
  const hasRoom = held ? "held" : candidate.rule !== null ? "queues" : "now";
  const holds = candidate.holds === "now" ? hasRoom : candidate.holds;
  const icons = { now: "succeeded", held: "queued", queues: "placed", later: "queued", never: "failed" } as const;
  // That a centre is none for this job is no failure of anything.
  const colours = { now: "succeeded", held: "queued", queues: "placed", later: "queued", never: "cancelled" } as const;
  return (
    <span className="nowrap" style={{ color: `var(--state-${colours[holds]})`, fontWeight: 500 }}>
      <Icon name={icons[holds]} size={14} /> {t(`why.holds.${holds}`)}
    </span>
  );
}
