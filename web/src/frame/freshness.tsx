import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { newest, noteTime, onServersClock, useNow } from "../lib/time";
import { IconButton } from "../ui/button";
import { Time } from "../ui/value";

/** Data older than this is pointed out; the agent reports every 30 seconds. */
const OLD_AFTER_MS = 5 * 60_000;

let asOf: string | undefined;
const listeners = new Set<() => void>();

function set(next: string | undefined): void {
  asOf = next;
  if (next) noteTime(next);
  for (const listener of listeners) listener();
}

/** Called by a screen: the moment its data stands for. */
export function useAsOf(at: string | null | undefined): void {
  useEffect(() => {
    set(at ?? undefined);
    return () => set(undefined);
  }, [at]);
}

/** For a screen whose data has no moment of its own: when it was read. `seen` are moments that appear in it. */
export function useReadAt(readAt: number, seen: (string | null | undefined)[] = []): void {
  const latest = newest(seen);
  useEffect(() => {
    if (latest) noteTime(latest);
    set(readAt > 0 ? onServersClock(readAt) : undefined);
    return () => set(undefined);
  }, [readAt, latest]);
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** How old the data on the screen is, and a button that reads it again. */
export function Freshness() {
  const at = useSyncExternalStore(subscribe, () => asOf);
  const fetching = useIsFetching() > 0;
  const queries = useQueryClient();
  const old = useNow() - Date.parse(at ?? "") > OLD_AFTER_MS;
  return (
    <span className="flex items-center gap-1 text-12 text-muted">
      {at && (
        <span className={old ? "text-on-demand" : ""}>
          <span className="max-sm:sr-only">{old ? "Old data: " : "Data: "}</span><Time at={at} />
        </span>
      )}
      <IconButton icon="refresh" name="Read again" busy={fetching} onClick={() => void queries.invalidateQueries()} />
    </span>
  );
}
