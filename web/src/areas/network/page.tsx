import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import type { JobSummary } from "#api/job.ts";
import type { Centre, Glance } from "#api/network.ts";
import { mibText } from "#core/measures.ts";
import { ask } from "../../app/client.ts";
import { useLiveRefresh } from "../../app/refresh.ts";
import { useMe } from "../../app/session.ts";
import { Bar } from "../../parts/bar.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Empty, Notice, Problem } from "../../parts/notice.tsx";
import { Page, Panel } from "../../parts/page.tsx";
import { StateBadge, shownOf, stateColour } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { countText } from "../../words/format.ts";
import { useFormat, useNow } from "../../words/use.ts";
import { coresLoad, type Load, loadOfCentres, memoryLoad } from "../centres/capacity.ts";
import { LoadBar } from "../centres/load.tsx";
import { centresQuery } from "../centres/queries.ts";
import { CentreCards } from "./centre-cards.tsx";
import css from "./network.module.css";

const glanceQuery = queryOptions({
  queryKey: ["glance"],
  queryFn: ({ signal }) => ask("glance", {}, { signal }),
  refetchInterval: 10_000,
});
const newestQuery = queryOptions({
  queryKey: ["jobs", "newest"],
  queryFn: ({ signal }) => ask("jobs", { query: { limit: 8 } }, { signal }),
});

export function NetworkPage() {
  const { t } = useTranslation("network");
  const { person } = useMe();
  const glance = useQuery(glanceQuery);
  const centres = useQuery(centresQuery);
  useLiveRefresh([glanceQuery.queryKey, centresQuery.queryKey, newestQuery.queryKey]);
  const note = glance.data
    ? `${t("note", { connected: glance.data.centres.connected, count: glance.data.centres.total })} · ${t("version", { version: glance.data.version })}`
    : undefined;
  return (
    <Page title={t("title")} note={note}>
      <PasswordHint />
      {glance.error ? <Problem error={glance.error} again={() => void glance.refetch()} /> : null}
      <div className={css.top}>
        <Panel title={t("inUse")}>
          {glance.data ? <InUse glance={glance.data} centres={centres.data?.centres ?? []} /> : <Blank height={130} />}
        </Panel>
        <Panel title={t("flow")} extra={person.administrator ? undefined : t("flowOfAll")}>
          {glance.data ? <Flow glance={glance.data} /> : <Blank height={130} />}
        </Panel>
      </div>
      <Panel title={t("centres")} extra={<Link to="/centres">{t("allCentres")}</Link>}>
        {centres.data ? (
          <CentreCards centres={centres.data.centres.filter(({ lifeCycle }) => lifeCycle !== "retired")} />
        ) : (
          <Blank height={120} />
        )}
      </Panel>
      <Panel title={t("recent")} extra={<Link to="/jobs">{t("allJobs")}</Link>} flush>
        <Newest />
      </Panel>
    </Page>
  );
}

/** Keeps the place of what is still on its way, so that nothing jumps. */
function Blank({ height }: { readonly height: number }) {
  return <div style={{ height }} />;
}

function PasswordHint() {
  const { t } = useTranslation("network");
  const { hasPassword } = useMe();
  if (hasPassword) return null;
  return (
    <Notice
      kind="warning"
      title={t("passwordTitle")}
      action={
        <Link to="/password">
          <Button tabIndex={-1}>{t("passwordAction")}</Button>
        </Link>
      }
    >
      {t("passwordWords")}
    </Notice>
  );
}

/** Of the centres in service; what others hold there is known centre by centre. */
function InUse({ glance, centres }: { readonly glance: Glance; readonly centres: readonly Centre[] }) {
  const { t } = useTranslation("network");
  const inService = centres.filter(({ lifeCycle }) => lifeCycle === "in-service");
  const { accelerators, cores, memoryMib } = glance;
  const simulated = [
    ...(cores.simulated === 0
      ? []
      : [t("simulatedCores", { count: cores.simulated, cores: countText(cores.simulated) })]),
    ...(memoryMib.simulated === 0 ? [] : [mibText(memoryMib.simulated)]),
    ...(accelerators.simulated === 0
      ? []
      : [t("simulatedCards", { count: accelerators.simulated, cards: countText(accelerators.simulated) })]),
  ];
  return (
    <div className={css.bars}>
      <LoadBar what="cores" load={withOthers(glance.cores, loadOfCentres(inService, coresLoad))} />
      <LoadBar what="memory" load={withOthers(glance.memoryMib, loadOfCentres(inService, memoryLoad))} />
      {accelerators.total === 0 ? null : (
        <Bar
          label={t("cards")}
          used={accelerators.inUse}
          total={accelerators.total}
          colour="cards"
          text={t("ofTotal", { used: countText(accelerators.inUse), total: countText(accelerators.total) })}
        />
      )}
      {simulated.length === 0 ? null : (
        <p className={css.simulated}>{t("simulated", { all: simulated.join(t("listComma")) })}</p>
      )}
    </div>
  );
}

