import { useTranslation } from "react-i18next";
import type { Centre } from "#api/network.ts";
import { Icon } from "../../parts/icons.tsx";
import { useFormat, useNow } from "../../words/use.ts";
import css from "./centres.module.css";

/** Whether the network hears from a centre, since when it does not, and what else keeps new work from it. */
export function CentreState({ centre }: { readonly centre: Centre }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  const nowMs = useNow(5000, centre.state === "unreachable");
  const since = centre.state === "unreachable" ? centre.unreachableSinceMs : null;
  return (
    <span className={css.stateAndStanding}>
      {standingOf(centre).map((one) => (
        <span key={one} className={css.standing} data-standing={one}>
          {isLifeCycle(one) ? t(`lifeCycle.${one}`) : t(`standing.${one}`)}
        </span>
      ))}
      {centre.lifeCycle === "retired" ? null : (
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
      )}
    </span>
  );
}

/** Why a centre takes no new work though it may be connected; empty: nothing but its connection matters. */
function standingOf({ lifeCycle, intake, driver, pools }: Centre) {
  const poolsOut =
    pools.length === 0 || pools.some(({ state }) => state === "up" || state === null)
      ? []
      : [pools.every(({ state }) => state === "down") ? ("down" as const) : ("drained" as const)];
  if (lifeCycle === "retired") return [lifeCycle];
  const simulated = driver === "simulated" ? ["simulated" as const] : [];
  return [
    ...simulated,
    ...(lifeCycle === "in-service" ? [] : [lifeCycle]),
    ...(intake === "open" ? [] : [intake]),
    ...poolsOut,
  ];
}

const lifeCycles = ["planned", "building", "trial", "retired"] as const;

function isLifeCycle(standing: string): standing is (typeof lifeCycles)[number] {
  return lifeCycles.some((one) => one === standing);
}

const colourOf = { connected: "succeeded", unreachable: "unreachable", "never-connected": "cancelled" } as const;
const iconOf = { connected: "succeeded", unreachable: "unreachable", "never-connected": "queued" } as const;
