import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Button } from "antd";
import type { TFunction } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobDetail, TaskDetail } from "#api/job.ts";
import { causeWords } from "#core/job/history-words.ts";
import { mibText } from "#core/measures.ts";
import { Waiting } from "../../app/fallbacks.tsx";
import { language } from "../../app/language.ts";
import { useLiveRefresh } from "../../app/refresh.ts";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Page, Panel } from "../../parts/page.tsx";
import { StateBadge, shownOf, useStateWord } from "../../parts/state.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { useFormat } from "../../words/use.ts";
import { BeforeNotice } from "./before.tsx";
import { CancelButton } from "./cancel.tsx";
import { DeclareLostButton } from "./declare-lost.tsx";
import { HistoryTable, RunsTable } from "./history.tsx";
import css from "./job.module.css";
import type { LogSource } from "./log/use-log.ts";
import { LogViewer } from "./log/viewer.tsx";
import { restartAfterS } from "./on-unreachable.ts";
import { endWords } from "./outcome.ts";
import { Placement, WaitsFor } from "./placement.tsx";
import { jobQuery, logSizesQuery, taskQuery } from "./queries.ts";
import { type JobSearch, type JobView, jobViews, type Stream } from "./search.ts";
import { Asked, Specification } from "./specification.tsx";
import { Tasks } from "./tasks.tsx";
import { TimeLine } from "./time-line.tsx";
import { UsageFacts } from "./usage-facts.tsx";

/** One job: what state it is in and since when, why it waits, what it writes, how it ended, what it used. */
export function JobPage() {
  const { t } = useTranslation("job");
  const id = Number(useParams({ from: "/frame/jobs/$job" }).job);
  const { data: job, error, refetch } = useQuery(jobQuery(id));
  useLiveRefresh([["job", id]], { everyMs: 700, concerns: ({ event }) => event.job === id });
  if (error && !job) {
    return (
      <Page title={t("title", { job: id })} actions={<Link to="/jobs">{t("toList")}</Link>}>
        <Problem error={error} again={() => void refetch()} />
      </Page>
    );
  }
  return job ? <Shown key={job.id} job={job} /> : <Waiting />;
}

function Shown({ job }: { readonly job: JobDetail }) {
  const { t } = useTranslation("job");
  const format = useFormat();
  const search = useSearch({ from: "/frame/jobs/$job" });
  const isArray = job.array !== null;
  // Once opened it stays, whatever becomes of the others meanwhile.
  const [first] = useState(() => mostToTell(job));
  const task = useTask(job, search.task ?? first);
  const chosen = isArray && search.task !== undefined ? (task.data ?? null) : null;
  return (
    <Page
      title={`${t("title", { job: job.id })} · ${job.name}`}
      heading={
        <span className={css.heading}>
          <span className={css.number}>{job.id}</span> {job.name} <StateBadge shown={shownOf(job)} />
        </span>
      }
      note={t("note", { project: job.project, person: job.person, time: format.dateTime(job.submittedMs) })}
      actions={
        <>
          <Link to="/submit" search={{ from: job.id }}>
            <Button tabIndex={-1}>{t("again")}</Button>
          </Link>
          <DeclareLostButton job={job} task={chosen} />
          <CancelButton job={job} task={chosen} />
        </>
      }
    >
      <UnreachableNotice job={job} />
      {task.data ? <EndNotice job={job} task={task.data} isArray={isArray} /> : null}
      {isArray ? <Tasks job={job} chosen={task.data?.index ?? null} /> : null}
      {task.error ? <Problem error={task.error} /> : null}
      {task.data ? <TaskView job={job} task={task.data} search={search} isArray={isArray} /> : <Waiting />}
    </Page>
  );
}

