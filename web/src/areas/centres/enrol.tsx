import { useQueryClient } from "@tanstack/react-query";
import { Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { type DriverName, driverNames } from "#core/centre/centre.ts";
import { ask } from "../../app/client.ts";
import { CopyLine } from "../../parts/copy.tsx";
import { FormDialog } from "../../parts/dialog.tsx";
import { useFormat } from "../../words/use.ts";
import { centresQuery } from "./queries.ts";

/** A one-time token with which a centre's agent joins. */
export function EnrolButton({ centre }: { readonly centre: string }) {
  const { t } = useTranslation("centres");
  return (
    <FormDialog<object, Answer<"addEnrolment">>
      label={t("enrol")}
      title={t("enrolTitle", { centre })}
      act={t("enrolMake")}
      look="small"
      submit={() => ask("addEnrolment", { params: { centre }, body: {} })}
      shown={(made) => <Token {...made} />}
    >
      <p>{t("enrolFor", { centre })}</p>
    </FormDialog>
  );
}

function Token({ token, expiresMs }: Pick<Answer<"addEnrolment">, "token" | "expiresMs">) {
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
        <Select options={driverNames.map((value) => ({ value, label: t(`driverWords.${value}`) }))} />
      </Form.Item>
      <Form.Item name="name" label={t("name")}>
        <Input />
      </Form.Item>
      <Form.Item name="nameZh" label={t("nameZh")}>
        <Input />
      </Form.Item>
      <Form.Item name="regionCode" label={t("region")} extra={t("regionHelp")}>
        <Input spellCheck={false} />
      </Form.Item>
    </FormDialog>
  );
}
