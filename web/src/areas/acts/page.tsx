import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Select, Tag } from "antd";
import type { TFunction } from "i18next";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { aboutKinds, actGroups } from "#core/act.ts";
import { ForAdministrators } from "../../app/for-administrators.tsx";
import { MinuteField } from "../../parts/date-field.tsx";
import filters from "../../parts/filters.module.css";
import { Empty, Problem } from "../../parts/notice.tsx";
import { Page, Panel } from "../../parts/page.tsx";
import { Spinner } from "../../parts/spinner.tsx";
import { useFormat } from "../../words/use.ts";
import { peopleQuery } from "../administration/queries.ts";
import css from "./acts.module.css";
import { ActsTable } from "./acts-table.tsx";
import { actsQuery } from "./queries.ts";
import { type ActsSearch, readActsSearch } from "./search.ts";

/** Who did what to how the network is run, for administrators. */
export function ActsPage() {
  const { t } = useTranslation("acts");
  return (
    <ForAdministrators title={t("title")} words={t("forAdministratorsWords")}>
      <Page title={t("title")} note={t("note")}>
        <Acts />
      </Page>
    </ForAdministrators>
  );
}

function Acts() {
  const { t } = useTranslation(["acts", "words"]);
  const search = useSearch({ from: "/frame/acts" });
  const found = useInfiniteQuery(actsQuery(search));
  const acts = found.data?.pages.flatMap((page) => page.acts) ?? [];
  const none = Object.keys(search).length > 0 ? "noMatch" : "none";
  return (
    <>
      <Filters search={search} />
      {found.error ? <Problem error={found.error} again={() => void found.refetch()} /> : null}
      <Panel flush>
        {found.isPending ? <Spinner /> : null}
        {found.isSuccess && acts.length === 0 ? (
          <Empty title={t(`${none}.title`)}>{t(`${none}.words`)}</Empty>
        ) : (
          <ActsTable acts={acts} />
        )}
        {found.hasNextPage ? (
          <div className={css.more}>
            <Button loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
              {t("words:more")}
            </Button>
          </div>
        ) : null}
      </Panel>
    </>
  );
}

/** Every filter is in the address; setting one replaces the entry of the history, so that Back leaves the list. */
function Filters({ search }: { readonly search: ActsSearch }) {
  const { t } = useTranslation("acts");
  const navigate = useNavigate();
  const format = useFormat();
  const [from, to] = [useId(), useId()];
  const people = useQuery(peopleQuery);
  function set(change: Readonly<Record<string, unknown>>) {
    void navigate({ to: "/acts", search: readActsSearch({ ...search, ...change }), replace: true });
  }
  return (
    <fieldset className={filters.filters}>
      <legend className="only-read">{t("filters")}</legend>
      <Select
        className={css.group ?? ""}
        aria-label={t("anyGroup")}
        placeholder={t("anyGroup")}
        allowClear
        popupMatchSelectWidth={false}
        value={search.group}
        onChange={(group: string | undefined) => set({ group })}
        options={actGroups.map((group) => ({ value: group, label: t(`group.${group}`) }))}
      />
      <Select
        className={css.person ?? ""}
        aria-label={t("anybody")}
        placeholder={t("anybody")}
        allowClear
        showSearch
        value={search.person}
        onChange={(person: string | undefined) => set({ person })}
        options={(people.data?.people ?? []).map(({ name }) => ({ value: name, label: name }))}
      />
      <span className={filters.dates}>
        <label htmlFor={from}>{format.timed(t("from"))}</label>
        <MinuteField
          id={from}
          label={format.timed(t("from"))}
          valueMs={search.fromMs}
          onValue={(fromMs) => set({ fromMs })}
        />
        <label htmlFor={to}>{t("until")}</label>
        <MinuteField
          id={to}
          label={format.timed(t("before"))}
          valueMs={search.toMs}
          onValue={(toMs) => set({ toMs })}
        />
      </span>
      {search.about ? (
        <Tag className={filters.own ?? ""} closable onClose={() => set({ about: undefined })}>
          {aboutText(t, search.about)}
        </Tag>
      ) : null}
      {Object.keys(search).length > 0 ? (
        <Button
          className={filters.own ?? ""}
          type="text"
          onClick={() => void navigate({ to: "/acts", search: {}, replace: true })}
        >
          {t("clear")}
        </Button>
      ) : null}
    </fieldset>
  );
}

/** With its kind: a tenant and a project may have one name. */
function aboutText(t: TFunction<"acts">, about: string): string {
  const kind = aboutKinds.find((one) => about.startsWith(`${one}:`));
  return kind ? t("about", { kind: t(`kind.${kind}`), name: about.slice(kind.length + 1) }) : about;
}
