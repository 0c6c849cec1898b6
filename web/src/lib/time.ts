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
const MINUTE = local({ hour: "2-digit", minute: "2-digit" });
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
/** On an axis: the clock within a day, the day where one begins. */
export const tick = (at: number): string => (MINUTE.format(at) === "00:00" ? DAY : MINUTE).format(at);
export const clock = (at: string | number): string => CLOCK.format(new Date(at));

/** How far the server's clock is known to be ahead of ours. A simulated world runs faster than this machine. */
let ahead = 0;

/** Takes note that it is at least this late where the data comes from. */
export function noteTime(at: string): void {
  const known = Math.max(ahead, Date.parse(at) - Date.now());
  const jumped = known - ahead > 1_000;
  ahead = known;
  // Else what was read a moment ago would stand in the future until the next tick.
  if (jumped) tellTime();
}

/** A moment of our clock on the clock of where the data comes from. */
export const onServersClock = (at: number): string => new Date(at + ahead).toISOString();

/** The present where the data comes from, as far as known: milliseconds since 1970. */
export const currentTime = (): number => Date.now() + ahead;

let now = currentTime();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function tellTime(): void {
  now = currentTime();
  for (const each of listeners) each();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tellTime, 5_000);
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

/** The latest of some moments, leaving out what is absent. */
export const newest = (moments: (string | null | undefined)[] = []): string | undefined =>
  moments.filter((at) => at != null).toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
