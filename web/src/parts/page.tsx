import type { ReactNode } from "react";
import { useEffect } from "react";
import css from "./page.module.css";

/** The frame of every page: its title (also the window's), one line under it, and its actions at the right. */
export function Page({ title, heading, note, actions, wide = false, children }: PageContent) {
  useEffect(() => {
    document.title = `${title} · Weir 堰`;
  }, [title]);
  return (
    <div className={wide ? css.wide : css.page}>
      <header className={css.head}>
        <div className={css.titles}>
          <h1 className={css.title}>{heading ?? title}</h1>
          {note ? <div className={css.note}>{note}</div> : null}
        </div>
        {actions ? <div className={css.actions}>{actions}</div> : null}
      </header>
      {children}
    </div>
  );
}

type PageContent = {
  readonly title: string;
  readonly heading?: ReactNode;
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly wide?: boolean;
  readonly children: ReactNode;
};

/** A titled box on a page. `flush` lets a table reach the edges. */
export function Panel({ title, extra, flush = false, children }: PanelContent) {
  return (
    <section className={css.panel} aria-label={typeof title === "string" ? title : undefined}>
      {title || extra ? (
        <header className={css.panelHead}>
          <h2 className={css.panelTitle}>{title}</h2>
          {extra ? <div className={css.panelExtra}>{extra}</div> : null}
        </header>
      ) : null}
      <div className={flush ? css.flush : css.body}>{children}</div>
    </section>
  );
}

type PanelContent = {
  readonly title?: ReactNode;
  readonly extra?: ReactNode;
  readonly flush?: boolean;
  readonly children: ReactNode;
};

/** Names and values in two columns, or one under the other where there is little room. */
export function Facts({ items, narrow = false, look = "facts" }: FactsContent) {
  return (
    <dl className={narrow ? css.narrowFacts : css[look]}>
      {items.map(([name, value, wide], at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a fixed list in a fixed order
        <div key={at} className={css.fact} data-wide={wide}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

type FactsContent = {
  /** `wide`: it takes a line of its own. */
  readonly items: readonly (readonly [name: ReactNode, value: ReactNode, wide?: "wide"])[];
  readonly narrow?: boolean;
  /** `figures`: six on one line where they fit, else three or two; `sentences`: each on a line of its own, beside its name. */
  readonly look?: "facts" | "figures" | "sentences";
};
