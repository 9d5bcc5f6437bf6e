import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Form, InputNumber, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Centre } from "#api/network.ts";
import { needsAccounts } from "#core/centre/accounts.ts";
import { mostRetentionDays, usualRetentionDays } from "#core/centre/terms.ts";
import { ask, issuesOf } from "../../app/client.ts";
import { Notice, Problem } from "../../parts/notice.tsx";
import { RegionSelect } from "../../parts/region-select.tsx";
import { useFormat } from "../../words/use.ts";
import css from "./centres.module.css";
import { HoursEditor } from "./hours.tsx";
import { accountsQuery, centresQuery, termsQuery } from "./queries.ts";
import { hasOwn, type PoolTerms, type Terms, termsOf, withChange, withOwn } from "./terms-draft.ts";

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
        style={{ top: 48 }}
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
      <Editor centre={centre} inForce={{ terms: data.terms, version: newest?.version ?? 0 }} />
    </>
  );
}

type Version = { readonly terms: Terms; readonly version: number };

function Editor({ centre, inForce }: { readonly centre: Centre; readonly inForce: Version }) {
  const { t } = useTranslation("centres");
  const queries = useQueryClient();
  // What was typed keeps what it was typed on: of another version set meanwhile the server tells when it is sent.
  const [typed, setTyped] = useState<Version | null>(null);
  const { terms: draft, version } = typed ?? inForce;
  const setDraft = (terms: Terms) => setTyped({ terms, version });
  const [pool, setPool] = useState<string | null>(() => onlyPoolOf(centre, inForce.terms));
  const preview = useMutation({
    mutationFn: (body: Terms) => ask("previewTerms", { params: { centre: centre.id }, body }),
  });
  const set = useMutation({
    mutationFn: (body: Terms) => ask("setTerms", { params: { centre: centre.id }, query: { base: version }, body }),
    onSuccess: (now) => {
      queries.setQueryData(termsQuery(centre.id).queryKey, now);
      setTyped(null);
    },
    onError: () => queries.invalidateQueries({ queryKey: termsQuery(centre.id).queryKey }),
    onSettled: () => queries.invalidateQueries({ queryKey: centresQuery.queryKey }),
  });
  const isSeen = preview.isSuccess && preview.variables === draft;
  const consequences = isSeen ? preview.data.consequences : [];
  const names = [...new Set([...centre.pools.map(({ name }) => name), ...Object.keys(draft.pools)])];
  const edits = pool === null || hasOwn(draft, pool);
  const notAtField = issuesOf(preview.error ?? set.error).filter(({ path }) => path !== "region");
  const refusedRegion = issuesOf(preview.error ?? set.error).find(({ path }) => path === "region")?.words;
  return (
    <Form layout="vertical" component="div">
      <div className={css.termsFields}>
        <Form.Item
          label={t("liesIn")}
          htmlFor="terms-region"
          {...(refusedRegion !== undefined && { validateStatus: "error" as const, help: refusedRegion })}
        >
          <RegionSelect
            id="terms-region"
            placeholder={
              centre.regionCode === null ? t("terms.notSaid") : t("terms.byCode", { code: centre.regionCode })
            }
            value={draft.region ?? null}
            onValue={(region) => setDraft({ ...draft, region })}
          />
        </Form.Item>
        <Form.Item label={t("terms.domestic")} htmlFor="terms-domestic">
          <DomesticSelect
            id="terms-domestic"
            unsaid={t("terms.byVendor")}
            value={draft.domestic ?? null}
            onValue={(domestic) => setDraft({ ...draft, domestic })}
          />
        </Form.Item>
        <NumberField
          id="terms-carbon"
          label={t("terms.carbon")}
          min={0}
          max={10_000}
          placeholder={t("terms.notSaid")}
          value={draft.carbonGPerKwh ?? null}
          onValue={(carbonGPerKwh) => setDraft({ ...draft, carbonGPerKwh })}
        />
        <NumberField
          id="terms-retention"
          label={t("terms.retention")}
          min={0}
          max={mostRetentionDays}
          precision={0}
          placeholder={`${usualRetentionDays}`}
          value={draft.retentionDays ?? null}
          onValue={(retentionDays) => setDraft({ ...draft, retentionDays })}
        />
      </div>
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
      {(preview.error ?? set.error) && (refusedRegion === undefined || notAtField.length > 0) ? (
        <Problem error={preview.error ?? set.error} />
      ) : null}
      {isSeen ? (
        <Notice kind="plain" title={t(consequences.length === 0 ? "terms.same" : "terms.would")}>
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

/** Where no pool is without terms of its own, those of all others mean nothing. */
function onlyPoolOf({ pools }: Centre, terms: Terms): string | null {
  const [one] = pools;
  return one !== undefined && pools.every(({ name }) => hasOwn(terms, name)) ? one.name : null;
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
        <NumberField
          id="terms-pending"
          label={t("terms.maxPending")}
          disabled={disabled}
          min={0}
          max={1000}
          precision={0}
          value={terms.maxPending}
          onValue={(value) => onChange({ maxPending: value ?? 0 })}
        />
        <NumberField
          id="terms-lease"
          label={t("terms.lease")}
          disabled={disabled}
          min={0.2}
          max={86_400}
          placeholder={t("terms.usual")}
          value={terms.leaseS === null ? null : Math.round((terms.leaseS / 60) * 10) / 10}
          onValue={(value) => onChange({ leaseS: value === null ? null : Math.round(value * 60) })}
        />
        <NumberField
          id="terms-share"
          label={t("terms.share")}
          disabled={disabled}
          min={0}
          max={100}
          precision={0}
          placeholder={t("terms.noShare")}
          value={terms.sharePercent}
          onValue={(sharePercent) => onChange({ sharePercent })}
        />
        <NumberField
          id="terms-speed"
          label={t("terms.speed")}
          disabled={disabled}
          min={0.01}
          max={1000}
          placeholder="1"
          value={terms.speed ?? null}
          onValue={(speed) => onChange({ speed: speed ?? undefined })}
        />
        <Form.Item label={t("terms.domesticHere")} htmlFor="terms-pool-domestic">
          <DomesticSelect
            id="terms-pool-domestic"
            disabled={disabled}
            unsaid={t("terms.asCentre")}
            value={terms.domestic ?? null}
            onValue={(domestic) => onChange({ domestic })}
          />
        </Form.Item>
      </div>
      <h3 className={css.sub}>{t("terms.hours")}</h3>
      <HoursEditor hours={terms.hours} disabled={disabled} onHours={(hours) => onChange({ hours })} />
    </>
  );
}

/** A number, or none: then its placeholder says what holds. */
function NumberField({ id, label, onValue, ...range }: NumberContent) {
  return (
    <Form.Item label={label} htmlFor={id}>
      <InputNumber<number> id={id} className={css.wide ?? ""} {...range} onChange={onValue} />
    </Form.Item>
  );
}

type NumberContent = {
  readonly id: string;
  readonly label: string;
  readonly value: number | null;
  readonly onValue: (value: number | null) => void;
  readonly min: number;
  readonly max: number;
  /** Digits behind the point; absent: as many as are typed. */
  readonly precision?: number;
  readonly placeholder?: string;
  readonly disabled?: boolean;
};

/** What a centre or pool says of its equipment, or leaves to be known otherwise. */
function DomesticSelect({ id, unsaid, value, disabled = false, onValue }: DomesticContent) {
  const { t } = useTranslation("centres");
  return (
    <Select
      id={id}
      disabled={disabled}
      value={value === null ? "" : value ? "yes" : "no"}
      onChange={(said: string) => onValue(said === "" ? null : said === "yes")}
      options={[
        { value: "", label: unsaid },
        { value: "yes", label: t("terms.isDomestic") },
        { value: "no", label: t("terms.isNotDomestic") },
      ]}
    />
  );
}

type DomesticContent = {
  readonly id: string;
  readonly unsaid: string;
  readonly value: boolean | null;
  readonly disabled?: boolean;
  readonly onValue: (domestic: boolean | null) => void;
};

/** Who may run there is the centre's to say; how far it is with them stands here beside what was agreed. */
function AccountsWords({ centre }: { readonly centre: string }) {
  const { t } = useTranslation("centres");
  const { data } = useQuery(accountsQuery(centre));
  if (!data) return null;
  const ready = data.accounts.filter(({ readiness }) => readiness === "ready").length;
  return <p className="soft">{t("terms.accounts", { ready, all: data.accounts.length })}</p>;
}
