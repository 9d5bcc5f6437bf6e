import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { hoursWords } from "#core/centre/terms-consequences.ts";
import { language } from "../../app/language.ts";
import { useMe } from "../../app/session.ts";
import { CopyLine } from "../../parts/copy.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Panel } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { regionsText } from "../../words/place-rule.ts";
import { useFormat } from "../../words/use.ts";
import { EditAgreements } from "./agreements-editor.tsx";
import css from "./policy.module.css";
import { agreementsQuery } from "./queries.ts";

/** What regions have agreed about each other's work, for everybody to read. */
export function Agreements() {
  const { t } = useTranslation("policy");
  const format = useFormat();
  const { person } = useMe();
  const { data, error, refetch } = useQuery(agreementsQuery);
  if (!data) return error ? <Problem error={error} again={() => void refetch()} /> : null;
  const { version, setBy, setMs, document } = data;
  return (
    <Panel
      title={t("agreements.title")}
      extra={
        <>
          {setBy === null || setMs === null
            ? t("agreements.none")
            : t("setBy", { version, person: setBy, time: format.dateTime(setMs) })}
          {person.administrator ? <EditAgreements inForce={data} /> : null}
        </>
      }
    >
      {document.agreements.length === 0 ? null : (
        <Table
          label={t("agreements.title")}
          rows={document.agreements.map((one, at) => ({ ...one, at }))}
          rowKey={({ at }) => at}
          stacks
          columns={[
            { key: "from", title: t("agreements.from"), cell: ({ from }) => regionsText(from) },
            { key: "to", title: t("agreements.to"), cell: ({ to }) => regionsText(to) },
            {
              key: "share",
              title: t("agreements.share"),
              number: true,
              cell: ({ sharePercent }) => (sharePercent === null ? t("agreements.all") : `${sharePercent} %`),
            },
            {
              key: "hours",
              title: t("agreements.hours"),
              cell: ({ hours }) =>
                hours.length === 0
                  ? t("agreements.always")
                  : hours.map((one) => hoursWords(one, language())).join(language() === "zh" ? "；" : "; "),
            },
            { key: "terms", title: t("agreements.terms"), cell: ({ terms }) => terms },
          ]}
        />
      )}
      <p className={css.otherwise}>{t(`agreements.otherwise.${document.otherwise}`)}</p>
      <div className={css.command}>
        <CopyLine text="weir agreements" />
      </div>
    </Panel>
  );
}
