// From sign-in to a proven saving, in a real Chromium against a real `serve` whose address and demo account come
// from the environment. The simulated world should run fast: `serve --speed 30`.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, shows } from "./browser/harness.mjs";

const { BASE_URL: url, EMAIL, PASSWORD } = process.env;
/** How long a plan may take to be made, or to be carried out. */
const PATIENCE = { timeout: 5 * 60_000 };
/** How long the ledger may take to show a saving: the hour of the plan itself can cost more than it saves. */
const SOME_HOURS = { timeout: 12 * 60_000 };
const NOBODYS = "0192d3a4-0000-7000-8000-000000000000";
/** What answers 401 and 409 here is asked for. */
const EXPECTED = ["401", "409"];

let browser, opened, page;
before(async () => {
  assert.ok(url && EMAIL && PASSWORD, "set BASE_URL, EMAIL and PASSWORD");
  browser = await launch();
  opened = await open(browser, new URL(url).origin, { signedIn: false, expected: EXPECTED });
  page = opened.page;
});
after(() => browser?.close());

const button = (name, within = page) => within.getByRole("button", { name, exact: true });
const heading = (name) => page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();

let failed = false;
/** One step of the path. Those after one that failed are not taken: they would only wait in vain. */
function step(name, options, take = options) {
  test(name, options === take ? {} : options, async (context) => {
    if (failed) return context.skip("a step before it failed");
    failed = true;
    await take();
    failed = false;
  });
}

async function signIn() {
  await page.getByLabel("Email").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await button("Sign in").click();
}

/** From now on the server is sent another token in the place of the one this tab holds, and refuses it. */
async function endAccess(tab) {
  let held;
  await tab.route("**/api/v1/**", async (route) => {
    const headers = route.request().headers();
    held ??= headers.authorization;
    await route.fallback(held && headers.authorization === held ? { headers: { ...headers, authorization: "Bearer ended" } } : {});
  });
}

step("page and server state one content security policy", async () => {
  const response = await page.goto("/sign-in");
  const stated = await page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
  assert.equal(`${stated}; frame-ancestors 'none'`, response.headers()["content-security-policy"]);
});

step("a new organisation is told what is wrong beside its field, and begins empty", async () => {
  const other = await open(browser, new URL(url).origin, { signedIn: false, expected: [...EXPECTED, "422"] });
  await other.page.goto("/sign-up");
  const typed = { Organisation: "Northwind", "Your name": "Ada", Email: "ada@example.com", Password: "password1234" };
  for (const [label, text] of Object.entries(typed)) await other.page.getByLabel(label).fill(text);
  await button("Create organisation", other.page).click();
  await other.page.locator("input[name=password][aria-invalid]").waitFor();
  for (const [label, text] of Object.entries(typed)) assert.equal(await other.page.getByLabel(label).inputValue(), text);
  await other.page.getByLabel("Password").fill("a longer sentence");
  await button("Create organisation", other.page).click();
  await shows(other.page, "No cluster is connected yet");
  assert.deepEqual(other.faults, []);
  await other.close();
});

step("signing in leads to where the link pointed", async () => {
  await page.goto("/savings?days=7");
  await signIn();
  await heading("Savings");
  assert.equal(new URL(page.url()).search, "?days=7");
});

step("the overview shows cost, saving and clusters", async () => {
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await shows(page, "Where the cost is");
  await shows(page, "Saved this month");
});

step("what is not there is not found", async () => {
  EXPECTED.push("404");
  for (const path of [`/clusters/clu_${NOBODYS}`, `/plans/opt_${NOBODYS}`, "/clusters/nonsense"]) {
    await page.goto(path);
    await shows(page, /^Could not find/);
  }
  EXPECTED.pop();
});

step("a reload on each screen keeps its state", async () => {
  await page.goto("/clusters");
  const cluster = await page.getByRole("list", { name: "Clusters" }).getByRole("link").first().getAttribute("href");
  for (const [path, words] of [
    ["/?days=7", "Where the cost is"], ["/clusters?view=table&status=healthy", "healthy"], [`${cluster}?tab=workloads`, "Workloads, the most exposed first"],
    ["/plans?state=waiting", "waits for approval"], ["/savings?days=7&figure=actual", "with “Actual”, the largest first"],
  ]) {
    await page.goto(path);
    await shows(page, words);
    await page.reload();
    await shows(page, words);
    assert.equal(page.url(), new URL(path, url).href);
  }
});

