import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { CopyLine } from "../../parts/copy.tsx";
import { useFormat } from "../../words/use.ts";

export type Made = Answer<"addSignInLink">;

/** Seen once: nobody can be shown it again. */
export function LinkMade({ made }: { readonly made: Made }) {
  const { t } = useTranslation("administration");
  const format = useFormat();
  return (
    <>
      <p>{t("linkWords", { name: made.person.name, time: format.dateTime(made.expiresMs) })}</p>
      <CopyLine text={made.signInUrl} prompt={false} />
    </>
  );
}
