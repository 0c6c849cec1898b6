// Everything the dashboard can look like, for pictures (scripts/screenshots.mjs) and for the tests of access.
import { open, OPEN_SCREENS, SCREENS, shows } from "./harness.mjs";

const PROBLEM = "application/problem+json";
const answer = (status, problem) => (route) => route.fulfill({ status, contentType: PROBLEM, body: JSON.stringify({ type: "about:blank", title: problem.code, status, ...problem }) });

/** Answers of an API that is in trouble. */
export const unavailable = answer(503, { code: "unavailable", detail: "The table did not answer.", request_id: "req_7" });
export const unauthorized = answer(401, { code: "unauthorized" });
export const forbidden = answer(403, { code: "forbidden" });

/** The refresh answers that the person may look but not act. */
export const asViewer = async (route) => {
  const response = await route.fetch();
  const tokens = await response.json();
  await route.fulfill({ response, json: { ...tokens, user: { ...tokens.user, role: "viewer" } } });
};

const press = (role, name) => (page) => page.getByRole(role, { name, exact: typeof name === "string" }).first().click();
const readAgain = press("button", "Read again");

/** What can become of every screen that asks the API for something. */
const STATES = SCREENS.flatMap(({ name, path, api, ready, empty, bare }) => [
  { name: `${name}-loading`, path, before: (page) => page.route(api, () => new Promise(() => {})), ready: (page) => page.getByRole("status", { name: /^Loading/ }).first().waitFor() },
  { name: `${name}-failed`, path, before: (page) => page.route(api, unavailable), ready: "req_7", expected: ["503"] },
  {
    name: `${name}-stale`, path, expected: ["503"],
    act: async (page) => {
      await shows(page, ready);
      await page.route(api, unavailable);
      await readAgain(page);
    },
    // What was there stays under the warning.
    ready: async (page) => {
      await shows(page, /Could not refresh/);
      await shows(page, ready);
    },
  },
  ...(empty ? [{ name: `${name}-empty`, path: bare ?? path, world: bare ? "usual" : "empty", ready: empty }] : []),
]);

