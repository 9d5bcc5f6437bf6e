import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { CentreLimits } from "#api/centre-limits.ts";
import { mibText } from "#core/measures.ts";
import { Table } from "../../parts/table.tsx";
import { countText } from "../../words/format.ts";
import { useFormat } from "../../words/use.ts";
import css from "./centres.module.css";
import { limitsQuery } from "./queries.ts";

type Most = CentreLimits["limits"][number]["together"][number];

/** What the centre's engine enforces on the reader, or for an administrator on everybody; nothing where nothing is told. */
export function AccountLimits({ centre }: { readonly centre: string }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  const { data } = useQuery(limitsQuery(centre));
  if (!data || data.limits.length === 0) return null;
  const none = "–";
  const list = (all: readonly Most[]) => all.map(mostText).join(", ") || none;
  return (
    <div className={css.nodes}>
      <Table
        label={t("bound.title")}
        rows={data.limits}
        rowKey={({ person, project }) => `${person?.id ?? "*"} ${project?.id ?? "*"}`}
        empty={null}
        columns={[
          { key: "person", title: t("bound.person"), cell: ({ person }) => person?.name ?? t("bound.whichever") },
          { key: "project", title: t("bound.project"), cell: ({ project }) => project?.name ?? t("bound.whichever") },
          {
            key: "running",
            title: t("bound.running"),
            number: true,
            cell: ({ mostRunning }) => (mostRunning === null ? none : countText(mostRunning)),
          },
          {
            key: "submitted",
            title: t("bound.submitted"),
            number: true,
            cell: ({ submitted, mostSubmitted }) =>
              mostSubmitted === null
                ? countText(submitted)
                : t("ofTotal", { used: countText(submitted), total: countText(mostSubmitted) }),
          },
          {
            key: "time",
            title: t("bound.time"),
            cell: ({ mostTimeS }) => (mostTimeS === null ? none : format.duration(mostTimeS * 1000)),
          },
          { key: "together", title: t("bound.together"), cell: ({ together }) => list(together) },
          { key: "minutes", title: t("bound.minutes"), cell: ({ togetherMinutes }) => list(togetherMinutes) },
          {
            key: "share",
            title: t("bound.share"),
            number: true,
            cell: ({ fairShare }) => (fairShare === null ? none : fairShare.toFixed(3)),
          },
        ]}
      />
    </div>
  );
}

function mostText({ name, most }: Most): string {
  return `${name} ${name === "mem" ? mibText(most) : countText(most)}`;
}
