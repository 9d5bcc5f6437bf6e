import { Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Problem } from "../parts/notice.tsx";
import { Page } from "../parts/page.tsx";
import { Spinner } from "../parts/spinner.tsx";

/** Shown only where a page takes longer than a moment to come. */
export function Waiting() {
  return <Spinner height={240} />;
}

export function Broken({ error }: { readonly error: unknown }) {
  const router = useRouter();
  return (
    <div style={{ padding: 24, maxWidth: 720, margin: "0 auto" }}>
      <Problem error={error} again={() => void router.invalidate()} />
    </div>
  );
}

export function Lost() {
  const { t } = useTranslation("app");
  return (
    <Page title={t("lost.title")} note={t("lost.detail")}>
      <Link to="/">{t("lost.home")}</Link>
    </Page>
  );
}
