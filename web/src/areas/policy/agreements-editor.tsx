import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input, InputNumber, Modal, Select } from "antd";
import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { hoursWords } from "#core/centre/terms-consequences.ts";
import { ask, issuesOf } from "../../app/client.ts";
import { language } from "../../app/language.ts";
import { Effects } from "../../parts/effects.tsx";
import { Icon } from "../../parts/icons.tsx";
import { RegionsSelect } from "../../parts/region-select.tsx";
import { regionsText } from "../../words/place-rule.ts";
import { HoursEditor } from "../centres/hours.tsx";
import {
  type Agreement,
  changesBetween,
  type Document,
  type DocumentChange,
  issuesIn,
  isWhole,
  newAgreement,
  withAgreement,
} from "./agreements-draft.ts";
import css from "./policy.module.css";
import { agreementsQuery } from "./queries.ts";

/** The whole document in one form: what would come and go is said before it is put in force. */
export function EditAgreements({ inForce }: { readonly inForce: Answer<"agreements"> }) {
  const { t } = useTranslation("policy");
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t("agreements.change")}
      </Button>
      <Modal
        open={open}
        title={t("agreements.title")}
        width={720}
        style={{ top: 48 }}
        footer={null}
        onCancel={() => setOpen(false)}
        destroyOnHidden
      >
        <Editor inForce={inForce} onDone={() => setOpen(false)} />
      </Modal>
    </>
  );
}

function Editor({ inForce, onDone }: { readonly inForce: Answer<"agreements">; readonly onDone: () => void }) {
  const { t } = useTranslation(["policy", "words"]);
  const queries = useQueryClient();
  // It stays what the form was opened on: of another version set meanwhile the server tells when this one is sent.
  const [{ document, version, unstated }] = useState(inForce);
  const [draft, setDraft] = useState(document);
  const id = useId();
  const sentence = useSentence();
  const changes = changesBetween(document, draft);
  const issues = issuesIn(draft, language());
  const outside = (["tenants", "centres"] as const).filter((who) => draft.otherwise === "refused" && unstated[who] > 0);
  const isSendable = changes.length > 0 && isWhole(draft) && issues.size === 0;
  const set = useMutation({
    mutationFn: () => ask("setAgreements", { query: { base: version }, body: draft }),
    onSuccess: (answer: Answer<"agreements">) => {
      queries.setQueryData(agreementsQuery.queryKey, answer);
      onDone();
    },
    onError: () => queries.invalidateQueries({ queryKey: agreementsQuery.queryKey }),
  });
  const refused = issuesOf(set.error);
  const write = (next: Document) => {
    set.reset();
    setDraft(next);
  };
  return (
    <Form layout="vertical" component="div">
      <Form.Item label={t("agreements.otherwiseLabel")} htmlFor={id}>
        <Select
          id={id}
          value={draft.otherwise}
          onChange={(otherwise: Document["otherwise"]) => write({ ...draft, otherwise })}
          options={(["allowed", "refused"] as const).map((value) => ({
            value,
            label: t(`agreements.otherwise.${value}`),
          }))}
        />
      </Form.Item>
      {draft.agreements.map((one, at) => (
        <AgreementFields
          // biome-ignore lint/suspicious/noArrayIndexKey: agreements have no name but their place
          key={at}
          place={at + 1}
          agreement={one}
          wrong={[
            ...(issues.get(at) ?? []),
            ...refused.filter(({ path }) => path.startsWith(`agreements[${at}]`)).map(({ words }) => words),
          ]}
          onChange={(change) => write(withAgreement(draft, at, change))}
        />
      ))}
      <Button
        icon={<Icon name="plus" />}
        onClick={() => write({ ...draft, agreements: [...draft.agreements, newAgreement] })}
      >
        {t("agreements.add")}
      </Button>
      <Effects
        title={t("agreements.effects")}
        effects={
          isSendable
            ? [
                ...changes.map(sentence),
                ...outside.map((who) => t(`agreements.unstated.${who}`, { number: unstated[who] })),
                t("agreements.holds"),
              ]
            : []
        }
        error={refused.length === 0 ? set.error : null}
      >
        <Button onClick={onDone}>{t("words:cancel")}</Button>
        <Button type="primary" disabled={!isSendable} loading={set.isPending} onClick={() => set.mutate()}>
          {t("use")}
        </Button>
      </Effects>
    </Form>
  );
}

