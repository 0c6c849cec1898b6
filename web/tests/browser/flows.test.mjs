// What people do: sign in and out, come back after a session ends, filter, plan, approve, go back and forward.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { launch, open, serve, shows } from "./harness.mjs";
import { asViewer, unauthorized } from "./scenes.mjs";

let browser, site;
before(async () => {
  browser = await launch();
});
beforeEach(async () => {
  site?.close();
  site = await serve();
});
after(async () => {
  await browser.close();
  site?.close();
});

const PROBLEM = "application/problem+json";
const refusal = (status, detail, errors = []) => ({ status, contentType: PROBLEM, body: JSON.stringify({ type: "about:blank", title: "", status, code: "", detail, errors }) });
const button = (page, name) => page.getByRole("button", { name, exact: true });

async function signIn(page, password = "correct horse battery") {
  await page.getByLabel("Email").fill("ada@example.com");
  await page.getByLabel("Password").fill(password);
  await button(page, "Sign in").click();
}

test("a link into the dashboard asks to sign in and then opens", async () => {
  const { page, faults, close } = await open(browser, site.url, { signedIn: false, expected: ["401"] });
  await page.goto("/clusters?search=search&view=table");
  await signIn(page, "wrong");
  await shows(page, "Email or password is not right.");
  assert.equal(await page.getByLabel("Email").inputValue(), "ada@example.com");
  await signIn(page);
  await shows(page, "search-prod");
  assert.equal(new URL(page.url()).search, "?search=search&view=table");
  assert.deepEqual(faults, []);
  await close();
});

test("sign up puts the server's message next to its field and keeps what was typed", async () => {
  const { page, close } = await open(browser, site.url, { signedIn: false, expected: ["401", "422"] });
  await page.goto("/sign-up");
  await page.getByLabel("Organisation").fill("Northwind");
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("Email").fill("ada@example.com");
  await page.getByLabel("Password").fill("password1234");
  await button(page, "Create organisation").click();
  await shows(page, "It is on the list of common passwords.");
  assert.equal(await page.getByLabel("Password").getAttribute("aria-invalid"), "true");
  assert.equal(await page.getByLabel("Organisation").inputValue(), "Northwind");
  await page.getByLabel("Password").fill("a longer sentence");
  await button(page, "Create organisation").click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await close();
});

test("a sign-up that the server can not take now keeps what was typed and is sent again", async () => {
  const { page, close } = await open(browser, site.url, { signedIn: false, expected: ["401", "503"] });
  await page.goto("/sign-up");
  const typed = { Organisation: "Northwind", "Your name": "Ada", Email: "ada@example.com", Password: "a longer sentence" };
  for (const [label, text] of Object.entries(typed)) await page.getByLabel(label).fill(text);
  await page.route("**/auth/sign-up", (route) => route.fulfill(refusal(503, "the service cannot answer now")));
  await button(page, "Create organisation").click();
  await shows(page, "The service cannot answer now. Nothing was changed and nothing you typed is lost.");
  for (const [label, text] of Object.entries(typed)) assert.equal(await page.getByLabel(label).inputValue(), text);
  await page.unroute("**/auth/sign-up");
  await button(page, "Try again").click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await close();
});

test("messages go beside their fields, the first of which gets the focus, and none is lost", async () => {
  const { page, close } = await open(browser, site.url, { signedIn: false, expected: ["401", "422"] });
  await page.goto("/sign-up");
  for (const label of ["Organisation", "Your name"]) await page.getByLabel(label).fill("Northwind");
  await page.getByLabel("Email").fill("ada@example.com");
  await page.getByLabel("Password").fill("a longer sentence");
  const errors = [["/email", "it is not an address"], ["/name", "it is too long"], ["/plan", "it is unknown"]].map(([pointer, message]) => ({ pointer, message }));
  await page.route("**/auth/sign-up", (route) => route.fulfill(refusal(422, "some fields are not acceptable", errors)));
  await button(page, "Create organisation").click();
  await shows(page, "Some fields are not acceptable. plan: It is unknown.");
  const described = (label) => page.getByLabel(label).evaluate((input) => document.getElementById(input.getAttribute("aria-describedby")).textContent);
  assert.deepEqual([await described("Email"), await described("Your name")], ["It is not an address.", "It is too long."]);
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("name")), "name");
  await close();
});

