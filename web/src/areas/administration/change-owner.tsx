import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Checkbox, Form, Input, Modal, Popconfirm, Select } from "antd";
import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { residencyNotes } from "#core/centre/residency.ts";
import { phraseWords } from "#core/job/phrase.ts";
import { type SettingKind, settingWords } from "#core/setting-words.ts";
import { unreachable } from "#core/unreachable.ts";
import { ask, issuesOf } from "../../app/client.ts";
import { language } from "../../app/language.ts";
import { Effects } from "../../parts/effects.tsx";
import { grantLooks } from "../../parts/grants.tsx";
import { RegionSelect, RegionsSelect } from "../../parts/region-select.tsx";
import { countText } from "../../words/format.ts";
import { regionsText } from "../../words/place-rule.ts";
import { centresQuery } from "../centres/queries.ts";
import css from "./administration.module.css";
import { HomeSelect } from "./home-select.tsx";
import {
  type Change,
  changesOf,
  draftOf,
  type GrantDraft,
  grantsNothing,
  lacksNumber,
  mayBe,
  type Owner,
  type OwnerDraft,
  typedNumber,
  type Unit,
  units,
} from "./owner-draft.ts";
import { workQuery } from "./queries.ts";

/** The bounds of a tenant or project: what each change means is said before it is made, and told again once it is. */
export function ChangeOwner({ owner, onChanged }: ChangeContent) {
  const { t } = useTranslation("administration");
  const [open, setOpen] = useState(false);
  const { name } = owner;
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t("change")}
      </Button>
      <Modal
        open={open}
        title={t(owner.kind === "tenant" ? "changeTenant" : "changeProject", { name })}
        width={600}
        style={{ top: 48 }}
        footer={null}
        onCancel={() => setOpen(false)}
        destroyOnHidden
      >
        <Editor
          owner={owner}
          onChanged={(sentences) => {
            onChanged(sentences);
            if (sentences.length > 0) setOpen(false);
          }}
          onCancel={() => setOpen(false)}
        />
      </Modal>
    </>
  );
}

type ChangeContent = {
  readonly owner: Owner;
  /** With what is in force now, in sentences; none: it was refused, and some of it may have been done all the same. */
  readonly onChanged: (sentences: readonly string[]) => void;
};