/** What opens, is refused, or is there for somebody else. */
const MOMENTS = [
  { name: "overview-chart-table", path: "/", act: press("button", "Show as table"), ready: (page) => page.getByRole("region", { name: "Data of the chart" }).waitFor() },
  {
    name: "overview-chart-cursor", path: "/?days=7", ready: /\d\d:\d\d/,
    act: async (page) => {
      await page.getByRole("img", { name: /^Cost per/ }).focus();
      await page.keyboard.press("ArrowRight");
    },
  },
  { name: "command-menu", path: "/", act: (page) => shows(page, "Where the cost is").then(() => page.keyboard.press("Control+k")), ready: (page) => page.getByRole("option").first().waitFor() },
  { name: "account-menu", path: "/", act: press("button", "Account"), ready: (page) => page.getByRole("menu").waitFor() },
  { name: "theme-menu", path: "/", act: press("button", "Theme"), ready: (page) => page.getByRole("menu").waitFor() },
  { name: "clusters-no-match", path: "/clusters?search=nothing", ready: "No cluster matches" },
  {
    name: "cluster-memory", path: "/clusters/clu_01checkout?by=memory&workload=shop/checkout-api", ready: "Can move?",
    act: async (page) => {
      await page.getByRole("group", { name: /^Packing/ }).focus();
      for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
    },
  },
  { name: "cluster-silent", path: "/clusters/clu_03staging", ready: "The last snapshot is 47 min old" },
  { name: "cluster-no-plan", path: "/clusters/clu_03staging", act: press("button", "New plan"), ready: /No plan was made/, expected: ["409"] },
  { name: "cluster-unknown", path: "/clusters/clu_none", ready: "Could not find this cluster", expected: ["404"] },
  { name: "clusters-forbidden", path: "/clusters", before: (page) => page.route("**/api/v1/clusters?*", forbidden), ready: "You may not see your clusters", expected: ["403"] },
  { name: "plans-none-running", path: "/plans?state=running", before: (page) => page.route("**/optimizations?*", async (route) => {
    const response = await route.fetch();
    const { items, ...rest } = await response.json();
    await route.fulfill({ response, json: { ...rest, items: items.filter((each) => each.state !== "applying" && each.state !== "approved") } });
  }), ready: "No plan is running now" },
  { name: "plan-details", path: "/plans/opt_0001", act: (page) => shows(page, "Packing before and after").then(() => page.locator("summary")).then((all) => all.evaluateAll((all) => all.forEach((each) => { each.parentElement.open = true; }))), ready: /^On them together: / },
  { name: "plan-adds", path: "/plans/opt_0001", ready: /^Add \d+ nodes?\. Costs .* more/, before: (page) => page.route("**/api/v1/optimizations/opt_0001", async (route) => {
    const response = await route.fetch();
    const optimization = await response.json();
    const [command] = optimization.plan.commands;
    const after = { ...optimization.plan.after, cost_per_hour: { amount: "9.50", currency: "USD" } };
    await route.fulfill({ response, json: { ...optimization, plan: { ...optimization.plan, after, commands: [{ ...command, retire: [] }] } } });
  }) },
  { name: "plan-viewer", path: "/plans/opt_0001", before: (page) => page.route("**/auth/refresh", asViewer), ready: /your role is viewer/ },
  { name: "plan-approval", path: "/plans/opt_0001", act: press("button", "Approve plan"), ready: (page) => page.getByRole("dialog").waitFor() },
  {
    name: "plan-moved-on", path: "/plans/opt_0001", ready: /no longer the current one/, expected: ["409"],
    before: (page) => page.route("**/approve", answer(409, { code: "conflict", detail: "This plan is no longer the current one." })),
    act: (page) => press("button", "Approve plan")(page).then(() => page.getByRole("dialog").getByRole("button", { name: "Approve plan" }).click()),
  },
  { name: "plan-running", path: "/plans/opt_0004", ready: /of \d+ commands done/ },
  { name: "plan-approved", path: "/plans/opt_0005", ready: /starts within a minute/ },
  { name: "plan-failed", path: "/plans/opt_0006", ready: "The pods of this command" },
  { name: "plan-stopped", path: "/plans/opt_0007", ready: "The commands below say what was done before." },
  { name: "plan-expired", path: "/plans/opt_0002", ready: "It was not approved in time" },
  { name: "plan-stop", path: "/plans/opt_0004", act: press("button", "Stop plan"), ready: (page) => page.getByRole("dialog").waitFor() },
  { name: "savings-lever", path: "/savings?figure=overlap", ready: /the largest first/ },
  { name: "savings-hour", path: "/savings", act: (page) => page.getByRole("list", { name: "Hours" }).getByRole("button").first().click(), ready: "At list price" },
  { name: "savings-how", path: "/savings", act: press("button", "How is it calculated?"), ready: (page) => page.getByRole("dialog").waitFor() },
  { name: "savings-baselines", path: "/savings?cluster=clu_01checkout", before: (page) => page.route("**/metrics/ledger*", async (route) => {
    const response = await route.fetch();
    const { items, ...rest } = await response.json();
    await route.fulfill({ response, json: { ...rest, items: items.map((hour, at) => ({ ...hour, baseline_definition: `Baseline ${at % 5}` })) } });
  }), act: press("button", /^\d+ more$/), ready: (page) => page.getByRole("dialog").waitFor() },
  { name: "offline", path: "/", act: (page) => shows(page, "Where the cost is").then(() => page.context().setOffline(true)), ready: /You are offline/, expected: ["ERR_INTERNET_DISCONNECTED"] },
  { name: "out-of-reach", path: "/clusters", before: (page) => page.route("**/api/**", (route) => route.abort()), ready: "Could not load the dashboard", expected: ["ERR_FAILED"] },
  {
    name: "session-expired", path: "/savings", ready: "Your session has ended", expected: ["401"],
    act: async (page) => {
      await shows(page, "From baseline to actual");
      await page.context().clearCookies();
      await page.route("**/api/v1/metrics/**", unauthorized);
      await readAgain(page);
    },
  },
  {
    name: "sign-in-refused", path: "/sign-in", signedIn: false, ready: "Email or password is not right.", expected: ["401"],
    act: async (page) => {
      await page.getByLabel("Email").fill("ada@example.com");
      await page.getByLabel("Password").fill("wrong");
      await press("button", "Sign in")(page);
    },
  },
  {
    name: "sign-up-refused", path: "/sign-up", signedIn: false, ready: "It is on the list of common passwords.", expected: ["401", "422"],
    act: async (page) => {
      for (const [label, value] of [["Organisation", "Northwind"], ["Your name", "Ada"], ["Email", "ada@example.com"], ["Password", "password1234"]]) await page.getByLabel(label).fill(value);
      await press("button", "Create organisation")(page);
    },
  },
  { name: "primitives", path: "/dev/primitives", world: "development", ready: "Command to copy" },
];

export const SCENES = [...SCREENS, ...OPEN_SCREENS.map((screen) => ({ ...screen, signedIn: false })), ...STATES, ...MOMENTS];

/** Opens a page of its own and brings it to where the scene begins. `sites` are the worlds by name. */
export async function stage(browser, sites, { path, signedIn = true, world = "usual", expected = [], before, act, ready }, options) {
  const opened = await open(browser, sites[world].url, { signedIn, expected: signedIn ? expected : ["401", ...expected], ...options });
  await before?.(opened.page);
  await opened.page.goto(path);
  await act?.(opened.page);
  await (typeof ready === "function" ? ready(opened.page) : shows(opened.page, ready));
  return opened;
}
