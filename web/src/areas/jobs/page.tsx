import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Button } from "antd";
import { type CSSProperties, type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobSummary } from "#api/job.ts";
import { endedByWords } from "#core/job/end-reason.ts";
import { language } from "../../app/language.ts";
import { Icon } from "../../parts/icons.tsx";
import { Empty, Problem } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { Spinner } from "../../parts/spinner.tsx";
import { StateBadge, shownOf } from "../../parts/state.tsx";
import { countText } from "../../words/format.ts";
import { useFormat, useNow } from "../../words/use.ts";
import { Filters } from "./filters.tsx";
import css from "./jobs.module.css";
import { useJobs, type View } from "./use-jobs.ts";

/** All jobs one may see, newest first. Only the rows on the screen exist; older ones are read as one scrolls. */
export function JobsPage() {
  const { i18n } = useTranslation("jobs");
  // What each waits for is said by the server, in the reader's language.
  return <Jobs key={i18n.language} />;
}

function Jobs() {
  const { t } = useTranslation("jobs");
  const search = useSearch({ from: "/frame/jobs" });
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({ first: 0, last: 0 });
  const list = useJobs(search, view);
  const { jobs, next } = list.loaded;
  const filtered = Object.keys(search).length > 0;

  async function toTop() {
    scroller.current?.scrollTo({ top: 0 });
    await list.readNewest();
  }

  return (
    <div className={css.page}>
      <Page
        wide
        title={t("title")}
        note={
          list.isLoading
            ? "\u00a0"
            : next === null
              ? t("whole", { count: jobs.length })
              : t("shown", { count: jobs.length })
        }
        actions={
          <Link to="/submit">
            <Button type="primary" tabIndex={-1} icon={<Icon name="submit" />}>
              {t("submit")}
            </Button>
          </Link>
        }
      >
        <Filters search={search} />
        {list.error ? <Problem error={list.error} again={() => void list.readNewest()} /> : null}
        <div className={css.box}>
          {list.hasNewer ? (
            <button type="button" className={css.newer} onClick={() => void toTop()}>
              <Icon name="up" size={14} /> {t("newer")}
            </button>
          ) : null}
          {list.isLoading ? (
            <Spinner />
          ) : jobs.length === 0 ? (
            <Empty
              title={t(filtered ? "noMatch.title" : "none.title")}
              command={t(filtered ? "noMatch.command" : "none.command")}
            >
              {t(filtered ? "noMatch.words" : "none.words")}
            </Empty>
          ) : (
            <Rows jobs={jobs} more={next !== null} scroller={scroller} onView={setView} onEnd={list.readOn} />
          )}
        </div>
      </Page>
    </div>
  );
}

type RowsContent = {
  readonly jobs: readonly JobSummary[];
  readonly more: boolean;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly onView: (view: View) => void;
  readonly onEnd: () => void;
};

