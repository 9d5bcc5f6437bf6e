import { useTranslation } from "react-i18next";
import type { Centre } from "#api/network.ts";
import { mechanismText } from "#core/centre/mechanisms.ts";
import { shutPoolText } from "#core/centre/shut-pool.ts";
import { mibText } from "#core/measures.ts";
import { language } from "../../app/language.ts";
import { countText } from "../../words/format.ts";
import { useFormat } from "../../words/use.ts";
import { cardsText, coresLoad, memoryLoad } from "./capacity.ts";
import css from "./centres.module.css";
import { LoadBar } from "./load.tsx";

type Pool = Centre["pools"][number];

/** One pool: its contract, what the network uses, what is free for anybody, its limits, and the work of others. */
export function PoolCard({ pool }: { readonly pool: Pool }) {
  const { t } = useTranslation("centres");
  const cards = cardsText([pool]);
  return (
    <div className={css.pool}>
      <div className={css.poolHead}>
        <strong>{pool.name}</strong>
        <span className="soft" title={t(`contractWords.${pool.contract}`)}>
          {t(`contract.${pool.contract}`)}
          {pool.lifeCycle === "in-service" ? "" : ` · ${t(`lifeCycle.${pool.lifeCycle}`)}`}
        </span>
      </div>
      {pool.state === "up" ? null : (
        <span style={{ color: "var(--state-unreachable)", fontWeight: 500 }}>
          {pool.shut === null ? t(`poolState.${pool.state ?? "unreported"}`) : shutPoolText(pool.shut, language())}
        </span>
      )}
      <LoadBar what="cores" load={coresLoad([pool])} />
      <LoadBar what="memory" load={memoryLoad([pool])} />
      <div className={css.poolFacts}>
        <span>
          {t("nodes")}{" "}
          {pool.nodesUp === pool.nodes
            ? countText(pool.nodes)
            : t("nodesUp", { up: countText(pool.nodesUp), all: countText(pool.nodes) })}
        </span>
        <span>
          {t("runs")} {countText(pool.runs)}
        </span>
        {pool.waiting === 0 && pool.contract !== "shared" ? null : (
          <span>
            {t(pool.contract === "shared" ? "waitingOf" : "waiting", {
              count: pool.waiting,
              limit: pool.maxPending,
            })}
          </span>
        )}
        {cards === "" ? null : <span>{cards}</span>}
        {pool.sharesNodesWith.length === 0 ? null : (
          <span>{t("sharesNodes", { pools: pool.sharesNodesWith.join(" · ") })}</span>
        )}
      </div>
      <Startable pool={pool} />
      <Reserved pool={pool} />
      <Maintenance pool={pool} />
      {pool.foreign.kind === "none" ? null : <Others pool={pool} />}
      <Limits pool={pool} />
    </div>
  );
}

/** What one job could be, node by node: not a sum of what is free. */
function Startable({ pool: { startable } }: { readonly pool: Pool }) {
  const { t } = useTranslation("centres");
  if (startable.length === 0)
    return (
      <div className={css.poolFacts}>
        <span>{t("startableNone")}</span>
      </div>
    );
  return (
    <div className={css.poolFacts}>
      <span>{t("startable")}</span>
      {largestFirst(startable).map(({ nodes, coresPerNode, memoryMibPerNode, accelerators }) => {
        const size = { nodes: countText(nodes), cores: countText(coresPerNode), memory: mibText(memoryMibPerNode) };
        const cards = accelerators && cardsText([{ accelerators: [{ ...accelerators, count: accelerators.perNode }] }]);
        const words = cards === null ? t("shape", size) : t("shapeCards", { ...size, cards });
        return <span key={words}>{words}</span>;
      })}
    </div>
  );
}

function largestFirst(shapes: Pool["startable"]): Pool["startable"] {
  return shapes.toSorted((a, b) => b.coresPerNode - a.coresPerNode || b.nodes - a.nodes);
}

function Reserved({ pool: { reserved } }: { readonly pool: Pool }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  if (reserved === null) return null;
  const { startsMs, endsMs } = reserved;
  return (
    <div className={css.poolFacts}>
      <span>{t("reserved", { from: format.dateTimeOnly(startsMs), to: format.dateTime(endsMs) })}</span>
    </div>
  );
}

function Maintenance({ pool: { maintenance } }: { readonly pool: Pool }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  if (maintenance.length === 0) return null;
  return (
    <div className={css.poolFacts}>
      {maintenance.map(({ names, nodes, startsMs, endsMs }) => (
        <span key={names} title={names}>
          {t("maintenance", {
            nodes: countText(nodes),
            from: format.dateTimeOnly(startsMs),
            to: format.dateTime(endsMs),
          })}
        </span>
      ))}
    </div>
  );
}

function Others({ pool }: { readonly pool: Pool }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  const { foreign, free } = pool;
  const freeText = t("free", { cores: countText(free.cores), memory: mibText(free.memoryMib) });
  if (foreign.kind === "hidden")
    return (
      <div className={css.poolFacts}>
        <span>{freeText}</span>
        <span title={mechanismText("load", foreign.why ?? "", language())}>{t("others.hidden")}</span>
      </div>
    );
  const { runningCores, waitingJobs, waitingCores, nextEndsInMs } = foreign;
  return (
    <div className={css.poolFacts}>
      <span>{freeText}</span>
      <span>{t("others.running", { cores: countText(runningCores) })}</span>
      <span>{t("others.waiting", { jobs: countText(waitingJobs), cores: countText(waitingCores) })}</span>
      {nextEndsInMs === null ? null : <span>{t("others.nextEnd", { time: format.duration(nextEndsInMs) })}</span>}
    </div>
  );
}

function Limits({ pool: { limits, leaseS } }: { readonly pool: Pool }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  const { timeLimitS, leastNodes, mostNodes } = limits;
  const said = [
    ...(timeLimitS === null ? [] : [t("limit.time", { time: format.duration(timeLimitS * 1000) })]),
    ...(leastNodes > 1 ? [t("limit.leastNodes", { nodes: countText(leastNodes) })] : []),
    ...(mostNodes === null || mostNodes === 1 ? [] : [t("limit.mostNodes", { nodes: countText(mostNodes) })]),
    ...(leaseS === null ? [] : [t("limit.lease", { time: format.duration(leaseS * 1000) })]),
  ];
  if (said.length === 0) return null;
  return (
    <div className={css.poolFacts}>
      {said.map((words) => (
        <span key={words}>{words}</span>
      ))}
    </div>
  );
}
