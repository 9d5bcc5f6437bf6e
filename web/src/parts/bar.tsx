import css from "./bar.module.css";

/** How much of something is in use: the bar, and the very numbers. Never a percentage alone. */
export function Bar({ label, used, total, colour, text }: BarContent) {
  const share = total > 0 ? Math.min(1, used / total) : 0;
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
      </div>
    </div>
  );
}

type BarContent = {
  readonly label: string;
  readonly used: number;
  readonly total: number;
  readonly colour: "cores" | "memory" | "cards";
  readonly text: string;
};
