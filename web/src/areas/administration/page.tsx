import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Form, Input, InputNumber, Modal, Select } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { ask } from "../../app/client.ts";
import { projectsQuery } from "../../app/projects.ts";
import { meQuery, useMe } from "../../app/session.ts";
import { CopyLine } from "../../parts/copy.tsx";
import { FormDialog } from "../../parts/dialog.tsx";
import { Empty, Problem } from "../../parts/notice.tsx";
import { Page, Panel } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { centreName } from "../../words/centre-name.ts";
import { countText } from "../../words/format.ts";
import { useFormat } from "../../words/use.ts";
import { centresQuery } from "../centres/queries.ts";

const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: ({ signal }) => ask("people", { query: { limit: 1000 } }, { signal }),
});
const tenantsQuery = queryOptions({
  queryKey: ["tenants"],
  queryFn: ({ signal }) => ask("tenants", { query: { limit: 1000 } }, { signal }),
});

export function AdministrationPage() {
  const { t } = useTranslation("administration");
  const { person } = useMe();
  if (!person.administrator) {
    return (
      <Page title={t("title")}>
        <Empty title={t("forAdministrators")}>{t("forAdministratorsWords")}</Empty>
      </Page>
    );
  }
  return (
    <Page title={t("title")} note={t("note")}>
      <People />
      <Projects />
      <Tenants />
    </Page>
  );
}

function People() {
  const { t } = useTranslation("administration");
  const people = useQuery(peopleQuery);
  const projects = useQuery(projectsQuery);
  const [link, setLink] = useState<Link | null>(null);
  const makeLink = useMutation({
    mutationFn: (person: string) => ask("addSignInLink", { params: { person }, body: {} }),
    onSuccess: (made) => setLink({ name: made.person.name, url: made.signInUrl, expiresMs: made.expiresMs }),
  });
  return (
    <Panel
      title={t("people")}
      extra={
        <AddDialog<{ name: string; title?: string; administrator?: boolean; projects?: string[] }>
          label={t("addPerson")}
          submit={async ({ name, title, administrator, projects: chosen }) => {
            const body = {
              name,
              administrator: administrator === true,
              projects: chosen ?? [],
              ...(title && { title }),
            };
            const made = await ask("addPerson", { body });
            setLink({ name: made.person.name, url: made.signInUrl, expiresMs: made.expiresMs });
          }}
        >
          <NameFields />
          <Form.Item name="projects" label={t("of")}>
            <Select
              mode="multiple"
              options={(projects.data?.projects ?? []).map(({ name, title }) => ({
                value: name,
                label: both(name, title),
              }))}
            />
          </Form.Item>
          <Form.Item name="administrator" valuePropName="checked">
            <Checkbox>{t("administrator")}</Checkbox>
          </Form.Item>
        </AddDialog>
      }
      flush
    >
      {people.error ? <Problem error={people.error} again={() => void people.refetch()} /> : null}
      {makeLink.error ? <Problem error={makeLink.error} /> : null}
      <Table
        label={t("people")}
        rows={people.data?.people ?? []}
        rowKey={(person) => person.id}
        stacks
        columns={[
          { key: "name", title: t("name"), cell: (person) => person.name },
          { key: "title", title: t("shownName"), cell: (person) => person.title },
          { key: "role", title: t("role"), cell: (person) => t(person.administrator ? "administrator" : "member") },
          {
            key: "projects",
            title: t("of"),
            cell: (person) => person.projects.join(", ") || <span className="faint">{t("none")}</span>,
          },
          {
            key: "do",
            title: "",
            number: true,
            cell: (person) => (
              <span style={{ display: "inline-flex", flexWrap: "wrap", gap: 8 }}>
                <AddDialog<{ project: string }>
                  label={t("addMember")}
                  title={t("memberOf", { person: person.name })}
                  small
                  submit={({ project }) => ask("addMember", { params: { project }, body: { person: person.name } })}
                >
                  <Form.Item name="project" label={t("project")} rules={[{ required: true, message: t("project") }]}>
                    <Select
                      showSearch
                      options={(projects.data?.projects ?? [])
                        .filter(({ name }) => !person.projects.includes(name))
                        .map(({ name, title }) => ({ value: name, label: both(name, title) }))}
                    />
                  </Form.Item>
                </AddDialog>
                <Button size="small" onClick={() => makeLink.mutate(person.name)}>
                  {t("link")}
                </Button>
              </span>
            ),
          },
        ]}
      />
      <LinkDialog link={link} onClose={() => setLink(null)} />
    </Panel>
  );
}

function Projects() {
  const { t } = useTranslation("administration");
  const projects = useQuery(projectsQuery);
  const tenants = useQuery(tenantsQuery);
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
      <Table
        label={t("projects")}
        rows={projects.data?.projects ?? []}
        rowKey={(project) => project.id}
        stacks
        columns={[
          { key: "name", title: t("name"), cell: (project) => project.name },
          { key: "title", title: t("shownName"), cell: (project) => project.title },
          { key: "tenant", title: t("tenant"), cell: (project) => project.tenant },
          { key: "cores", title: t("mostCores"), number: true, cell: ({ mostCores }) => coresText(mostCores) },
          {
            key: "do",
            title: "",
            number: true,
            cell: ({ name, mostCores }) => (
              <AddDialog<{ mostCores: number | null }>
                label={t("change")}
                title={t("changeProject", { name })}
                small
                initial={{ mostCores }}
                submit={(set) =>
                  ask("setProjectCores", { params: { project: name }, body: { mostCores: set.mostCores ?? null } })
                }
              >
                <CoresField />
              </AddDialog>
            ),
          },
        ]}
      />
    </Panel>
  );
}

