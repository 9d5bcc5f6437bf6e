import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { type FormEvent, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { parseTaskName } from "#core/ids.ts";
import { networkOffset, networkZone, networkZoneMs } from "#core/ledger/network-day.ts";
import { Icon, Mark } from "../parts/icons.tsx";
import { Menu } from "../parts/menu.tsx";
import { Waiting } from "./fallbacks.tsx";
import css from "./frame.module.css";
import { useLive, useLiveState } from "./live.ts";
import { navigation } from "./navigation.ts";
import { LanguageSwitch, ThemeSwitch } from "./preferences.tsx";
import { signOut, useMe } from "./session.ts";

/** The console around every page: menu at the left (a drawer on a phone), a thin bar above. */
export function Frame() {
  const { t } = useTranslation("app");
  const [open, setOpen] = useState(false);
  const path = useLocation({ select: (location) => location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the drawer
  useEffect(() => setOpen(false), [path]);
  return (
    <div className={css.frame}>
      <a className={css.skip} href="#page">
        {t("skip")}
      </a>
      <Side open={open} />
      {open ? (
        <button type="button" className={css.veil} aria-label={t("nav.menu")} onClick={() => setOpen(false)} />
      ) : null}
      <div className={css.right}>
        <header className={css.top}>
          <button
            type="button"
            className={css.menuButton}
            aria-label={t("nav.menu")}
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <Icon name="menu" size={18} />
          </button>
          <JobJump />
          <div className={css.topEnd}>
            <LiveDot />
            <ThemeSwitch />
            <LanguageSwitch />
            <PersonMenu />
          </div>
        </header>
        <main id="page" className={css.main} tabIndex={-1}>
          <Suspense fallback={<Waiting />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
    </div>
  );
}

function Side({ open }: { readonly open: boolean }) {
  const { t } = useTranslation("app");
  const { person } = useMe();
  return (
    <aside className={open ? css.sideOpen : css.side}>
      <Link to="/" className={css.brand} aria-label={t("product")}>
        <Mark />
        <span>
          <span className={css.brandName}>{t("product")}</span>
          <span className={css.brandNote}>{t("tagline")}</span>
        </span>
      </Link>
      <nav aria-label={t("nav.main")} className={css.nav}>
        {navigation
          .filter((group) => !("administrator" in group) || person.administrator)
          .map(({ group, entries }) => (
            <div key={group} className={css.group}>
              <div className={css.groupName}>{t(`nav.${group}`)}</div>
              {entries.map(({ to, icon, words }) => (
                <Link
                  key={to}
                  to={to}
                  className={css.entry}
                  activeOptions={{ exact: to === "/", includeSearch: false }}
                  activeProps={{ "data-chosen": "yes" }}
                >
                  <Icon name={icon} />
                  {t(`nav.${words}`)}
                </Link>
              ))}
            </div>
          ))}
      </nav>
      <div className={css.sideEnd}>
        <a href="/api/docs" className={css.entry}>
          <Icon name="link" />
          {t("docs")}
        </a>
        <Clock />
      </div>
    </aside>
  );
}

/** By whose clock all pages tell the time, and that of the browser where it is another. */
function Clock() {
  const { t } = useTranslation("app");
  const isSame = new Date().getTimezoneOffset() * -60_000 === networkZoneMs;
  return (
    <p className={css.clock}>
      {t("clock.network", { zone: networkZone, offset: networkOffset })}
      {isSame ? null : <span>{t("clock.browser", { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })}</span>}
    </p>
  );
}

/** A number leads to that job, anything else to the jobs whose names begin so; "/" from anywhere leads here. */
function JobJump() {
  const { t } = useTranslation("app");
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      field.current?.focus();
    }
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  function go(event: FormEvent) {
    event.preventDefault();
    const typed = field.current?.value.trim() ?? "";
    if (typed === "" || !field.current) return;
    field.current.value = "";
    field.current.blur();
    const job = typed.replace(/^#/, "");
    if (parseTaskName(job) === null) void navigate({ to: "/jobs", search: { name: typed } });
    else void navigate({ to: "/jobs/$job", params: { job } });
  }
  return (
    <search className={css.jumpPlace}>
      <form className={css.jump} onSubmit={go}>
        <Icon name="search" size={14} />
        <input
          ref={field}
          aria-label={t("jump.label")}
          placeholder={t("jump.placeholder")}
          spellCheck={false}
          enterKeyHint="search"
        />
        <kbd>/</kbd>
      </form>
    </search>
  );
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function LiveDot() {
  const { t } = useTranslation("app");
  const state = useLiveState();
  // Every page under this frame is live, and the dot says so on those that listen to nothing, too.
  useLive(() => undefined);
  return (
    <span className={css.live} data-live={state} role="status">
      <span className={css.dot} />
      <span className={css.liveWord}>{t(`live.${state}`)}</span>
    </span>
  );
}

function PersonMenu() {
  const { t } = useTranslation("app");
  const { person } = useMe();
  const navigate = useNavigate();
  const name = person.title || person.name;
  const role = t(person.administrator ? "person.administrator" : "person.member");
  return (
    <Menu
      className={css.person}
      label={t("person.menu", { name: person.name })}
      heading={name.toLowerCase() === role.toLowerCase() ? `${name} · ${person.name}` : `${name} · ${role}`}
      items={[
        { label: t("nav.tokens"), icon: "tokens", onChoose: () => void navigate({ to: "/tokens" }) },
        { label: t("person.password"), icon: "people", onChoose: () => void navigate({ to: "/password" }) },
        { label: t("person.out"), icon: "out", onChoose: () => void signOut() },
      ]}
    >
      {initials(person.title || person.name)}
    </Menu>
  );
}

function initials(name: string): string {
  const letters = [...name.trim()];
  return /[\u3400-\u9fff]/.test(letters[0] ?? "") ? (letters[0] ?? "") : letters.slice(0, 2).join("").toUpperCase();
}
