import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Form, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ask } from "../../app/client.ts";
import { projectsQuery, tenantsQuery } from "../../app/projects.ts";
import { useLiveRefresh } from "../../app/refresh.ts";
import { Sentences } from "../../parts/effects.tsx";
import { Grants } from "../../parts/grants.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Panel } from "../../parts/page.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { countText } from "../../words/format.ts";
import { regionsText, usePlaceRule } from "../../words/place-rule.ts";
import { AddDialog, NameFields } from "./add-dialog.tsx";
import css from "./administration.module.css";
import { both } from "./both.ts";
import { ChangeOwner } from "./change-owner.tsx";
import { HomeSelect } from "./home-select.tsx";
import type { Owner } from "./owner-draft.ts";

export function Projects() {
  const { t } = useTranslation("administration");
  const projects = useQuery(projectsQuery);
  const tenants = useQuery(tenantsQuery);
  const changed = useChanged();
  // What is left of a grant follows every placement and every end.
  useLiveRefresh([projectsQuery.queryKey, tenantsQuery.queryKey], { everyMs: 5000 });
  return (
    <Panel
      title={t("projects")}
      extra={
        <AddDialog<{ name: string; title?: string; tenant: string }>
          label={t("addProject")}
          submit={({ name, title, tenant }) => ask("addProject", { body: { name, tenant, ...(title && { title }) } })}
        >
          <NameFields />
          <Form.Item
            name="tenant"
            label={t("tenant")}
            initialValue="default"
            rules={[{ required: true, message: t("tenant") }]}
          >
            <Select
              options={(tenants.data?.tenants ?? []).map(({ name, title }) => ({
                value: name,
                label: both(name, title),
              }))}
            />
          </Form.Item>
        </AddDialog>
      }
      flush
    >
      {projects.error ? <Problem error={projects.error} again={() => void projects.refetch()} /> : null}
      {changed.notice}
      <Table<Owner>
        label={t("projects")}
        rows={(projects.data?.projects ?? []).map((one) => ({ kind: "project", ...one }))}
        rowKey={({ id }) => id}
        stacks
        columns={[
          nameColumn(t("name")),
          { key: "tenant", title: t("tenant"), cell: (owner) => (owner.kind === "project" ? owner.tenant : "") },
          ...useBoundColumns(),
          { key: "do", title: "", number: true, cell: (owner) => changed.button(owner) },
        ]}
      />
    </Panel>
  );
}

export function Tenants() {
  const { t } = useTranslation("administration");
  const tenants = useQuery(tenantsQuery);
  const changed = useChanged();
  return (
    <Panel
      title={t("tenants")}
      extra={
        <AddDialog<{ name: string; title?: string; home?: string }>
          label={t("addTenant")}
          submit={({ name, title, home }) =>
            ask("addTenant", { body: { name, ...(title && { title }), ...(home && { home }) } })
          }
        >
          <NameFields />
          <Form.Item name="home" label={t("home")} extra={t("homeHelp")}>
            <HomeSelect />
          </Form.Item>
        </AddDialog>
      }
      flush
    >
      {tenants.error ? <Problem error={tenants.error} again={() => void tenants.refetch()} /> : null}
      {changed.notice}
      <Table<Owner>
        label={t("tenants")}
        rows={(tenants.data?.tenants ?? []).map((one) => ({ kind: "tenant", ...one }))}
        rowKey={({ id }) => id}
        stacks
        columns={[
          nameColumn(t("name")),
          { key: "home", title: t("home"), cell: (owner) => (owner.kind === "tenant" && owner.home) || "–" },
          ...useBoundColumns(),
          { key: "do", title: "", number: true, cell: (owner) => changed.button(owner) },
        ]}
      />
    </Panel>
  );
}

function nameColumn(title: string): Column<Owner> {
  return {
    key: "name",
    title,
    cell: (owner) => (
      <div>
        <strong className={css.name}>{owner.name}</strong>
        {owner.title.toLowerCase() === owner.name ? null : <div className="soft">{owner.title}</div>}
      </div>
    ),
  };
}

/** What binds both kinds. */
function useBoundColumns(): readonly Column<Owner>[] {
  const { t } = useTranslation("administration");
  const rule = usePlaceRule();
  return [
    {
      key: "cores",
      title: t("mostCores"),
      number: true,
      cell: ({ mostCores }) => (mostCores === null ? "–" : countText(mostCores)),
    },
    {
      key: "granted",
      title: t("granted"),
      cell: ({ grants }) => (grants.length === 0 ? "–" : <Grants grants={grants} />),
    },
    {
      key: "place",
      title: t("place"),
      cell: (owner) => {
        const region = owner.kind === "tenant" ? owner.place.region : null;
        const lines = [
          ...(region === null ? [] : [t("liesIn", { region: regionsText([region]) })]),
          ...rule(owner.place),
        ];
        if (lines.length === 0) return <span className="faint">{t("anywhere")}</span>;
        return (
          <div>
            {lines.map((line) => (
              <div key={line}>{line}</div>
            ))}
          </div>
        );
      },
    },
  ];
}

/** The button that changes one, and what its change means, kept in sight until the next. */
function useChanged() {
  const { t } = useTranslation("administration");
  const queries = useQueryClient();
  const [done, setDone] = useState<{ readonly name: string; readonly sentences: readonly string[] } | null>(null);
  return {
    button: (owner: Owner) => (
      <ChangeOwner
        owner={owner}
        onChanged={(sentences) => {
          setDone(sentences.length === 0 ? null : { name: both(owner.name, owner.title), sentences });
          for (const { queryKey } of [projectsQuery, tenantsQuery]) void queries.invalidateQueries({ queryKey });
        }}
      />
    ),
    notice:
      done === null ? null : (
        <div className={css.done}>
          <Notice kind="good" title={t("isChanged", { name: done.name })}>
            <Sentences all={done.sentences} />
          </Notice>
        </div>
      ),
  };
}
