import { useSyncExternalStore } from "react";
import { duration } from "./units";

/** `12 s ago`, `in 4 min`, `just now`. */
export function relative(at: string, now: number): string {
  const seconds = (now - Date.parse(at)) / 1000;
  if (Math.abs(seconds) < 5) return "just now";
  return seconds < 0 ? `in ${duration(-seconds)}` : `${duration(seconds)} ago`;
}

const local = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat("en-GB", options);
const DAY = local({ day: "numeric", month: "short" });
const HOUR = local({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const CLOCK = local({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const FULL = local({
  year: "numeric", month: "short", day: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});

/** The moment in the user's zone and in UTC: what a hover shows. */
export function exactTime(at: string): string {
  const date = new Date(at);
  return `${FULL.format(date)} · ${date.toISOString().slice(0, 19)}Z`;
}

export const day = (at: string | number): string => DAY.format(new Date(at));
export const hour = (at: string | number): string => HOUR.format(new Date(at));
export const clock = (at: string | number): string => CLOCK.format(new Date(at));

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 5_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The present, ticking every five seconds: one clock for every relative time on the screen. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);
