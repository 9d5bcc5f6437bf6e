import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Input, InputNumber, Select } from "antd";
import type { TFunction } from "i18next";
import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { isLive, type Policy, policies } from "#core/scheduling/policy.ts";
import { unreachable } from "#core/unreachable.ts";
import { ask } from "../../app/client.ts";
import { language } from "../../app/language.ts";
import { CopyLine } from "../../parts/copy.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Panel } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { countText } from "../../words/format.ts";
import { useFormat } from "../../words/use.ts";
import { changesBetween, draftOf, type PolicyFile, textOf, valueAt, withValue } from "./draft.ts";
import { type GroupName, groups, type PolicyField } from "./fields.ts";
import css from "./policy.module.css";
import { policyQuery } from "./queries.ts";

/** Form and file side by side: the file is the one fact, and what is wrong with it is said before it is sent. */
export function PolicyEditor({ inForce }: { readonly inForce: Answer<"policy"> }) {
  const { t } = useTranslation("policy");
  const queries = useQueryClient();
  // What was typed keeps what it was typed on: of another version set meanwhile the server tells when it is sent.
  const [typed, setTyped] = useState<{ readonly text: string; readonly on: Answer<"policy"> } | null>(null);
  const on = typed?.on ?? inForce;
  const text = typed?.text ?? textOf(on.policy);
  const draft = draftOf(text, language());
  const before = draftOf(textOf(on.policy), language());
  const changes =
    draft.kind === "policy" && before.kind === "policy" ? changesBetween(before.policy, draft.policy) : [];
  const isRenamed = draft.kind === "policy" && draft.policy.name !== on.name;
  const set = useMutation({
    mutationFn: (file: PolicyFile) => ask("setPolicy", { query: { base: on.version }, body: { ...file } }),
    onSuccess: (answer) => {
      queries.setQueryData(policyQuery.queryKey, answer);
      setTyped(null);
    },
    onError: () => queries.invalidateQueries({ queryKey: policyQuery.queryKey }),
  });
  function setText(next: string): void {
    set.reset();
    setTyped(next === textOf(on.policy) ? null : { text: next, on });
  }
  function beginWith(name: string): void {
    const one = shipped.find((policy) => policy.name === name);
    set.reset();
    setTyped(one ? { text: textOf(one), on: inForce } : null);
  }
  return (
    <Panel
      title={t("change")}
      extra={
        <Select
          aria-label={t("beginWith")}
          placeholder={t("beginWith")}
          value={null}
          popupMatchSelectWidth={false}
          onChange={beginWith}
          options={[{ value: "", label: t("asInForce") }, ...shipped.map(({ name }) => ({ value: name, label: name }))]}
        />
      }
    >
      {set.error ? <Problem error={set.error} /> : null}
      <div className={css.sides}>
        <div className={css.form}>
          {groups.map((group) => (
            <Group
              key={group.name}
              name={group.name}
              part={group.part}
              file={draft.file}
              onFile={(file) => setText(textOf(file))}
            >
              {group.fields.map((field) => (
                <FieldOf key={field.path} field={field} file={draft.file} onFile={(file) => setText(textOf(file))} />
              ))}
            </Group>
          ))}
        </div>
        <div className={css.file}>
          <Input.TextArea
            aria-label={t("file")}
            className={css.text ?? ""}
            value={text}
            spellCheck={false}
            autoSize={{ minRows: 18, maxRows: 140 }}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
      </div>
      {draft.kind === "refused" ? (
        <div className={css.refused}>
          <Notice kind="bad" title={t("refused")}>
            <ul className={css.problems}>
              {draft.problems.map(({ path, words }) => (
                <li key={`${path} ${words}`}>
                  {path === "" ? null : <FieldName path={path} />}
                  <span className={css.lines}>{words}</span>
                </li>
              ))}
            </ul>
          </Notice>
        </div>
      ) : null}
      {draft.kind === "policy" && changes.length > 0 ? (
        <div className={css.changes}>
          <Table
            label={t("changes")}
            rows={changes}
            rowKey={(change) => change.path}
            columns={[
              { key: "path", title: t("field"), cell: ({ path }) => <FieldName path={path} /> },
              { key: "from", title: t("from"), cell: (change) => <code className={css.value}>{change.from}</code> },
              { key: "to", title: t("to"), cell: (change) => <code className={css.value}>{change.to}</code> },
            ]}
          />
        </div>
      ) : null}
      <div className={css.end}>
        <Button
          type="primary"
          disabled={draft.kind !== "policy" || (changes.length === 0 && !isRenamed)}
          loading={set.isPending}
          onClick={() => {
            if (draft.kind === "policy") set.mutate(draft.file);
          }}
        >
          {t("use")}
        </Button>
        <span className="soft">{t(changes.length === 0 && draft.kind === "policy" ? "same" : "useWords")}</span>
      </div>
      <details className={css.before}>
        <summary>{t("tryFirst")}</summary>
        <p className="soft">{t("tryFirstWords")}</p>
        <CopyLine text="weir policy show --write now.json" />
        <CopyLine text="weir policy diff now.json mine.json" />
      </details>
    </Panel>
  );
}

const shipped: readonly Policy[] = Object.values<Policy>(policies).filter(isLive);

