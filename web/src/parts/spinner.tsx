import { useTranslation } from "react-i18next";
import css from "./spinner.module.css";

/** Something is on its way. Fills the middle of the place it stands for. */
export function Spinner({ height = 160 }: { readonly height?: number }) {
  const { t } = useTranslation("words");
  return (
    <div className={css.middle} style={{ minHeight: height }} role="status">
      <span className={css.ring} />
      <span className="only-read">{t("loading")}</span>
    </div>
  );
}
