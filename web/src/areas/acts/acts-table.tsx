import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { ActView } from "#api/acts.ts";
import { Table } from "../../parts/table.tsx";
import { useFormat } from "../../words/use.ts";

/** What was done, a row each, with the way to whom or what it was done to. `about`: the page says to whom already. */
export function ActsTable({ acts, about = true }: { readonly acts: readonly ActView[]; readonly about?: boolean }) {
  const { t } = useTranslation("acts");
  const format = useFormat();
  return (
    <Table
      label={t("title")}
      rows={acts}
      rowKey={({ id }) => id}
      stacks
      columns={[
        {
          key: "when",
          title: format.timed(t("when")),
          cell: ({ atMs }) => <span className="nowrap soft">{format.dateTimeOnly(atMs)}</span>,
        },
        {
          key: "who",
          title: t("who"),
          cell: ({ by }) => (by === null ? <span className="soft">{t("itself")}</span> : <PersonLink name={by} />),
        },
        ...(about ? [{ key: "whom", title: t("whom"), cell: (act: ActView) => <About act={act} /> }] : []),
        { key: "what", title: t("what"), cell: ({ words }) => words },
      ]}
    />
  );
}

function About({ act: { about, kind } }: { readonly act: ActView }) {
  const { t } = useTranslation("acts");
  if (about === null) {
    const isRules = kind === "policy-set" || kind === "agreements-set";
    return isRules ? <Link to="/policy">{t("network")}</Link> : t("network");
  }
  return (
    <span>
      <span className="soft">{t(`kind.${about.kind}`)} </span>
      <AboutLink about={about} />
    </span>
  );
}

function AboutLink({ about: { kind, name } }: { readonly about: NonNullable<ActView["about"]> }) {
  switch (kind) {
    case "person":
      return <PersonLink name={name} />;
    case "centre":
      return <Link to="/centres">{name}</Link>;
    case "job":
      return (
        <Link to="/jobs/$job" params={{ job: name }}>
          {name}
        </Link>
      );
    default:
      return <Link to="/administration">{name}</Link>;
  }
}

function PersonLink({ name }: { readonly name: string }) {
  return (
    <Link to="/administration/people/$person" params={{ person: name }}>
      {name}
    </Link>
  );
}