type GroupContent = {
  readonly name: GroupName;
  readonly part: string | null;
  readonly file: PolicyFile | null;
  readonly onFile: (file: PolicyFile) => void;
  readonly children: ReactNode;
};

/** A part of a policy may be left out as a whole; one that comes back begins as Weir's own. */
function Group({ name, part, file, onFile, children }: GroupContent) {
  const { t } = useTranslation("policy");
  const value = part === null ? {} : valueAt(file, part);
  const isOn = value !== null && value !== undefined;
  return (
    <fieldset className={css.group}>
      <legend>
        {part === null ? (
          t(`group.${name}`)
        ) : (
          <Checkbox
            checked={isOn}
            disabled={file === null}
            onChange={({ target }) => {
              if (file) onFile(withValue(file, part, target.checked ? valueAt(policies.weir, part) : null));
            }}
          >
            {t(`group.${name}`)}
          </Checkbox>
        )}
      </legend>
      {isOn ? children : null}
    </fieldset>
  );
}

/** In the words of the form, where it has the field, beside the name that the file has. */
function FieldName({ path }: { readonly path: string }) {
  const { t } = useTranslation("policy");
  const field = groups.flatMap(({ fields }) => fields).find((one) => one.path === path);
  const group = groups.find(({ part }) => part === path);
  return (
    <div>
      {field ? <div>{labelOf(field, t)}</div> : group ? <div>{t(`group.${group.name}`)}</div> : null}
      <code className="faint">{path}</code>
    </div>
  );
}

function labelOf(field: PolicyField, t: TFunction<"policy">): string {
  return t(field.kind === "number" ? `fields.${field.words}` : choiceLabels[field.path]);
}

const choiceLabels = {
  "order.kind": "rule.order",
  backfill: "rule.backfill",
  "lookahead.head": "fields.head",
} as const;

function choicesOf(field: Extract<PolicyField, { readonly kind: "choice" }>, t: TFunction<"policy">) {
  switch (field.path) {
    case "order.kind":
      return field.of.map((value) => ({ value, label: t(`orderKind.${value}`) }));
    case "backfill":
      return field.of.map((value) => ({ value, label: t(`backfill.${value}`) }));
    case "lookahead.head":
      return field.of.map((value) => ({ value, label: t(`lookaheadHead.${value}`) }));
    default:
      return unreachable(field);
  }
}

type FieldContent = {
  readonly field: PolicyField;
  readonly file: PolicyFile | null;
  readonly onFile: (file: PolicyFile) => void;
};

function FieldOf({ field, file, onFile }: FieldContent) {
  const { t } = useTranslation("policy");
  const id = useId();
  const hintId = `${id} hint`.replaceAll(" ", "-");
  const { path } = field;
  const found = valueAt(file, path);
  const { isOutside, hint } = useHint(field, found);
  const shownIn = field.kind === "number" && typeof found === "number" ? found / field.perUnit : null;
  const write = (value: unknown) => {
    if (file) onFile(withValue(file, path, value));
  };
  return (
    <div className={css.field} data-wide={field.kind === "choice" || undefined}>
      <label htmlFor={id}>{labelOf(field, t)}</label>
      {field.kind === "choice" ? (
        <Select<string>
          id={id}
          disabled={file === null}
          value={typeof found === "string" ? found : null}
          onChange={(value) => write(value)}
          options={choicesOf(field, t)}
        />
      ) : (
        <InputNumber
          id={id}
          disabled={file === null}
          value={shownIn === null ? null : Math.round(shownIn * 1000) / 1000}
          {...(isOutside && { status: "error", "aria-invalid": true })}
          {...(hint !== null && { "aria-describedby": hintId })}
          {...(field.nullable === true && { placeholder: t("noLimit") })}
          {...(field.unit !== "none" && { suffix: t(`unit.${field.unit}`) })}
          onChange={(value) => {
            // A span may be typed to the third part of an hour; a count of 2.5 is no count, and is said not to be one.
            if (value !== null) write(field.perUnit > 1 ? Math.round(value * field.perUnit) : value);
            else if (field.nullable === true) write(null);
          }}
        />
      )}
      {hint === null ? null : (
        <div id={hintId} className={css.hint} data-wrong={isOutside || undefined}>
          {hint}
        </div>
      )}
    </div>
  );
}

/** Below the field: its bounds, where what was typed is outside of them; else what a span of 18.722 h is in whole seconds. */
function useHint(field: PolicyField, found: unknown): { readonly isOutside: boolean; readonly hint: string | null } {
  const { t } = useTranslation("policy");
  const { duration } = useFormat();
  if (field.kind === "choice" || typeof found !== "number") return { isOutside: false, hint: null };
  const { least, most, perUnit, whole } = field;
  const value = found / perUnit;
  if (value < least || value > most || (whole && perUnit === 1 && !Number.isInteger(found))) {
    const unit = field.unit === "none" ? "" : t(`unit.${field.unit}`);
    const bounds = { least: countText(least), most: `${countText(most)} ${unit}`.trim() };
    return { isOutside: true, hint: t(whole && perUnit === 1 ? "boundsWhole" : "bounds", bounds) };
  }
  const isSpan = perUnit > 1 && found % (perUnit / 10) !== 0;
  return { isOutside: false, hint: isSpan ? duration(found * 1000, 4) : null };
}
