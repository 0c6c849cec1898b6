// From sign-in to a proven saving, in a real Chromium against a real `serve` whose address and demo account come
// from the environment. The simulated world should run fast: `serve --speed 60`.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, open, shows } from "./browser/harness.mjs";

const { BASE_URL: url, EMAIL, PASSWORD, SHOTS } = process.env;
/** How long a plan may take to be carried out, and an hour to be closed after it. */
const PATIENCE = { timeout: 8 * 60_000 };

let browser, opened, page;
before(async () => {
  assert.ok(url && EMAIL && PASSWORD, "set BASE_URL, EMAIL and PASSWORD");
  browser = await launch();
  opened = await open(browser, new URL(url).origin, { signedIn: false, expected: ["401"] });
  page = opened.page;
});
after(() => browser?.close());

const button = (name, within = page) => within.getByRole("button", { name, exact: true });
const heading = (name) => page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();

/** A picture for the README where SHOTS names a folder. */
async function shot(name) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.waitForLoadState("networkidle").catch(() => undefined);
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

async function signIn() {
  await page.getByLabel("Email").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await button("Sign in").click();
}

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
  await shot("overview");
});

test("a reload on each screen keeps its state", async () => {
  for (const [path, words] of [["/?days=7", "Where the cost is"], ["/clusters?view=table&status=healthy", "healthy"], ["/plans?state=waiting", "Plans"], ["/savings?days=7&lever=spot_price", "From baseline to actual"]]) {
    await page.goto(path);
    await shows(page, words);
    await page.reload();
    await shows(page, words);
    assert.equal(page.url(), new URL(path, url).href);
  }
});

test("a cluster gives a plan that changes something", async () => {
  await page.goto("/clusters?view=table&status=healthy");
  const links = page.getByRole("list", { name: "Clusters" }).getByRole("link");
  await links.first().waitFor();
  const addresses = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  for (const address of addresses) {
    await page.goto(address);
    await shows(page, "Nodes, the most wasteful first");
    await shot("cluster");
    await button("New plan").click();
    await page.waitForURL("**/plans/opt_*");
    await shows(page, "What it does");
    if ((await page.getByText("Nothing to change").count()) === 0) return;
  }
  assert.fail("no healthy cluster has anything to change");
});

test("back and forward go between cluster and plan", async () => {
  const plan = page.url();
  await page.goBack();
  await shows(page, "Nodes, the most wasteful first");
  await page.goForward();
  await shows(page, "Packing before and after");
  assert.equal(page.url(), plan);
  await shot("plan");
});

test("a session that ends in the middle comes back to the same screen", async () => {
  const plan = page.url();
  const cookies = await page.context().cookies();
  assert.ok(cookies.every((cookie) => !cookie.name.includes("refresh") || cookie.httpOnly), "the refresh cookie is HttpOnly");
  await page.context().clearCookies();
  await page.route("**/api/v1/optimizations/**", (route) => route.continue({ headers: { ...route.request().headers(), authorization: "Bearer ended" } }));
  await button("Read again").click();
  await shows(page, "Your session has ended");
  await page.unroute("**/api/v1/optimizations/**");
  await page.getByLabel("Password").fill(PASSWORD);
  await button("Continue").click();
  await shows(page, "What it does");
  assert.equal(page.url(), plan);
});

test("the plan is approved and watched until it is carried out", PATIENCE, async () => {
  await button("Approve plan").click();
  const dialog = page.getByRole("dialog", { name: "Approve this plan" });
  await button("Approve plan", dialog).click();
  await dialog.waitFor({ state: "hidden" });
  await shows(page, /Approved\.|commands? done\./);
  await page.getByText(/commands? done\./).waitFor(PATIENCE);
  await shot("progress");
  await page.getByRole("heading", { name: /^(Carried out|What it saved|Failed|Stopped)$/ }).waitFor(PATIENCE);
  assert.equal(await page.getByRole("heading", { name: /^(Failed|Stopped)$/ }).count(), 0, await page.locator("main").innerText());
});

test("the saving is in the ledger, hour by hour", PATIENCE, async () => {
  await page.getByRole("heading", { name: "What it saved" }).waitFor(PATIENCE);
  await shot("result");
  await page.getByRole("link", { name: "See the hours in the ledger" }).click();
  await shows(page, "It adds up to the last nano-dollar.");
  await shot("savings");
  await page.getByRole("list", { name: "Hours" }).getByRole("button").first().click();
  await page.getByRole("dialog").getByText("At list price").waitFor();
  await page.keyboard.press("Escape");
});

test("signing out ends it, and nothing was left behind or loaded from elsewhere", async () => {
  await button("Account").click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await heading("Sign in");
  assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length]), [0, 0]);
  assert.deepEqual(opened.faults, []);
});