/** The task that a job opens on: the first that failed, else that was cancelled, else of those not over, else of all. */
function mostToTell({ outcomes, firstTasks }: JobDetail): number {
  const ends = outcomes.filter(({ kind }) => kind !== "succeeded").toSorted((one, other) => one.first - other.first);
  const worst = ends.find(({ kind }) => kind !== "cancelled") ?? ends[0];
  return worst?.first ?? (firstTasks.find(({ state }) => state !== "ended") ?? firstTasks[0])?.index ?? 0;
}

/** A task; the first ones come with the job, the others are asked for. */
function useTask(job: JobDetail, index: number): { readonly data: TaskDetail | undefined; readonly error: unknown } {
  const known = job.firstTasks.find((task) => task.index === index);
  const asked = useQuery({ ...taskQuery(job.id, index), enabled: !known });
  return known ? { data: known, error: null } : { data: asked.data, error: asked.error };
}

function TaskView({ job, task, search, isArray }: TaskContent) {
  const { t } = useTranslation("job");
  const navigate = useNavigate();
  const newest = task.runs.at(-1);
  const attempt = Math.min(search.attempt ?? newest?.attempt ?? 1, newest?.attempt ?? 1);
  const hasLog = task.runs.some((run) => run.attempt === attempt && run.startedMs !== null);
  // In the network's queue, or placed and in the centre's own.
  const waitsThere = newest !== undefined && newest.waiting !== null;
  const waits = task.state === "queued" || waitsThere;
  const view = search.view ?? (waits ? "placement" : "log");
  function show(change: Partial<JobSearch>) {
    void navigate({
      to: "/jobs/$job",
      params: { job: String(job.id) },
      search: { ...search, ...change },
      replace: true,
    });
  }
  const title: Readonly<Record<JobView, string>> = {
    log: t("view.log"),
    placement: waits ? t("view.waits") : t("view.placement"),
    history: t("view.history"),
    specification: t("view.specification"),
  };
  return (
    <>
      <TimeLine job={job} task={task} isArray={isArray} />
      <CancellingNotice task={task} />
      <BeforeNotice task={task} />
      <WaitsFor job={job} task={task} />
      <div className={css.columns}>
        <section className={css.views}>
          <Tabs
            label={t("view.label")}
            tabs={jobViews.map((key) => ({ key, words: title[key] }))}
            chosen={view}
            onChoose={(key) => show({ view: key })}
          >
            {view === "log" ? (
              newest && hasLog ? (
                <LogOf
                  key={`${task.index} ${attempt}`}
                  job={job.id}
                  task={task}
                  attempt={attempt}
                  chosen={search.stream}
                  onSource={(source) => show({ attempt: source.attempt, stream: source.stream })}
                />
              ) : (
                <p className={css.quiet}>{t(task.state === "ended" ? "log.neverStarted" : "log.notStarted")}</p>
              )
            ) : null}
            {view === "placement" ? <Placement job={job} task={task} /> : null}
            {view === "history" ? (
              <>
                <RunsTable task={task} />
                <HistoryTable job={job.id} index={task.index} />
              </>
            ) : null}
            {view === "specification" ? <Specification job={job} /> : null}
          </Tabs>
        </section>
        <aside>
          <Panel title={t("usage.title")}>
            <UsageFacts job={job} task={task} />
          </Panel>
          <Panel title={t("asked.title")}>
            <Asked spec={job.spec} />
          </Panel>
        </aside>
      </div>
    </>
  );
}

/** Of a run that failed, what it wrote to stderr comes first, if it wrote any. */
function LogOf({ job, task, attempt, chosen, onSource }: LogContent) {
  const run = task.runs.find((one) => one.attempt === attempt);
  const isOver = run !== undefined && run.end !== null;
  const sizes = useQuery({ ...logSizesQuery(job, task.index, attempt), enabled: isOver });
  const mayTell = chosen === undefined && isOver && failures.has(run.end?.kind ?? "");
  if (mayTell && sizes.isPending) return <Waiting />;
  const stream = chosen ?? (mayTell && (sizes.data?.stderr ?? 0) > 0 ? "stderr" : "stdout");
  return (
    <LogViewer
      source={{ job, index: task.index, attempt, stream }}
      sizes={sizes.data ?? null}
      file={run === undefined ? null : stream === "stdout" ? run.stdoutFile : run.stderrFile}
      attempts={task.runs.at(-1)?.attempt ?? attempt}
      onSource={onSource}
    />
  );
}

