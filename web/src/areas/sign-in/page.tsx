import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Form, Input } from "antd";
import { Fragment, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { ask, Refused } from "../../app/client.ts";
import { LanguageSwitch, ThemeSwitch } from "../../app/preferences.tsx";
import { meQuery } from "../../app/session.ts";
import { CopyLine } from "../../parts/copy.tsx";
import { Mark } from "../../parts/icons.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import css from "./sign-in.module.css";
import { Weir } from "./weir.tsx";

/** By a one-time link (its code travels behind the #, which no server and no log sees) or by name and password. */
export function SignInPage() {
  const { t } = useTranslation(["sign-in", "app"]);
  const signIn = useSignIn();
  const byLink = useLinkCode((code) => signIn.mutate({ code }));
  useEffect(() => {
    document.title = `${t("title")} · Weir 堰`;
  }, [t]);
  return (
    <div className={css.page}>
      <div className={css.picture}>
        <div className={css.brand}>
          <Mark size={36} />
          <div>
            <div className={css.brandName}>{t("app:product")}</div>
            <div className={css.brandNote}>{t("app:tagline")}</div>
          </div>
        </div>
        <div className={css.promise}>
          <p className={css.promiseTitle}>
            {t("promise")
              .split("\n")
              .map((sentence) => (
                <Fragment key={sentence}>
                  <span>{sentence}</span>{" "}
                </Fragment>
              ))}
          </p>
          <p className={css.promiseNote}>{t("promiseNote")}</p>
        </div>
        <Weir />
      </div>
      <main className={css.side}>
        <div className={css.preferences}>
          <ThemeSwitch />
          <LanguageSwitch />
        </div>
        <div className={css.box}>
          <h1 className={css.title}>{t("title")}</h1>
          {signIn.isError ? <SignInProblem error={signIn.error} /> : null}
          {signIn.isError && byLink.current ? (
            <div className={css.newLink} role="note">
              <p>{t("newLinkHere")}</p>
              <CopyLine text="weir open" />
              <p>{t("newLinkElse")}</p>
            </div>
          ) : null}
          {signIn.isPending && byLink.current ? (
            <p role="status">{t("byLink")}</p>
          ) : (
            <PasswordForm busy={signIn.isPending} onSubmit={(values) => signIn.mutate(values)} />
          )}
          <div className={css.hint}>
            <strong>{t("noPassword")}</strong> {t("linkHint")}
          </div>
        </div>
      </main>
    </div>
  );
}

/** The server's own words name commands, of which who looks at this page need not have any. */
function SignInProblem({ error }: { readonly error: unknown }) {
  const { t } = useTranslation("sign-in");
  const isWrong = error instanceof Refused && error.problem.type.endsWith("/bad-credentials");
  if (!isWrong) return <Problem error={error} />;
  return (
    <Notice kind="bad" title={error.problem.title}>
      {t("wrong")}
    </Notice>
  );
}

function PasswordForm({
  busy,
  onSubmit,
}: {
  readonly busy: boolean;
  readonly onSubmit: (values: NamePassword) => void;
}) {
  const { t } = useTranslation("sign-in");
  return (
    <Form<NamePassword> layout="vertical" onFinish={onSubmit} validateTrigger="onSubmit">
      <Form.Item name="name" label={t("name")} rules={[{ required: true, message: t("needName") }]}>
        <Input autoComplete="username" autoFocus spellCheck={false} autoCapitalize="none" size="large" />
      </Form.Item>
      <Form.Item name="password" label={t("password")} rules={[{ required: true, message: t("needPassword") }]}>
        <Input.Password autoComplete="current-password" size="large" />
      </Form.Item>
      <Button type="primary" htmlType="submit" block size="large" loading={busy}>
        {t("enter")}
      </Button>
    </Form>
  );
}

type NamePassword = { readonly name: string; readonly password: string };

function useSignIn() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { next } = useSearch({ from: "/sign-in" });
  return useMutation({
    mutationFn: (body: NamePassword | { readonly code: string }) => ask("signIn", { body }),
    onSuccess: async ({ me }) => {
      queries.clear();
      queries.setQueryData(meQuery.queryKey, me);
      if (next === undefined) await navigate({ to: "/", replace: true });
      else await navigate({ href: next, replace: true });
    },
  });
}

/** Takes the code out of the address bar (and the history) before it is used: it is worth a session. */
function useLinkCode(use: (code: string) => void) {
  const begun = useRef(false);
  const found = useRef(false);
  const take = useRef(use);
  take.current = use;
  useEffect(() => {
    function look() {
      const code = new URLSearchParams(location.hash.slice(1)).get("code");
      if (code === null || code === "") return;
      history.replaceState(history.state, "", location.pathname + location.search);
      found.current = true;
      take.current(code);
    }
    if (!begun.current) look();
    begun.current = true;
    // A link that is pasted where this page is open changes the hash alone, and loads nothing.
    window.addEventListener("hashchange", look);
    return () => window.removeEventListener("hashchange", look);
  }, []);
  return found;
}
