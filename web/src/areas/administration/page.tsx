import { useTranslation } from "react-i18next";
import { ForAdministrators } from "../../app/for-administrators.tsx";
import { Page } from "../../parts/page.tsx";
import { Projects, Tenants } from "./owners.tsx";
import { People } from "./people.tsx";

/** Who may use the network, and what each tenant and project is granted and bound to. */
export function AdministrationPage() {
  const { t } = useTranslation("administration");
  return (
    <ForAdministrators title={t("title")} words={t("forAdministratorsWords")}>
      <Page title={t("title")} note={t("note")}>
        <People />
        <Projects />
        <Tenants />
      </Page>
    </ForAdministrators>
  );
}
