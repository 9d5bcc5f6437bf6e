import { useSyncExternalStore } from "react";
import { palettes } from "./palettes.ts";

export type Theme = keyof typeof palettes;
/** `system` follows the machine. */
export type ThemeChoice = Theme | "system";

const storageKey = "weir.theme";
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let choice: ThemeChoice = rememberedChoice();

export function startTheme(): void {
  prefersDark.addEventListener("change", apply);
  apply();
}

export function chooseTheme(chosen: ThemeChoice): void {
  choice = chosen;
  localStorage.setItem(storageKey, chosen);
  apply();
}

export function useTheme(): { readonly theme: Theme; readonly choice: ThemeChoice } {
  const theme = useSyncExternalStore(subscribe, currentTheme);
  const chosen = useSyncExternalStore(subscribe, () => choice);
  return { theme, choice: chosen };
}

function currentTheme(): Theme {
  if (choice !== "system") return choice;
  return prefersDark.matches ? "dark" : "light";
}

function apply(): void {
  const theme = currentTheme();
  const page = document.documentElement;
  for (const [name, colour] of Object.entries(palettes[theme])) page.style.setProperty(`--${name}`, colour);
  page.style.colorScheme = theme;
  page.dataset.theme = theme;
  for (const listener of listeners) listener();
}

function rememberedChoice(): ThemeChoice {
  const kept = localStorage.getItem(storageKey);
  return kept === "light" || kept === "dark" ? kept : "system";
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
