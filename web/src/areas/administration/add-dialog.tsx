import { useQueryClient } from "@tanstack/react-query";
import { Form, Input } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { projectsQuery, tenantsQuery } from "../../app/projects.ts";
import { meQuery } from "../../app/session.ts";
import { FormDialog } from "../../parts/dialog.tsx";
import { peopleQuery } from "./queries.ts";

/** A form after which everybody and everything of this page is read afresh. */
export function AddDialog<Values extends object, Answer = unknown>(content: {
  readonly label: string;
  readonly title?: string;
  readonly act?: string;
  readonly initial?: Partial<Values>;
  readonly small?: boolean;
  readonly danger?: boolean;
  readonly submit: (values: Values) => Promise<Answer>;
  readonly shown?: (answer: Answer) => ReactNode;
  readonly children: ReactNode;
}) {
  const { small = false, danger = false, ...rest } = content;
  const queries = useQueryClient();
  return (
    <FormDialog<Values, Answer>
      {...rest}
      look={danger ? "danger" : small ? "small" : "plain"}
      onSettled={async () => {
        for (const { queryKey } of [peopleQuery, projectsQuery, tenantsQuery, meQuery, { queryKey: ["acts"] }])
          await queries.invalidateQueries({ queryKey });
      }}
    />
  );
}

export function NameFields() {
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
