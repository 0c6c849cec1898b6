import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import createClient from "openapi-fetch";
import { currentTime, noteTime } from "../lib/time";
import type { paths } from "./schema";
import { authorisedFetch } from "./session";
import type { Cluster, LedgerHour, Optimization, OptimizationSummary } from "./types";

const api = createClient<paths>({ fetch: authorisedFetch });

/** The body of an answer. `authorisedFetch` throws for every answer that is none. */
async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

/** All items of a list, page after page. */
async function all<T>(page: (cursor?: string) => Promise<{ items: T[]; next_cursor?: string | null }>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const next = await page(cursor);
    items.push(...next.items);
    cursor = next.next_cursor ?? undefined;
  } while (cursor);
  return items;
}

/** Most the API gives in one page. */
const PAGE = 200;
const paged = (cursor?: string) => ({ limit: PAGE, ...(cursor && { cursor }) });

const DAY_MS = 86_400_000;
const EVERY_30_S = { refetchInterval: 30_000 };
const EVERY_2_S = 2_000;

export const overview = (days: number) =>
  queryOptions({
    queryKey: ["overview", days],
    queryFn: () => body(api.GET("/api/v1/metrics/dashboard", { params: { query: { days } } })),
    placeholderData: keepPreviousData,
    ...EVERY_30_S,
  });

const allClusters = (): Promise<Cluster[]> =>
  all((cursor) => body(api.GET("/api/v1/clusters", { params: { query: paged(cursor) } })));

export const clusters = () =>
  queryOptions({
    queryKey: ["clusters"],
    queryFn: allClusters,
    ...EVERY_30_S,
  });

export const cluster = (id: string) =>
  queryOptions({
    queryKey: ["clusters", id],
    queryFn: () => body(api.GET("/api/v1/clusters/{cluster_id}", { params: { path: { cluster_id: id } } })),
    ...EVERY_30_S,
  });

export const clusterState = (id: string) =>
  queryOptions({
    queryKey: ["clusters", id, "state"],
    queryFn: () => body(api.GET("/api/v1/clusters/{cluster_id}/state", { params: { path: { cluster_id: id } } })),
    ...EVERY_30_S,
  });

export const plans = (clusterId?: string) =>
  queryOptions({
    queryKey: ["plans", { clusterId }],
    queryFn: (): Promise<OptimizationSummary[]> =>
      all((cursor) =>
        body(api.GET("/api/v1/optimizations", {
          params: { query: { ...paged(cursor), ...(clusterId && { cluster_id: clusterId }) } },
        })),
      ),
    ...EVERY_30_S,
  });

const moving = new Set<Optimization["state"]>(["approved", "applying"]);

export const plan = (id: string) =>
  queryOptions({
    queryKey: ["plans", id],
    queryFn: () => body(api.GET("/api/v1/optimizations/{plan_id}", { params: { path: { plan_id: id } } })),
    refetchInterval: (query) => (query.state.data && moving.has(query.state.data.state) ? EVERY_2_S : EVERY_30_S.refetchInterval),
  });

/** The closed hours of one cluster or of all, newest first. The API gives them cluster by cluster. */
export const ledger = (days: number, clusterId?: string) =>
  queryOptions({
    queryKey: ["ledger", days, { clusterId }],
    queryFn: async (): Promise<LedgerHour[]> => {
      // One range for all pages, whose cursors hold for it only; it ends far off, as the server's clock may be ahead.
      const now = currentTime();
      const [from, to] = [now - days * DAY_MS, now + 365 * DAY_MS].map((at) => new Date(at).toISOString()) as [string, string];
      const hoursOf = (cluster_id: string) =>
        all((cursor) => body(api.GET("/api/v1/metrics/ledger", { params: { query: { ...paged(cursor), cluster_id, from, to } } })));
      const ids = clusterId ? [clusterId] : (await allClusters()).map((each) => each.id);
      const hours = (await Promise.all(ids.map(hoursOf))).flat();
      hours.sort((a, b) => b.hour.localeCompare(a.hour));
      // The newest tells when it is later there than was known when they were asked for.
      if (hours[0]) noteTime(hours[0].hour);
      const first = currentTime() - days * DAY_MS;
      return hours.filter((each) => Date.parse(each.hour) >= first);
    },
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });

/** `key` is new for every plan that is wanted and the same when it is asked for again. */
export const makePlan = (clusterId: string, key: string) =>
  body(api.POST("/api/v1/optimizations", { params: { header: { "Idempotency-Key": key } }, body: { cluster_id: clusterId } }));

export const approvePlan = (id: string, planHash: string) =>
  body(api.POST("/api/v1/optimizations/{plan_id}/approve", { params: { path: { plan_id: id } }, body: { plan_hash: planHash } }));

export const stopPlan = (id: string) =>
  body(api.POST("/api/v1/optimizations/{plan_id}/cancel", { params: { path: { plan_id: id } } }));
