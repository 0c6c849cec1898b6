import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { currentSession, refresh } from "./api/session";
import { CouldNotStart } from "./frame/could-not-start";
import { NotFound } from "./frame/not-found";
import { Shell } from "./frame/shell";
import { oneOf, present, text } from "./lib/search";

/** Every address there is, with the search parameters it understands. Screens load when they are opened. */
type Raw = Record<string, unknown>;

const root = createRootRoute({ notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (raw: Raw) => present({ next: text(raw, "next") }),
  component: lazyRouteComponent(() => import("./screens/auth/sign-in"), "SignIn"),
});

const signUp = createRoute({
  getParentRoute: () => root,
  path: "/sign-up",
  component: lazyRouteComponent(() => import("./screens/auth/sign-up"), "SignUp"),
});

/** Everything behind the sign-in. */
const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  component: Shell,
  errorComponent: CouldNotStart,
  beforeLoad: async ({ location }) => {
    if (currentSession().state === "unknown") await refresh();
    if (currentSession().state === "signed-out") throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
});

export const DAYS = [7, 30, 90] as const;

const overview = createRoute({
  getParentRoute: () => app,
  path: "/",
  validateSearch: (raw: Raw) => present({ days: oneOf(raw, "days", DAYS) }),
  component: lazyRouteComponent(() => import("./screens/overview/overview"), "Overview"),
});

export const CLUSTER_STATUSES = ["healthy", "silent", "waiting_for_agent", "paused"] as const;

const clusters = createRoute({
  getParentRoute: () => app,
  path: "/clusters",
  validateSearch: (raw: Raw) =>
    present({ search: text(raw, "search"), status: oneOf(raw, "status", CLUSTER_STATUSES), view: oneOf(raw, "view", ["table"] as const) }),
  component: lazyRouteComponent(() => import("./screens/clusters/clusters"), "Clusters"),
});

export const CLUSTER_TABS = ["packing", "workloads", "plans", "ledger"] as const;

const cluster = createRoute({
  getParentRoute: () => app,
  path: "/clusters/$clusterId",
  validateSearch: (raw: Raw) =>
    present({ tab: oneOf(raw, "tab", CLUSTER_TABS), by: oneOf(raw, "by", ["memory"] as const), workload: text(raw, "workload"), days: oneOf(raw, "days", DAYS), hour: text(raw, "hour") }),
  component: lazyRouteComponent(() => import("./screens/cluster/cluster"), "ClusterScreen"),
});

export const PLAN_FILTERS = ["waiting", "running", "finished"] as const;

const plans = createRoute({
  getParentRoute: () => app,
  path: "/plans",
  validateSearch: (raw: Raw) => present({ state: oneOf(raw, "state", PLAN_FILTERS), cluster: text(raw, "cluster") }),
  component: lazyRouteComponent(() => import("./screens/plans/plans"), "Plans"),
});

const plan = createRoute({
  getParentRoute: () => app,
  path: "/plans/$planId",
  validateSearch: (raw: Raw) => present({ by: oneOf(raw, "by", ["memory"] as const) }),
  component: lazyRouteComponent(() => import("./screens/plan/plan"), "PlanScreen"),
});

export const FIGURES = ["baseline", "market", "spot_price", "consolidation", "hibernation", "overlap", "residual", "actual"] as const;

const savings = createRoute({
  getParentRoute: () => app,
  path: "/savings",
  validateSearch: (raw: Raw) =>
    present({
      days: oneOf(raw, "days", DAYS), cluster: text(raw, "cluster"),
      figure: oneOf(raw, "figure", FIGURES), hour: text(raw, "hour"),
    }),
  component: lazyRouteComponent(() => import("./screens/savings/savings"), "Savings"),
});

/** The primitives on one page, in development only: the build drops it. */
const primitives = import.meta.env.DEV
  ? [createRoute({
      getParentRoute: () => root,
      path: "/dev/primitives",
      component: lazyRouteComponent(() => import("./screens/dev/primitives"), "Primitives"),
    })]
  : [];

const routeTree = root.addChildren([
  signIn, signUp, ...primitives, app.addChildren([overview, clusters, cluster, plans, plan, savings]),
]);

export const makeRouter = () =>
  createRouter({ routeTree, defaultPreload: "intent", defaultNotFoundComponent: NotFound });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
