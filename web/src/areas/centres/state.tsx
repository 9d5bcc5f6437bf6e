import { useTranslation } from "react-i18next";
import type { Centre } from "#api/network.ts";
import { Icon } from "../../parts/icons.tsx";
import { useFormat, useNow } from "../../words/use.ts";

/** Whether the network hears from a centre: icon, word and, where it does not, since when. */
export function CentreState({ centre }: { readonly centre: Centre }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  const nowMs = useNow(5000, centre.state === "unreachable");
  const since = centre.state === "unreachable" ? centre.unreachableSinceMs : null;
  return (
    <span
      className="nowrap"
      style={{ color: `var(--state-${colourOf[centre.state]})`, fontWeight: 500 }}
      data-state={centre.state}
    >
      <Icon name={iconOf[centre.state]} size={14} /> {t(`connection.${centre.state}`)}
      {since === null ? null : (
        <span title={format.dateTime(since)}> · {format.duration(Math.max(0, nowMs - since))}</span>
      )}
    </span>
  );
}

const colourOf = { connected: "succeeded", unreachable: "unreachable", "never-connected": "cancelled" } as const;
const iconOf = { connected: "succeeded", unreachable: "unreachable", "never-connected": "queued" } as const;
