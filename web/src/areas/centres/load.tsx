import { useTranslation } from "react-i18next";
import { mibText } from "#core/measures.ts";
import { Bar } from "../../parts/bar.tsx";
import { countText } from "../../words/format.ts";
import type { Load } from "./capacity.ts";

/** What the network uses, and what is free where that is not all the rest. */
export function LoadBar({ what, load }: { readonly what: "cores" | "memory"; readonly load: Load }) {
  const { t } = useTranslation("centres");
  const { used, others, free, total } = load;
  const amount = what === "cores" ? countText : mibText;
  const size = { used: amount(used), total: amount(total) };
  const text = used + free >= total ? t("ofTotal", size) : t("ofTotalFree", { ...size, free: amount(free) });
  return <Bar label={t(what)} used={used} others={others} total={total} colour={what} text={text} />;
}