test("a session that ends in the middle comes back to the same screen", async () => {
  const { page, close } = await open(browser, site.url, { expected: ["401"] });
  await page.goto("/savings?days=7&figure=spot_price");
  await shows(page, "From baseline to actual");
  await page.context().clearCookies();
  // Of the answers for several clusters all but one come when the session has ended already.
  let [asked, refused, renewed] = [0, 0, 0];
  page.on("response", (response) => response.url().includes("/metrics/") && refused++);
  page.on("request", (request) => request.url().endsWith("/auth/refresh") && renewed++);
  await page.route("**/api/v1/metrics/**", async (route) => {
    if (asked++ > 0) await shows(page, "Your session has ended");
    await unauthorized(route);
  });
  await button(page, "Read again").click();
  await shows(page, "Your session has ended");
  while (refused < asked) await page.waitForEvent("response");
  assert.ok(asked > 1);
  await page.unrouteAll({ behavior: "wait" });
  await page.getByLabel("Password").fill("correct horse battery");
  await button(page, "Continue").click();
  await shows(page, /with “Spot price”, the largest first/);
  assert.equal(new URL(page.url()).search, "?days=7&figure=spot_price");
  assert.equal(renewed, 1, "a session that has ended is not renewed");
  await close();
});

test("an expired access token is renewed once for all and nobody notices", async () => {
  const { page, faults, close } = await open(browser, site.url, { expected: ["401"] });
  await page.goto("/savings");
  await shows(page, "From baseline to actual");
  // Of the requests for several clusters all but one are refused when there is a new token already.
  const [refused, answered] = [new Set(), new Set()];
  let [renewed, old] = [0];
  page.on("request", (request) => request.url().endsWith("/auth/refresh") && renewed++);
  page.on("response", (response) => response.ok() && refused.has(response.url()) && answered.add(response.url()));
  const given = page.waitForResponse("**/auth/refresh");
  await page.route("**/api/v1/metrics/ledger*", async (route) => {
    const { authorization } = route.request().headers();
    old ??= authorization;
    if (authorization !== old) return route.continue();
    refused.add(route.request().url());
    if (refused.size > 1) await given;
    await unauthorized(route);
  });
  await button(page, "Read again").click();
  while (answered.size < Math.max(refused.size, 2)) await page.waitForEvent("response");
  assert.equal(renewed, 1);
  assert.deepEqual(faults, []);
  await close();
});

test("signing out leaves nothing behind", async () => {
  const { page, faults, close } = await open(browser, site.url, { expected: ["401"] });
  await page.goto("/clusters");
  await shows(page, "checkout-prod");
  await button(page, "Account").click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(page.url(), `${site.url}/sign-in`);
  await page.goBack();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.getByText("checkout-prod").count(), 0);
  assert.deepEqual(faults, []);
  await close();
});

test("signing out while the server is out of reach says that the session goes on", async () => {
  const { page, close } = await open(browser, site.url, { expected: ["401", "ERR_FAILED"] });
  await page.goto("/clusters");
  await shows(page, "checkout-prod");
  await page.route("**/auth/logout", (route) => route.abort());
  await button(page, "Account").click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await shows(page, /You are still signed in/);
  await page.unroute("**/auth/logout");
  await button(page, "Sign out").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await close();
});

test("somebody else who signs in in another tab sees nothing of the one before", async () => {
  const { page, close } = await open(browser, site.url, { expected: ["401"] });
  await page.goto("/clusters");
  await shows(page, "checkout-prod");
  await page.route("**/auth/refresh", async (route) => {
    const response = await route.fetch();
    const tokens = await response.json();
    await route.fulfill({ response, json: { ...tokens, user: { ...tokens.user, id: "usr_other", organisation: { id: "org_other", name: "Southwind" } } } });
  });
  let refused = 0;
  await page.route("**/api/v1/clusters?*", (route) => route.fulfill(refused++ === 0 ? refusal(401, "sign in first") : { json: { items: [], next_cursor: null } }));
  await button(page, "Read again").click();
  await shows(page, "Southwind");
  await shows(page, "No cluster is connected yet");
  assert.equal(await page.getByText("checkout-prod").count(), 0);
  await close();
});

