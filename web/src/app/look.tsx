import { theme as antdTheme, ConfigProvider, type ThemeConfig } from "antd";
import english from "antd/es/locale/en_US.js";
import type { Locale } from "antd/es/locale/index.js";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { defaultOf } from "../parts/default-of.ts";
import { palettes } from "./palettes.ts";
import { type Theme, useTheme } from "./theme.ts";

/** Who asks the system for calm gets menus and dialogs without movement. */
const prefersCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Dresses antd in our colours and the reader's language. */
export function Look({ children }: { readonly children: ReactNode }) {
  const { theme } = useTheme();
  const words = useAntdWords();
  return (
    <ConfigProvider
      theme={dresses[theme]}
      locale={words}
      button={{ autoInsertSpace: false }}
      form={{ requiredMark: false }}
    >
      {children}
    </ConfigProvider>
  );
}

/**
 * antd's Chinese is loaded by those who read it. Until then it speaks English, said in so many words: where a locale comes
 * to it later, it builds the whole page anew.
 */
function useAntdWords(): Locale {
  const { i18n } = useTranslation("app");
  const chinese = i18n.language === "zh";
  const [zh, setZh] = useState<Locale>();
  useEffect(() => {
    if (chinese) void import("antd/es/locale/zh_CN.js").then((module) => setZh(defaultOf<Locale>(module.default)));
  }, [chinese]);
  return (chinese ? zh : undefined) ?? defaultOf<Locale>(english);
}

function dress(name: Theme): ThemeConfig {
  const colours = palettes[name];
  return {
    algorithm: name === "dark" ? antdTheme.darkAlgorithm : antdTheme.defaultAlgorithm,
    hashed: false,
    token: {
      colorPrimary: colours.accent,
      colorInfo: colours.accent,
      colorLink: colours.accent,
      colorSuccess: colours["state-succeeded"],
      colorWarning: colours["state-timed-out"],
      colorError: colours["state-failed"],
      colorText: colours.ink,
      colorTextSecondary: colours["ink-soft"],
      colorTextTertiary: colours["ink-faint"],
      colorTextPlaceholder: colours["ink-faint"],
      colorBgContainer: colours.panel,
      colorBgElevated: colours.raised,
      colorBgLayout: colours.ground,
      colorBorder: colours["line-strong"],
      colorBorderSecondary: colours.line,
      borderRadius: 6,
      fontSize: 14,
      controlHeight: 30,
      controlPaddingHorizontal: 10,
      paddingSM: 10,
      fontFamily: "var(--sans)",
      fontFamilyCode: "var(--mono)",
      motion: !prefersCalm,
      motionDurationMid: "0.12s",
      motionDurationSlow: "0.18s",
    },
    components: {
      Button: {
        primaryShadow: "none",
        defaultShadow: "none",
        dangerShadow: "none",
        primaryColor: name === "dark" ? colours.ground : colours.panel,
      },
      Segmented: { trackBg: colours["bar-empty"], itemSelectedBg: colours.raised },
    },
  };
}

const dresses = { light: dress("light"), dark: dress("dark") };
