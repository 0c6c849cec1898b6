// Every screen while it loads, with nothing to show, when it fails, and when only the newest data did not come.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, SCREENS, serve, shows } from "./harness.mjs";

let browser, usual, empty;
before(async () => {
  [browser, usual, empty] = await Promise.all([launch(), serve("usual"), serve("empty")]);
});
after(async () => {
  await browser.close();
  usual.close();
  empty.close();
});

const unavailable = (route) =>
  route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ type: "about:blank", title: "Unavailable", status: 503, code: "unavailable", detail: "The table did not answer.", request_id: "req_7" }) });

for (const screen of SCREENS) {
  test(`${screen.name} shows that it loads`, async () => {
    const { page, faults, close } = await open(browser, usual.url);
    await page.route(screen.api, () => new Promise(() => {}));
    await page.goto(screen.path);
    await page.getByRole("status", { name: /^Loading/ }).first().waitFor();
    assert.deepEqual(faults, []);
    await close();
  });

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

  test(`${screen.name} keeps what it has and says that it is old`, async () => {
    const { page, faults, close } = await open(browser, usual.url, { expected: ["503"] });
    await page.goto(screen.path);
    await shows(page, screen.ready);
    await page.route(screen.api, unavailable);
    await page.getByRole("button", { name: "Read again" }).click();
    await shows(page, /Could not refresh/);
    await shows(page, screen.ready);
    assert.deepEqual(faults, []);
    await close();
  });

  if (screen.empty) {
    test(`${screen.name} says what to do when there is nothing`, async () => {
      const { page, faults, close } = await open(browser, empty.url);
      await page.goto(screen.path);
      await shows(page, screen.empty);
      assert.deepEqual(faults, []);
      await close();
    });
  }
}

test("a screen someone may not see says who can change that", async () => {
  const { page, close } = await open(browser, usual.url, { expected: ["403"] });
  await page.route("**/api/v1/clusters?*", (route) => route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ status: 403, code: "forbidden", title: "Forbidden" }) }));
  await page.goto("/clusters");
  await shows(page, "You may not see your clusters");
  await close();
});

test("a cluster that is not there is not found", async () => {
  const { page, close } = await open(browser, usual.url, { expected: ["404"] });
  await page.goto("/clusters/clu_none");
  await shows(page, "There is no such place for this cluster");
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
