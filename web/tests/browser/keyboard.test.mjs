// Everything by keyboard alone: every control is reached and seen, and what opens gives focus back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, OPEN_SCREENS, SCREENS, serve, shows } from "./harness.mjs";

let browser, site;
before(async () => {
  [browser, site] = await Promise.all([launch(), serve()]);
});
after(async () => {
  await browser.close();
  site.close();
});

const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.innerText ?? "");
/** Waits for the focus to be at `locator`, or `within` it: menus and dialogs move it a moment after they come and go. */
const hasFocus = async (page, locator, within = false) =>
  page.waitForFunction(([element, within]) => {
    const at = document.activeElement;
    // Beyond a modal dialog's last control the browser's own come, whose focus the page sees as its body.
    return within ? element.contains(at) || at === document.body : element === at;
  }, [await locator.elementHandle(), within], { timeout: 5_000 }).catch(async () => assert.fail(`the focus is at: ${await focused(page)}`));
const press = async (page, ...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};

async function visit(path, ready, options) {
  const opened = await open(browser, site.url, options);
  await opened.page.goto(path);
  await shows(opened.page, ready);
  return opened;
}

for (const { name, path, ready, signedIn = true } of [...SCREENS, ...OPEN_SCREENS.map((screen) => ({ ...screen, signedIn: false }))]) {
  test(`every control of ${name} is reached with Tab and shows that it is`, async () => {
    const { page, close } = await visit(path, ready, { signedIn, expected: ["401"] });
    await page.waitForLoadState("networkidle");
    const all = await page.evaluate(numberControls);
    const reached = new Set();
    const unseen = [];
    for (let presses = 0; presses < 2 * all.length + 20 && reached.size < all.length; presses++) {
      await page.keyboard.press("Tab");
      const { number, seen } = await page.evaluate(inspectFocus);
      if (number === undefined) continue;
      reached.add(number);
      if (!seen) unseen.push(all[number]);
    }
    assert.deepEqual(all.filter((_, number) => !reached.has(String(number))), [], "not reached");
    assert.deepEqual(unseen, [], "focus not seen");
    await close();
  });
}

/** Numbers what Tab should reach: of a group that arrow keys move in, the one that holds. Returns their names. */
function numberControls() {
  const controls = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
    .filter((element) => element.checkVisibility() && !element.disabled && element.tabIndex >= 0 && !element.matches("[role=tablist], [role=radiogroup]"));
  // Long lists draw rows as they come into view.
  const first = controls.filter((element) => !element.closest("[role=listitem]") || element.closest("[role=listitem]").getAttribute("aria-posinset") < 5);
  first.forEach((element, number) => element.setAttribute("data-number", number));
  return first.map((element) => (element.getAttribute("aria-label") ?? element.innerText ?? element.tagName).slice(0, 40));
}

