import i18next from "i18next";
import { type Language, language } from "./language.ts";

/**
 * antd has labels of its own that no locale of it reaches: every icon is called by its English name, and so are the arrows of a
 * number. Icons beside words are made silent, those that are pressed get words in the reader's language.
 */
export function startAntdLabels(): void {
  mend(document.body);
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes)
      if (addedNodes.length > 0 && target instanceof HTMLElement) mend(target);
  }).observe(document.body, { childList: true, subtree: true });
  i18next.on("languageChanged", () => mend(document.body));
}

function mend(within: HTMLElement): void {
  for (const icon of within.querySelectorAll(".anticon[aria-label]")) {
    if (pressed.some(([selector]) => icon.matches(selector))) continue;
    icon.removeAttribute("aria-label");
    icon.removeAttribute("role");
    icon.setAttribute("aria-hidden", "true");
  }
  for (const [selector, words] of pressed)
    for (const one of within.querySelectorAll(selector)) one.setAttribute("aria-label", words[language()]);
}

const pressed: readonly (readonly [selector: string, words: Readonly<Record<Language, string>>])[] = [
  [".ant-input-number-action-up", { en: "Increase", zh: "增加" }],
  [".ant-input-number-action-down", { en: "Decrease", zh: "减少" }],
  [".ant-input-password .anticon-eye-invisible", { en: "Show the password", zh: "显示密码" }],
  [".ant-input-password .anticon-eye", { en: "Hide the password", zh: "隐藏密码" }],
  [".ant-tag-close-icon", { en: "Take this filter away", zh: "去掉此筛选条件" }],
];
