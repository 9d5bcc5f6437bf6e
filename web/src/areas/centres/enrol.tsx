import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { type DriverName, driverNames } from "#core/centre/centre.ts";
import { ask } from "../../app/client.ts";
import { CopyLine } from "../../parts/copy.tsx";
import { FormDialog } from "../../parts/dialog.tsx";
import { Problem } from "../../parts/notice.tsx";
import { useFormat } from "../../words/use.ts";
import { centresQuery } from "./queries.ts";

/** A one-time token with which a centre's agent joins. */
export function EnrolButton({ centre }: { readonly centre: string }) {
  const { t } = useTranslation(["centres", "words"]);
  const [open, setOpen] = useState(false);
  const make = useMutation({ mutationFn: () => ask("addEnrolment", { params: { centre }, body: {} }) });
  return (
    <>
      <Button
        size="small"
        onClick={() => {
          setOpen(true);
          make.mutate();
        }}
      >
        {t("enrol")}
      </Button>
      <Modal open={open} title={t("enrolTitle", { centre })} footer={null} onCancel={() => setOpen(false)}>
        {make.error ? <Problem error={make.error} /> : null}
        {make.data ? <Token token={make.data.token} expiresMs={make.data.expiresMs} /> : null}
      </Modal>
    </>
  );
}

function Token({ token, expiresMs }: { readonly token: string; readonly expiresMs: number }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  return (
    <>
      <p>{t("enrolWords", { time: format.dateTime(expiresMs) })}</p>
      <CopyLine text={token} prompt={false} />
    </>
  );
}

type NewCentre = {
  readonly id: string;
  readonly driver: DriverName;
  readonly name?: string;
  readonly nameZh?: string;
  readonly regionCode?: string;
};

/** Registers a centre and hands out its first enrolment token at once. */
export function AddCentre() {
  const { t } = useTranslation("centres");
  const queries = useQueryClient();
  return (
    <FormDialog<NewCentre, Answer<"addEnrolment">>
      label={t("add")}
      submit={async ({ id, driver, name, nameZh, regionCode }) => {
        await ask("addCentre", {
          body: {
            id,
            driver,
            ...(name && { name }),
            ...(nameZh && { nameZh }),
            ...(regionCode && { regionCode }),
          },
        });
        return ask("addEnrolment", { params: { centre: id }, body: {} });
      }}
      onSettled={() => queries.invalidateQueries({ queryKey: centresQuery.queryKey })}
      shown={({ token, expiresMs }) => (
        <>
          <p>{t("added")}</p>
          <Token token={token} expiresMs={expiresMs} />
        </>
      )}
    >
      <Form.Item name="id" label={t("id")} extra={t("idHelp")} rules={[{ required: true, message: t("idHelp") }]}>
        <Input spellCheck={false} />
      </Form.Item>
      <Form.Item name="driver" label={t("driver")} initialValue="process">
        <Select options={driverNames.map((value) => ({ value, label: `${value} · ${t(`driverWords.${value}`)}` }))} />
      </Form.Item>
      <Form.Item name="name" label={t("name")}>
        <Input />
      </Form.Item>
      <Form.Item name="nameZh" label={t("nameZh")}>
        <Input />
      </Form.Item>
      <Form.Item name="regionCode" label={t("region")} extra={t("regionHelp")}>
        <Input inputMode="numeric" />
      </Form.Item>
    </FormDialog>
  );
}
