import { Dropdown } from "antd";
import { useTranslation } from "react-i18next";
import { Icon } from "../parts/icons.tsx";
import { chooseLanguage, type Language } from "./language.ts";
import css from "./preferences.module.css";
import { chooseTheme, type ThemeChoice, useTheme } from "./theme.ts";

const written: Readonly<Record<Language, string>> = { zh: "中文", en: "EN" };

/** Both languages in their own writing, side by side: whoever cannot read the page can still find theirs. */
export function LanguageSwitch() {
  const { t, i18n } = useTranslation("app");
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
          onClick={() => void chooseLanguage(one)}
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
    <Dropdown
      trigger={["click"]}
      menu={{
        selectable: true,
        selectedKeys: [choice],
        items: choices.map((one) => ({
          key: one,
          label: t(`theme.${one}`),
          icon: <Icon name={one === "light" ? "sun" : one === "dark" ? "moon" : "machine"} />,
          onClick: () => chooseTheme(one),
        })),
      }}
    >
      <button type="button" className={css.square} aria-label={t("theme.label")} title={t("theme.label")}>
        <Icon name={theme === "dark" ? "moon" : "sun"} />
      </button>
    </Dropdown>
  );
}
