// Every scene for everybody: axe (WCAG 2.2 AA) in both themes, targets of 24 px, names equal to labels, 320 px wide.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, worlds } from "./harness.mjs";
import { SCENES, stage } from "./scenes.mjs";

let browser, sites;
before(async () => {
  [browser, sites] = await Promise.all([launch(), worlds()]);
});
after(async () => {
  await browser.close();
  sites.close();
});

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** `region` asks for a landmark around an open menu, which no menu has; it is no rule of WCAG. */
const RULES = { "label-content-name-mismatch": { enabled: true }, "target-size": { enabled: true }, region: { enabled: false } };

async function violations(page) {
  // The mode for pages without frames: the other one loads axe into a second page as well, and takes twice as long.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().withTags(TAGS).options({ rules: RULES }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).slice(0, 3).join(" | ")}`);
}

for (const scene of SCENES) {
  test(`${scene.name} is for everybody`, async () => {
    const { page, faults, close } = await stage(browser, sites, scene);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await violations(page), [], `axe, ${colorScheme}`);
    }
    assert.deepEqual(await page.evaluate(misnamed), [], "names");
    for (const width of [1280, 320]) {
      await page.setViewportSize({ width, height: 640 });
      assert.deepEqual(await page.evaluate(smallTargets), [], `targets at ${width} px`);
    }
    assert.deepEqual(await page.evaluate(overflowing), [], "reflow at 320 px");
    assert.deepEqual(await page.evaluate(stored), [], "web storage");
    assert.deepEqual(faults, [], "console and requests");
    await close();
  });
}

test("these checks find what they look for", async () => {
  const { page, faults, close } = await open(browser, sites.usual.url, { signedIn: false, expected: ["401"] });
  await page.goto("/nowhere");
  await page.getByRole("heading", { name: "Not found" }).waitFor();
  await page.evaluate(() => {
    document.querySelector("main").innerHTML = `
      <h1>Faults</h1><p id="faint">Too faint</p><button id="small">x</button>
      <button id="misnamed" aria-label="Remove">Delete</button><div id="wide">Too wide</div>`;
    const look = (id, style) => Object.assign(document.getElementById(id).style, style);
    look("faint", { color: "#999" });
    look("small", { width: "20px", height: "20px" });
    look("misnamed", { width: "80px", height: "30px" });
    look("wide", { width: "1600px" });
    localStorage.setItem("token", "secret");
    console.error("a fault");
    return fetch("http://127.0.0.1:9/").catch(() => undefined);
  });
  const found = await violations(page);
  assert.ok(found.some((text) => text.startsWith("color-contrast: ")), found.join("\n"));
  assert.ok(found.some((text) => text.startsWith("label-content-name-mismatch: ")), found.join("\n"));
  assert.deepEqual(await page.evaluate(smallTargets), ["x: 20 × 20"]);
  assert.equal((await page.evaluate(misnamed)).length, 1);
  assert.match((await page.evaluate(overflowing))[0], /^\d{4} px$/);
  assert.deepEqual(await page.evaluate(stored), ["localStorage: token"]);
  assert.ok(faults.includes("console: a fault"), faults.join("\n"));
  assert.ok(faults.some((text) => /content security policy/i.test(text)), faults.join("\n"));
  await close();
});

/** Interactive things smaller than 24 × 24 px (WCAG 2.2, 2.5.8); none here relies on its exceptions. */
function smallTargets() {
  return [...document.querySelectorAll("a[href], button, input, select, summary, [role=tab], [role=radio], [role=option], [role=menuitem], [role=menuitemradio]")]
    .filter((element) => element.checkVisibility() && !element.matches(".sr-only"))
    .map((element) => ({ name: (element.textContent || element.getAttribute("aria-label") || element.tagName).trim().slice(0, 40), box: element.getBoundingClientRect() }))
    .filter(({ box }) => box.width < 23.9 || box.height < 23.9)
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

/** What is kept in the browser beyond cookies. */
async function stored() {
  const keys = (name) => Object.keys(window[name]).map((key) => `${name}: ${key}`);
  const databases = (await indexedDB.databases()).map(({ name }) => `indexedDB: ${name}`);
  const cached = globalThis.caches ? (await caches.keys()).map((name) => `caches: ${name}`) : [];
  return [...keys("localStorage"), ...keys("sessionStorage"), ...databases, ...cached];
}