type FieldsContent = {
  readonly place: number;
  readonly agreement: Agreement;
  readonly wrong: readonly string[];
  /** null: it is taken out. */
  readonly onChange: (change: Partial<Agreement> | null) => void;
};

function AgreementFields({ place, agreement, wrong, onChange }: FieldsContent) {
  const { t } = useTranslation("policy");
  const isWrong = wrong.length > 0;
  return (
    <section className={css.agreement} aria-label={t("agreements.one", { place })}>
      <header className={css.agreementHead}>
        <strong>{t("agreements.one", { place })}</strong>
        <Button
          type="text"
          size="small"
          aria-label={t("agreements.drop", { place })}
          icon={<Icon name="close" />}
          onClick={() => onChange(null)}
        />
      </header>
      <div className={css.agreementFields}>
        <Field label={t("agreements.from")} wrong={isWrong}>
          {(id) => (
            <RegionsSelect
              id={id}
              placeholder={t("agreements.regions")}
              value={agreement.from}
              onValue={(from) => onChange({ from: [...from] })}
            />
          )}
        </Field>
        <Field label={t("agreements.to")} wrong={isWrong} words={wrong}>
          {(id) => (
            <RegionsSelect
              id={id}
              placeholder={t("agreements.regions")}
              value={agreement.to}
              onValue={(to) => onChange({ to: [...to] })}
            />
          )}
        </Field>
        <Field label={t("agreements.share")}>
          {(id) => (
            <InputNumber
              id={id}
              className={css.wide ?? ""}
              min={0}
              max={100}
              precision={0}
              suffix="%"
              placeholder={t("agreements.all")}
              value={agreement.sharePercent}
              onChange={(sharePercent) => onChange({ sharePercent })}
            />
          )}
        </Field>
        <Field label={t("agreements.terms")}>
          {(id) => (
            <Input.TextArea
              id={id}
              autoSize={{ minRows: 1, maxRows: 6 }}
              maxLength={4000}
              placeholder={t("agreements.termsHint")}
              value={agreement.terms}
              onChange={({ target }) => onChange({ terms: target.value })}
            />
          )}
        </Field>
      </div>
      <div className={css.agreementLabel}>{t("agreements.hours")}</div>
      <HoursEditor hours={agreement.hours} onHours={(hours) => onChange({ hours })} />
    </section>
  );
}

function Field({ label, wrong = false, words = [], children }: FieldContent) {
  const id = useId();
  return (
    <Form.Item
      label={label}
      htmlFor={id}
      {...(wrong && { validateStatus: "error" as const })}
      {...(words.length > 0 && { help: words.join(" ") })}
    >
      {children(id)}
    </Form.Item>
  );
}

type FieldContent = {
  readonly label: string;
  readonly wrong?: boolean;
  readonly words?: readonly string[];
  readonly children: (id: string) => ReactNode;
};

function useSentence(): (change: DocumentChange) => string {
  const { t } = useTranslation("policy");
  return (change) => {
    if (change.kind === "otherwise") return t(`agreements.otherwise.${change.to}`);
    const { from, to, sharePercent, hours } = change.agreement;
    const regions = { from: regionsText(from), to: regionsText(to) };
    if (change.kind === "goes") return t("agreements.goes", regions);
    const share =
      sharePercent === null ? t("agreements.wholePools") : t("agreements.partOfPools", { percent: sharePercent });
    const when =
      hours.length === 0
        ? t("agreements.always")
        : hours.map((one) => hoursWords(one, language())).join(language() === "zh" ? "；" : "; ");
    return t("agreements.comes", { ...regions, share, when });
  };
}
