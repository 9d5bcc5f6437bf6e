import { useTranslation } from "react-i18next";
import type { Centre } from "#api/network.ts";
import { Bar } from "../../parts/bar.tsx";
import { Empty } from "../../parts/notice.tsx";
import { centreName } from "../../words/centre-name.ts";
import { countText, mibText } from "../../words/format.ts";
import { cardsText, flopsText, precisionText, sum } from "../centres/capacity.ts";
import { CentreState } from "../centres/state.tsx";
import css from "./network.module.css";

export function CentreCards({ centres }: { readonly centres: readonly Centre[] }) {
  const { t } = useTranslation("centres");
  if (centres.length === 0) {
    return (
      <Empty title={t("none.title")} command={t("none.command")}>
        {t("none.words")}
      </Empty>
    );
  }
  return (
    <ul className={css.cards}>
      {centres.map((centre) => (
        <CentreCard key={centre.id} centre={centre} />
      ))}
    </ul>
  );
}

function CentreCard({ centre }: { readonly centre: Centre }) {
  const { t } = useTranslation("centres");
  const cores = sum(centre.pools, (pool) => pool.cores);
  const coresInUse = sum(centre.pools, (pool) => pool.coresInUse);
  const memoryMib = sum(centre.pools, (pool) => pool.memoryMib);
  const memoryMibInUse = sum(centre.pools, (pool) => pool.memoryMibInUse);
  const cards = cardsText(centre.pools);
  return (
    <li className={css.card} data-centre={centre.id}>
      <div className={css.cardHead}>
        <strong>{centreName(centre)}</strong>
        <div className={css.cardLine}>
          <span className="faint">
            {centre.id}
            {centre.lifeCycle === "in-service" ? null : ` · ${t(`lifeCycle.${centre.lifeCycle}`)}`}
          </span>
          <CentreState centre={centre} />
        </div>
      </div>
      <Bar
        label={t("cores")}
        used={coresInUse}
        total={cores}
        colour="cores"
        text={t("ofTotal", { used: countText(coresInUse), total: countText(cores) })}
      />
      <Bar
        label={t("memory")}
        used={memoryMibInUse}
        total={memoryMib}
        colour="memory"
        text={t("ofTotal", { used: mibText(memoryMibInUse), total: mibText(memoryMib) })}
      />
      <div className={css.cardFoot}>
        {cards === "" ? null : <span>{cards}</span>}
        {centre.pools.flatMap((pool) =>
          pool.capacities.map((capacity) => (
            <span
              key={`${pool.name} ${capacity.precision} ${capacity.sparsity} ${capacity.basis}`}
              title={capacity.evidence}
            >
              {flopsText(capacity.valueGigaflops)} {precisionText(capacity)} · {t(`sparsity.${capacity.sparsity}`)} ·{" "}
              {t(`basis.${capacity.basis}`)}
            </span>
          )),
        )}
      </div>
    </li>
  );
}