function Tenants() {
  const { t } = useTranslation("administration");
  const tenants = useQuery(tenantsQuery);
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
          <HomeField />
        </AddDialog>
      }
      flush
    >
      {tenants.error ? <Problem error={tenants.error} again={() => void tenants.refetch()} /> : null}
      <Table
        label={t("tenants")}
        rows={tenants.data?.tenants ?? []}
        rowKey={(tenant) => tenant.id}
        stacks
        columns={[
          { key: "name", title: t("name"), cell: (tenant) => tenant.name },
          { key: "title", title: t("shownName"), cell: (tenant) => tenant.title },
          { key: "home", title: t("home"), cell: (tenant) => tenant.home ?? "–" },
          { key: "cores", title: t("mostCores"), number: true, cell: ({ mostCores }) => coresText(mostCores) },
          { key: "do", title: "", number: true, cell: (tenant) => <ChangeTenant tenant={tenant} /> },
        ]}
      />
    </Panel>
  );
}

/** Sends what was changed of it, and nothing else: each is its own step in the history. */
function ChangeTenant({
  tenant: { name, home, mostCores },
}: {
  readonly tenant: Answer<"tenants">["tenants"][number];
}) {
  const { t } = useTranslation("administration");
  return (
    <AddDialog<{ home?: string | null; mostCores: number | null }>
      label={t("change")}
      title={t("changeTenant", { name })}
      small
      initial={{ ...(home !== null && { home }), mostCores }}
      submit={async (set) => {
        const params = { tenant: name };
        const wanted = { home: set.home ?? null, mostCores: set.mostCores ?? null };
        if (wanted.home !== home) await ask("setHome", { params, body: { home: wanted.home } });
        if (wanted.mostCores !== mostCores)
          await ask("setTenantCores", { params, body: { mostCores: wanted.mostCores } });
      }}
    >
      <HomeField />
      <CoresField />
    </AddDialog>
  );
}

function HomeField() {
  const { t } = useTranslation("administration");
  const centres = useQuery(centresQuery);
  return (
    <Form.Item name="home" label={t("home")} extra={t("homeHelp")}>
      <Select
        allowClear
        placeholder={t("noHome")}
        options={(centres.data?.centres ?? []).map((centre) => ({
          value: centre.id,
          label: both(centre.id, centreName(centre)),
        }))}
      />
    </Form.Item>
  );
}

function CoresField() {
  const { t } = useTranslation("administration");
  return (
    <Form.Item name="mostCores" label={t("mostCores")} extra={t("mostCoresHelp")}>
      <InputNumber min={1} max={999_999_999} precision={0} placeholder={t("anyNumber")} style={{ width: "100%" }} />
    </Form.Item>
  );
}

function coresText(mostCores: number | null): string {
  return mostCores === null ? "–" : countText(mostCores);
}

function AddDialog<Values extends object>(content: {
  readonly label: string;
  readonly title?: string;
  readonly initial?: Partial<Values>;
  readonly small?: boolean;
  readonly submit: (values: Values) => Promise<unknown>;
  readonly children: ReactNode;
}) {
  const { small = false, ...rest } = content;
  const queries = useQueryClient();
  return (
    <FormDialog<Values, unknown>
      {...rest}
      look={small ? "small" : "plain"}
      onSettled={async () => {
        for (const { queryKey } of [peopleQuery, projectsQuery, tenantsQuery, meQuery])
          await queries.invalidateQueries({ queryKey });
      }}
    />
  );
}

function NameFields() {
  const { t } = useTranslation("administration");
  return (
    <>
      <Form.Item
        name="name"
        label={t("name")}
        extra={t("nameHelp")}
        rules={[{ required: true, message: t("nameHelp") }]}
      >
        <Input spellCheck={false} autoCapitalize="none" autoFocus />
      </Form.Item>
      <Form.Item name="title" label={t("shownName")}>
        <Input maxLength={200} />
      </Form.Item>
    </>
  );
}

type Link = { readonly name: string; readonly url: string; readonly expiresMs: number };

function LinkDialog({ link, onClose }: { readonly link: Link | null; readonly onClose: () => void }) {
  const { t } = useTranslation("administration");
  const format = useFormat();
  return (
    <Modal
      open={link !== null}
      title={link ? t("linkTitle", { name: link.name }) : ""}
      footer={null}
      onCancel={onClose}
    >
      {link ? (
        <>
          <p>{t("linkWords", { name: link.name, time: format.dateTime(link.expiresMs) })}</p>
          <CopyLine text={link.url} prompt={false} />
        </>
      ) : null}
    </Modal>
  );
}

function both(name: string, title: string): string {
  return title && title !== name ? `${name} · ${title}` : name;
}
