import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Checkbox, Form, Select } from "antd";
import { useTranslation } from "react-i18next";
import { ask } from "../../app/client.ts";
import { projectsQuery } from "../../app/projects.ts";
import { Problem } from "../../parts/notice.tsx";
import { Panel } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { useFormat } from "../../words/use.ts";
import { AddDialog, NameFields } from "./add-dialog.tsx";
import css from "./administration.module.css";
import { both } from "./both.ts";
import { peopleQuery } from "./queries.ts";
import { LinkMade, type Made } from "./sign-in-link.tsx";

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
          shown={(made) => <LinkMade made={made} />}
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
          {
            key: "name",
            title: t("name"),
            cell: ({ name }) => (
              <Link to="/administration/people/$person" params={{ person: name }} className={css.name}>
                {name}
              </Link>
            ),
          },
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
            cell: ({ name }) => (
              <Link to="/administration/people/$person" params={{ person: name }} className={css.manage}>
                {t("manage")}
                <span className="only-read"> {name}</span>
              </Link>
            ),
          },
        ]}
      />
    </Panel>
  );
}
