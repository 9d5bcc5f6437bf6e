import type { ComponentProps, ReactNode } from "react";
import css from "./effects.module.css";
import { Notice, Problem } from "./notice.tsx";

/** The foot of a form: what sending it would change, told as it is typed; what was refused; and its buttons. */
export function Effects({ title, effects, kind = "plain", error, children }: EffectsContent) {
  return (
    <>
      <div className={css.effects} aria-live="polite">
        {error ? <Problem error={error} /> : null}
        {effects.length > 0 ? (
          <Notice kind={kind} title={title}>
            <Sentences all={effects} />
          </Notice>
        ) : null}
      </div>
      <div className={css.buttons}>{children}</div>
    </>
  );
}

type EffectsContent = {
  readonly title: string;
  readonly effects: readonly string[];
  readonly kind?: ComponentProps<typeof Notice>["kind"];
  /** What is not said at a field. */
  readonly error: unknown;
  readonly children: ReactNode;
};

export function Sentences({ all }: { readonly all: readonly string[] }) {
  return (
    <ul className={css.sentences}>
      {all.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}
