import { useTranslation } from "react-i18next";
import { regionWords } from "#core/centre/region.ts";
import { language } from "../app/language.ts";

/** Where work of a tenant or project may go, each rule a sentence of its own; none: anywhere. */
export function usePlaceRule(): (rule: PlaceRule) => readonly string[] {
  const { t } = useTranslation("words");
  return ({ residency, domestic }) => [
    ...(residency === null ? [] : [t("rule.residency", { regions: regionsText(residency) })]),
    ...(domestic ? [t("rule.domestic")] : []),
  ];
}

type PlaceRule = { readonly residency: readonly string[] | null; readonly domestic: boolean };

/** By name and code, one after the other. */
export function regionsText(regions: readonly string[]): string {
  return regions.map((code) => regionWords(code, language())).join(language() === "zh" ? "、" : ", ");
}
