import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Checkbox, Input, Select, Tag } from "antd";
import { useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { stateKinds } from "#core/job/state.ts";
import { projectsQuery } from "../../app/projects.ts";
import { useMe } from "../../app/session.ts";
import { MinuteField } from "../../parts/date-field.tsx";
import filters from "../../parts/filters.module.css";
import { useFormat } from "../../words/use.ts";
import css from "./jobs.module.css";
import { type JobsSearch, outcomeChoices, readJobsSearch } from "./search.ts";

/** Every filter is in the address; setting one replaces the entry of the history, so that Back leaves the list. */
export function Filters({ search }: { readonly search: JobsSearch }) {
  const { t } = useTranslation(["jobs", "words"]);
  const navigate = useNavigate();
  const format = useFormat();
  const [since, before] = [useId(), useId()];
  const { person } = useMe();
  const projects = useQuery(projectsQuery);
  function set(change: Readonly<Record<string, unknown>>) {
    void navigate({ to: "/jobs", search: readJobsSearch({ ...search, ...change }), replace: true });
  }
  const state = search.outcome ? `outcome:${search.outcome}` : search.state ? `state:${search.state}` : undefined;
  return (
    <fieldset className={filters.filters}>
      <legend className="only-read">{t("filters")}</legend>
      <Select
        className={css.stateFilter ?? ""}
        aria-label={t("anyState")}
        placeholder={t("anyState")}
        allowClear
        value={state}
        onChange={(value: string | undefined) => {
          const [kind, one] = (value ?? "").split(":");
          set({ state: kind === "state" ? one : undefined, outcome: kind === "outcome" ? one : undefined });
        }}
        options={[
          {
            label: t("states"),
            options: stateKinds.map((kind) => ({ value: `state:${kind}`, label: t(`words:state.${kind}`) })),
          },
          {
            label: t("outcomes"),
            options: outcomeChoices.map((kind) => ({ value: `outcome:${kind}`, label: t(`words:outcome.${kind}`) })),
          },
        ]}
      />
      <Select
        className={css.projectFilter ?? ""}
        aria-label={t("anyProject")}
        placeholder={t("anyProject")}
        allowClear
        showSearch
        value={search.project}
        onChange={(project: string | undefined) => set({ project })}
        options={(projects.data?.projects ?? []).map(({ name, title }) => ({
          value: name,
          label: title && title !== name ? `${name} · ${title}` : name,
        }))}
      />
      <Typed value={search.name} label={t("name")} name={t("nameBegins")} onValue={(name) => set({ name })} />
      <Typed value={search.label} label={t("label")} name={t("labelName")} onValue={(label) => set({ label })} />
      <span className={filters.dates}>
        <label htmlFor={since}>{format.timed(t("since"))}</label>
        <MinuteField
          id={since}
          label={format.timed(t("since"))}
          valueMs={search.sinceMs}
          onValue={(sinceMs) => set({ sinceMs })}
        />
        <label htmlFor={before}>{t("until")}</label>
        <MinuteField
          id={before}
          label={format.timed(t("before"))}
          valueMs={search.beforeMs}
          onValue={(beforeMs) => set({ beforeMs })}
        />
      </span>
      <Checkbox
        checked={search.person === person.name}
        onChange={(event) => set({ person: event.target.checked ? person.name : undefined })}
      >
        {t("mine")}
      </Checkbox>
      {search.centre ? (
        <Tag closable onClose={() => set({ centre: undefined })}>
          {t("centre", { centre: search.centre })}
        </Tag>
      ) : null}
      {search.person && search.person !== person.name ? (
        <Tag closable onClose={() => set({ person: undefined })}>
          {search.person}
        </Tag>
      ) : null}
      {Object.keys(search).length > 0 ? (
        <Button type="text" onClick={() => void navigate({ to: "/jobs", search: {}, replace: true })}>
          {t("clear")}
        </Button>
      ) : null}
    </fieldset>
  );
}

/** Text that becomes a filter a moment after the last key, or at once on Enter. */
function Typed({ value = "", label, name = label, onValue }: TypedContent) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts the wait
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onValue(text), 350);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <Input
      className={css.textFilter ?? ""}
      aria-label={name}
      placeholder={label}
      allowClear
      value={text}
      onChange={(event) => setText(event.target.value)}
      onPressEnter={() => onValue(text)}
    />
  );
}

type TypedContent = {
  readonly value: string | undefined;
  readonly label: string;
  readonly name?: string;
  readonly onValue: (value: string) => void;
};