step("two tabs whose access ends at once renew it in turn, and both stay signed in", async () => {
  const second = await opened.tab();
  const tabs = [page, second];
  for (const tab of tabs) {
    await tab.goto("/clusters?view=table");
    await shows(tab, "healthy");
    await endAccess(tab);
  }
  // The first is not answered before the second waits for its turn.
  const asked = [];
  let answer;
  const secondWaits = new Promise((resolve) => { answer = resolve; });
  await page.context().route("**/auth/refresh", async (route) => {
    asked.push(route);
    await secondWaits;
    await route.continue();
  });
  const firstAsks = page.context().waitForEvent("request", (request) => request.url().endsWith("/auth/refresh"));
  const read = tabs.map((tab) => tab.waitForResponse((response) => response.url().includes("/api/v1/clusters?") && response.ok()));
  for (const tab of tabs) await button("Read again", tab).click();
  await firstAsks;
  await second.waitForFunction(async () => (await navigator.locks.query()).pending.length > 0, undefined, { polling: 50 });
  assert.equal(asked.length, 1);
  answer();
  await Promise.all(read);
  await page.context().unroute("**/auth/refresh");
  for (const tab of tabs) {
    await tab.unroute("**/api/v1/**");
    await tab.reload();
    await shows(tab, "healthy");
  }
  await second.close();
});

step("a session that ends in the middle comes back to the same screen", async () => {
  await page.goto("/savings?days=7&figure=baseline");
  await shows(page, "with “Baseline”, the largest first");
  const cookies = await page.context().cookies();
  assert.ok(cookies.some((cookie) => cookie.name.includes("refresh") && cookie.httpOnly), "the refresh cookie is HttpOnly");
  await endAccess(page);
  await page.context().clearCookies();
  await button("Read again").click();
  await heading("Your session has ended");
  await page.getByLabel("Password").fill("not the password");
  await button("Continue").click();
  await shows(page, /password is wrong/);
  await page.getByLabel("Password").fill(PASSWORD);
  await button("Continue").click();
  await shows(page, "with “Baseline”, the largest first");
  assert.equal(new URL(page.url()).search, "?days=7&figure=baseline");
  await page.unroute("**/api/v1/**");
});

/** The cluster that was planned for last. */
let planned;
/** Makes plans for other healthy clusters until one changes something, and leaves it open. */
async function newPlan(tab) {
  await tab.goto("/clusters?view=table&status=healthy");
  const links = tab.getByRole("list", { name: "Clusters" }).getByRole("link");
  await links.first().waitFor();
  const addresses = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  for (const address of addresses.filter((each) => each !== planned)) {
    await tab.goto(address);
    await shows(tab, "Nodes, the most wasteful first");
    await askForPlan(tab);
    planned = address;
    if ((await tab.getByText("Nothing to change").count()) === 0) return;
  }
  assert.fail("no healthy cluster has anything to change");
}

/** Presses “New plan” until there is one: on a busy machine a fast world's snapshots are at times too old to plan on. */
async function askForPlan(tab) {
  const refused = tab.locator("main").getByRole("alert");
  const made = tab.getByRole("heading", { name: "What it does" });
  do {
    await button("New plan", tab).click();
    await made.or(refused).first().waitFor(PATIENCE);
  } while (await refused.isVisible());
}

step("a cluster gives a plan that changes something", PATIENCE, () => newPlan(page));

step("back and forward go between cluster and plan, and a reload keeps the plan", async () => {
  const plan = page.url();
  await page.goBack();
  await shows(page, "Nodes, the most wasteful first");
  await page.goForward();
  await shows(page, "Packing before and after");
  assert.equal(page.url(), plan);
  await page.getByRole("radio", { name: "Memory" }).click();
  await page.waitForURL(`${plan}?by=memory`);
  await page.reload();
  await page.getByRole("radio", { name: "Memory", checked: true }).waitFor();
});