function Rows({ jobs, more, scroller, onView, onEnd }: RowsContent) {
  const { t } = useTranslation(["jobs", "words"]);
  const navigate = useNavigate();
  const nowMs = useNow();
  const [chosen, setChosen] = useState<number | null>(null);
  const rows = useVirtualizer({
    count: jobs.length + (more ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => (window.matchMedia("(max-width: 666px)").matches ? 62 : 37),
    getItemKey: (at) => jobs[at]?.id ?? "more",
    overscan: 12,
  });
  const first = rows.range?.startIndex ?? 0;
  const last = rows.range?.endIndex ?? 0;
  useEffect(() => onView({ first, last }), [first, last, onView]);
  useEffect(() => {
    if (more && last >= jobs.length - 30) onEnd();
  }, [more, last, jobs.length, onEnd]);

  const chosenAt = chosen === null ? -1 : jobs.findIndex((job) => job.id === chosen);
  function choose(at: number) {
    const bounded = Math.max(0, Math.min(jobs.length - 1, at));
    setChosen(jobs[bounded]?.id ?? null);
    rows.scrollToIndex(bounded);
  }
  function onKey(event: KeyboardEvent) {
    const screen = Math.max(1, last - first - 1);
    const steps: Readonly<Record<string, () => void>> = {
      ArrowDown: () => choose(chosenAt + 1),
      j: () => choose(chosenAt + 1),
      ArrowUp: () => choose(chosenAt - 1),
      k: () => choose(chosenAt - 1),
      PageDown: () => choose(chosenAt + screen),
      PageUp: () => choose(chosenAt - screen),
      Home: () => choose(0),
      End: () => choose(jobs.length - 1),
      Enter: () => {
        if (chosen !== null) void navigate({ to: "/jobs/$job", params: { job: String(chosen) } });
      },
    };
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step();
  }

  return (
    <div ref={scroller} className={css.scroller}>
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: its rows are chosen with the arrow keys
        role="grid"
        className={css.grid}
        aria-label={t("list")}
        aria-rowcount={more ? -1 : jobs.length + 1}
        aria-description={t("keys")}
        tabIndex={0}
        onKeyDown={onKey}
        aria-activedescendant={chosen === null ? undefined : `job-${chosen}`}
      >
        <thead className={css.block}>
          <tr className={css.headRow}>
            <th scope="col">#</th>
            <th scope="col">{t("words:column.name")}</th>
            <th scope="col">{t("words:column.state")}</th>
            <th scope="col">{t("words:column.project")}</th>
            <th scope="col">{t("words:column.person")}</th>
            <th scope="col">{t("words:column.centre")}</th>
            <th scope="col" className={css.right}>
              {t("words:column.duration")}
            </th>
            <th scope="col" className={css.right}>
              {t("words:column.submitted")}
            </th>
          </tr>
        </thead>
        <tbody className={css.block} style={{ height: rows.getTotalSize(), position: "relative" }}>
          {rows.getVirtualItems().map((row) => {
            const job = jobs[row.index];
            const place = { height: row.size, transform: `translateY(${row.start}px)` };
            if (!job) {
              return (
                <tr key={row.key} className={css.moreRow} style={place}>
                  <td>{t("words:loading")}</td>
                </tr>
              );
            }
            return (
              <JobRow
                key={row.key}
                job={job}
                at={row.index}
                place={place}
                nowMs={nowMs}
                chosen={job.id === chosen}
                onChoose={() => setChosen(job.id)}
              />
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function JobRow({ job, at, place, nowMs, chosen, onChoose }: RowContent) {
  const format = useFormat();
  const navigate = useNavigate();
  const reason = format.clockTimes(reasonOf(job));
  const ranMs = job.startedMs === null ? null : (job.endedMs ?? nowMs) - job.startedMs;
  return (
    <tr
      id={`job-${job.id}`}
      className={css.row}
      style={place}
      aria-rowindex={at + 2}
      aria-selected={chosen}
      onClick={(event) => {
        onChoose();
        if (event.target instanceof HTMLElement && event.target.closest("a")) return;
        if (window.getSelection()?.toString() === "")
          void navigate({ to: "/jobs/$job", params: { job: String(job.id) } });
      }}
    >
      <td className={css.id}>
        <Link to="/jobs/$job" params={{ job: String(job.id) }} tabIndex={-1}>
          {job.id}
        </Link>
      </td>
      <td className={css.name} title={job.name}>
        {job.name}
      </td>
      <td className={css.state}>
        <StateBadge shown={shownOf(job)} quiet />
        {job.tasks > 1 ? <TaskBar job={job} /> : null}
        {reason === "" ? null : (
          <span className={css.reason} title={reason}>
            {reason}
          </span>
        )}
      </td>
      <td className={`${css.project} ${css.cut}`}>{job.project}</td>
      <td className={`${css.wideOnly} ${css.cut}`}>{job.person}</td>
      <td className={`${css.centre} ${css.cut}`} data-none={job.centres.length === 0 || undefined}>
        {job.centres.join(", ") || "–"}
      </td>
      <td className={`${css.right} ${css.ran}`}>{ranMs === null ? "–" : format.lasted(ranMs)}</td>
      <td className={`${css.right} ${css.age}`} title={format.dateTime(job.submittedMs)}>
        {format.ago(job.submittedMs, nowMs)}
      </td>
    </tr>
  );
}

/** What the first of its tasks that wait is waiting for, else who or what ended it; empty: nothing to be said. */
function reasonOf({ waits, outcome }: JobSummary): string {
  return outcome === null ? (waits?.words ?? "") : endedByWords(outcome, language());
}

type RowContent = {
  readonly job: JobSummary;
  readonly at: number;
  readonly place: CSSProperties;
  readonly nowMs: number;
  readonly chosen: boolean;
  readonly onChoose: () => void;
};

/** How far an array is: ended, at work, waiting. */
function TaskBar({ job }: { readonly job: JobSummary }) {
  const { t } = useTranslation("jobs");
  const { ended, running, starting, placed } = job.counts;
  const label = t("tasksOf", { done: countText(ended), total: countText(job.tasks) });
  const share = (count: number) => `${(count / job.tasks) * 100}%`;
  return (
    <span className={css.tasks} title={label}>
      <span className={css.taskBar} role="img" aria-label={label}>
        <span style={{ width: share(ended), background: "var(--ink-faint)" }} />
        <span style={{ width: share(running + starting + placed), background: "var(--state-running)" }} />
      </span>
      {countText(ended)}/{countText(job.tasks)}
    </span>
  );
}
