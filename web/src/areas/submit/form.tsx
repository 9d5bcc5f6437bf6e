import { useQuery } from "@tanstack/react-query";
import { Checkbox, Input, InputNumber, Select } from "antd";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { regions, regionWords } from "#core/centre/region.ts";
import { classNamed, classTitle } from "#core/job/job-class.ts";
import { parseSbatch } from "#core/job/sbatch.ts";
import { preemptibles } from "#core/job/spec.ts";
import { classBounds } from "#core/scheduling/policy-words.ts";
import { language } from "../../app/language.ts";
import { projectsQuery } from "../../app/projects.ts";
import { useMe } from "../../app/session.ts";
import { grantLooks } from "../../parts/grants.tsx";
import { centreName } from "../../words/centre-name.ts";
import { usePlaceRule } from "../../words/place-rule.ts";
import { useFormat } from "../../words/use.ts";
import { centresQuery, offersQuery } from "../centres/queries.ts";
import { useClasses } from "../policy/classes.ts";
import { readAll, readOption, writeOption } from "./directives.ts";
import { cardOptions, type Draft, memoryOptions } from "./draft.ts";
import css from "./submit.module.css";

type FormContent = { readonly script: string; readonly onScript: (script: string) => void };

/** Each field shows the text of its option in the script, and writes there: what is half typed stays as typed. */
export function ScriptForm({ script, onScript }: FormContent) {
  const { t } = useTranslation("submit");
  const format = useFormat();
  const me = useMe();
  const projects = useQuery(projectsQuery);
  const centres = useQuery(centresQuery);
  const option = (long: string, others: readonly string[] = []) => ({
    value: readOption(script, [long, ...others])?.value ?? "",
    onValue: (value: string) => onScript(writeOption(script, long, value === "" ? null : value, others)),
  });
  const payer = option("account").value || me.defaultProject;
  const only = readOption(script, ["clusters", "cluster"])?.value ?? "";
  return (
    <div className={css.form}>
      <Group title={t("group.what")}>
        <TextField label={t("field.name")} span={6} {...option("job-name")} />
        <Field label={t("field.project")} span={6} hint={<ProjectBounds name={payer} />}>
          {(id) => (
            <Select
              id={id}
              allowClear
              showSearch
              placeholder={
                me.defaultProject === null ? t("hint.none") : t("hint.projectDefault", { project: me.defaultProject })
              }
              value={option("account").value || undefined}
              onChange={(value: string | undefined) => option("account").onValue(value ?? "")}
              options={(projects.data?.projects ?? []).map(({ name, title }) => ({
                value: name,
                label: title && title !== name ? `${name} · ${title}` : name,
              }))}
            />
          )}
        </Field>
      </Group>
      <Group title={t("group.size")}>
        <TextField label={t("field.nodes")} hint="1" span={2} numeric {...option("nodes")} />
        <TextField label={t("field.tasks")} hint="1" span={2} numeric {...option("ntasks")} />
        <TextField label={t("field.cores")} hint="1" span={2} numeric {...option("cpus-per-task")} />
        <MemoryField script={script} onScript={onScript} />
        <CardsField script={script} onScript={onScript} />
        <TextField label={t("field.switches")} hint={t("hint.any")} numeric {...option("switches")} />
        <div className={css.field} data-span={3}>
          <Checkbox
            className={css.tick ?? ""}
            checked={readOption(script, ["exclusive"])?.value === ""}
            onChange={({ target }) => onScript(writeOption(script, "exclusive", target.checked ? "" : null))}
          >
            {t("field.exclusive")}
          </Checkbox>
        </div>
      </Group>
      <Group title={t("group.when")}>
        <TextField label={t("field.time")} hint={t("hint.time")} {...option("time")} />
        <TextField label={t("field.array")} hint={t("hint.array")} {...option("array")} />
        <TextField label={t("field.dependency")} hint={t("hint.dependency")} {...option("dependency")} />
        <TextField label={t("field.signal")} hint={t("hint.signal")} {...option("signal")} />
        <TextField
          label={format.timed(t("field.deadline"))}
          hint={t("hint.deadline")}
          span={6}
          {...option("deadline")}
        />
        <div className={css.field} data-span={6}>
          <Checkbox
            checked={readOption(script, ["requeue", "no-requeue"])?.long === "requeue"}
            onChange={({ target }) =>
              onScript(writeOption(script, "requeue", target.checked ? "" : null, ["no-requeue"]))
            }
          >
            {t("field.requeue")}
          </Checkbox>
        </div>
      </Group>
      <Group title={t("group.where")}>
        <Field label={t("field.centres")} span={6}>
          {(id) => (
            <Select
              id={id}
              mode="multiple"
              allowClear
              placeholder={t("hint.any")}
              value={only === "" || only === "all" ? [] : only.split(",")}
              onChange={(chosen: string[]) => option("clusters", ["cluster"]).onValue(chosen.join(","))}
              options={(centres.data?.centres ?? []).map((centre) => ({
                value: centre.id,
                label: `${centre.id} · ${centreName(centre)}`,
              }))}
            />
          )}
        </Field>
        <WordsField label={t("field.partition")} offered="partition" joint="," {...option("partition")} />
        <WordsField label={t("field.constraint")} offered="constraint" joint="&" {...option("constraint")} />
        <WordsField label={t("field.qos")} offered="qos" joint="," {...option("qos")} />
        <WordsField label={t("field.licences")} offered="licences" joint="," {...option("licenses")} />
        <TextField
          label={format.timed(t("field.dataAt"))}
          hint={t("hint.dataAt")}
          span={6}
          {...option("data-at")}
          value={readAll(script, "data-at")}
        />
        <TextField
          label={t("field.dataElsewhere")}
          hint={t("hint.dataElsewhere")}
          span={6}
          {...option("data-elsewhere")}
        />
        <TextField label={t("field.chdir")} hint={t("hint.chdir")} span={6} {...option("chdir", ["workdir"])} />
        <TextField label={t("field.output")} hint={t("hint.output")} {...option("output")} />
        <TextField label={t("field.error")} hint={t("hint.output")} {...option("error")} />
      </Group>
    </div>
  );
}

