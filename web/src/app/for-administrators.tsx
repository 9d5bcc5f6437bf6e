import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Empty } from "../parts/notice.tsx";
import { Page } from "../parts/page.tsx";
import { useMe } from "./session.ts";

/** A page that administrators alone can open: to others it says so under the same title. */
export function ForAdministrators({ title, words, children }: Guarded) {
  const { t } = useTranslation("words");
  const { person } = useMe();
  if (person.administrator) return children;
  return (
    <Page title={title}>
      <Empty title={t("forAdministrators")}>{words}</Empty>
    </Page>
  );
}

type Guarded = {
  readonly title: string;
  /** What to do instead. */
  readonly words: string;
  readonly children: ReactNode;
};
