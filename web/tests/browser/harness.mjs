// What the browser tests share: the built site with mocks behind it, and a Chromium to look at it.
import { chromium } from "playwright-core";
import { createServer, runnerImport } from "vite";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

let mocks;
/** The built site and the mocked API on one origin. `size`: usual, empty or large. */
export async function serve(size = "usual") {
  mocks ??= runnerImport(path("../../mocks/server.ts"));
  const { module } = await mocks;
  const { url, server } = await module.startServer(path("../../dist"), size);
  return {
    url,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The development server: only there the page of primitives exists. */
export async function develop() {
  const server = await createServer({ root: path("../.."), configFile: path("../../vite.config.ts"), server: { port: 0, hmr: false }, logLevel: "error" });
  await server.listen();
  return { url: `http://localhost:${server.httpServer.address().port}`, close: () => server.close() };
}

/** Every world a scene may play in. */
export async function worlds() {
  const [usual, empty, development] = await Promise.all([serve("usual"), serve("empty"), develop()]);
  return { usual, empty, development, close: () => [usual, empty, development].forEach((each) => each.close()) };
}

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

/** A page of its own profile, and more `tab`s of it; `signedIn` gives it the refresh cookie. Notes what must never happen. */
export async function open(browser, url, { signedIn = true, width = 1280, height = 900, motion = "reduce", expected = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: "light", reducedMotion: motion, baseURL: url });
  if (signedIn) await context.addCookies([{ name: "refresh", value: "mock", url }]);
  const faults = [];
  const tab = async () => watched(await context.newPage(), { url, faults, expected });
  return { page: await tab(), tab, faults, close: () => context.close() };
}

function watched(page, { url, faults, expected }) {
  page.on("console", (message) => {
    if (message.type() === "error" && !expected.some((text) => message.text().includes(text))) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== url) faults.push(`foreign request: ${request.url()}`);
  });
  return page;
}

/**
 * Every screen: what it asks for, the words that show it is there, and those that show there is nothing,
 * in a world without clusters or, with `bare`, at an address of this one.
 */
export const SCREENS = [
  { name: "overview", path: "/", api: "**/metrics/dashboard*", ready: "Where the cost is", empty: "No cluster is connected yet" },
  { name: "clusters", path: "/clusters", api: "**/api/v1/clusters?*", ready: "checkout-prod", empty: "No cluster is connected yet" },
  { name: "clusters-table", path: "/clusters?view=table", api: "**/api/v1/clusters?*", ready: "checkout-prod", empty: "No cluster is connected yet" },
  { name: "cluster", path: "/clusters/clu_01checkout", api: "**/api/v1/clusters/clu_01checkout", ready: "Nodes, the most wasteful first", empty: "The cluster has no nodes", bare: "/clusters/clu_05night" },
  { name: "cluster-workloads", path: "/clusters/clu_01checkout?tab=workloads", api: "**/clusters/clu_01checkout/state", ready: "Workloads, the most exposed first", empty: "Nothing runs here", bare: "/clusters/clu_05night?tab=workloads" },
  { name: "cluster-plans", path: "/clusters/clu_01checkout?tab=plans", api: "**/optimizations?*", ready: "Plans, newest first", empty: "No plan has been made yet", bare: "/clusters/clu_05night?tab=plans" },
  { name: "cluster-hours", path: "/clusters/clu_01checkout?tab=ledger", api: "**/metrics/ledger*", ready: "Hours, newest first", empty: "No hour has been closed yet", bare: "/clusters/clu_05night?tab=ledger" },
  { name: "cluster-waiting", path: "/clusters/clu_04lab", api: "**/api/v1/clusters/clu_04lab", ready: "Waiting for the agent" },
  { name: "plans", path: "/plans", api: "**/optimizations?*", ready: "waits for approval", empty: "No plan has been made yet" },
  { name: "plan", path: "/plans/opt_0001", api: "**/api/v1/optimizations/opt_0001", ready: "Packing before and after" },
  { name: "plan-done", path: "/plans/opt_0003", api: "**/api/v1/optimizations/opt_0003", ready: "What it saved" },
  { name: "savings", path: "/savings", api: "**/metrics/ledger*", ready: "From baseline to actual", empty: "No hour has been closed yet" },
];

/** The screens before the sign-in. */
export const OPEN_SCREENS = [
  { name: "sign-in", path: "/sign-in", ready: "See your clusters and what they save." },
  { name: "sign-up", path: "/sign-up", ready: "You will be its owner" },
  { name: "not-found", path: "/nowhere", ready: "There is nothing at this address" },
];

export const shows = (page, text) => page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: 15_000 });