step("the plan says why, what was rejected, and what stays", async () => {
  const command = page.getByRole("listitem", { name: "Command 1" });
  await shows(command, /saves [\d.]+ USD\/h/);
  await shows(command, /^Rejected \d+ alternatives?$/);
  await shows(page, /^What stays: \d+ nodes?$/);
  await shows(page, /Lower bound/);
});

step("a plan that somebody approved meanwhile is not approved twice, and what changed is said", async () => {
  await button("Approve plan").click();
  const dialog = page.getByRole("dialog", { name: "Approve this plan" });
  await shows(dialog, /^[0-9a-f]{64}$/);
  const second = await opened.tab();
  await second.goto(page.url());
  await button("Approve plan", second).click();
  await button("Approve plan", second.getByRole("dialog")).click();
  await second.getByRole("dialog").waitFor({ state: "hidden" });
  await second.close();
  await button("Approve plan", dialog).click();
  await shows(dialog, /^Nothing was approved\. Since you opened this, the plan became “\w+” by you\.$/);
  await button("Back", dialog).click();
});

step("the plan is watched while it is carried out", PATIENCE, async () => {
  await page.getByText(/^(launching|cordoning|draining)$/).first().waitFor(PATIENCE);
  await shows(page, /^\d+ of \d+ commands? done\./);
});

step("another is stopped on its way, and says what was done", PATIENCE, async () => {
  const second = await opened.tab();
  await newPlan(second);
  await button("Approve plan", second).click();
  await button("Approve plan", second.getByRole("dialog")).click();
  await second.getByText(/^Started/).waitFor(PATIENCE);
  await button("Stop plan", second).click();
  const dialog = second.getByRole("dialog", { name: "Stop this plan" });
  await shows(dialog, /Commands that are done stay done/);
  await button("Stop plan", dialog).click();
  await second.getByRole("heading", { name: "Stopped", exact: true }).waitFor(PATIENCE);
  await shows(second, "The commands below say what was done before.");
  await second.close();
});

step("at the end every node is accounted for, and the result stands beside the prediction", PATIENCE, async () => {
  const end = page.getByRole("heading", { name: /^(What it saved|Failed|Stopped)$/ });
  await end.waitFor(PATIENCE);
  assert.equal(await end.innerText(), "What it saved", await page.locator("main").innerText());
  const commands = page.getByRole("listitem", { name: /^Command \d+$/ });
  const [retired, gone] = await Promise.all([/^Retires (\d+) nodes?$/, /^(gone|kept.*)$/].map((text) => commands.getByText(text).allInnerTexts()));
  assert.ok(gone.includes("gone"), "no node is said to be gone");
  assert.equal(gone.length, retired.reduce((sum, text) => sum + Number(/\d+/.exec(text)[0]), 0));
  await shows(page, "Measured of predicted");
});

step("the saving is in the ledger, hour by hour", SOME_HOURS, async () => {
  await page.getByRole("link", { name: "See the hours in the ledger" }).click();
  await shows(page, "It adds up to the last nano-dollar.");
  // Read again and again until so many hours are closed that it has paid back.
  await page.waitForFunction(() => {
    document.querySelector("[aria-label='Read again']").click();
    return Number(document.querySelector("header p data").value) > 0;
  }, undefined, { polling: 2_000, ...SOME_HOURS });
  await page.getByRole("list", { name: "Hours" }).getByRole("button").first().click();
  await page.getByRole("dialog").getByText("At list price").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await shows(page, "Saved this month");
});

step("signing out ends it although the access had ended, and nothing was left behind or loaded from elsewhere", async () => {
  await endAccess(page);
  await button("Account").click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await heading("Sign in");
  assert.equal(new URL(page.url()).search, "");
  await page.goto("/");
  await heading("Sign in");
  assert.deepEqual((await page.context().cookies()).map((cookie) => cookie.name), []);
  assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length]), [0, 0]);
  assert.deepEqual(opened.faults, []);
});