const failures: ReadonlySet<string> = new Set(["failed", "out-of-memory", "refused"]);

type LogContent = {
  readonly job: number;
  readonly task: TaskDetail;
  readonly attempt: number;
  readonly chosen: Stream | undefined;
  readonly onSource: (source: LogSource) => void;
};

type TaskContent = {
  readonly job: JobDetail;
  readonly task: TaskDetail;
  readonly search: JobSearch;
  readonly isArray: boolean;
};

function UnreachableNotice({ job }: { readonly job: JobDetail }) {
  const { t } = useTranslation("job");
  const format = useFormat();
  if (job.unreachableSinceMs === null || job.state === "ended") return null;
  const delayS = restartAfterS(job.spec.onUnreachable);
  return (
    <Notice
      kind="warning"
      title={t("unreachableTitle", {
        centre: job.centres.join(", "),
        time: format.dateTime(job.unreachableSinceMs),
      })}
    >
      {delayS === undefined ? t("unreachableWait") : t("unreachableRestart", { delay: format.duration(delayS * 1000) })}
    </Notice>
  );
}

/** A cancel that has not come through, and what the centre waits for where it says so. */
function CancellingNotice({ task }: { readonly task: TaskDetail }) {
  const { t } = useTranslation("job");
  const format = useFormat();
  const cancelling = task.state === "ended" ? null : (task.runs.at(-1)?.cancelling ?? null);
  if (cancelling === null) return null;
  return (
    <Notice
      kind="warning"
      title={
        <span className={css.sentence}>
          {t("cancelling", { words: cancelling.words, time: format.dateTime(cancelling.sinceMs) })}
        </span>
      }
    />
  );
}

/** `4 tasks failed, exit codes 1 to 4.` */
function allFailed(t: TFunction<"job">, { count, exitCodes }: JobDetail["outcomes"][number]): string {
  if (exitCodes === null) return t("end.tasksFailed", { count });
  const { least, greatest } = exitCodes;
  return least === greatest
    ? t("end.tasksFailedAs", { count, code: least })
    : t("end.tasksFailedBetween", { count, least, greatest });
}

/** Why it ended as it did; said only where something is to be said. */
function EndNotice({ job, task, isArray }: Omit<TaskContent, "search">) {
  const { t } = useTranslation("job");
  const word = useStateWord();
  const format = useFormat();
  if (!task.outcome || task.outcome.kind === "succeeded") return null;
  const peak = task.runs.at(-1)?.usage?.peakMemoryMib;
  const said = task.runs.at(-1)?.words ?? null;
  const [first = "", ...rest] = endWords(t, task.outcome, {
    limit: format.duration(job.spec.timeLimitS * 1000),
    peak: peak === undefined ? "–" : mibText(peak),
    said,
    language: language(),
  });
  const own = isArray ? t("end.ofTask", { index: task.index, words: first }) : first;
  const failed = job.outcomes.find(({ kind, count }) => kind === "failed" && count > 1);
  const all = task.outcome.kind === "failed" && failed ? allFailed(t, failed) : null;
  const others = job.outcomes.filter(({ kind }) => kind !== "succeeded" && kind !== task.outcome?.kind);
  const listed = others.map(({ kind, count }) => t("tasks.legend", { count, state: word(kind) }));
  const besides = listed.length > 0 ? [t("end.besides", { ends: listed.join(" · ") })] : [];
  return (
    <Notice kind={task.outcome.kind === "cancelled" ? "warning" : "bad"} title={all ?? own}>
      {format.sentences([
        ...(all === null ? [] : [own]),
        ...rest,
        ...(said ? [causeWords(said, language()) ?? said] : []),
        ...besides,
      ])}
    </Notice>
  );
}
