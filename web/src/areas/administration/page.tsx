import { useTranslation } from "react-i18next";
import { useMe } from "../../app/session.ts";
import { Empty } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { Projects, Tenants } from "./owners.tsx";
import { People } from "./people.tsx";

/** Who may use the network, and what each tenant and project is granted and bound to. */
export function AdministrationPage() {
  const { t } = useTranslation("administration");
  const { person } = useMe();
  if (!person.administrator) {
    return (
      <Page title={t("title")}>
        <Empty title={t("forAdministrators")}>{t("forAdministratorsWords")}</Empty>
      </Page>
    );
  }
  return (
    <Page title={t("title")} note={t("note")}>
      <People />
      <Projects />
      <Tenants />
    </Page>
  );
}
