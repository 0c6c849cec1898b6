// What a screen does when the API does not: that each loads, is empty, fails and goes stale is in scenes.mjs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, SCREENS, serve, shows } from "./harness.mjs";
import { forbidden, unavailable } from "./scenes.mjs";

let browser, usual;
before(async () => {
  [browser, usual] = await Promise.all([launch(), serve("usual")]);
});
after(async () => {
  await browser.close();
  usual.close();
});

for (const screen of SCREENS) {
  test(`${screen.name} says why it failed, and a retry brings it`, async () => {
    const { page, faults, close } = await open(browser, usual.url, { expected: ["503"] });
    await page.route(screen.api, unavailable);
    await page.goto(screen.path);
    await shows(page, "The table did not answer. Nothing was changed.");
    await shows(page, "req_7");
    await page.unroute(screen.api);
    await page.getByRole("button", { name: "Try again" }).first().click();
    await shows(page, screen.ready);
    assert.deepEqual(faults, []);
    await close();
  });
}

test("a screen someone may not see says who can change that", async () => {
  const { page, close } = await open(browser, usual.url, { expected: ["403"] });
  await page.route("**/api/v1/clusters?*", forbidden);
  await page.goto("/clusters");
  await shows(page, "You may not see your clusters");
  await close();
});

test("a cluster that is not there is not found", async () => {
  const { page, close } = await open(browser, usual.url, { expected: ["404"] });
  await page.goto("/clusters/clu_none");
  await shows(page, "Could not find this cluster");
  await close();
});

test("offline is said, and what was read stays", async () => {
  const { page, close } = await open(browser, usual.url, { expected: ["ERR_INTERNET_DISCONNECTED"] });
  await page.goto("/");
  await shows(page, "Where the cost is");
  await page.context().setOffline(true);
  await shows(page, /You are offline/);
  await shows(page, "Where the cost is");
  await page.context().setOffline(false);
  await page.getByText(/You are offline/).waitFor({ state: "detached" });
  await close();
});

test("a server out of reach at the start is said, with a retry", async () => {
  const { page, close } = await open(browser, usual.url, { expected: ["ERR_FAILED"] });
  await page.route("**/api/**", (route) => route.abort());
  await page.goto("/clusters");
  await shows(page, "Could not load the dashboard");
  await page.unroute("**/api/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await shows(page, "checkout-prod");
  await close();
});
