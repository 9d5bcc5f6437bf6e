import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Icon } from "../parts/icons.tsx";
import { Menu } from "../parts/menu.tsx";
import { chooseLanguage, type Language } from "./language.ts";
import css from "./preferences.module.css";
import { chooseTheme, type ThemeChoice, useTheme } from "./theme.ts";

const written: Readonly<Record<Language, string>> = { zh: "中文", en: "EN" };

/** Both languages in their own writing, side by side: whoever cannot read the page can still find theirs. */
export function LanguageSwitch() {
  const { t, i18n } = useTranslation("app");
  const queries = useQueryClient();
  /** What the server said in the other language is asked for again. */
  async function choose(one: Language): Promise<void> {
    await chooseLanguage(one);
    await queries.invalidateQueries();
  }
  return (
    <fieldset className={css.languages}>
      <legend className="only-read">{t("language")}</legend>
      {(["zh", "en"] as const).map((one) => (
        <button
          key={one}
          type="button"
          lang={one}
          className={css.language}
          aria-pressed={i18n.language === one}
          onClick={() => void choose(one)}
        >
          {written[one]}
        </button>
      ))}
    </fieldset>
  );
}

export function ThemeSwitch() {
  const { t } = useTranslation("app");
  const { theme, choice } = useTheme();
  const choices: readonly ThemeChoice[] = ["light", "dark", "system"];
  return (
    <Menu
      className={css.square}
      label={t("theme.label")}
      items={choices.map((one) => ({
        label: t(`theme.${one}`),
        icon: one === "light" ? "sun" : one === "dark" ? "moon" : "machine",
        chosen: one === choice,
        onChoose: () => chooseTheme(one),
      }))}
    >
      <Icon name={theme === "dark" ? "moon" : "sun"} />
    </Menu>
  );
}
