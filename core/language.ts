/** The two languages of everything that is said to people. */
export type Language = "en" | "zh";

/** As the C library does: LC_ALL, else LC_MESSAGES, else LANG; the first that is set counts. */
export function languageOf(environment: Readonly<Record<string, string | undefined>>): Language {
  const { LC_ALL, LC_MESSAGES, LANG } = environment;
  return /^zh\b|^zh_/i.test(LC_ALL || LC_MESSAGES || LANG || "") ? "zh" : "en";
}

/** Sentences of a table in one language; `{name}` is filled in, and of `{name|one|several}` the first where it is 1. */
export function speaker<Key extends string>(
  words: Readonly<Record<Key, readonly [en: string, zh: string]>>,
  language: Language,
): (key: Key, facts?: Readonly<Record<string, string | number>>) => string {
  return (key, facts = {}) => {
    const text: string = words[key][language === "zh" ? 1 : 0];
    return text
      .replace(/\{(\w+)\|([^|}]+)\|([^}]+)\}/g, (_, name: string, one: string, several: string) =>
        `${facts[name]}` === "1" ? one : several,
      )
      .replace(/\{(\w+)\}/g, (whole, name: string) => `${facts[name] ?? whole}`);
  };
}
