import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import createClient from "openapi-fetch";
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

const EVERY_30_S = { refetchInterval: 30_000 };
const EVERY_2_S = 2_000;

export const overview = (days: number) =>
  queryOptions({
    queryKey: ["overview", days],
    queryFn: () => body(api.GET("/api/v1/metrics/dashboard", { params: { query: { days } } })),
    placeholderData: keepPreviousData,
    ...EVERY_30_S,
  });

export const clusters = () =>
  queryOptions({
    queryKey: ["clusters"],
    queryFn: (): Promise<Cluster[]> =>
      all((cursor) => body(api.GET("/api/v1/clusters", { params: { query: paged(cursor) } }))),
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
    queryFn: () => body(api.GET("/api/v1/optimizations/{id}", { params: { path: { id } } })),
    refetchInterval: (query) => (query.state.data && moving.has(query.state.data.state) ? EVERY_2_S : EVERY_30_S.refetchInterval),
  });

export const ledger = (days: number, clusterId?: string) =>
  queryOptions({
    queryKey: ["ledger", days, { clusterId }],
    queryFn: (): Promise<LedgerHour[]> => {
      const from = new Date(Date.now() - days * 86_400_000).toISOString();
      return all((cursor) =>
        body(api.GET("/api/v1/metrics/ledger", {
          params: { query: { ...paged(cursor), from, ...(clusterId && { cluster_id: clusterId }) } },
        })),
      );
    },
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });

export const makePlan = (clusterId: string) =>
  body(api.POST("/api/v1/optimizations", { body: { cluster_id: clusterId } }));

export const approvePlan = (id: string, planHash: string) =>
  body(api.POST("/api/v1/optimizations/{id}/approve", { params: { path: { id } }, body: { plan_hash: planHash } }));

export const stopPlan = (id: string) =>
  body(api.POST("/api/v1/optimizations/{id}/cancel", { params: { path: { id } } }));
