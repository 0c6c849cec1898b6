// Every screen for everybody: axe (WCAG 2.2 AA) in both themes, targets of 24 px, 320 px wide, names equal to labels.
import { AxeBuilder } from "@axe-core/playwright";
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

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const all = [...SCREENS, ...OPEN_SCREENS.map((screen) => ({ ...screen, signedIn: false }))];

async function visit({ path, ready, signedIn = true }, options) {
  const opened = await open(browser, site.url, { signedIn, ...options });
  await opened.page.goto(path);
  await shows(opened.page, ready);
  await opened.page.waitForLoadState("networkidle");
  return opened;
}

/** `region` asks for a landmark around an open menu, which no menu has; it is no rule of WCAG. */
const RULES = { "label-content-name-mismatch": { enabled: true }, region: { enabled: false } };

async function violations(page) {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).options({ rules: RULES }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).slice(0, 3).join(" | ")}`);
}

for (const screen of all) {
  for (const theme of ["light", "dark"]) {
    test(`${screen.name} has no violation in the ${theme} theme`, async () => {
      const { page, faults, close } = await visit(screen, { theme });
      assert.deepEqual(await violations(page), []);
      assert.deepEqual(faults, []);
      assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length]), [0, 0]);
      await close();
    });
  }

  test(`${screen.name} has targets of 24 px and names that say what is written`, async () => {
    const { page, close } = await visit(screen);
    assert.deepEqual(await page.evaluate(smallTargets), []);
    assert.deepEqual(await page.evaluate(misnamed), []);
    await close();
  });

  test(`${screen.name} fits into 320 px`, async () => {
    const { page, close } = await visit(screen, { width: 320, height: 640 });
    assert.deepEqual(await page.evaluate(overflowing), []);
    await close();
  });
}

for (const [name, path, press] of [
  ["the approval", "/plans/opt_0001", (page) => page.getByRole("button", { name: "Approve plan" }).click()],
  ["an hour", "/savings", (page) => page.getByRole("list", { name: "Hours" }).getByRole("button").first().click()],
  ["the command menu", "/", (page) => page.keyboard.press("Control+k")],
  ["the account menu", "/", (page) => page.getByRole("button", { name: "Account" }).click()],
  ["how it is calculated", "/savings", (page) => page.getByRole("button", { name: "How is it calculated?" }).click()],
]) {
  for (const theme of ["light", "dark"]) {
    test(`${name} has no violation in the ${theme} theme`, async () => {
      const { page, faults, close } = await visit({ path, ready: "Northwind Platform" }, { theme });
      await page.locator("h1").waitFor();
      await press(page);
      await page.locator("dialog[open], [role=menu], [data-radix-popper-content-wrapper]").first().waitFor();
      assert.deepEqual(await violations(page), []);
      assert.deepEqual(faults, []);
      await close();
    });
  }
}

/** Interactive things smaller than 24 × 24 px, apart from links inside sentences (WCAG 2.2, 2.5.8). */
function smallTargets() {
  return [...document.querySelectorAll("a[href], button, input, select, summary, [role=tab], [role=radio]")]
    .filter((element) => element.checkVisibility() && !element.matches(".sr-only"))
    .map((element) => ({ name: (element.textContent || element.getAttribute("aria-label") || element.tagName).trim().slice(0, 40), box: element.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 1 && (box.width < 23.9 || box.height < 23.9))
    .map(({ name, box }) => `${name}: ${Math.round(box.width)} × ${Math.round(box.height)}`);
}

/** Things whose name does not contain what is written on them (WCAG 2.5.3). */
function misnamed() {
  return [...document.querySelectorAll("a[aria-label], button[aria-label]")]
    .filter((element) => element.innerText.trim() && !element.getAttribute("aria-label").toLowerCase().includes(element.innerText.trim().toLowerCase()))
    .map((element) => element.outerHTML.slice(0, 100));
}

/** What makes the page scroll sideways. Regions that scroll inside themselves are allowed. */
function overflowing() {
  const wide = document.documentElement.scrollWidth;
  return wide <= window.innerWidth ? [] : [`${wide} px`, ...[...document.querySelectorAll("main *")].filter((element) => element.getBoundingClientRect().right > window.innerWidth + 1 && !element.closest(".overflow-x-auto")).slice(0, 3).map((element) => element.outerHTML.slice(0, 120))];
}
