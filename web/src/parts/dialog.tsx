import { useMutation } from "@tanstack/react-query";
import { Button, Form, Modal } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "./notice.tsx";

/**
 * A button and the form it opens; a refusal stays there, beside what was typed. What is to be seen once (a secret) takes
 * the form's place; without `shown` the dialog closes.
 */
export function FormDialog<Values extends object, Answer>(content: FormDialogContent<Values, Answer>) {
  const { label, title = label, act = label, look = "plain", initial, submit, onSettled, shown, children } = content;
  const { t } = useTranslation("words");
  const [open, setOpen] = useState(false);
  const [form] = Form.useForm<Values>();
  const sent = useMutation({
    mutationFn: submit,
    onSuccess: () => {
      if (!shown) close();
    },
    onSettled: () => onSettled?.(),
  });
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
        {sent.error ? <Problem error={sent.error} /> : null}
        {once ?? (
          <Form<Values>
            form={form}
            layout="vertical"
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
