// From sign-in to a proven saving, in a real Chromium against a real `serve` whose address and demo account come
// from the environment. The simulated world should run fast: `serve --speed 30`.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, shows } from "./browser/harness.mjs";

const { BASE_URL: url, EMAIL, PASSWORD } = process.env;
/** How long a plan may take to be carried out, and an hour of the simulated world to be closed. */
const PATIENCE = { timeout: 5 * 60_000 };
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
    await route.continue(held && headers.authorization === held ? { headers: { ...headers, authorization: "Bearer ended" } } : {});
  });
}

test("page and server state one content security policy", async () => {
  const response = await page.goto("/sign-in");
  const stated = await page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
  assert.equal(`${stated}; frame-ancestors 'none'`, response.headers()["content-security-policy"]);
});

test("a new organisation is told what is wrong beside its field, and begins empty", async () => {
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

test("signing in leads to where the link pointed", async () => {
  await page.goto("/savings?days=7");
  await signIn();
  await heading("Savings");
  assert.equal(new URL(page.url()).search, "?days=7");
});

test("the overview shows cost, saving and clusters", async () => {
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await shows(page, "Where the cost is");
  await shows(page, "Saved this month");
});

test("what is not there is not found", async () => {
  EXPECTED.push("404");
  for (const path of [`/clusters/clu_${NOBODYS}`, `/plans/opt_${NOBODYS}`, "/clusters/nonsense"]) {
    await page.goto(path);
    await shows(page, /^There is no/);
  }
  EXPECTED.pop();
});

test("a reload on each screen keeps its state", async () => {
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

test("two tabs whose access ends at once renew it in turn, and both stay signed in", async () => {
  const second = await opened.tab();
  const tabs = [page, second];
  for (const tab of tabs) {
    await tab.goto("/clusters?view=table");
    await shows(tab, "healthy");
    await endAccess(tab);
  }
  // The first is not answered before the second waits for its turn.
  let asked = 0;
  let answer;
  const bothWait = new Promise((resolve) => { answer = resolve; });
  await page.context().route("**/auth/refresh", async (route) => {
    asked += 1;
    await bothWait;
    await route.continue();
  });
  const read = tabs.map((tab) => tab.waitForResponse((response) => response.url().includes("/api/v1/clusters?") && response.ok()));
  for (const tab of tabs) await button("Read again", tab).click();
  await second.waitForFunction(async () => (await navigator.locks.query()).pending.length > 0, undefined, { polling: 50 });
  assert.equal(asked, 1);
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

test("a session that ends in the middle comes back to the same screen", async () => {
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

/** The cluster that was planned for. */
let cluster;
/** Makes plans for healthy clusters until one changes something, and leaves it open. */
async function newPlan() {
  await page.goto("/clusters?view=table&status=healthy");
  const links = page.getByRole("list", { name: "Clusters" }).getByRole("link");
  await links.first().waitFor();
  const addresses = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  for (const address of addresses.filter((each) => each !== cluster)) {
    await page.goto(address);
    await shows(page, "Nodes, the most wasteful first");
    await button("New plan").click();
    await page.waitForURL("**/plans/opt_*");
    await shows(page, "What it does");
    cluster = address;
    if ((await page.getByText("Nothing to change").count()) === 0) return;
  }
  assert.fail("no healthy cluster has anything to change");
}

test("a cluster gives a plan that changes something", newPlan);

test("back and forward go between cluster and plan, and a reload keeps the plan", async () => {
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

test("the plan says why, what was rejected, and what stays", async () => {
  const command = page.getByRole("listitem", { name: "Command 1" });
  await shows(command, /pays back in/);
  await shows(command, /^Rejected \d+ alternatives?$/);
  await shows(page, /^What stays: \d+ nodes?$/);
  await shows(page, /Lower bound/);
});

test("a plan that somebody approved meanwhile is not approved twice, and what changed is said", async () => {
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

test("the plan is watched node by node until it is carried out", PATIENCE, async () => {
  const finished = page.getByRole("heading", { name: /^(What it saved|Failed|Stopped)$/ });
  await page.getByText(/\d of \d+ commands? done\./).or(finished).first().waitFor(PATIENCE);
  await finished.waitFor(PATIENCE);
  assert.equal(await finished.innerText(), "What it saved", await page.locator("main").innerText());
  const command = page.getByRole("listitem", { name: "Command 1" });
  await shows(command, "done");
  await shows(command, /^\d+ of \d+ ready/);
  assert.ok((await command.getByText("gone", { exact: true }).count()) > 0, "no node is said to be gone");
  await shows(page, "Measured of predicted");
});

test("a plan can be stopped on its way, and says what was done", PATIENCE, async () => {
  const carriedOut = page.url();
  await newPlan();
  await button("Approve plan").click();
  await button("Approve plan", page.getByRole("dialog")).click();
  await page.getByText(/^Started/).waitFor(PATIENCE);
  await button("Stop plan").click();
  const dialog = page.getByRole("dialog", { name: "Stop this plan" });
  await shows(dialog, /Commands that are done stay done/);
  await button("Stop plan", dialog).click();
  await page.getByRole("heading", { name: "Stopped", exact: true }).waitFor(PATIENCE);
  await shows(page, "The commands below say what was done before.");
  await page.goto(carriedOut);
});

test("the saving is in the ledger, hour by hour", PATIENCE, async () => {
  await page.getByRole("link", { name: "See the hours in the ledger" }).click();
  await shows(page, "It adds up to the last nano-dollar.");
  const saved = page.locator("header p data").first();
  // Until the hour in which the plan was carried out is closed, the ledger knows of no saving.
  while (Number(await saved.getAttribute("value")) <= 0) {
    const answer = page.waitForResponse((response) => response.url().includes("/metrics/ledger"), PATIENCE);
    await button("Read again").click();
    await answer;
  }
  await page.getByRole("list", { name: "Hours" }).getByRole("button").first().click();
  await page.getByRole("dialog").getByText("At list price").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await shows(page, "Saved this month");
});

test("signing out ends it although the access had ended, and nothing was left behind or loaded from elsewhere", async () => {
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
