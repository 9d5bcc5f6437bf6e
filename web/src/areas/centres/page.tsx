import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Centre } from "#api/network.ts";
import { needsAccounts } from "#core/centre/accounts.ts";
import { driverNames } from "#core/centre/centre.ts";
import { mechanismsInWords } from "#core/centre/mechanisms.ts";
import { regionWords } from "#core/centre/region.ts";
import { language } from "../../app/language.ts";
import { useLiveRefresh } from "../../app/refresh.ts";
import { useMe } from "../../app/session.ts";
import { Icon } from "../../parts/icons.tsx";
import { Empty, Problem } from "../../parts/notice.tsx";
import { Facts, Page, Panel } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { centreName } from "../../words/centre-name.ts";
import { countText } from "../../words/format.ts";
import { useFormat, useNow } from "../../words/use.ts";
import { AccountLimits } from "./account-limits.tsx";
import { AccountsButton } from "./accounts.tsx";
import { cardsText, nodesLoad } from "./capacity.ts";
import css from "./centres.module.css";
import { ConnectionTest } from "./connection-test.tsx";
import { AddCentre, EnrolButton } from "./enrol.tsx";
import { IntakeButton } from "./intake.tsx";
import { useLoadText } from "./load.tsx";
import { PoolCard } from "./pool.tsx";
import { centresQuery, nodesQuery } from "./queries.ts";
import { CentreState } from "./state.tsx";
import { StatedCapacity } from "./stated-capacity.tsx";
import { TermsButton } from "./terms.tsx";

/** Each centre with what it has, what of it is in use, and by which mechanisms it keeps its promises. */
export function CentresPage() {
  const { t } = useTranslation("centres");
  const { person } = useMe();
  const { data, error, refetch } = useQuery(centresQuery);
  useLiveRefresh([centresQuery.queryKey, ["nodes"], ["capacity"]]);
  return (
    <Page title={t("title")} note={t("note")} actions={person.administrator ? <AddCentre /> : undefined}>
      {error ? <Problem error={error} again={() => void refetch()} /> : null}
      {data?.centres.length === 0 ? (
        <Panel>
          <Empty title={t("none.title")} command={t("none.command")}>
            {t("none.words")}
          </Empty>
        </Panel>
      ) : null}
      {data?.centres.map((centre) => (
        <CentrePanel key={centre.id} centre={centre} mayEnrol={person.administrator} />
      ))}
    </Page>
  );
}

