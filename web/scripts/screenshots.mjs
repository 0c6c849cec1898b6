// Pictures of every screen for people to look at: node scripts/screenshots.mjs DIRECTORY [name…]
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, open, OPEN_SCREENS, SCREENS, serve, shows } from "../tests/browser/harness.mjs";

const [directory = "screenshots", ...only] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
const site = await serve();
const browser = await launch();
for (const { theme, width } of [{ theme: "light", width: 1280 }, { theme: "dark", width: 1280 }, { theme: "light", width: 375 }]) {
  for (const screen of [...SCREENS, ...OPEN_SCREENS]) {
    if (only.length > 0 && !only.includes(screen.name)) continue;
    const { page, faults, close } = await open(browser, site.url, { theme, width, signedIn: !OPEN_SCREENS.includes(screen) });
    await page.goto(screen.path);
    await shows(page, screen.ready).catch(() => faults.push(`does not show “${screen.ready}”`));
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: join(directory, `${screen.name}-${theme}-${width}.png`), fullPage: (await page.evaluate(() => document.documentElement.scrollHeight)) < 4000 });
    if (faults.length > 0) console.log(screen.name, theme, width, faults);
    await close();
  }
}
await browser.close();
site.close();