/** What is left of the hours that a project was granted, and where its work may go; nothing where nothing binds it. */
function ProjectBounds({ name }: { readonly name: string | null }) {
  const { t } = useTranslation("words");
  const rule = usePlaceRule();
  const projects = useQuery(projectsQuery);
  const project = projects.data?.projects.find((one) => one.name === name);
  if (!project) return null;
  const hours = project.grants.map(({ unit, granted, left }) => {
    const { words, text } = grantLooks[unit];
    return t("grantOf", {
      unit: t(`unit.${words}`),
      left: t("grantLeft", { left: text(left), granted: text(granted) }),
    });
  });
  const bounds = [...hours, ...rule(project.place)];
  return bounds.length === 0 ? null : <span className={css.fieldHint}>{bounds.join(" · ")}</span>;
}

type WordsContent = {
  readonly label: string;
  readonly offered: "partition" | "constraint" | "qos" | "licences";
  readonly joint: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
};

/** Words that centres have in their tables, offered with those who know each; what none knows can be typed, and is refused. */
function WordsField({ label, offered, joint, value, onValue }: WordsContent) {
  const { t } = useTranslation("submit");
  const offers = useQuery(offersQuery);
  const serving = (offers.data?.offers ?? []).filter(({ inService }) => inService);
  const choices = choicesOf(serving.map(({ centre, aliases }) => ({ centre, words: aliases[offered] })));
  return (
    <Field label={label}>
      {(id) => (
        <Select
          id={id}
          mode="tags"
          allowClear
          placeholder={t(offered === "licences" ? "hint.none" : "hint.any")}
          tokenSeparators={[","]}
          value={value === "" ? [] : value.split(joint)}
          onChange={(words: string[]) => onValue(words.join(joint))}
          options={choices}
        />
      )}
    </Field>
  );
}

/** Each word once, with the centres that have it. */
function choicesOf(all: readonly { readonly centre: string; readonly words: readonly string[] }[]): Choice[] {
  const centres = new Map<string, string[]>();
  for (const { centre, words } of all)
    for (const word of words) centres.set(word, [...(centres.get(word) ?? []), centre]);
  return [...centres]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, at]) => ({ value, label: `${value} · ${at.join(", ")}` }));
}

type Choice = { readonly value: string; readonly label: string };

function MemoryField({ script, onScript }: FormContent) {
  const { t } = useTranslation("submit");
  const found = readOption(script, memoryOptions);
  const kind = memoryOptions.find((long) => long === found?.long) ?? "mem";
  function write(long: string, value: string) {
    const others = memoryOptions.filter((one) => one !== long);
    onScript(writeOption(script, long, value === "" ? null : value, others));
  }
  return (
    <Field label={t("field.memory")}>
      {(id) => (
        <span className={css.pair}>
          <Input
            id={id}
            value={found?.value ?? ""}
            placeholder={t("hint.memory")}
            spellCheck={false}
            onChange={(event) => write(kind, event.target.value.trim())}
          />
          <Select
            aria-label={t("field.memory")}
            value={kind}
            popupMatchSelectWidth={false}
            onChange={(long: string) => write(long, found?.value ?? "4G")}
            options={memoryOptions.map((long) => ({ value: long, label: t(`memoryKind.${long}`) }))}
          />
        </span>
      )}
    </Field>
  );
}

