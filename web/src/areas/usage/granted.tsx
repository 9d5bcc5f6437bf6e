import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { projectsQuery, tenantsQuery } from "../../app/projects.ts";
import { useLiveRefresh } from "../../app/refresh.ts";
import { Grants } from "../../parts/grants.tsx";
import { Panel } from "../../parts/page.tsx";
import css from "./usage.module.css";

/** What is left of what one's projects, and their tenants, were granted; nothing where all may use any number. */
export function GrantedPanel() {
  const { t } = useTranslation("usage");
  const projects = useQuery(projectsQuery);
  const tenants = useQuery(tenantsQuery);
  useLiveRefresh([projectsQuery.queryKey, tenantsQuery.queryKey], {
    everyMs: 3000,
    concerns: ({ event }) => event.state === "ended" || event.state === "placed",
  });
  const granted = [
    ...(projects.data?.projects ?? []).map((one) => ({ kind: "project" as const, ...one })),
    ...(tenants.data?.tenants ?? []).map((one) => ({ kind: "tenant" as const, ...one })),
  ].filter(({ grants }) => grants.length > 0);
  if (granted.length === 0) return null;
  return (
    <Panel title={t("granted.title")} extra={t("granted.words")}>
      <div className={css.granted}>
        {granted.map(({ kind, id, name, grants }) => (
          <section key={`${kind} ${id}`} aria-label={name}>
            <h3 className={css.owner}>
              {name} <span className="faint">{t(`granted.${kind}`)}</span>
            </h3>
            <Grants grants={grants} />
          </section>
        ))}
      </div>
    </Panel>
  );
}
