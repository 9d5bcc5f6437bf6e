import { useMutation } from "@tanstack/react-query";
import { Button, Form, Modal } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { issuesOf } from "../app/client.ts";
import { Problem } from "./notice.tsx";

/**
 * A button and the form it opens; a refusal stays there, at the field it is of, else above what was typed. What is to be seen once (a secret) takes
 * the form's place; without `shown` the dialog closes.
 */
export function FormDialog<Values extends object, Answer>(content: FormDialogContent<Values, Answer>) {
  const { label, title = label, act = label, look = "plain", initial, submit, onSettled, shown, children } = content;
  const { t } = useTranslation("words");
  const [open, setOpen] = useState(false);
  const [form] = Form.useForm();
  const sent = useMutation({
    mutationFn: submit,
    onSuccess: () => {
      if (!shown) close();
    },
    onError: (error) => {
      const issues = atFields(error);
      form.setFields(issues.map(({ path, words }) => ({ name: path, errors: [words] })));
    },
    onSettled: () => onSettled?.(),
  });
  /** What is wrong with fields of this form; none where anything else is wrong, too. */
  const atFields = (error: unknown) => {
    const issues = issuesOf(error);
    const fields = Object.keys(form.getFieldsValue());
    return issues.every(({ path }) => fields.includes(path)) ? issues : [];
  };
  const once = shown && sent.isSuccess ? shown(sent.data) : null;
  const showing = once !== null;
  function close() {
    setOpen(false);
    sent.reset();
    form.resetFields();
  }
  return (
    <>
      <Button
        type={look === "primary" ? "primary" : "default"}
        danger={look === "danger"}
        size={look === "small" ? "small" : "middle"}
        onClick={() => setOpen(true)}
      >
        {label}
      </Button>
      <Modal
        open={open}
        title={title}
        okText={act}
        okButtonProps={{ hidden: showing, danger: look === "danger" }}
        cancelText={t(showing ? "close" : "cancel")}
        confirmLoading={sent.isPending}
        onOk={() => form.submit()}
        onCancel={close}
        destroyOnHidden
      >
        {sent.error && atFields(sent.error).length === 0 ? <Problem error={sent.error} /> : null}
        {once ?? (
          <Form<Values>
            form={form}
            layout="vertical"
            clearOnDestroy
            {...(initial && { initialValues: initial })}
            onFinish={(values) => sent.mutate(values)}
          >
            {children}
          </Form>
        )}
      </Modal>
    </>
  );
}

type FormDialogContent<Values, Answer> = {
  readonly label: string;
  readonly title?: string;
  /** On the button that sends it, where that is not the label. */
  readonly act?: string;
  readonly look?: "plain" | "primary" | "small" | "danger";
  readonly initial?: Partial<Values>;
  readonly submit: (values: Values) => Promise<Answer>;
  /** After an answer or a refusal. */
  readonly onSettled?: () => unknown;
  readonly shown?: (answer: Answer) => ReactNode;
  /** The fields. */
  readonly children: ReactNode;
};
