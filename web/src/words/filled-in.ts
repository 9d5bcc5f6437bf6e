import { useTranslation } from "react-i18next";
import { useFormat } from "./use.ts";

/** What Weir filled in for a job that did not say it, with its unit; a field not known here stands by its name. */
export function useFilledIn(): (filledIn: { readonly field: string; readonly value: string }) => string {
  const { t } = useTranslation("words");
  const format = useFormat();
  return ({ field, value }) => {
    const known = fields.find((one) => one === field);
    if (known === undefined) return `${field} = ${value}`;
    const text = known.endsWith("S") ? format.duration(Number(value) * 1000) : value;
    return t("filledIn", { name: t(`filledInField.${known}`), value: text });
  };
}

const fields = [
  "name",
  "project",
  "nodes",
  "tasks",
  "coresPerTask",
  "memory",
  "timeLimitS",
  "graceS",
  "processes",
] as const;