function inspectFocus() {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const inWindow = box.bottom > 0 && box.top < window.innerHeight;
  return { number: element.dataset.number, seen: inWindow && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
}

test("the first Tab offers to skip to the content", async () => {
  const { page, close } = await visit("/", "Where the cost is");
  await press(page, "Tab");
  assert.equal(await focused(page), "Skip to content");
  await press(page, "Enter", "Tab");
  assert.equal(await focused(page), "Review plans");
  await close();
});

test("someone signs in, opens a cluster's plan and approves it without a mouse", async () => {
  const own = await serve();
  const { page, faults, close } = await open(browser, own.url, { signedIn: false, expected: ["401"] });
  await page.goto("/sign-in");
  await page.getByLabel("Email").focus();
  await page.keyboard.type("ada@example.com");
  await press(page, "Tab");
  await page.keyboard.type("correct horse battery");
  await press(page, "Enter");
  await shows(page, "Where the cost is");
  await press(page, "Control+k");
  await page.getByRole("option").first().waitFor();
  await page.keyboard.type("checkout-prod, plan 41");
  await press(page, "Enter");
  await shows(page, "Packing before and after");
  await page.getByRole("button", { name: "Approve plan" }).focus();
  await press(page, "Enter");
  const dialog = page.getByRole("dialog", { name: "Approve this plan" });
  await dialog.waitFor();
  await dialog.getByRole("button", { name: "Approve plan" }).focus();
  await press(page, "Enter");
  await shows(page, /commands done|starts within a minute/);
  assert.deepEqual(faults, []);
  await close();
  own.close();
});

for (const [what, path, ready, trigger, opened] of [
  ["the theme menu", "/", "Where the cost is", "Theme", "menu"],
  ["the account menu", "/", "Where the cost is", "Account", "menu"],
  ["an explanation", "/savings", "From baseline to actual", "How is it calculated?", "dialog"],
  ["the approval", "/plans/opt_0001", "Packing before and after", "Approve plan", "dialog"],
  ["the question before stopping", "/plans/opt_0004", /of \d commands done/, "Stop plan", "dialog"],
]) {
  test(`${what} opens with Enter, keeps focus inside, closes with Escape and gives focus back`, async () => {
    const { page, faults, close } = await visit(path, ready);
    const button = page.getByRole("button", { name: trigger, exact: true }).first();
    await button.focus();
    await press(page, "Enter");
    const box = page.getByRole(opened);
    await box.waitFor();
    for (let presses = 0; presses < 6; presses++) {
      await press(page, opened === "menu" ? "ArrowDown" : "Tab");
      await hasFocus(page, box, true);
    }
    await press(page, "Escape");
    await box.waitFor({ state: "detached" }).catch(() => box.waitFor({ state: "hidden" }));
    await hasFocus(page, button);
    assert.deepEqual(faults, []);
    await close();
  });
}

test("the command menu gives focus back to where it was", async () => {
  const { page, close } = await visit("/", "Where the cost is");
  const account = page.getByRole("button", { name: "Account" });
  await account.focus();
  await press(page, "Control+k");
  await page.getByRole("combobox", { name: "Go to" }).waitFor();
  await press(page, "ArrowDown", "ArrowDown", "ArrowUp");
  assert.equal(await page.getByRole("option", { selected: true }).innerText().then((text) => text.split("\n")[0]), "Clusters");
  await press(page, "Escape");
  await page.getByRole("combobox", { name: "Go to" }).waitFor({ state: "detached" });
  await hasFocus(page, account);
  await close();
});

test("an hour opens with Enter and gives focus back to its row", async () => {
  const { page, close } = await visit("/savings", "From baseline to actual");
  const row = page.getByRole("list", { name: "Hours" }).getByRole("button").nth(2);
  await row.focus();
  await press(page, "Enter");
  await shows(page, "At list price");
  await press(page, "Escape");
  await page.waitForURL((url) => !url.searchParams.has("hour"));
  await hasFocus(page, row);
  await close();
});

test("tabs and ranges are moved through with the arrow keys", async () => {
  const { page, close } = await visit("/clusters/clu_01checkout", "Nodes, the most wasteful first");
  await page.getByRole("tab", { name: "Packing" }).focus();
  for (const [tab, heading] of [["Workloads", "Workloads, the most exposed first"], ["Plans", "Plans, newest first"], ["Hours", "Hours, newest first"]]) {
    await press(page, "ArrowRight");
    await shows(page, heading);
    assert.equal(await focused(page), tab);
  }
  await page.getByRole("radio", { name: "7 days" }).focus();
  await press(page, "ArrowRight");
  await page.waitForFunction(() => document.activeElement.innerText === "30 days");
  await press(page, "Enter");
  await page.waitForURL((url) => url.searchParams.get("days") === "30" && url.searchParams.get("tab") === "ledger");
  await close();
});

test("the chart is read with the arrow keys, and forgets where it was when it is left", async () => {
  const { page, close } = await visit("/", "Where the cost is");
  const chart = page.getByRole("img", { name: /^Cost per day, \d+ points: \d+ % below the baseline/ });
  const legend = page.getByText(/^Spot \d+\.\d\d$/);
  await chart.focus();
  await press(page, "End");
  const last = await legend.innerText();
  await press(page, "Home");
  assert.notEqual(await legend.innerText(), last);
  await press(page, "ArrowLeft", "End", "ArrowRight");
  assert.equal(await legend.innerText(), last);
  await press(page, "Tab");
  await legend.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Show as table" }).focus();
  await press(page, "Enter");
  const newest = await page.getByRole("region", { name: "Data of the chart" }).getByRole("row").last().innerText();
  assert.ok(newest.includes(/\d+\.\d\d/.exec(last)[0]), `${newest} has not ${last}`);
  await close();
});

test("with less motion nothing moves, without it the busy mark turns", async () => {
  for (const [motion, moving] of [["reduce", 0], ["no-preference", 1]]) {
    const { page, close } = await visit("/", "Where the cost is", { motion });
    await page.route("**/api/v1/metrics/**", () => new Promise(() => {}));
    await page.getByRole("button", { name: "Read again" }).click();
    await page.locator("button[aria-label='Read again'] svg.animate-spin").waitFor();
    assert.equal(await page.evaluate(() => document.getAnimations().length), moving, motion);
    await close();
  }
});
