import { http, HttpResponse, type HttpHandler, type JsonBodyType } from "msw";
import type { paths } from "../src/api/schema";
import { makeDashboard } from "./ledger";
import { summary } from "./plans";
import type { World } from "./world";

type Success<Path extends keyof paths, Method extends "get" | "post"> = paths[Path] extends {
  [M in Method]: { responses: infer Responses };
} ? Responses extends { 200: { content: { "application/json": infer Body } } } ? Body
  : Responses extends { 201: { content: { "application/json": infer Body } } } ? Body : null : never;

type Answer<Path extends keyof paths, Method extends "get" | "post"> = Success<Path, Method> | Response;
type Asked = { params: Record<string, string>; query: URLSearchParams; request: Request };

/** A handler whose path and answer are checked against the schema. */
function on<Method extends "get" | "post", Path extends keyof paths>(
  method: Method, path: Path, answer: (asked: Asked) => Answer<Path, Method> | Promise<Answer<Path, Method>>, status = 200,
): HttpHandler {
  return http[method](`*${path.replaceAll(/\{(\w+)\}/g, ":$1")}`, async ({ params, request }) => {
    const body = await answer({ params: params as Record<string, string>, query: new URL(request.url).searchParams, request });
    if (body instanceof Response) return body;
    return body === null ? new HttpResponse(null, { status: 204 }) : HttpResponse.json(body as JsonBodyType, { status });
  });
}

/** A refusal in the API's own form. */
export function problem(status: number, code: string, detail: string, errors?: { pointer: string; message: string }[]): Response {
  const body = { type: "about:blank", title: code, status, code, detail, request_id: "req_mock", ...(errors && { errors }) };
  return HttpResponse.json(body, { status, headers: { "Content-Type": "application/problem+json" } });
}

const absent = () => problem(404, "not-found", "There is no such thing here.");

function page<T>(items: T[], query: URLSearchParams) {
  const from = Number(query.get("cursor") ?? 0);
  const to = from + Number(query.get("limit") ?? 50);
  return { items: items.slice(from, to), next_cursor: to < items.length ? String(to) : null };
}

const COOKIE = { "Set-Cookie": "refresh=mock; Path=/; SameSite=Strict" };
/** A service worker does not see cookies; there the page's own are asked. */
const signedIn = (request: Request) => (request.headers.get("Cookie") ?? globalThis.document?.cookie ?? "").includes("refresh=mock");

/** The API over a world. */
export function makeHandlers(world: World): HttpHandler[] {
  let given = 0;
  const tokens = () => HttpResponse.json({ access_token: `mock-${++given}`, token_type: "Bearer", expires_in: 3600, user: world.user }, { headers: COOKIE });
  const dashboard = (days: number, clusterId?: string) => {
    const clusters = clusterId ? world.clusters.filter((each) => each.id === clusterId) : world.clusters;
    const ledger = clusterId ? world.ledger.filter((each) => each.cluster_id === clusterId) : world.ledger;
    const waiting = world.allPlans(Date.now()).filter((each) => each.state === "proposed").map((each) => each.id);
    return makeDashboard(clusters, world.states, ledger, waiting, days, Date.now());
  };
  return [
    on("post", "/api/v1/auth/login", async ({ request }) => {
      const body = (await request.json()) as { password: string };
      return body.password === "wrong" ? problem(401, "unauthorized", "Email or password is not right.") : tokens();
    }),
    on("post", "/api/v1/auth/sign-up", async ({ request }) => {
      const body = (await request.json()) as { password: string };
      return body.password.startsWith("password")
        ? problem(422, "invalid", "One field is not right.", [{ pointer: "/password", message: "It is on the list of common passwords." }])
        : tokens();
    }),
    on("post", "/api/v1/auth/refresh", ({ request }) => (signedIn(request) ? tokens() : problem(401, "unauthorized", "There is no session."))),
    on("post", "/api/v1/auth/logout", () => new HttpResponse(null, { status: 204, headers: { "Set-Cookie": "refresh=; Path=/; Max-Age=0" } })),
    on("get", "/api/v1/metrics/dashboard", ({ query }) => dashboard(Number(query.get("days") ?? 30))),
    on("get", "/api/v1/clusters", ({ query }) => page(world.clusters, query)),
    on("get", "/api/v1/clusters/{cluster_id}", ({ params }) => world.clusters.find((each) => each.id === params["cluster_id"]) ?? absent()),
    on("get", "/api/v1/clusters/{cluster_id}/state", ({ params }) => world.states.get(params["cluster_id"]!) ?? absent()),
    on("get", "/api/v1/metrics/ledger", ({ query }) => {
      const { from, to, cluster } = { from: query.get("from") ?? "", to: query.get("to") ?? "9", cluster: query.get("cluster_id") };
      return page(world.ledger.filter((row) => row.hour >= from && row.hour < to && (!cluster || row.cluster_id === cluster)), query);
    }),
    on("get", "/api/v1/optimizations", ({ query }) => {
      const cluster = query.get("cluster_id");
      return page(world.allPlans(Date.now()).filter((each) => !cluster || each.cluster_id === cluster).map(summary), query);
    }),
    on("post", "/api/v1/optimizations", async ({ request }) => {
      const body = (await request.json()) as { cluster_id: string };
      const cluster = world.clusters.find((each) => each.id === body.cluster_id);
      if (!cluster) return absent();
      if (cluster.status !== "healthy") return problem(409, "snapshot_stale", "The last snapshot is 47 min old. No plan was made.");
      return world.newPlan(cluster, Date.now());
    }, 201),
    on("get", "/api/v1/optimizations/{plan_id}", ({ params }) => world.plan(params["plan_id"]!, Date.now()) ?? absent()),
    on("post", "/api/v1/optimizations/{plan_id}/approve", async ({ params, request }) => {
      const body = (await request.json()) as { plan_hash: string };
      const plan = world.plan(params["plan_id"]!, Date.now());
      if (!plan) return absent();
      if (plan.plan_hash !== body.plan_hash || plan.state !== "proposed") return problem(409, "conflict", "This plan is no longer the current one.");
      world.change(plan.id, { state: "approved", approved_at: new Date().toISOString(), approved_by: world.user.email });
      return world.plan(plan.id, Date.now())!;
    }),
    on("post", "/api/v1/optimizations/{plan_id}/cancel", ({ params }) => {
      const plan = world.plan(params["plan_id"]!, Date.now());
      if (!plan) return absent();
      world.change(plan.id, { ...plan, state: "cancelled", finished_at: new Date().toISOString() });
      return world.plan(plan.id, Date.now())!;
    }),
  ];
}
