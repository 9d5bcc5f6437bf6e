import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { cardHoursText, coreHoursText } from "../words/format.ts";
import { Bar } from "./bar.tsx";
import css from "./grants.module.css";

export type Granted = Answer<"projects">["projects"][number]["grants"];

/** What of the granted hours is used or held, and what is left; nothing where nothing is granted. */
export function Grants({ grants }: { readonly grants: Granted }) {
  const { t } = useTranslation("words");
  if (grants.length === 0) return null;
  return (
    <div className={css.grants}>
      {grants.map(({ unit, granted, left }) => (
        <Bar
          key={unit}
          label={t(`unit.${grantLooks[unit].words}`)}
          used={Number(BigInt(granted) - BigInt(left))}
          total={Number(granted)}
          colour={grantLooks[unit].colour}
          text={t("grantUsed", {
            used: grantLooks[unit].text(String(BigInt(granted) - BigInt(left))),
            left: grantLooks[unit].text(left),
            granted: grantLooks[unit].text(granted),
          })}
        />
      ))}
    </div>
  );
}

/** How each unit of a grant is told. */
export const grantLooks = {
  "core-ms": { words: "coreHours", colour: "cores", text: coreHoursText },
  "milli-card-ms": { words: "cardHours", colour: "cards", text: cardHoursText },
} as const;
