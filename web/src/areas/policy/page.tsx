import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { parseLivePolicy } from "#core/scheduling/policy-file.ts";
import { policyWords } from "#core/scheduling/policy-words.ts";
import { Waiting } from "../../app/fallbacks.tsx";
import { language } from "../../app/language.ts";
import { useMe } from "../../app/session.ts";
import { CopyLine } from "../../parts/copy.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Facts, Page, Panel } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { countText } from "../../words/format.ts";
import { useFormat } from "../../words/use.ts";
import { Agreements } from "./agreements.tsx";
import { PolicyEditor } from "./editor.tsx";
import css from "./policy.module.css";
import { policyQuery } from "./queries.ts";

type InForce = Answer<"policy">;

/** By which rules work is ordered and placed, for everybody to read; administrators change them here. */
export function PolicyPage() {
  const { t } = useTranslation("policy");
  const { person } = useMe();
  const { data, error, refetch } = useQuery(policyQuery);
  return (
    <Page title={t("title")} note={t("note")}>
      {error ? <Problem error={error} again={() => void refetch()} /> : null}
      {data ? <InForcePanel inForce={data} /> : error ? null : <Waiting />}
      {data && person.administrator ? <PolicyEditor inForce={data} /> : null}
      {data && data.versions.length > 0 ? <Versions versions={data.versions} /> : null}
      {data && data.homes.length > 0 ? <Homes homes={data.homes} /> : null}
      <Agreements />
    </Page>
  );
}

function InForcePanel({ inForce }: { readonly inForce: InForce }) {
  const { t } = useTranslation("policy");
  const format = useFormat();
  const { name, version, setBy, setMs, unreadable, policy } = inForce;
  // A server of a later version may know rules that this page does not: then the file alone says them.
  const parsed = parseLivePolicy(policy);
  return (
    <Panel
      title={t("inForce", { name })}
      extra={
        setBy === null || setMs === null
          ? t("ships")
          : t("setBy", { version, person: setBy, time: format.dateTime(setMs) })
      }
    >
      {unreadable.length > 0 ? (
        <Notice kind="bad" title={t("unreadable", { version })}>
          {unreadable.join(" ")}
        </Notice>
      ) : null}
      {parsed.kind === "policy" ? <Facts look="sentences" items={policyWords(parsed.policy, language())} /> : null}
      <div className={css.command}>
        <CopyLine text="weir policy show" />
      </div>
    </Panel>
  );
}

/** Whether those who brought a centre in are worse off than with it alone. */
function Homes({ homes }: { readonly homes: InForce["homes"] }) {
  const { t } = useTranslation("policy");
  const format = useFormat();
  return (
    <Panel title={t("homes.title")} extra={t("homes.words")} flush>
      <Table
        label={t("homes.title")}
        rows={homes}
        rowKey={(one) => one.centre}
        stacks
        columns={[
          { key: "centre", title: t("homes.centre"), cell: (one) => one.centre },
          { key: "started", title: t("homes.started"), number: true, cell: (one) => countText(one.started) },
          {
            key: "share",
            title: t("homes.late"),
            number: true,
            cell: (one) => `${Math.round(one.lateShare * 1000) / 10} %`,
          },
          {
            key: "by",
            title: t("homes.lateBy"),
            number: true,
            cell: (one) => (one.lateByP99S === 0 ? "–" : format.duration(one.lateByP99S * 1000)),
          },
        ]}
      />
    </Panel>
  );
}

function Versions({ versions }: { readonly versions: InForce["versions"] }) {
  const { t } = useTranslation("policy");
  const format = useFormat();
  return (
    <Panel title={t("versions")} flush>
      <Table
        label={t("versions")}
        rows={versions}
        rowKey={(one) => one.version}
        stacks
        columns={[
          { key: "version", title: t("version"), cell: (one) => one.version },
          { key: "name", title: t("name"), cell: (one) => one.name },
          { key: "person", title: t("person"), cell: (one) => one.setBy },
          { key: "time", title: format.timed(t("time")), cell: (one) => format.dateTimeOnly(one.setMs) },
        ]}
      />
    </Panel>
  );
}