function withOthers({ inUse, total }: Glance["cores"], { others, free }: Load): Load {
  return { used: inUse, others, free: Math.min(free, Math.max(0, total - inUse - others)), total };
}

/** The way of work through the network, left to right as the states follow each other; each leads to its jobs. */
function Flow({ glance }: { readonly glance: Glance }) {
  const { t } = useTranslation(["network", "words"]);
  const format = useFormat();
  const nowMs = useNow(1000, glance.oldestQueuedMs !== null);
  const ended = glance.endedLastDay;
  const all = ended.reduce((sum, { count }) => sum + count, 0);
  return (
    <>
      <div className={css.flow}>
        {(["queued", "placed", "starting", "running"] as const).map((state) => (
          <Link key={state} to="/jobs" search={{ state }} className={css.step}>
            <span className={css.stepName} style={{ color: stateColour(state) }}>
              <Icon name={state} size={14} /> {t(`words:state.${state}`)}
            </span>
            <span className={css.count}>{countText(glance.tasks[state])}</span>
          </Link>
        ))}
        <Link to="/jobs" search={{ state: "ended" }} className={css.step}>
          <span className={css.stepName} style={{ color: "var(--ink-soft)" }}>
            <Icon name="succeeded" size={14} /> {t("words:state.ended")}
          </span>
          <span className={css.count}>{countText(all)}</span>
        </Link>
      </div>
      <div className={css.flowNote}>
        <span>
          {glance.oldestQueuedMs === null
            ? t("nothingWaits")
            : t("oldest", { time: format.duration(Math.max(0, nowMs - glance.oldestQueuedMs)) })}
        </span>
        <span className={css.ends}>
          <span>{t(all === 0 ? "nothingEnded" : "endedLastDay")}</span>
          {ended.map(({ kind, count }) => (
            <Link key={kind} to="/jobs" search={{ outcome: kind }}>
              <StateBadge shown={kind} quiet /> {countText(count)}
            </Link>
          ))}
        </span>
      </div>
    </>
  );
}

function Newest() {
  const { t } = useTranslation(["network", "words"]);
  const format = useFormat();
  const nowMs = useNow();
  const { data, error, refetch } = useQuery(newestQuery);
  if (error) return <Problem error={error} again={() => void refetch()} />;
  if (!data) return <Blank height={200} />;
  return (
    <Table
      label={t("recent")}
      rows={data.jobs}
      rowKey={(job) => job.id}
      columns={[
        {
          key: "id",
          title: "#",
          cell: (job) => (
            <Link to="/jobs/$job" params={{ job: String(job.id) }}>
              {job.id}
            </Link>
          ),
        },
        { key: "name", title: t("words:column.name"), cell: (job) => <NameAndPlace job={job} nowMs={nowMs} /> },
        { key: "state", title: t("words:column.state"), cell: (job) => <StateBadge shown={shownOf(job)} quiet /> },
        {
          key: "tasks",
          wideOnly: true,
          title: t("words:column.tasks"),
          number: true,
          cell: (job) => countText(job.tasks),
        },
        { key: "project", wideOnly: true, title: t("words:column.project"), cell: (job) => job.project },
        {
          key: "centre",
          wideOnly: true,
          title: t("words:column.centre"),
          cell: (job) => job.centres.join(", ") || "–",
        },
        {
          key: "age",
          wideOnly: true,
          title: t("words:column.submitted"),
          cell: (job) => (
            <span className="nowrap" title={format.dateTime(job.submittedMs)}>
              {format.ago(job.submittedMs, nowMs)}
            </span>
          ),
        },
      ]}
      empty={
        <Empty
          title={t("noJobs.title")}
          command={t("noJobs.command")}
          action={
            <Link to="/submit">
              <Button type="primary" tabIndex={-1}>
                {t("noJobs.action")}
              </Button>
            </Link>
          }
        >
          {t("noJobs.words")}
        </Empty>
      }
    />
  );
}

/** On a phone the place and the age of a job stand below its name; the columns of their own are left out there. */
function NameAndPlace({ job, nowMs }: { readonly job: JobSummary; readonly nowMs: number }) {
  const format = useFormat();
  return (
    <>
      <div className={css.name}>{job.name}</div>
      <div className={css.below}>{[job.project, ...job.centres, format.ago(job.submittedMs, nowMs)].join(" · ")}</div>
    </>
  );
}
