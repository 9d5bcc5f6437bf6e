import { useTranslation } from "react-i18next";
import { filledInName } from "#core/job/filled-in.ts";
import { language } from "../app/language.ts";
import { useFormat } from "./use.ts";

/** What Weir filled in for a job that did not say it, with its unit; a field not known here stands by its name. */
export function useFilledIn(): (filledIn: { readonly field: string; readonly value: string }) => string {
  const { t } = useTranslation("words");
  const format = useFormat();
  return ({ field, value }) => {
    const text = field.endsWith("S") ? format.duration(Number(value) * 1000) : value;
    return t("filledIn", { name: filledInName(field, language()), value: text });
  };
}