/** Whatever option says it in the script, the form edits that one; a new wish is written as --gpus-per-node. */
function CardsField({ script, onScript }: FormContent) {
  const { t } = useTranslation("submit");
  const found = readOption(script, cardOptions);
  const long = found?.long ?? "gpus-per-node";
  return (
    <TextField
      label={found && long !== "gpus-per-node" ? `${t("field.cards")} (--${long})` : t("field.cards")}
      hint={t("hint.cards")}
      value={found?.value ?? ""}
      onValue={(value) =>
        onScript(
          writeOption(
            script,
            long,
            value === "" ? null : value,
            cardOptions.filter((one) => one !== long),
          ),
        )
      }
    />
  );
}

type FurtherContent = { readonly draft: Draft; readonly onChange: (part: Partial<Draft>) => void };

/** What sbatch cannot say. */
export function Further({ draft, onChange }: FurtherContent) {
  const { t } = useTranslation("submit");
  const centres = useQuery(centresQuery);
  const offers = useQuery(offersQuery);
  const serving = (offers.data?.offers ?? []).filter(({ inService }) => inService);
  const choices = (centres.data?.centres ?? []).map((centre) => ({ value: centre.id, label: centre.id }));
  return (
    <div className={css.group}>
      <TextField
        label={t("field.arguments")}
        span={6}
        value={draft.arguments}
        onValue={(value) => onChange({ arguments: value })}
      />
      <Field label={t("field.retries")}>
        {(id) => (
          <InputNumber
            id={id}
            min={0}
            max={100}
            precision={0}
            value={draft.retries}
            onChange={(value) => onChange({ retries: value ?? 0 })}
          />
        )}
      </Field>
      <PriorityField draft={draft} onChange={onChange} />
      <Field
        label={t("field.preemptible")}
        span={6}
        note={draft.preemptible === "no" ? undefined : t("preemptible.note")}
      >
        {(id) => (
          <Select
            id={id}
            value={draft.preemptible}
            onChange={(preemptible: Draft["preemptible"]) => onChange({ preemptible })}
            options={preemptibles.map((value) => ({ value, label: t(`preemptible.${value}`) }))}
          />
        )}
      </Field>
      <Field
        label={t("field.onUnreachable")}
        span={6}
        note={draft.onUnreachable === "wait" ? undefined : t("unreachable.note")}
      >
        {(id) => (
          <span className={css.pair}>
            <Select
              id={id}
              value={draft.onUnreachable}
              onChange={(onUnreachable: Draft["onUnreachable"]) => onChange({ onUnreachable })}
              options={(["wait", "restart-after"] as const).map((value) => ({
                value,
                label: t(`unreachable.${value}`),
              }))}
            />
            {draft.onUnreachable === "wait" ? null : (
              <InputNumber
                aria-label={t("unreachable.minutes")}
                min={1}
                max={527_040}
                precision={0}
                suffix={t("unreachable.minutes")}
                value={draft.restartAfterMin}
                onChange={(value) => onChange({ restartAfterMin: value ?? 1 })}
              />
            )}
          </span>
        )}
      </Field>
      <Field label={t("field.prefer")}>
        {(id) => (
          <Select
            id={id}
            mode="multiple"
            placeholder={t("hint.none")}
            value={[...draft.prefer]}
            onChange={(prefer: string[]) => onChange({ prefer })}
            options={choices}
          />
        )}
      </Field>
      <Field label={t("field.except")}>
        {(id) => (
          <Select
            id={id}
            mode="multiple"
            placeholder={t("hint.none")}
            value={[...draft.except]}
            onChange={(except: string[]) => onChange({ except })}
            options={choices}
          />
        )}
      </Field>
      <Field label={t("field.software")}>
        {(id) => (
          <Select
            id={id}
            mode="tags"
            placeholder={t("hint.software")}
            value={[...draft.software]}
            onChange={(software: string[]) => onChange({ software })}
            options={choicesOf(serving.map(({ centre, software }) => ({ centre, words: software })))}
          />
        )}
      </Field>
      <Field label={t("field.residency")}>
        {(id) => (
          <Select
            id={id}
            mode="tags"
            placeholder={t("hint.residency")}
            value={[...draft.residency]}
            onChange={(residency: string[]) => onChange({ residency })}
            options={regions.map((value) => ({ value, label: regionWords(value, language()) }))}
            optionFilterProp="label"
          />
        )}
      </Field>
      <div className={css.field} data-span={6}>
        <Checkbox
          className={css.tick ?? ""}
          checked={draft.domestic}
          onChange={({ target }) => onChange({ domestic: target.checked })}
        >
          {t("field.domestic")}
        </Checkbox>
      </div>
      <Field label={t("field.fileSystems")}>
        {(id) => (
          <Select
            id={id}
            mode="tags"
            placeholder={t("hint.fileSystems")}
            value={[...draft.fileSystems]}
            onChange={(fileSystems: string[]) => onChange({ fileSystems })}
            options={choicesOf(
              serving.map(({ centre, fileSystems }) => ({ centre, words: fileSystems.map(({ name }) => name) })),
            )}
          />
        )}
      </Field>
      <TextField
        label={t("field.container")}
        hint={t("hint.container")}
        value={draft.container}
        onValue={(container) => onChange({ container })}
      />
      <Field label={t("field.share")}>
        {(id) => (
          <InputNumber
            id={id}
            min={0.1}
            max={99.9}
            precision={1}
            placeholder={t("hint.whole")}
            suffix="%"
            value={draft.acceleratorShareMilli === null ? null : draft.acceleratorShareMilli / 10}
            onChange={(percent) =>
              onChange({ acceleratorShareMilli: percent === null ? null : Math.round(percent * 10) })
            }
          />
        )}
      </Field>
      <Field label={t("field.grace")} span={6}>
        {(id) => (
          <InputNumber
            id={id}
            min={0}
            max={3600}
            precision={0}
            placeholder="30"
            suffix={t("hint.seconds")}
            value={draft.graceS}
            onChange={(graceS) => onChange({ graceS })}
          />
        )}
      </Field>
      <LinesField label={t("field.labels")} value={draft.labels} onValue={(labels) => onChange({ labels })} />
      <LinesField
        label={t("field.environment")}
        value={draft.environment}
        onValue={(environment) => onChange({ environment })}
      />
    </div>
  );
}