function Editor({ owner: now, onChanged, onCancel }: ChangeContent & { readonly onCancel: () => void }) {
  const { t } = useTranslation(["administration", "words"]);
  // As it was when it was opened: what others change meanwhile is none of this one's changes.
  const [owner] = useState(now);
  const [draft, setDraft] = useState(() => draftOf(owner));
  const sentence = useSentence();
  const changes = changesOf(owner, draft);
  const { notes, isNowhere } = useResidencyNotes(changes);
  const set = useMutation({
    mutationFn: (sent: readonly Change[]) => send(owner, sent),
    onSuccess: (_, sent) => onChanged([...sent.map(sentence), ...notes]),
    onError: () => onChanged([]),
  });
  const change = (part: Partial<OwnerDraft>) => {
    set.reset();
    setDraft({ ...draft, ...part });
  };
  const refused = issuesOf(set.error);
  const noNumber = (typed: string) => (typedNumber(typed) === "no-number" ? t("noNumber") : null);
  const atField = (path: string) => refused.find((issue) => issue.path.split(/[.[]/)[0] === path)?.words ?? null;
  const hoursWrong = (unit: Unit) => {
    const grant = draft.grants[unit];
    return grant.kind === "anew" ? noNumber(grant.hours) : null;
  };
  const isNothing = changes.some(grantsNothing);
  const effects = [...changes.filter(mayBe).map(sentence), ...useWorkNow(owner, isNothing), ...notes];
  return (
    <Form layout="vertical" component="div">
      <div className={css.fields}>
        {owner.kind === "tenant" ? (
          <Field label={t("home")} help={t("homeHelp")} refused={atField("home")}>
            {(id) => <HomeSelect id={id} value={draft.home} onChange={(home) => change({ home: home ?? null })} />}
          </Field>
        ) : null}
        <Field
          label={t("mostCores")}
          help={t("mostCoresHelp")}
          refused={noNumber(draft.mostCores) ?? atField("mostCores")}
        >
          {(id) => (
            <Input
              id={id}
              inputMode="numeric"
              placeholder={t("anyNumber")}
              value={draft.mostCores}
              onChange={({ target }) => change({ mostCores: target.value })}
            />
          )}
        </Field>
      </div>
      <h3 className={css.sub}>{t("granted")}</h3>
      <p className={css.words}>{t("grantedWords")}</p>
      <div className={css.fields}>
        {units.map((unit) => (
          <GrantField
            key={unit}
            owner={owner}
            unit={unit}
            draft={draft.grants[unit]}
            refused={hoursWrong(unit) ?? atField(unit === "core-ms" ? "coreHours" : "cardHours")}
            onDraft={(grant) => change({ grants: { ...draft.grants, [unit]: grant } })}
          />
        ))}
      </div>
      <h3 className={css.sub}>{t("place")}</h3>
      <div className={css.fields}>
        {owner.kind === "tenant" ? (
          <Field label={t("region")} help={t("regionHelp")} refused={atField("region")}>
            {(id) => (
              <RegionSelect
                id={id}
                placeholder={t("notSaid")}
                value={draft.region}
                onValue={(region) => change({ region })}
              />
            )}
          </Field>
        ) : null}
        <Field label={t("residency")} help={t("residencyHelp")} refused={atField("residency")}>
          {(id) => (
            <RegionsSelect
              id={id}
              countries
              placeholder={t("anywhere")}
              value={draft.residency}
              onValue={(residency) => change({ residency })}
            />
          )}
        </Field>
      </div>
      <Checkbox checked={draft.domestic} onChange={({ target }) => change({ domestic: target.checked })}>
        {t("domestic")}
      </Checkbox>
      <Effects
        title={t("effects")}
        effects={effects}
        kind={isNothing || isNowhere ? "warning" : "plain"}
        error={refused.length === 0 ? set.error : null}
      >
        <Button onClick={onCancel}>{t("words:cancel")}</Button>
        <Popconfirm
          disabled={!isNothing}
          title={t("nothingTitle", { name: owner.name })}
          description={t("nothingWords")}
          okText={t("nothingYes")}
          okButtonProps={{ danger: true }}
          onConfirm={() => set.mutate(changes)}
        >
          <Button
            type="primary"
            disabled={changes.length === 0 || lacksNumber(draft)}
            loading={set.isPending}
            onClick={() => {
              if (!isNothing) set.mutate(changes);
            }}
          >
            {t("change")}
          </Button>
        </Popconfirm>
      </Effects>
    </Form>
  );
}

type GrantContent = {
  readonly owner: Owner;
  readonly unit: Unit;
  readonly draft: GrantDraft;
  readonly refused: string | null;
  readonly onDraft: (draft: GrantDraft) => void;
};

/** What is granted stays as it is unless something else is chosen: to grant the same again would count anew. */
function GrantField({ owner, unit, draft, refused, onDraft }: GrantContent) {
  const { t } = useTranslation(["administration", "words"]);
  const { words, text } = grantLooks[unit];
  const now = owner.grants.find((one) => one.unit === unit);
  const label = t(words);
  const asItIs = now
    ? t("asItIs", { left: t("words:grantLeft", { left: text(now.left), granted: text(now.granted) }) })
    : t("anyNumber");
  return (
    <Field label={label} refused={refused}>
      {(id) => (
        <>
          <Select
            id={id}
            value={draft.kind}
            onChange={(kind: GrantDraft["kind"]) => onDraft(kind === "anew" ? { kind, hours: "" } : { kind })}
            options={[
              { value: "as-it-is", label: asItIs },
              { value: "anew", label: t("grantAnew") },
              ...(now ? [{ value: "any", label: t("grantAny") }] : []),
            ]}
          />
          {draft.kind === "anew" ? (
            <Input
              className={css.hours ?? ""}
              inputMode="numeric"
              aria-label={t("grantHours", { unit: label })}
              autoFocus
              suffix={t(`words:unit.${words}`)}
              placeholder={t("howMany")}
              value={draft.hours}
              onChange={({ target }) => onDraft({ kind: "anew", hours: target.value })}
            />
          ) : null}
        </>
      )}
    </Field>
  );
}

/** Which centres a rule about its data leaves, told before it is set: by the very words that the server answers with. */
function useResidencyNotes(changes: readonly Change[]): {
  readonly notes: readonly string[];
  readonly isNowhere: boolean;
} {
  const centres = useQuery(centresQuery);
  const residency = changes.flatMap((change) => (change.kind === "residency" && change.to !== null ? change.to : []));
  if (residency.length === 0 || !centres.data) return { notes: [], isNowhere: false };
  const { notes, isNowhere } = residencyNotes(residency, centres.data.centres);
  return { notes: notes.map((note) => phraseWords(note, language())), isNowhere };
}

/** How much of its work there is that a grant of nothing would stop from starting. */
function useWorkNow(owner: Owner, isAsked: boolean): readonly string[] {
  const { t } = useTranslation("administration");
  const { data } = useQuery({ ...workQuery(owner), enabled: isAsked });
  if (!isAsked || !data) return [];
  const { waiting, live, isMore } = data;
  const most = (count: number) => (isMore ? t("atLeast", { jobs: countText(count) }) : countText(count));
  return [t("workNow", { waiting: most(waiting), live: most(live) })];
}

function Field({ label, help, refused, children }: FieldContent) {
  const id = useId();
  return (
    <Form.Item
      label={label}
      htmlFor={id}
      extra={help}
      {...(refused !== null && { validateStatus: "error" as const, help: <span role="alert">{refused}</span> })}
    >
      {children(id)}
    </Form.Item>
  );
}

type FieldContent = {
  readonly label: string;
  readonly help?: string;
  /** What is wrong with it. */
  readonly refused: string | null;
  readonly children: (id: string) => ReactNode;
};

/** What a change means from now on. */
function useSentence(): (change: Change) => string {
  const { t } = useTranslation("words");
  const said = (kind: SettingKind, facts: Readonly<Record<string, string>> = {}) =>
    settingWords(kind, language(), facts);
  return (change) => {
    switch (change.kind) {
      case "home":
        return change.to === null ? said("noHome") : said("home", { centre: change.to });
      case "cores":
        return change.to === null ? said("anyCores") : said("cores", { cores: countText(change.to) });
      case "grant": {
        const { words, text } = grantLooks[change.unit];
        const unit = t(`unit.${words}`);
        if (change.hours === 0) return said(change.unit === "core-ms" ? "noCoreHours" : "noCardHours");
        if (change.hours === null) return said("anyHours", { unit });
        const hours = countText(change.hours);
        return change.left === null
          ? said("hours", { unit, hours })
          : said("hoursAnew", { unit, hours, left: text(change.left) });
      }
      case "region":
        return change.to === null ? said("noRegion") : said("region", { region: regionsText([change.to]) });
      case "residency":
        return change.to === null ? said("anywhere") : said("residency", { regions: regionsText(change.to) });
      case "domestic":
        return said(change.to ? "domestic" : "anyEquipment");
      default:
        return unreachable(change);
    }
  };
}

/** Where it lies and may go first, since regions can be refused; grants last, since each counts anew. */
async function send(owner: Owner, changes: readonly Change[]): Promise<void> {
  const place = placeOf(changes);
  if (Object.keys(place).length > 0) {
    if (owner.kind === "tenant") await ask("setTenantPlace", { params: { tenant: owner.name }, body: place });
    else await ask("setProjectPlace", { params: { project: owner.name }, body: place });
  }
  for (const change of changes) {
    if (change.kind === "home") await ask("setHome", { params: { tenant: owner.name }, body: { home: change.to } });
    if (change.kind !== "cores") continue;
    const body = { mostCores: change.to };
    if (owner.kind === "tenant") await ask("setTenantCores", { params: { tenant: owner.name }, body });
    else await ask("setProjectCores", { params: { project: owner.name }, body });
  }
  const grants = changes.flatMap((change) => (change.kind === "grant" ? [change] : []));
  if (grants.length === 0) return;
  const body = Object.fromEntries(
    grants.map(({ unit, hours }) => [unit === "core-ms" ? "coreHours" : "cardHours", hours]),
  );
  if (owner.kind === "tenant") await ask("setTenantGrant", { params: { tenant: owner.name }, body });
  else await ask("setProjectGrant", { params: { project: owner.name }, body });
}

function placeOf(changes: readonly Change[]) {
  const place: { region?: string | null; residency?: string[] | null; domestic?: boolean } = {};
  for (const change of changes) {
    if (change.kind === "region") place.region = change.to;
    if (change.kind === "residency") place.residency = change.to && [...change.to];
    if (change.kind === "domestic") place.domestic = change.to;
  }
  return place;
}
