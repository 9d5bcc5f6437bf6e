import css from "./bar.module.css";

/** How much of something is in use: the bar, and the very numbers. Never a percentage alone. */
export function Bar({ label, used, others = 0, total, colour, text }: BarContent) {
  const share = total > 0 ? Math.min(1, used / total) : 0;
  const othersShare = total > 0 ? Math.min(1 - share, others / total) : 0;
  return (
    <div className={css.row}>
      <div className={css.words}>
        <span className={css.label}>{label}</span>
        <span className={css.numbers}>{text}</span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: browsers let no one style the parts of <meter> alike */}
      <div
        className={css.track}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={used}
        aria-valuetext={text}
      >
        <div className={css.fill} style={{ width: `${share * 100}%`, background: `var(--bar-${colour})` }} />
        <div className={css.others} style={{ width: `${othersShare * 100}%` }} />
      </div>
    </div>
  );
}

type BarContent = {
  readonly label: string;
  readonly used: number;
  /** Taken by the work of others, shown beside what the network uses. */
  readonly others?: number;
  readonly total: number;
  readonly colour: "cores" | "memory" | "cards";
  readonly text: string;
};
