// Pictures of every scene for people to look at: node scripts/screenshots.mjs DIRECTORY [name…], after `npm run build`
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, worlds } from "../tests/browser/harness.mjs";
import { SCENES, stage } from "../tests/browser/scenes.mjs";

/** Longer pages are cut off: beyond this they are rows of a list. */
const TALLEST_PX = 3_200;
const WIDTHS = [1440, 375, 320];

const [directory = "screenshots", ...only] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
const [browser, sites] = await Promise.all([launch(), worlds()]);
for (const scene of SCENES.filter(({ name }) => only.length === 0 || only.includes(name))) {
  const { page, faults, close } = await stage(browser, sites, scene, { width: WIDTHS[0] });
  await page.waitForLoadState("networkidle", { timeout: 1_500 }).catch(() => {});
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(100);
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      const picture = { path: join(directory, `${scene.name}-${colorScheme}-${width}.png`), fullPage: true };
      await page.screenshot(height <= TALLEST_PX ? picture : { ...picture, clip: { x: 0, y: 0, width, height: TALLEST_PX } });
    }
  }
  if (faults.length > 0) console.log(scene.name, faults);
  await close();
}
await browser.close();
sites.close();
process.exit(0);
