import { useSyncExternalStore } from "react";
import { readPreference, writePreference } from "./preference";

export type Theme = "system" | "light" | "dark";
const THEMES: readonly Theme[] = ["system", "light", "dark"];

let theme: Theme = THEMES.find((each) => each === readPreference("theme")) ?? "system";
const listeners = new Set<() => void>();
const dark = matchMedia("(prefers-color-scheme: dark)");

function tell(): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  for (const listener of listeners) listener();
}

dark.addEventListener("change", tell);
tell();

export function setTheme(next: Theme): void {
  theme = next;
  writePreference("theme", next);
  tell();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useTheme = (): Theme => useSyncExternalStore(subscribe, () => theme);

/** Whether dark colours show now; for what is drawn on a canvas. */
export const useDark = (): boolean =>
  useSyncExternalStore(subscribe, () => theme === "dark" || (theme === "system" && dark.matches));