function Group({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <fieldset className={css.group}>
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

/** Of six columns. */
type Span = 2 | 3 | 6;

/** What is said here wins over the script's #WEIR line. */
function PriorityField({ draft, onChange }: FurtherContent) {
  const { t } = useTranslation("submit");
  const { classes, defaultClass } = useClasses();
  const otherwise = parseSbatch(draft.script, []).asked.priorityClass?.name ?? defaultClass;
  const chosen = draft.priorityClass ?? otherwise;
  const known = classes.find(({ name }) => name === chosen);
  // One that the policy dropped stays what was said, until it is refused.
  const all = known ? classes : [...classes, classNamed(chosen)];
  const bounds = classBounds(known ?? classNamed(chosen), language());
  return (
    <Field label={t("field.priority")} note={bounds.length === 0 ? undefined : bounds.join(t("comma"))}>
      {(id) => (
        <Select
          id={id}
          value={chosen}
          onChange={(name: string) => onChange({ priorityClass: name === otherwise ? null : name })}
          options={all.map(({ name }) => ({ value: name, label: classTitle(name, language(), all) }))}
        />
      )}
    </Field>
  );
}

function Field({ label, span = 3, note, hint, children }: FieldContent) {
  const id = useId();
  return (
    <div className={css.field} data-span={span}>
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {note ? <span className={css.fieldNote}>{note}</span> : null}
      {hint}
    </div>
  );
}

type FieldContent = {
  readonly label: string;
  readonly span?: Span;
  readonly note?: string | undefined;
  readonly hint?: ReactNode;
  readonly children: (id: string) => ReactNode;
};

function TextField({ label, value, onValue, hint, span = 3, numeric = false }: TextContent) {
  return (
    <Field label={label} span={span}>
      {(id) => (
        <Input
          id={id}
          value={value}
          placeholder={hint}
          spellCheck={false}
          autoCapitalize="none"
          {...(numeric && { inputMode: "numeric" as const })}
          onChange={(event) => onValue(event.target.value)}
        />
      )}
    </Field>
  );
}

type TextContent = {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly hint?: string;
  readonly span?: Span;
  readonly numeric?: boolean;
};

function LinesField({
  label,
  value,
  onValue,
}: {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}) {
  const { t } = useTranslation("submit");
  return (
    <Field label={label}>
      {(id) => (
        <Input.TextArea
          id={id}
          autoSize={{ minRows: 2, maxRows: 8 }}
          placeholder={t("hint.pairs")}
          spellCheck={false}
          value={value}
          onChange={(event) => onValue(event.target.value)}
        />
      )}
    </Field>
  );
}
