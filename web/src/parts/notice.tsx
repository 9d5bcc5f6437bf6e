import { Button } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { NoAnswer } from "#api/client.ts";
import { Refused } from "../app/client.ts";
import { CopyLine } from "./copy.tsx";
import { Icon } from "./icons.tsx";
import css from "./notice.module.css";

/** What the server refused, in its own words; or that it did not answer. */
export function Problem({ error, again }: { readonly error: unknown; readonly again?: (() => void) | undefined }) {
  const { t } = useTranslation("words");
  const { title, detail } = useErrorWords()(error);
  return (
    <Notice kind="bad" title={title} action={again ? <Button onClick={again}>{t("retry")}</Button> : undefined}>
      {detail}
    </Notice>
  );
}

export function useErrorWords(): (error: unknown) => { readonly title: string; readonly detail: string } {
  const { t } = useTranslation("words");
  return (error) => {
    if (error instanceof Refused) return error.problem;
    if (error instanceof NoAnswer) return { title: t("noAnswerTitle"), detail: t("noAnswerDetail") };
    return { title: t("brokenTitle"), detail: error instanceof Error ? error.message : String(error) };
  };
}

/** A message in the page, where it concerns; nothing of Weir's pops up and vanishes before it is read. */
export function Notice({ kind, title, action, children }: NoticeContent) {
  return (
    <div className={`${css.notice} ${css[kind]}`} role={kind === "bad" ? "alert" : "status"}>
      <span className={css.icon}>
        <Icon name={icons[kind]} />
      </span>
      <div className={css.words}>
        <strong>{title}</strong>
        {children ? <div className={css.detail}>{children}</div> : null}
      </div>
      {action ? <div>{action}</div> : null}
    </div>
  );
}

const icons = { bad: "failed", warning: "platform-fault", good: "succeeded", plain: "info" } as const;

type NoticeContent = {
  /** `plain`: something to know, neither good nor bad. */
  readonly kind: keyof typeof icons;
  readonly title: ReactNode;
  readonly action?: ReactNode;
  readonly children?: ReactNode;
};

/** Nothing here yet: what that means, what to do next, and a command line that does it. */
export function Empty({ title, children, command, action }: EmptyContent) {
  return (
    <div className={css.empty}>
      <div className={css.emptyTitle}>{title}</div>
      {children ? <div className={css.emptyWords}>{children}</div> : null}
      {command ? <CopyLine text={command} /> : null}
      {action ? <div className={css.emptyAction}>{action}</div> : null}
    </div>
  );
}

type EmptyContent = {
  readonly title: string;
  readonly children?: ReactNode;
  readonly command?: string;
  readonly action?: ReactNode;
};
