import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { ask } from "../../app/client.ts";
import { meQuery, useMe } from "../../app/session.ts";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Page, Panel } from "../../parts/page.tsx";

type NewPassword = { readonly current?: string; readonly password: string; readonly repeat: string };

export function PasswordPage() {
  const { t } = useTranslation("account");
  const { person, hasPassword } = useMe();
  const queries = useQueryClient();
  const [form] = Form.useForm<NewPassword>();
  const set = useMutation({
    mutationFn: ({ current, password }: NewPassword) =>
      ask("setPassword", { body: { password, ...(hasPassword && current !== undefined && { current }) } }),
    onSuccess: async () => {
      form.resetFields();
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
    },
  });
  return (
    <Page title={t("password.title")} note={t("password.note")}>
      <div style={{ maxWidth: 420 }}>
        {set.isSuccess ? (
          <Notice kind="good" title={t("password.done")}>
            {t("password.doneWords", { name: person.name })}
          </Notice>
        ) : null}
        {set.error ? <Problem error={set.error} /> : null}
        <Panel>
          <Form<NewPassword>
            form={form}
            layout="vertical"
            validateTrigger="onBlur"
            onFinish={(values) => set.mutate(values)}
          >
            <input type="text" name="username" autoComplete="username" value={person.name} readOnly hidden />
            {hasPassword ? (
              <Form.Item
                name="current"
                label={t("password.current")}
                rules={[{ required: true, message: t("password.current") }]}
              >
                <Input.Password autoComplete="current-password" />
              </Form.Item>
            ) : null}
            <Form.Item
              name="password"
              label={t("password.fresh")}
              rules={[{ required: true, min: 10, message: t("password.short") }]}
            >
              <Input.Password autoComplete="new-password" />
            </Form.Item>
            <Form.Item
              name="repeat"
              label={t("password.repeat")}
              dependencies={["password"]}
              rules={[
                ({ getFieldValue }) => ({
                  validator: async (_, value: string) => {
                    if (value !== getFieldValue("password")) throw new Error(t("password.differ"));
                  },
                }),
              ]}
            >
              <Input.Password autoComplete="new-password" />
            </Form.Item>
            <Button type="primary" htmlType="submit" loading={set.isPending}>
              {t("password.set")}
            </Button>
          </Form>
        </Panel>
      </div>
    </Page>
  );
}
