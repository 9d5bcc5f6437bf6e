import { useQuery } from "@tanstack/react-query";
import { Checkbox, Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { ask } from "../../app/client.ts";
import { projectsQuery } from "../../app/projects.ts";
import { CopyLine } from "../../parts/copy.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Panel } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { useFormat } from "../../words/use.ts";
import { AddDialog, NameFields } from "./add-dialog.tsx";
import { both } from "./both.ts";
import { peopleQuery } from "./queries.ts";

export function People() {
  const { t } = useTranslation("administration");
  const people = useQuery(peopleQuery);
  const projects = useQuery(projectsQuery);
  const format = useFormat();
  return (
    <Panel
      title={t("people")}
      extra={
        <AddDialog<{ name: string; title?: string; administrator?: boolean; projects?: string[] }, Made>
          label={t("addPerson")}
          shown={(made) => <Link made={made} />}
          submit={({ name, title, administrator, projects: chosen }) => {
            const body = {
              name,
              administrator: administrator === true,
              projects: chosen ?? [],
              ...(title && { title }),
            };
            return ask("addPerson", { body });
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
      <Table
        label={t("people")}
        rows={people.data?.people ?? []}
        rowKey={(person) => person.id}
        stacks
        columns={[
          { key: "name", title: t("name"), cell: (person) => person.name },
          { key: "title", title: t("shownName"), cell: (person) => person.title },
          {
            key: "role",
            title: t("role"),
            cell: ({ administrator, disabledMs }) => (
              <>
                {t(administrator ? "administrator" : "member")}
                {disabledMs === null ? null : (
                  <div className="soft">{t("disabledSince", { time: format.dateTime(disabledMs) })}</div>
                )}
              </>
            ),
          },
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
                <Undo person={person} />
                <AddDialog<object, Made>
                  label={t("link")}
                  title={t("linkTitle", { name: person.name })}
                  act={t("makeLink")}
                  small
                  submit={() => ask("addSignInLink", { params: { person: person.name }, body: {} })}
                  shown={(made) => <Link made={made} />}
                >
                  <p>{t("linkFor", { name: person.name })}</p>
                </AddDialog>
              </span>
            ),
          },
        ]}
      />
    </Panel>
  );
}

/** What was given to a person can be changed and taken back; what that means is said first. */
function Undo({ person }: { readonly person: Answer<"people">["people"][number] }) {
  const { t } = useTranslation("administration");
  const { name, title, administrator, disabledMs, projects } = person;
  const params = { person: name };
  /** What its button does. */
  const disabled = disabledMs === null;
  return (
    <>
      {projects.length === 0 ? null : (
        <AddDialog<{ project: string }>
          label={t("removeMember")}
          title={t("removeMemberTitle", { person: name })}
          small
          submit={({ project }) => ask("removeMember", { params: { project, person: name } })}
        >
          <p>{t("removeMemberWords", { person: name })}</p>
          <Form.Item name="project" label={t("project")} rules={[{ required: true, message: t("project") }]}>
            <Select showSearch options={projects.map((project) => ({ value: project }))} />
          </Form.Item>
        </AddDialog>
      )}
      <AddDialog<{ title: string; administrator: boolean }>
        label={t("change")}
        title={t("changePerson", { name })}
        small
        initial={{ title, administrator }}
        submit={(said) =>
          ask("setPerson", {
            params,
            body: {
              ...(said.title !== title && { title: said.title }),
              ...(said.administrator !== administrator && { administrator: said.administrator }),
            },
          })
        }
      >
        <Form.Item name="title" label={t("shownName")}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="administrator" valuePropName="checked" extra={t("administratorHelp")}>
          <Checkbox>{t("administrator")}</Checkbox>
        </Form.Item>
      </AddDialog>
      <AddDialog<object>
        label={t(disabled ? "disable" : "enable")}
        title={t(disabled ? "disableTitle" : "enableTitle", { name })}
        small
        submit={() => ask("setPerson", { params, body: { disabled } })}
      >
        <p>{t(disabled ? "disableWords" : "enableWords", { name })}</p>
      </AddDialog>
    </>
  );
}

type Made = Answer<"addSignInLink">;

/** Seen once: nobody can be shown it again. */
function Link({ made }: { readonly made: Made }) {
  const { t } = useTranslation("administration");
  const format = useFormat();
  return (
    <>
      <p>{t("linkWords", { name: made.person.name, time: format.withOffset(made.expiresMs) })}</p>
      <CopyLine text={made.signInUrl} prompt={false} />
    </>
  );
}
