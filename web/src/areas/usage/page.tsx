import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Segmented, Select } from "antd";
import { lazy, Suspense, useId } from "react";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { ask } from "../../app/client.ts";
import { projectsQuery } from "../../app/projects.ts";
import { useLiveRefresh } from "../../app/refresh.ts";
import { DayField } from "../../parts/date-field.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Empty, Problem } from "../../parts/notice.tsx";
import { Facts, Page, Panel } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { useCost } from "../../words/cost.ts";
import { aligned, cardHoursText, coreHoursText, countText, gibHoursText, hoursText } from "../../words/format.ts";
import { usageCsv } from "./csv.ts";
import { GrantedPanel } from "./granted.tsx";
import { inOrder } from "./order.ts";
import { rangeOf, readUsageSearch, type UsageSearch, usageBys } from "./search.ts";
import css from "./usage.module.css";

const Chart = lazy(() => import("./chart.tsx").then((module) => ({ default: module.UsageChart })));

type Usage = Answer<"usage">;

export function UsagePage() {
  const { t } = useTranslation(["usage", "words"]);
  const search = useSearch({ from: "/frame/usage" });
  const by = search.by ?? "project";
  const { data, error, refetch } = useQuery({
    queryKey: ["usage", search],
    queryFn: ({ signal }) =>
      ask(
        "usage",
        { query: { by, limit: 1000, ...rangeOf(search), ...(search.project && { project: search.project }) } },
        { signal },
      ),
    placeholderData: keepPreviousData,
  });
  useLiveRefresh([["usage"]], { everyMs: 3000, concerns: ({ event }) => event.state === "ended" });
  const rows = data && data.by === by ? inOrder(data.by, data.rows) : [];
  return (
    <Page
      title={t("title")}
      note={t("note")}
      actions={
        <Button
          icon={<Icon name="download" />}
          disabled={rows.length === 0}
          onClick={() => save(usageCsv(by, rows), by)}
        >
          {t("csv")}
        </Button>
      }
    >
      <GrantedPanel />
      <Choices search={search} />
      {error ? <Problem error={error} again={() => void refetch()} /> : null}
      {data && rows.length === 0 ? (
        <Panel>
          <Empty title={t("none.title")} command={t("none.command")}>
            {t("none.words")}
          </Empty>
        </Panel>
      ) : null}
      {data && rows.length > 0 ? (
        <>
          <Panel title={t("total")}>
            <Total total={data.total} />
          </Panel>
          <Panel title={t(rows.some((row) => row.amounts.milliCardMs !== "0") ? "chartBoth" : "chart")}>
            <Suspense fallback={<div style={{ height: 260 }} />}>
              <Chart rows={rows} by={by} />
            </Suspense>
          </Panel>
          <Panel flush>
            <Rows rows={rows} by={by} />
            {data.next === null ? null : <p className={css.more}>{t("more")}</p>}
          </Panel>
        </>
      ) : null}
    </Page>
  );
}

function Choices({ search }: { readonly search: UsageSearch }) {
  const { t } = useTranslation("usage");
  const navigate = useNavigate();
  const id = useId();
  const projects = useQuery(projectsQuery);
  function set(change: Readonly<Record<string, unknown>>) {
    void navigate({ to: "/usage", search: readUsageSearch({ ...search, ...change }), replace: true });
  }
  return (
    <div className={css.choices}>
      <Segmented
        aria-label={t("by.label")}
        value={search.by ?? "project"}
        onChange={(by) => set({ by })}
        options={usageBys.map((value) => ({ value, label: t(`by.${value}`) }))}
      />
      <Select
        className={css.project ?? ""}
        aria-label={t("project")}
        placeholder={t("project")}
        allowClear
        showSearch
        value={search.project}
        onChange={(project: string | undefined) => set({ project })}
        options={(projects.data?.projects ?? []).map(({ name }) => ({ value: name, label: name }))}
      />
      <span className={css.days}>
        <label htmlFor={`${id}from`}>{t("from")}</label>
        <DayField
          id={`${id}from`}
          label={t("from")}
          value={search.from}
          most={search.to}
          onValue={(from) => set({ from })}
        />
        <label htmlFor={`${id}to`}>{t("to")}</label>
        <DayField id={`${id}to`} label={t("to")} value={search.to} least={search.from} onValue={(to) => set({ to })} />
      </span>
    </div>
  );
}

function Total({ total }: { readonly total: Usage["total"] }) {
  const { t } = useTranslation("usage");
  const words = useCost();
  const { amounts, cost } = total;
  return (
    <Facts
      look="figures"
      items={[
        [t("runs"), <Big key="runs" text={countText(total.runs)} />],
        [t("coreHours"), <Big key="cores" text={coreHoursText(amounts.coreMs)} />],
        [t("cardHours"), <Big key="cards" text={cardHoursText(amounts.milliCardMs)} />],
        [t("memory"), <Big key="memory" text={gibHoursText(amounts.memoryMibS)} />],
        [t("wall"), <Big key="wall" text={hoursText(amounts.wallMs)} />],
        [
          t("cost"),
          <span key="cost" title={words.tariff(cost)}>
            <Big text={words.amount(cost)} />
          </span>,
        ],
      ]}
    />
  );
}

function Big({ text }: { readonly text: string }) {
  return <span className={css.big}>{text}</span>;
}

function Rows({ rows, by }: { readonly rows: Usage["rows"]; readonly by: (typeof usageBys)[number] }) {
  const { t } = useTranslation("usage");
  const cost = useCost();
  const column = (text: (row: Usage["rows"][number]) => string) => aligned(rows.map(text));
  const hours = {
    cores: column(({ amounts }) => coreHoursText(amounts.coreMs)),
    cards: column(({ amounts }) => cardHoursText(amounts.milliCardMs)),
    memory: column(({ amounts }) => gibHoursText(amounts.memoryMibS)),
    wall: column(({ amounts }) => hoursText(amounts.wallMs)),
  };
  const costs = column((row) => cost.amount(row.cost));
  return (
    <Table
      label={t("title")}
      rows={rows}
      rowKey={(row) => row.key}
      stacks
      columns={[
        { key: "key", title: t(`by.${by}`), cell: (row) => <span className="nowrap">{row.key}</span> },
        { key: "runs", title: t("runs"), number: true, cell: (row) => countText(row.runs) },
        { key: "cores", title: t("coreHours"), number: true, cell: (_, at) => hours.cores[at] },
        { key: "cards", title: t("cardHours"), number: true, cell: (_, at) => hours.cards[at] },
        { key: "memory", title: t("memory"), number: true, cell: (_, at) => hours.memory[at] },
        { key: "wall", title: t("wall"), number: true, cell: (_, at) => hours.wall[at] },
        {
          key: "cost",
          title: t("cost"),
          number: true,
          cell: (row, at) => <span title={cost.tariff(row.cost)}>{costs[at]}</span>,
        },
      ]}
    />
  );
}

function save(text: string, by: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
  link.download = `weir-usage-by-${by}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
