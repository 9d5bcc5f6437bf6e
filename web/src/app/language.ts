import i18next, { type BackendModule, type ReadCallback } from "i18next";
import { initReactI18next } from "react-i18next";

/**
 * Chinese and English. Every area has its words in `messages.en.ts` and `messages.zh.ts`, loaded with the area; the
 * shell's and the shared words come first. The choice is remembered; until one is made the browser's wish counts.
 */
export const languages = ["zh", "en"] as const;
export type Language = (typeof languages)[number];

export function language(): Language {
  return i18next.language === "zh" ? "zh" : "en";
}

export async function startLanguage(): Promise<void> {
  await i18next
    .use(messageFiles)
    .use(initReactI18next)
    .init({
      lng: remembered() ?? wished(),
      fallbackLng: false,
      supportedLngs: [...languages],
      ns: ["app", "words"],
      defaultNS: "app",
      interpolation: { escapeValue: false },
      returnNull: false,
      react: { useSuspense: true },
    });
  tellPage();
}

export async function chooseLanguage(chosen: Language): Promise<void> {
  // First of all, since whoever goes to another address before the words have come has chosen all the same.
  keep(chosen);
  await i18next.changeLanguage(chosen);
  tellPage();
}

/** Makes an area's words ready before it is shown, so that no page flashes its keys. */
export async function loadWords(...areas: string[]): Promise<void> {
  await i18next.loadNamespaces(areas);
}

const storageKey = "weir.language";

function remembered(): Language | null {
  const kept = localStorage.getItem(storageKey);
  return languages.find((one) => one === kept) ?? null;
}

function keep(chosen: Language): void {
  localStorage.setItem(storageKey, chosen);
}

function wished(): Language {
  return navigator.languages
    .find((one) => /^(zh|en)\b/i.test(one))
    ?.toLowerCase()
    .startsWith("zh")
    ? "zh"
    : "en";
}

function tellPage(): void {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
}

const files = import.meta.glob<Record<string, object>>([
  "../areas/*/messages.*.ts",
  "./messages.*.ts",
  "../words/messages.*.ts",
]);

const messageFiles: BackendModule = {
  type: "backend",
  init: () => undefined,
  read(chosen: string, area: string, done: ReadCallback) {
    const folder = area === "app" ? "." : area === "words" ? "../words" : `../areas/${area}`;
    const load = files[`${folder}/messages.${chosen}.ts`];
    if (!load) return done(new Error(`no words for ${area} in ${chosen}`), false);
    load().then(
      (module) => done(null, module[chosen] ?? {}),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), false),
    );
  },
};
