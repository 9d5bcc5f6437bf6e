import { useSyncExternalStore } from "react";

/**
 * The colours of the console, said once: they become CSS variables (`--ink`, `--state-running`, …) for our own parts and
 * tokens for antd. The colours of states follow the Okabe–Ito order of hues, which people with any common colour
 * blindness can tell apart; a state is never shown by colour alone.
 */
export const palettes = {
  light: {
    ground: "#f4f7f8",
    panel: "#ffffff",
    raised: "#ffffff",
    sunken: "#edf2f4",
    line: "#dde5e8",
    "line-strong": "#c3d0d5",
    ink: "#12242c",
    "ink-soft": "#4a5f69",
    "ink-faint": "#667a84",
    accent: "#0a6a85",
    "accent-soft": "#e1f1f5",
    "bar-empty": "#e3eaed",
    "bar-cores": "#0a7a97",
    "bar-memory": "#4c6fb8",
    "bar-cards": "#8a5ba6",
    side: "#0e2a35",
    "side-ink": "#b9cdd5",
    "side-ink-strong": "#ffffff",
    "side-chosen": "#17404f",
    "side-line": "#1d3a46",
    "log-ground": "#0f1a1f",
    "log-ink": "#d5e0e4",
    "state-queued": "#5b6b74",
    "state-placed": "#5a51a8",
    "state-starting": "#0b7285",
    "state-running": "#0069b4",
    "state-succeeded": "#00734f",
    "state-failed": "#b93a00",
    "state-cancelled": "#5b6b74",
    "state-timed-out": "#8f5a00",
    "state-out-of-memory": "#a1316f",
    "state-preempted": "#6b4fa0",
    "state-node-failed": "#8a4b1f",
    "state-platform-fault": "#a3201d",
    "state-lost": "#3d474c",
    "state-unreachable": "#8f5a00",
  },
  dark: {
    ground: "#0d161b",
    panel: "#132027",
    raised: "#192a32",
    sunken: "#0f1b21",
    line: "#22343d",
    "line-strong": "#34505c",
    ink: "#e3ecef",
    "ink-soft": "#a3b7c0",
    "ink-faint": "#859aa4",
    accent: "#48b4d0",
    "accent-soft": "#12343f",
    "bar-empty": "#22343d",
    "bar-cores": "#3aa6c4",
    "bar-memory": "#7f9ee0",
    "bar-cards": "#b98ad4",
    side: "#0a1a21",
    "side-ink": "#a9bec7",
    "side-ink-strong": "#ffffff",
    "side-chosen": "#143441",
    "side-line": "#1a2e37",
    "log-ground": "#0a1216",
    "log-ink": "#cfdbe0",
    "state-queued": "#9db0b9",
    "state-placed": "#aaa2f0",
    "state-starting": "#58c4d8",
    "state-running": "#5cb3f0",
    "state-succeeded": "#3cc493",
    "state-failed": "#ff8a52",
    "state-cancelled": "#9db0b9",
    "state-timed-out": "#e8b04a",
    "state-out-of-memory": "#e98bbd",
    "state-preempted": "#bfa3ee",
    "state-node-failed": "#dba077",
    "state-platform-fault": "#ff8884",
    "state-lost": "#c2ced4",
    "state-unreachable": "#e8b04a",
  },
} as const;

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
