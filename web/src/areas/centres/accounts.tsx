import { useQuery } from "@tanstack/react-query";
import { Button, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../parts/notice.tsx";
import { Table } from "../../parts/table.tsx";
import { useFormat } from "../../words/use.ts";
import { accountsQuery } from "./queries.ts";

/** Who needs an account at a centre whose runs are local users' own, and how far the centre is with it. */
export function AccountsButton({ centre }: { readonly centre: string }) {
  const { t } = useTranslation("centres");
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t("accounts.title")}
      </Button>
      <Modal
        open={open}
        title={t("accounts.of", { centre })}
        width={760}
        footer={null}
        onCancel={() => setOpen(false)}
        destroyOnHidden
      >
        <p>{t("accounts.words")}</p>
        <Accounts centre={centre} />
      </Modal>
    </>
  );
}

function Accounts({ centre }: { readonly centre: string }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  const { data, error } = useQuery(accountsQuery(centre));
  if (error) return <Problem error={error} />;
  if (!data) return <div style={{ height: 120 }} />;
  return (
    <Table
      label={t("accounts.title")}
      rows={data.accounts}
      rowKey={({ person, project }) => `${person.id} ${project.id}`}
      empty={<p className="soft">{t("accounts.none")}</p>}
      columns={[
        { key: "person", title: t("accounts.person"), cell: ({ person }) => person.name },
        { key: "project", title: t("accounts.project"), cell: ({ project }) => project.name },
        {
          key: "who",
          title: t("accounts.who"),
          cell: ({ person, project }) => <span className="mono">{`person:${person.id},project:${project.id}`}</span>,
        },
        {
          key: "readiness",
          title: t("accounts.readiness"),
          cell: ({ answered, readiness }) => t(answered ? `accounts.is.${readiness}` : "accounts.unanswered"),
        },
        { key: "since", title: format.timed(t("accounts.since")), cell: ({ sinceMs }) => format.dateTimeOnly(sinceMs) },
      ]}
    />
  );
}
