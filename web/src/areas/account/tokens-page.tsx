import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input, Popconfirm, Select } from "antd";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { ask } from "../../app/client.ts";
import { CopyLine } from "../../parts/copy.tsx";
import { FormDialog } from "../../parts/dialog.tsx";
import { Empty, Notice, Problem } from "../../parts/notice.tsx";
import { Page, Panel } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { useFormat, useNow } from "../../words/use.ts";

const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: ({ signal }) => ask("tokens", { query: { limit: 1000 } }, { signal }),
});

export function TokensPage() {
  const { t } = useTranslation("account");
  const format = useFormat();
  const nowMs = useNow(5000);
  const queries = useQueryClient();
  const tokens = useQuery(tokensQuery);
  const refresh = () => queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
  const revoke = useMutation({
    mutationFn: (token: number) => ask("revokeToken", { params: { token } }),
    onSettled: refresh,
  });
  const nameOf = ({ name }: { readonly name: string }) => (name === "this machine" ? t("tokens.thisMachine") : name);
  const command = t("tokens.command", { url: location.origin });
  return (
    <Page title={t("tokens.title")} note={t("tokens.note")} actions={<AddToken command={command} onMade={refresh} />}>
      {tokens.error ? <Problem error={tokens.error} again={() => void tokens.refetch()} /> : null}
      {revoke.error ? <Problem error={revoke.error} /> : null}
      <Panel flush>
        <Table
          label={t("tokens.title")}
          rows={tokens.data?.tokens ?? []}
          rowKey={(token) => token.id}
          stacks
          empty={
            tokens.data ? (
              <Empty title={t("tokens.none.title")} command={command}>
                {t("tokens.none.words")}
              </Empty>
            ) : (
              <div style={{ height: 120 }} />
            )
          }
          columns={[
            {
              key: "name",
              title: t("tokens.name"),
              cell: (token) => nameOf(token),
            },
            {
              key: "created",
              title: t("tokens.created"),
              cell: (token) => <span className="nowrap">{format.day(token.createdMs)}</span>,
            },
            {
              key: "ends",
              title: format.timed(t("tokens.ends")),
              cell: (token) => (
                <span className="nowrap">
                  {token.expiresMs === null ? t("tokens.never") : format.dateTimeOnly(token.expiresMs)}
                </span>
              ),
            },
            {
              key: "used",
              title: t("tokens.lastUsed"),
              cell: (token) => (
                <span className="nowrap">
                  {token.lastUsedMs === null ? t("tokens.unused") : format.ago(token.lastUsedMs, nowMs)}
                </span>
              ),
            },
            {
              key: "revoke",
              title: "",
              number: true,
              cell: (token) => (
                <Popconfirm
                  title={t("tokens.revokeTitle", { name: nameOf(token) })}
                  description={t("tokens.revokeWords")}
                  okText={t("tokens.revoke")}
                  okButtonProps={{ danger: true }}
                  onConfirm={() => revoke.mutate(token.id)}
                >
                  <Button size="small" danger>
                    {t("tokens.revoke")}
                  </Button>
                </Popconfirm>
              ),
            },
          ]}
        />
      </Panel>
    </Page>
  );
}

type NewToken = { readonly name: string; readonly days: number };

function AddToken({ command, onMade }: { readonly command: string; readonly onMade: () => void }) {
  const { t } = useTranslation("account");
  return (
    <FormDialog<NewToken, Answer<"addToken">>
      look="primary"
      label={t("tokens.add")}
      initial={{ days: 90 }}
      submit={({ name, days }) => ask("addToken", { body: { name, ...(days > 0 && { expiresInS: days * 86_400 }) } })}
      onSettled={onMade}
      shown={({ secret }) => (
        <>
          <Notice kind="good" title={t("tokens.secretTitle")}>
            {t("tokens.secretWords")}
          </Notice>
          <div style={{ display: "grid", gap: 8 }}>
            <CopyLine text={secret} prompt={false} />
            <CopyLine text={command} />
          </div>
        </>
      )}
    >
      <Form.Item
        name="name"
        label={t("tokens.name")}
        extra={t("tokens.nameHelp")}
        rules={[{ required: true, message: t("tokens.needName") }]}
      >
        <Input maxLength={100} autoFocus />
      </Form.Item>
      <Form.Item name="days" label={t("tokens.expires")}>
        <Select
          options={[
            ...[7, 30, 90, 366].map((count) => ({ value: count, label: t("tokens.days", { count }) })),
            { value: 0, label: t("tokens.never") },
          ]}
        />
      </Form.Item>
    </FormDialog>
  );
}
