import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Button, Segmented } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobDetail } from "#api/job.ts";
import { ask } from "../../app/client.ts";
import { useLiveRefresh } from "../../app/refresh.ts";
import { Icon } from "../../parts/icons.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Panel } from "../../parts/page.tsx";
import { StateBadge, shownOf, stateColour, useStateWord } from "../../parts/state.tsx";
import { countText } from "../../words/format.ts";
import { useFormat, useNow } from "../../words/use.ts";
import css from "./tasks.module.css";

/** The tasks of an array: all at a look as a grid of marks, or in words as a list; choosing one shows it below. */
export function Tasks({ job, chosen }: { readonly job: JobDetail; readonly chosen: number | null }) {
  const { t } = useTranslation(["job", "words"]);
  const [shape, setShape] = useState<"grid" | "list">("grid");
  const tasks = useTasks(job);
  const word = useStateWord();
  return (
    <Panel
      title={`${t("tasks.title")} · ${countText(job.tasks)}`}
      extra={
        <>
          {(["queued", "placed", "starting", "running"] as const).map((state) =>
            job.counts[state] > 0 ? (
              <span key={state} className="nowrap" style={{ color: stateColour(state) }}>
                <Icon name={state} size={14} /> {t("tasks.legend", { count: job.counts[state], state: word(state) })}
              </span>
            ) : null,
          )}
          {job.outcomes.map((outcome) => (
            <Ended key={outcome.kind} {...outcome} />
          ))}
          <Segmented
            size="small"
            aria-label={t("tasks.shape")}
            value={shape}
            onChange={(value) => setShape(value === "list" ? "list" : "grid")}
            options={[
              { value: "grid", label: t("tasks.grid") },
              { value: "list", label: t("tasks.list") },
            ]}
          />
        </>
      }
      flush={shape === "list"}
    >
      {tasks.error ? <Problem error={tasks.error} /> : null}
      {shape === "grid" ? <Grid tasks={tasks.all} chosen={chosen} /> : <List tasks={tasks.all} chosen={chosen} />}
      {tasks.more ? (
        <Button size="small" loading={tasks.busy} onClick={tasks.readOn} className={css.more ?? ""}>
          {t("tasks.loadMore")} ({countText(tasks.all.length)} / {countText(job.tasks)})
        </Button>
      ) : null}
    </Panel>
  );
}

/** How many ended in that way; leads to the first of them. */
function Ended({ kind, count, first }: JobDetail["outcomes"][number]) {
  const { t } = useTranslation("job");
  const word = useStateWord();
  const choose = useChoose();
  return (
    <button
      type="button"
      className={css.ended}
      style={{ color: stateColour(kind) }}
      title={t("tasks.first", { index: first })}
      onClick={() => choose(first)}
    >
      <Icon name={kind} size={14} /> {t("tasks.legend", { count, state: word(kind) })}
    </button>
  );
}

type Task = JobDetail["firstTasks"][number];
type TaskLine = Omit<Task, "runs">;
type TasksContent = { readonly tasks: readonly TaskLine[]; readonly chosen: number | null };

function useTasks(job: JobDetail) {
  // Reads all pages that were loaded again, so not with every change of a busy array.
  useLiveRefresh([["tasks of", job.id]], { everyMs: 2000, concerns: ({ event }) => event.job === job.id });
  const pages = useInfiniteQuery({
    queryKey: ["tasks of", job.id],
    queryFn: ({ pageParam, signal }) =>
      ask(
        "tasks",
        { params: { job: job.id }, query: { limit: 1000, ...(pageParam && { cursor: pageParam }) } },
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
  return {
    all: pages.data?.pages.flatMap((page) => page.tasks) ?? [],
    error: pages.error,
    more: pages.hasNextPage,
    busy: pages.isFetchingNextPage,
    readOn: () => void pages.fetchNextPage(),
  };
}

function useChoose() {
  const navigate = useNavigate();
  const { job } = useParams({ from: "/frame/jobs/$job" });
  const search = useSearch({ from: "/frame/jobs/$job" });
  return (task: number) => {
    const { attempt: _, ...rest } = search;
    void navigate({
      to: "/jobs/$job",
      params: { job },
      search: { ...rest, task },
      replace: true,
    });
  };
}

const markPx = 22;

function Grid({ tasks, chosen }: TasksContent) {
  const { t } = useTranslation("job");
  const word = useStateWord();
  const choose = useChoose();
  const box = useRef<HTMLDivElement>(null);
  const [perRow, setPerRow] = useState(40);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setPerRow(Math.max(1, Math.floor(element.clientWidth / markPx))));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const rows = useVirtualizer({
    count: Math.ceil(tasks.length / perRow),
    getScrollElement: () => box.current,
    estimateSize: () => markPx,
    overscan: 4,
  });
  return (
    <div ref={box} className={css.grid}>
      <div style={{ height: rows.getTotalSize(), position: "relative" }}>
        {rows.getVirtualItems().map((row) => (
          <div key={row.key} className={css.gridRow} style={{ transform: `translateY(${row.start}px)` }}>
            {tasks.slice(row.index * perRow, (row.index + 1) * perRow).map((task) => {
              const shown = shownOf(task);
              const label = t("tasks.label", { index: task.index, state: word(shown) });
              return (
                <button
                  key={task.index}
                  type="button"
                  className={css.mark}
                  style={{ color: stateColour(shown) }}
                  aria-label={label}
                  title={label}
                  aria-pressed={task.index === chosen}
                  data-solid={shown === "succeeded" || shown === "running" || undefined}
                  onClick={() => choose(task.index)}
                >
                  <Icon name={shown} size={12} />
                </button>
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

function List({ tasks, chosen }: TasksContent) {
  const { t } = useTranslation(["job", "words"]);
  const format = useFormat();
  const nowMs = useNow();
  const choose = useChoose();
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: tasks.length,
    getScrollElement: () => box.current,
    estimateSize: () => 34,
    overscan: 10,
  });
  return (
    <div ref={box} className={css.list}>
      <div className={css.listHead}>
        <span>{t("tasks.index")}</span>
        <span>{t("words:column.state")}</span>
        <span>{t("tasks.attempts")}</span>
        <span>{t("words:column.duration")}</span>
        <span className={css.own}>{t("tasks.ownId")}</span>
      </div>
      <div style={{ height: rows.getTotalSize(), position: "relative" }}>
        {rows.getVirtualItems().map((row) => {
          const task = tasks[row.index];
          if (!task) return null;
          const ranMs = task.startedMs === null ? null : (task.endedMs ?? nowMs) - task.startedMs;
          return (
            <button
              key={row.key}
              type="button"
              className={css.listRow}
              style={{ transform: `translateY(${row.start}px)` }}
              aria-pressed={task.index === chosen}
              onClick={() => choose(task.index)}
            >
              <span>{task.index}</span>
              <StateBadge shown={shownOf(task)} quiet />
              <span>{task.attempts}</span>
              <span>{ranMs === null ? "–" : format.lasted(ranMs)}</span>
              <span className={css.own}>{task.taskJob}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
