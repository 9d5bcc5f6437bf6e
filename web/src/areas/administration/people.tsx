import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Checkbox, Form, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
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
