import { useTranslation } from "react-i18next";
import type { Centre } from "#api/network.ts";
import { Empty } from "../../parts/notice.tsx";
import { centreName } from "../../words/centre-name.ts";
import { cardsText, coresLoad, loadOfCentres, memoryLoad } from "../centres/capacity.ts";
import { LoadBar } from "../centres/load.tsx";
import { CentreState } from "../centres/state.tsx";
import { totalsOf } from "../centres/stated-capacity.tsx";
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
  const cards = cardsText([centre.together]);
  return (
    <li className={css.card} data-centre={centre.id}>
      <div className={css.cardHead}>
        <strong>{centreName(centre)}</strong>
        <div className={css.cardLine}>
          <span className="faint">{centre.id}</span>
          <CentreState centre={centre} />
        </div>
      </div>
      {centre.pools.length === 0 ? (
        <span className="soft">{t("noPools")}</span>
      ) : (
        <>
          <LoadBar what="cores" load={loadOfCentres([centre], coresLoad)} />
          <LoadBar what="memory" load={loadOfCentres([centre], memoryLoad)} />
        </>
      )}
      <div className={css.cardFoot}>
        {cards === "" ? null : <span>{cards}</span>}
        {totalsOf(centre.capacity, "in-service").map((words) => (
          <span key={words}>{words}</span>
        ))}
      </div>
    </li>
  );
}
