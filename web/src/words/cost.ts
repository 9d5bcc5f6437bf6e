import { useTranslation } from "react-i18next";
import { yuanText } from "./format.ts";

type Cost = { readonly amountMicroYuan: string; readonly tariffVersion: string };

/** An amount of money, and the tariff by which it came about. */
export function useCost() {
  const { t } = useTranslation("words");
  return {
    amount: ({ amountMicroYuan }: Cost): string => t("unit.yuan", { value: yuanText(amountMicroYuan) }),
    tariff: ({ tariffVersion: version }: Cost): string =>
      version === "free" ? t("tariff.free") : t("tariff.other", { version }),
  };
}