test("filters, ranges and tabs live in the address: reload keeps them, back undoes them", async () => {
  const { page, close } = await open(browser, site.url);
  await page.goto("/");
  await page.getByRole("radio", { name: "7 days" }).click();
  await page.waitForURL("**/?days=7");
  await page.getByRole("link", { name: "checkout-prod" }).click();
  await page.getByRole("tab", { name: "Workloads" }).click();
  await page.waitForURL("**/clusters/clu_01checkout?tab=workloads");
  await page.reload();
  await shows(page, "Workloads, the most exposed first");
  await page.goBack();
  await shows(page, "Nodes, the most wasteful first");
  await page.goBack();
  await page.waitForURL("**/?days=7");
  await page.goForward();
  await shows(page, "Nodes, the most wasteful first");
  await close();
});

test("clusters are found by name and by state", async () => {
  const { page, close } = await open(browser, site.url);
  await page.goto("/clusters");
  await page.getByRole("radio", { name: "Silent 1" }).click();
  assert.equal(await page.getByRole("list", { name: "Clusters" }).getByRole("link").count(), 1);
  await page.getByLabel("Search by name or region").fill("nothing");
  await shows(page, "No cluster matches");
  await button(page, "Show all clusters").click();
  assert.equal(await page.getByRole("list", { name: "Clusters" }).getByRole("link").count(), 5);
  await close();
});

test("a plan is made, approved, watched and measured", async () => {
  const { page, faults, close } = await open(browser, site.url);
  await page.goto("/clusters/clu_01checkout");
  await button(page, "New plan").click();
  await shows(page, "Packing before and after");
  await button(page, "Approve plan").click();
  const dialog = page.getByRole("dialog", { name: "Approve this plan" });
  await shows(dialog, /^[0-9a-f]{64}$/);
  const [request] = await Promise.all([page.waitForRequest("**/approve"), dialog.getByRole("button", { name: "Approve plan" }).click()]);
  assert.equal(request.headers()["x-requested-by"], "dashboard");
  await shows(page, /0 of \d commands done/);
  await shows(page, /draining, \d+ pods? left/);
  await shows(page, "What it saved");
  await page.getByRole("link", { name: "See the hours in the ledger" }).click();
  await shows(page, "From baseline to actual");
  assert.deepEqual(faults, []);
  await close();
});