function CentrePanel({ centre, mayEnrol }: { readonly centre: Centre; readonly mayEnrol: boolean }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  const nowMs = useNow(2000);
  const [open, setOpen] = useState(false);
  const driver = driverNames.find((name) => name === centre.driver);
  const mechanisms = mechanismsInWords(centre.mechanisms, language());
  // Of a retired one its history is left.
  const mayChange = mayEnrol && centre.lifeCycle !== "retired";
  return (
    <Panel
      title={
        <span className={css.name}>
          {centreName(centre)} {centreName(centre) === centre.id ? null : <span className="faint">{centre.id}</span>}
        </span>
      }
      extra={
        <>
          <CentreState centre={centre} />
          <ConnectionTest centre={centre.id} lifeCycle={centre.lifeCycle} mayAsk={mayChange} />
          {mayChange ? <EnrolButton centre={centre.id} /> : null}
          {mayChange && needsAccounts(centre.driver) ? <AccountsButton centre={centre.id} /> : null}
          {mayChange ? <TermsButton centre={centre} /> : null}
          {mayEnrol ? <IntakeButton centre={centre.id} /> : null}
        </>
      }
    >
      <Facts
        items={[
          [
            t("lastSeen"),
            centre.lastSeenMs === null ? (
              t("never")
            ) : (
              <span key="seen" title={format.dateTime(centre.lastSeenMs)}>
                {format.ago(centre.lastSeenMs, nowMs)}
              </span>
            ),
          ],
          [
            t("driver"),
            `${driver ? t(`driverWords.${driver}`) : centre.driver} · ${t(`lifeCycle.${centre.lifeCycle}`)}`,
          ],
          ...(centre.intake === "open"
            ? []
            : [[t("work"), <strong key="intake">{t(`intake.${centre.intake}`)}</strong>] as const]),
          [t("agent"), centre.agentVersion ?? "–"],
          ...(centre.region === null ? [] : [[t("liesIn"), regionWords(centre.region, language())] as const]),
          ...(centre.regionCode === null ? [] : [[t("region"), centre.regionCode] as const]),
        ]}
      />
      {centre.pools.length === 0 ? <p className="soft">{t("noPools")}</p> : null}
      <div className={centre.pools.length > 1 ? css.whole : css.halves}>
        <div className={css.pools}>
          {centre.pools.map((pool) => (
            <PoolCard key={pool.name} pool={pool} />
          ))}
        </div>
        {mechanisms.length > 0 ? (
          <div>
            <h3 className={css.sub}>{t("mechanisms")}</h3>
            <dl className={css.mechanisms}>
              {mechanisms.map(({ name, title, text }) => (
                <div key={name} className={name === "alarm" ? (css.alarm ?? "") : ""}>
                  <dt>{title}</dt>
                  <dd>{text}</dd>
                </div>
              ))}
            </dl>
          </div>
        ) : null}
      </div>
      <StatedCapacity centre={centre} mayState={mayChange} />
      <Button
        size="small"
        icon={<Icon name={open ? "up" : "down"} />}
        aria-expanded={open}
        className={css.more ?? ""}
        onClick={() => setOpen(!open)}
      >
        {t(open ? "hideNodes" : "showNodes")}
      </Button>
      {open ? <AccountLimits centre={centre.id} /> : null}
      {open ? <Nodes centre={centre.id} /> : null}
    </Panel>
  );
}

/** Lines of nodes that are shown at once: on a phone each is some lines of text. */
const firstNodes = 20;

function Nodes({ centre }: { readonly centre: string }) {
  const { t } = useTranslation("centres");
  const { data, error } = useQuery(nodesQuery(centre));
  const loadText = useLoadText();
  const [all, setAll] = useState(false);
  if (error) return <Problem error={error} />;
  if (!data) return <div style={{ height: 80 }} />;
  return (
    <div className={css.nodes}>
      <Table
        label={t("nodes")}
        rows={all ? data.nodes : data.nodes.slice(0, firstNodes)}
        rowKey={(node) => `${node.pool} ${node.name}`}
        stacks
        empty={<p className="soft">{t("noNodes")}</p>}
        columns={[
          { key: "name", title: t("node"), cell: (node) => <span className="mono">{node.name}</span> },
          { key: "pool", title: t("pool"), cell: (node) => node.pools.join(" · ") },
          { key: "count", title: t("nodeCount"), number: true, cell: (node) => countText(node.count) },
          {
            key: "state",
            title: t("state"),
            cell: (node) => (
              <span title={node.reason ?? ""}>
                {t(`nodeState.${node.state}`)}
                {node.reason === null ? null : <span className="faint"> · {node.reason}</span>}
              </span>
            ),
          },
          {
            key: "cores",
            title: t("coresUsed"),
            number: true,
            cell: (node) => loadText("cores", nodesLoad(node).cores),
          },
          {
            key: "memory",
            title: t("memoryUsed"),
            number: true,
            cell: (node) => loadText("memory", nodesLoad(node).memory),
          },
          { key: "cards", title: t("cards"), cell: (node) => cardsText([node]) || null },
          { key: "runs", title: t("runs"), number: true, cell: (node) => countText(node.runs) },
        ]}
      />
      {all || data.nodes.length <= firstNodes ? null : (
        <div className={css.allNodes}>
          <Button size="small" onClick={() => setAll(true)}>
            {t("allNodes", { count: data.nodes.length })}
          </Button>
        </div>
      )}
    </div>
  );
}
