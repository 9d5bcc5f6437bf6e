import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Form, Input, InputNumber, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Centre } from "#api/network.ts";
import { needsAccounts } from "#core/centre/accounts.ts";
import { weekdays } from "#core/scheduling/reasons.ts";
import { ask } from "../../app/client.ts";
import { language } from "../../app/language.ts";
import { Icon } from "../../parts/icons.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { useFormat } from "../../words/use.ts";
import css from "./centres.module.css";
import { accountsQuery, centresQuery, termsQuery } from "./queries.ts";
import {
  firstHours,
  type Hours,
  hasOwn,
  type PoolTerms,
  type Terms,
  termsOf,
  withChange,
  withHours,
  withOwn,
} from "./terms-draft.ts";

/** What was agreed with a centre, edited; what a change does is said before it can be put in force. */
export function TermsButton({ centre }: { readonly centre: Centre }) {
  const { t } = useTranslation("centres");
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t("terms.button")}
      </Button>
      <Modal
        open={open}
        title={t("terms.title", { centre: centre.id })}
        width={640}
        footer={null}
        onCancel={() => setOpen(false)}
        destroyOnHidden
      >
        <InForce centre={centre} />
      </Modal>
    </>
  );
}

function InForce({ centre }: { readonly centre: Centre }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  const { data, error } = useQuery(termsQuery(centre.id));
  if (error) return <Problem error={error} />;
  if (!data) return <div style={{ height: 320 }} />;
  const [newest] = data.versions;
  return (
    <>
      <p className="soft">
        {newest
          ? t("terms.setBy", { version: newest.version, person: newest.setBy, time: format.dateTime(newest.setMs) })
          : t("terms.default")}
      </p>
      <Editor key={newest?.version ?? 0} centre={centre} inForce={data.terms} />
    </>
  );
}

function Editor({ centre, inForce }: { readonly centre: Centre; readonly inForce: Terms }) {
  const { t } = useTranslation("centres");
  const queries = useQueryClient();
  const [draft, setDraft] = useState(inForce);
  const [pool, setPool] = useState<string | null>(null);
  const preview = useMutation({
    mutationFn: (body: Terms) => ask("previewTerms", { params: { centre: centre.id }, body }),
  });
  const set = useMutation({
    mutationFn: (body: Terms) => ask("setTerms", { params: { centre: centre.id }, body }),
    onSuccess: (now) => queries.setQueryData(termsQuery(centre.id).queryKey, now),
    onSettled: () => queries.invalidateQueries({ queryKey: centresQuery.queryKey }),
  });
  const isSeen = preview.isSuccess && preview.variables === draft;
  const consequences = isSeen ? preview.data.consequences : [];
  const names = [...new Set([...centre.pools.map(({ name }) => name), ...Object.keys(draft.pools)])];
  const edits = pool === null || hasOwn(draft, pool);
  return (
    <Form layout="vertical" component="div">
      <Form.Item label={t("pool")} htmlFor="terms-pool">
        <Select
          id="terms-pool"
          value={pool ?? ""}
          onChange={(name) => setPool(name === "" ? null : name)}
          options={[
            { value: "", label: t("terms.others") },
            ...names.map((name) => ({
              value: name,
              label: hasOwn(draft, name) ? t("terms.withOwn", { pool: name }) : name,
            })),
          ]}
        />
      </Form.Item>
      {pool === null ? null : (
        <Form.Item>
          <Checkbox checked={edits} onChange={({ target }) => setDraft(withOwn(draft, pool, target.checked))}>
            {t("terms.own")}
          </Checkbox>
        </Form.Item>
      )}
      <PoolFields
        terms={termsOf(draft, pool)}
        disabled={!edits}
        onChange={(change) => setDraft(withChange(draft, pool, change))}
      />
      {needsAccounts(centre.driver) ? <AccountsWords centre={centre.id} /> : null}
      {(preview.error ?? set.error) ? <Problem error={preview.error ?? set.error} /> : null}
      {isSeen ? (
        <Notice kind="warning" title={t(consequences.length === 0 ? "terms.same" : "terms.would")}>
          {consequences.map((sentence) => (
            <p key={sentence} className={css.consequence}>
              {sentence}
            </p>
          ))}
        </Notice>
      ) : null}
      <div className={css.termsActions}>
        <Button loading={preview.isPending} onClick={() => preview.mutate(draft)}>
          {t("terms.preview")}
        </Button>
        <Button
          type="primary"
          disabled={consequences.length === 0}
          loading={set.isPending}
          onClick={() => set.mutate(draft)}
        >
          {t("terms.set")}
        </Button>
      </div>
    </Form>
  );
}

