import css from "./sign-in.module.css";

/** A weir, drawn: threads of water come level, pass the step together and part again below. */
export function Weir() {
  const threads = [0, 1, 2, 3, 4, 5, 6];
  return (
    <svg className={css.weir} viewBox="0 0 640 360" preserveAspectRatio="xMinYMax slice" aria-hidden="true">
      <path d="M0 360V228h236l34 132Z" fill="#16414f" />
      <path d="M0 360V252h214l28 108Z" fill="#1b4b5b" />
      {threads.map((n) => {
        const top = 96 + n * 20;
        const low = 236 + n * 17;
        const crest = 258 + (6 - n) * 9;
        return (
          <path
            key={n}
            d={`M-10 ${top}H${crest - 40}C${crest + 64} ${top} ${crest + 4} ${low} ${crest + 112} ${low}H660`}
            fill="none"
            stroke={n === 6 ? "#35b6d6" : "#8fdcec"}
            strokeOpacity={n === 6 ? 1 : 0.16 + n * 0.09}
            strokeWidth={n === 6 ? 6 : 2.5}
            strokeLinecap="round"
          />
        );
      })}
    </svg>
  );
}
