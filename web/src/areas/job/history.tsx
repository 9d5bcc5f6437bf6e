import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { TaskDetail } from "#api/job.ts";
import { causeWords, stepWords } from "#core/job/history-words.ts";
import { bytesText, mibText } from "#core/measures.ts";
import { language } from "../../app/language.ts";
import { Problem } from "../../parts/notice.tsx";
import { type EndKind, StateBadge, shownOf, useStateWord } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { useFormat, useNow } from "../../words/use.ts";
import css from "./job.module.css";
import { shortEnd } from "./outcome.ts";
import { historyQuery } from "./queries.ts";

/** Every attempt of a task, kept for good: where, how long, how much, and how it ended. */
export function RunsTable({ task }: { readonly task: TaskDetail }) {
  const { t } = useTranslation(["job", "words"]);
  const format = useFormat();
  const nowMs = useNow(1000, task.state !== "ended");
  return (
    <>
      <h2 className={css.sub}>{t("runs.title")}</h2>
      <Table
        label={t("runs.title")}
        rows={task.runs}
        rowKey={(run) => run.id}
        stacks
        empty={<p className={css.quiet}>{t("runs.none")}</p>}
        columns={[
          { key: "id", title: t("runs.run"), cell: (run) => <span className="mono">{run.id}</span> },
          { key: "centre", title: t("words:column.centre"), cell: (run) => run.centre },
          {
            key: "state",
            title: t("words:column.state"),
            cell: (run) => (
              <div className={css.runState}>
                <StateBadge shown={shownOf(run)} quiet />
                <span className="soft">
                  {run.end
                    ? [shortEnd(t, run.end, language()), t(run.billed ? "runs.billed" : "runs.notBilled")]
                        .filter(Boolean)
                        .join(" · ")
                    : ""}
                </span>
                {run.usage && run.usage.droppedStdoutBytes + run.usage.droppedStderrBytes > 0 ? (
                  <span className="soft">
                    {t("runs.dropped", {
                      size: bytesText(run.usage.droppedStdoutBytes + run.usage.droppedStderrBytes),
                    })}
                  </span>
                ) : null}
              </div>
            ),
          },
          {
            key: "resources",
            title: t("runs.resources"),
            cell: (run) => (
              <span className="nowrap">
                {run.cores} · {mibText(run.memoryMib)} · {run.accelerators}
              </span>
            ),
          },
          {
            key: "wall",
            title: t("runs.wall"),
            number: true,
            cell: (run) =>
              run.usage
                ? format.ran(run.usage.wallMs)
                : run.startedMs === null
                  ? "–"
                  : format.ran(Math.max(0, (run.endedMs ?? nowMs) - run.startedMs)),
          },
          {
            key: "cpu",
            title: t("runs.cpu"),
            number: true,
            cell: (run) => (run.usage ? format.ran(run.usage.cpuUserMs + run.usage.cpuSystemMs) : "–"),
          },
          {
            key: "peak",
            title: t("runs.peak"),
            number: true,
            cell: (run) =>
              run.usage ? (
                <span title={t("runs.measured", { way: run.usage.memoryWay })}>{mibText(run.usage.peakMemoryMib)}</span>
              ) : (
                "–"
              ),
          },
        ]}
      />
    </>
  );
}

/** A cause of Weir's own in the reader's language and time; what a centre or a person wrote stays as it is. */
function useCause(): (cause: string) => string {
  const format = useFormat();
  const word = useStateWord();
  return (cause) => {
    const outcome = runEndKinds.find((kind) => kind === cause);
    const words = outcome === undefined ? (causeWords(cause, language()) ?? cause) : word(outcome);
    return format.clockTimes(words);
  };
}

const runEndKinds = [
  ...["succeeded", "failed", "cancelled", "timed-out", "out-of-memory", "preempted", "node-failed"],
  ...["platform-fault", "refused", "lost", "withdrawn", "duplicate", "requeued"],
] as const satisfies readonly EndKind[];

/** Every step with its time and cause, as the server wrote it down. */
export function HistoryTable({ job, index }: { readonly job: number; readonly index: number }) {
  const { t } = useTranslation(["job", "words"]);
  const format = useFormat();
  const causeOf = useCause();
  const history = useQuery(historyQuery(job, index));
  if (history.error) return <Problem error={history.error} again={() => void history.refetch()} />;
  const events = history.data?.events ?? [];
  return (
    <>
      <h2 className={css.sub}>{t("history.title")}</h2>
      <Table
        label={t("history.title")}
        rows={events}
        rowKey={(event) => event.id}
        stacks
        empty={history.data ? <p className={css.quiet}>{t("history.none")}</p> : <div style={{ height: 120 }} />}
        columns={[
          {
            key: "time",
            title: format.timed(t("history.time")),
            cell: (event) => (
              <span className="nowrap" title={format.dateTime(event.atMs)}>
                {format.day(event.atMs)} {format.clock(event.atMs)}
              </span>
            ),
          },
          {
            key: "kind",
            title: t("history.step"),
            cell: (event) => (
              <span className="nowrap" title={event.kind}>
                {stepWords(event.kind, language())}
              </span>
            ),
          },
          {
            key: "state",
            title: t("words:column.state"),
            cell: (event) =>
              event.state === null ? (
                ""
              ) : event.state === "ended" ? (
                t("words:state.ended")
              ) : (
                <StateBadge shown={event.state} quiet />
              ),
          },
          { key: "attempt", title: t("history.attempt"), number: true, cell: (event) => event.attempt ?? "" },
          { key: "centre", title: t("words:column.centre"), cell: (event) => event.centre ?? "" },
          { key: "cause", title: t("history.cause"), cell: (event) => causeOf(event.cause) },
        ]}
      />
      {history.data?.next ? <p className={css.quiet}>{t("history.more", { count: events.length })}</p> : null}
    </>
  );
}