test("a plan that moved on is not approved, and what changed is shown", async () => {
  const { page, close } = await open(browser, site.url, { expected: ["409"] });
  await page.goto("/plans/opt_0001");
  await button(page, "Approve plan").click();
  await page.evaluate(async () => {
    const { access_token: token } = await (await fetch("/api/v1/auth/refresh", { method: "POST" })).json();
    await fetch("/api/v1/optimizations/opt_0001/cancel", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  });
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Approve plan" }).click();
  await shows(dialog, "This plan is no longer the current one.");
  await shows(dialog, "Nothing was approved. Since you opened this, the plan became “cancelled”.");
  assert.equal(await dialog.getByRole("button", { name: "Approve plan" }).count(), 0);
  await close();
});

test("a running plan can be stopped, which says what stopping does", async () => {
  const { page, close } = await open(browser, site.url);
  await page.goto("/plans/opt_0001");
  await button(page, "Approve plan").click();
  await page.getByRole("dialog").getByRole("button", { name: "Approve plan" }).click();
  await button(page, "Stop plan").first().click();
  const dialog = page.getByRole("dialog");
  await shows(dialog, /will not be finished/);
  await dialog.getByRole("button", { name: "Stop plan" }).click();
  await shows(page, "Stopped");
  await close();
});

test("a server that is busy for a moment loses nothing", async () => {
  const { page, close } = await open(browser, site.url, { expected: ["503"] });
  await page.goto("/plans/opt_0001");
  await page.route("**/approve", (route) => route.fulfill({ status: 503, contentType: PROBLEM, body: JSON.stringify({ status: 503, code: "unavailable", title: "Unavailable", detail: "Try again in a moment." }) }));
  await button(page, "Approve plan").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Approve plan" }).click();
  await shows(dialog, /Nothing was changed and nothing you typed is lost/);
  await page.unroute("**/approve");
  await dialog.getByRole("button", { name: "Try again" }).click();
  await shows(page, /commands done|Approved/);
  await close();
});

test("a viewer looks and does not act", async () => {
  const { page, close } = await open(browser, site.url);
  await page.route("**/auth/refresh", asViewer);
  await page.goto("/plans/opt_0001");
  await shows(page, /your role is viewer/);
  assert.equal(await button(page, "Approve plan").isDisabled(), true);
  await close();
});

test("the packing map is read with the arrow keys", async () => {
  const { page, close } = await open(browser, site.url);
  await page.goto("/clusters/clu_01checkout");
  await page.getByRole("group", { name: /^Packing/ }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  await shows(page, "Can move?");
  await shows(page, "No: it belongs to its node.");
  await close();
});

test("the command menu goes to a cluster by its name", async () => {
  const { page, close } = await open(browser, site.url);
  await page.goto("/");
  await shows(page, "Where the cost is");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to" }).fill("staging");
  await page.getByRole("option", { name: /staging-eu/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/clusters/clu_03staging");
  await close();
});

test("all pages of the ledger are asked for with one range, whose cursors they carry", async () => {
  const { page, close } = await open(browser, site.url);
  const asked = [];
  page.on("request", (request) => request.url().includes("/metrics/ledger") && asked.push(new URL(request.url()).searchParams));
  await page.goto("/savings?cluster=clu_01checkout");
  await shows(page, "It adds up to the last nano-dollar.");
  assert.ok(asked.filter((query) => query.has("cursor")).length >= 3, `${asked.length} pages`);
  assert.equal(new Set(asked.map((query) => `${query.get("from")} ${query.get("to")}`)).size, 1);
  assert.ok(Date.parse(asked[0].get("to")) > Date.now());
  await close();
});

test("every bar of the waterfall opens its hours, and an hour its prices", async () => {
  const { page, close } = await open(browser, site.url);
  await page.goto("/savings");
  await shows(page, "It adds up to the last nano-dollar.");
  await page.getByRole("button", { name: /^Baseline/ }).click();
  await shows(page, /with “Baseline”, the largest first/);
  await page.getByRole("button", { name: /^Overlap/ }).click();
  await shows(page, /with “Overlap”, the largest first/);
  await page.waitForURL("**/savings?figure=overlap");
  await page.getByRole("list", { name: "Hours" }).getByRole("button").first().click();
  await page.getByRole("dialog").getByText("At list price").waitFor();
  await page.keyboard.press("Escape");
  await page.waitForURL((url) => !url.searchParams.has("hour"));
  await close();
});

test("a thousand clusters and five thousand nodes are scrolled without drawing them all", async () => {
  const large = await serve("large");
  const { page, faults, close } = await open(browser, large.url);
  await page.goto("/clusters?view=table");
  await shows(page, "1,000 of 1,000 clusters healthy");
  assert.deepEqual(await page.evaluate(scrollThrough, "[role=listitem]"), []);
  await page.locator("[role=listitem][aria-posinset='1000']").getByText("team-998").waitFor();
  await page.goto("/clusters/clu_01checkout");
  const map = page.getByRole("group", { name: /^Packing: 5000 nodes/ });
  await map.waitFor();
  assert.deepEqual(await page.evaluate(scrollThrough, "[role=group] > div > div"), []);
  assert.deepEqual(faults, []);
  await close();
  large.close();
});

/**
 * Scrolls to forty places down to the end. Says where more rows were drawn than three windows of them, where
 * a scroll step drew more anew than a window and its spare rows, and where the middle of the window showed no row.
 */
async function scrollThrough(selector) {
  const wrong = [];
  let made = 0;
  const watch = new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node instanceof Element && node.matches(selector)) made++;
  });
  watch.observe(document.body, { childList: true, subtree: true });
  // The very frame that shows the new place: a slow machine may take many until the one after.
  const frame = () => new Promise(requestAnimationFrame);
  const rowHeight = document.querySelector(selector).getBoundingClientRect().height;
  const most = (3 * window.innerHeight) / rowHeight;
  const end = document.documentElement.scrollHeight - window.innerHeight;
  for (let step = 1; step <= 40; step++) {
    made = 0;
    window.scrollTo(0, (end * step) / 40);
    await frame();
    const at = `at ${Math.round(window.scrollY)} px`;
    const drawn = document.querySelectorAll(selector).length;
    if (drawn > most) wrong.push(`${drawn} rows drawn ${at}`);
    if (made > most) wrong.push(`${made} rows made ${at}`);
    if (step < 40 && !document.elementsFromPoint(window.innerWidth / 2, window.innerHeight / 2).some((element) => element.matches(selector))) wrong.push(`no row ${at}`);
  }
  watch.disconnect();
  return wrong;
}

for (const [path, act, kept, still] of [
  ["/", (page) => page.getByRole("radio", { name: "90 days" }).click(), "/?days=90", (page) => page.getByRole("radio", { name: "90 days", checked: true })],
  ["/clusters", (page) => page.getByLabel("Search by name or region").fill("prod"), "/clusters?search=prod", (page) => page.getByText("search-prod")],
  ["/clusters", (page) => page.getByRole("radio", { name: "Paused 1" }).click(), "/clusters?status=paused", (page) => page.getByText("night-batch")],
  ["/clusters", (page) => page.getByRole("radio", { name: "Table" }).click(), "/clusters?view=table", (page) => page.getByText("Spot, on-demand")],
  ["/clusters/clu_01checkout", (page) => page.getByRole("radio", { name: "Memory" }).click(), "/clusters/clu_01checkout?by=memory", (page) => page.getByRole("radio", { name: "Memory", checked: true })],
  ["/clusters/clu_01checkout", (page) => page.getByRole("button", { name: /^cart/ }).click(), "/clusters/clu_01checkout?workload=shop%2Fcart", (page) => page.getByRole("button", { name: /^cart/, pressed: true })],
  ["/clusters/clu_01checkout", (page) => page.getByRole("tab", { name: "Hours" }).click(), "/clusters/clu_01checkout?tab=ledger", (page) => page.getByRole("tab", { name: "Hours", selected: true })],
  ["/plans", (page) => page.getByRole("radio", { name: /^Finished/ }).click(), "/plans?state=finished", (page) => page.getByRole("radio", { name: /^Finished/, checked: true })],
  ["/plans/opt_0001", (page) => page.getByRole("radio", { name: "Memory" }).click(), "/plans/opt_0001?by=memory", (page) => page.getByRole("radio", { name: "Memory", checked: true })],
  ["/savings", (page) => page.getByLabel("Cluster").selectOption({ label: "search-prod" }), "/savings?cluster=clu_02search", (page) => page.locator("select", { has: page.locator("option:checked", { hasText: "search-prod" }) })],
  ["/savings", (page) => page.getByRole("button", { name: /^Packing/ }).click(), "/savings?figure=consolidation", (page) => page.getByRole("button", { name: /^Packing/, pressed: true })],
]) {
  test(`${kept} is the address of what was chosen on ${path}, and a reload keeps it`, async () => {
    const { page, faults, close } = await open(browser, site.url);
    await page.goto(path);
    await act(page);
    await page.waitForURL(site.url + kept);
    await page.reload();
    await still(page).first().waitFor();
    assert.equal(page.url(), site.url + kept);
    assert.deepEqual(faults, []);
    await close();
  });
}
