// Pictures of every scene for people to look at: node scripts/screenshots.mjs DIRECTORY [name…], after `npm run build`
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, worlds } from "../tests/browser/harness.mjs";
import { SCENES, stage } from "../tests/browser/scenes.mjs";

/** Longer pages are cut off: beyond this they are rows of a list. */
const TALLEST_PX = 4_000;
const LOOKS = ["light", "dark"].flatMap((theme) => [1440, 375, 320].map((width) => ({ theme, width })));

const [directory = "screenshots", ...only] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
const [browser, sites] = await Promise.all([launch(), worlds()]);
for (const scene of SCENES.filter(({ name }) => only.length === 0 || only.includes(name))) {
  for (const { theme, width } of LOOKS) {
    const { page, faults, close } = await stage(browser, sites, scene, { theme, width });
    await page.waitForTimeout(150);
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    const picture = { path: join(directory, `${scene.name}-${theme}-${width}.png`), fullPage: true };
    await page.screenshot(height <= TALLEST_PX ? picture : { ...picture, clip: { x: 0, y: 0, width, height: TALLEST_PX } });
    if (faults.length > 0) console.log(scene.name, theme, width, faults);
    await close();
  }
}
await browser.close();
sites.close();
process.exit(0);
