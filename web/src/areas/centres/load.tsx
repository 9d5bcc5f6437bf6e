import { useTranslation } from "react-i18next";
import { mibText } from "#core/measures.ts";
import { Bar } from "../../parts/bar.tsx";
import { countText } from "../../words/format.ts";
import type { Load } from "./capacity.ts";

/** What the network uses, and what is free where that is not all the rest. */
export function LoadBar({ what, load }: { readonly what: Measured; readonly load: Load }) {
  const { t } = useTranslation("centres");
  const { used, others, total } = load;
  const text = useLoadText()(what, load);
  return <Bar label={t(what)} used={used} others={others} total={total} colour={what} text={text} />;
}

/** `4 of 32`, or `4 of 32 · 20 free`. */
export function useLoadText(): (what: Measured, load: Omit<Load, "others">) => string {
  const { t } = useTranslation("centres");
  return (what, { used, free, total }) => {
    const amount = what === "cores" ? countText : mibText;
    const size = { used: amount(used), total: amount(total) };
    return used + free >= total ? t("ofTotal", size) : t("ofTotalFree", { ...size, free: amount(free) });
  };
}

type Measured = "cores" | "memory";
