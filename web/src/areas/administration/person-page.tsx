import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Checkbox, Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { ask } from "../../app/client.ts";
import { ForAdministrators } from "../../app/for-administrators.tsx";
import { projectsQuery } from "../../app/projects.ts";
import { Empty, Notice, Problem } from "../../parts/notice.tsx";
import { Page, Panel } from "../../parts/page.tsx";
import { Spinner } from "../../parts/spinner.tsx";
import { Table } from "../../parts/table.tsx";
import { useFormat } from "../../words/use.ts";
import { ActsTable } from "../acts/acts-table.tsx";
import { actsQuery } from "../acts/queries.ts";
import { AddDialog } from "./add-dialog.tsx";
import css from "./administration.module.css";
import { both } from "./both.ts";
import { personQuery } from "./queries.ts";
import { LinkMade, type Made } from "./sign-in-link.tsx";

type Person = Answer<"people">["people"][number];

/** One person: who they are, how they sign in, where they belong, and what was done to them. */
export function PersonPage() {
  const { t } = useTranslation("administration");
  const { person: name } = useParams({ from: "/frame/administration/people/$person" });
  return (
    <ForAdministrators title={name} words={t("forAdministratorsWords")}>
      <Named name={name} />
    </ForAdministrators>
  );
}

function Named({ name }: { readonly name: string }) {
  const { t } = useTranslation("administration");
  const found = useQuery(personQuery(name));
  if (found.error) {
    return (
      <Page title={name}>
        <Problem error={found.error} again={() => void found.refetch()} />
      </Page>
    );
  }
  if (found.data === undefined) return <Spinner />;
  const [person] = found.data.people;
  if (person === undefined) {
    return (
      <Page title={name} note={<Back />}>
        <Empty title={t("noPerson", { name })}>{t("noPersonWords")}</Empty>
      </Page>
    );
  }
  return <Known person={person} />;
}

function Known({ person }: { readonly person: Person }) {
  const { t } = useTranslation("administration");
  const format = useFormat();
  const { name, title, administrator, disabledMs } = person;
  return (
    <Page
      title={name}
      heading={
        <>
          {name} {title.toLowerCase() === name ? null : <span className={css.shown}>{title}</span>}
        </>
      }
      note={
        <>
          <Back /> · {t(administrator ? "administrator" : "member")}
        </>
      }
      actions={disabledMs === null ? <SignIn person={person} /> : null}
    >
      {disabledMs === null ? null : (
        <Notice
          kind="warning"
          title={t("disabledSince", { time: format.dateTime(disabledMs) })}
          action={<Enable person={person} />}
        >
          {t("isDisabledWords")}
        </Notice>
      )}
      <Memberships person={person} />
      <Done name={name} />
    </Page>
  );
}

function Back() {
  const { t } = useTranslation("administration");
  return <Link to="/administration">{t("title")}</Link>;
}

/** How they are called and let in. */
function SignIn({ person: { name, title, administrator } }: { readonly person: Person }) {
  const { t } = useTranslation("administration");
  return (
    <>
      <AddDialog<object, Made>
        label={t("link")}
        title={t("linkTitle", { name })}
        act={t("makeLink")}
        submit={() => ask("addSignInLink", { params: { person: name }, body: {} })}
        shown={(made) => <LinkMade made={made} />}
      >
        <p>{t("linkFor", { name })}</p>
      </AddDialog>
      <AddDialog<{ title: string; administrator: boolean }>
        label={t("changeRole")}
        title={t("changePerson", { name })}
        act={t("change")}
        initial={{ title, administrator }}
        submit={(said) =>
          ask("setPerson", {
            params: { person: name },
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
      <Disable name={name} />
    </>
  );
}

function Memberships({ person: { name, projects } }: { readonly person: Person }) {
  const { t } = useTranslation("administration");
  const all = useQuery(projectsQuery);
  const known = new Map((all.data?.projects ?? []).map((project) => [project.name, project]));
  const others = [...known.values()].filter((project) => !projects.includes(project.name));
  return (
    <Panel
      title={t("of")}
      extra={
        <AddDialog<{ project: string }>
          label={t("addMember")}
          title={t("memberOf", { person: name })}
          submit={({ project }) => ask("addMember", { params: { project }, body: { person: name } })}
        >
          <Form.Item name="project" label={t("project")} rules={[{ required: true, message: t("project") }]}>
            <Select showSearch options={others.map(({ name, title }) => ({ value: name, label: both(name, title) }))} />
          </Form.Item>
        </AddDialog>
      }
      flush
    >
      <Table
        label={t("of")}
        rows={projects}
        rowKey={(project) => project}
        stacks
        empty={<Empty title={t("noProjects")}>{t("noProjectsWords", { name })}</Empty>}
        columns={[
          {
            key: "project",
            title: t("project"),
            cell: (project) => {
              const title = known.get(project)?.title ?? project;
              return (
                <div>
                  <strong className={css.name}>{project}</strong>
                  {title.toLowerCase() === project ? null : <div className="soft">{title}</div>}
                </div>
              );
            },
          },
          { key: "tenant", title: t("tenant"), cell: (project) => known.get(project)?.tenant ?? "" },
          {
            key: "do",
            title: "",
            number: true,
            cell: (project) => (
              <AddDialog<object>
                label={t("removeMember")}
                title={t("removeMemberTitle", { person: name, project })}
                small
                submit={() => ask("removeMember", { params: { project, person: name } })}
              >
                <p>{t("removeMemberWords", { person: name })}</p>
              </AddDialog>
            ),
          },
        ]}
      />
    </Panel>
  );
}

/** The latest of what was done to them, and the way to all of it and to all that they did. */
function Done({ name }: { readonly name: string }) {
  const { t } = useTranslation("administration");
  const about = `person:${name}`;
  const latest = useInfiniteQuery(actsQuery({ about }, 10));
  return (
    <Panel
      title={t("acts", { name })}
      extra={
        <>
          {latest.hasNextPage ? (
            <Link to="/acts" search={{ about }}>
              {t("allActs")}
            </Link>
          ) : null}
          <Link to="/jobs" search={{ person: name }}>
            {t("theirJobs", { name })}
          </Link>
          <Link to="/acts" search={{ person: name }}>
            {t("actsBy", { name })}
          </Link>
        </>
      }
      flush
    >
      {latest.error ? <Problem error={latest.error} again={() => void latest.refetch()} /> : null}
      {latest.isSuccess && latest.data.pages[0]?.acts.length === 0 ? (
        <Empty title={t("noActs")} />
      ) : (
        <ActsTable acts={latest.data?.pages[0]?.acts ?? []} about={false} />
      )}
    </Panel>
  );
}

function Disable({ name }: { readonly name: string }) {
  const { t } = useTranslation("administration");
  return (
    <AddDialog<object>
      label={t("disable")}
      title={t("disableTitle", { name })}
      danger
      submit={() => ask("setPerson", { params: { person: name }, body: { disabled: true } })}
    >
      <p>{t("disableWords", { name })}</p>
    </AddDialog>
  );
}

function Enable({ person: { name } }: { readonly person: Person }) {
  const { t } = useTranslation("administration");
  return (
    <AddDialog<object>
      label={t("enable")}
      title={t("enableTitle", { name })}
      submit={() => ask("setPerson", { params: { person: name }, body: { disabled: false } })}
    >
      <p>{t("enableWords", { name })}</p>
    </AddDialog>
  );
}