type Fields = {
  readonly terms: PoolTerms;
  readonly disabled: boolean;
  readonly onChange: (change: Partial<PoolTerms>) => void;
};

function PoolFields({ terms, disabled, onChange }: Fields) {
  const { t } = useTranslation("centres");
  const contracts = ["dedicated", "shared", "opportunistic"] as const;
  return (
    <>
      <div className={css.termsFields}>
        <Form.Item label={t("terms.contract")} htmlFor="terms-contract">
          <Select
            id="terms-contract"
            disabled={disabled}
            value={terms.contract ?? ""}
            onChange={(value) => onChange({ contract: contracts.find((one) => one === value) ?? null })}
            options={[
              { value: "", label: t("terms.asReported") },
              ...contracts.map((value) => ({ value, label: t(`contract.${value}`) })),
            ]}
          />
        </Form.Item>
        <Form.Item label={t("terms.maxPending")} htmlFor="terms-pending">
          <InputNumber
            id="terms-pending"
            className={css.wide ?? ""}
            disabled={disabled}
            min={0}
            max={1000}
            precision={0}
            value={terms.maxPending}
            onChange={(value) => onChange({ maxPending: value ?? 0 })}
          />
        </Form.Item>
        <Form.Item label={t("terms.lease")} htmlFor="terms-lease">
          <InputNumber
            id="terms-lease"
            className={css.wide ?? ""}
            disabled={disabled}
            min={0.2}
            max={86_400}
            placeholder={t("terms.usual")}
            value={terms.leaseS === null ? null : Math.round((terms.leaseS / 60) * 10) / 10}
            onChange={(value) => onChange({ leaseS: value === null ? null : Math.round(value * 60) })}
          />
        </Form.Item>
        <Form.Item label={t("terms.share")} htmlFor="terms-share">
          <InputNumber
            id="terms-share"
            className={css.wide ?? ""}
            disabled={disabled}
            min={0}
            max={100}
            precision={0}
            placeholder={t("terms.noShare")}
            value={terms.sharePercent}
            onChange={(sharePercent) => onChange({ sharePercent })}
          />
        </Form.Item>
      </div>
      <h3 className={css.sub}>{t("terms.hours")}</h3>
      {terms.hours.length === 0 ? <p className="soft">{t("terms.always")}</p> : null}
      {terms.hours.map((one, at) => (
        <HoursFields
          // biome-ignore lint/suspicious/noArrayIndexKey: spans have no name but their place
          key={at}
          place={at + 1}
          hours={one}
          disabled={disabled}
          onChange={(change) => onChange({ hours: withHours(terms.hours, at, change) })}
        />
      ))}
      <p>
        <Button size="small" disabled={disabled} onClick={() => onChange({ hours: [...terms.hours, firstHours] })}>
          {t("terms.addHours")}
        </Button>
      </p>
    </>
  );
}

type HoursContent = {
  readonly place: number;
  readonly hours: Hours;
  readonly disabled: boolean;
  readonly onChange: (change: Partial<Hours> | null) => void;
};

function HoursFields({ place, hours, disabled, onChange }: HoursContent) {
  const { t } = useTranslation("centres");
  const names = weekdays[language()];
  return (
    <div className={css.hours}>
      <Checkbox.Group
        disabled={disabled}
        value={hours.days}
        onChange={(days) => onChange({ days: [...days].sort() })}
        options={names.map((name, at) => ({ value: at + 1, label: language() === "zh" ? name : name.slice(0, 3) }))}
      />
      <span className={css.times}>
        <Input
          aria-label={t("terms.from", { place })}
          disabled={disabled}
          value={hours.from}
          onChange={({ target }) => onChange({ from: target.value })}
        />
        –
        <Input
          aria-label={t("terms.to", { place })}
          disabled={disabled}
          value={hours.to}
          onChange={({ target }) => onChange({ to: target.value })}
        />
        <Button
          type="text"
          aria-label={t("terms.dropHours", { place })}
          icon={<Icon name="close" />}
          disabled={disabled}
          onClick={() => onChange(null)}
        />
      </span>
    </div>
  );
}

/** Who may run there is the centre's to say; how far it is with them stands here beside what was agreed. */
function AccountsWords({ centre }: { readonly centre: string }) {
  const { t } = useTranslation("centres");
  const { data } = useQuery(accountsQuery(centre));
  if (!data) return null;
  const ready = data.accounts.filter(({ readiness }) => readiness === "ready").length;
  return <p className="soft">{t("terms.accounts", { ready, all: data.accounts.length })}</p>;
}
