// The README's pictures, from a running `serve` (scripts/pictures starts it):
//   act              carries out a plan on every cluster that has one
//   age HOURS        waits until so many more hours of the ledger are closed
//   shoot DIRECTORY  takes the pictures
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { launch, open, shows } from "../tests/browser/harness.mjs";

const { BASE_URL: url, EMAIL: email, PASSWORD: password } = process.env;
const [step, argument] = process.argv.slice(2);

async function call(method, path, body, token) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID(), ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(`${url}/api/v1${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return await response.json();
}
const { access_token: token } = await call("POST", "/auth/login", { email, password });
const get = (path) => call("GET", path, undefined, token);
const post = (path, body) => call("POST", path, body, token);

/** Asks again every second until there is an answer. */
async function until(ask) {
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    await pause(1000);
  }
}

/** Every healthy cluster, once its agent has reported. */
const healthy = () => until(async () => {
  const { items } = await get("/clusters");
  return items.every((cluster) => cluster.status === "healthy") && items;
});

async function act() {
  for (const cluster of await healthy()) {
    // The product makes plans itself; where both do so at once, one is refused.
    const plan = await until(() => post("/optimizations", { cluster_id: cluster.id }).catch(() => undefined));
    if (plan.commands === 0) continue;
    await post(`/optimizations/${plan.id}/approve`, { plan_hash: plan.plan_hash });
    const { state, failure } = await until(async () => {
      const now = await get(`/optimizations/${plan.id}`);
      return ["done", "failed", "cancelled"].includes(now.state) && now;
    });
    console.log(new Date().toISOString(), `${cluster.name}: ${plan.commands} commands, ${plan.saving_per_hour.amount} $/h, ${state} ${failure ?? ""}`);
  }
}

async function age(hours) {
  const [cluster] = (await get("/clusters")).items;
  const closed = async (cursor, before = 0) => {
    const { items, next_cursor: next } = await get(`/metrics/ledger?cluster_id=${cluster.id}&from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&limit=200${cursor ? `&cursor=${cursor}` : ""}`);
    return next ? await closed(next, before + items.length) : before + items.length;
  };
  const wanted = (await closed()) + hours;
  await until(async () => (await closed()) >= wanted);
}

async function shoot(directory) {
  mkdirSync(directory, { recursive: true });
  await healthy();
  const plans = (await get("/optimizations?limit=200")).items;
  const saving = (plan) => Number(plan.saving_per_hour.amount);
  const [done] = plans.filter((plan) => plan.state === "done" && !plan.failure).sort((a, b) => saving(b) - saving(a));
  const browser = await launch();
  for (const { name, path, ready, chart, theme, height } of [
    { name: "overview", path: "/?days=7", ready: "Where the cost is", chart: true, theme: "light", height: 880 },
    { name: "plan", path: `/plans/${done.id}`, ready: "Packing before and after", theme: "dark", height: 900 },
    { name: "savings", path: "/savings?days=7", ready: "It adds up to the last nano-dollar.", theme: "light", height: 800 },
  ]) {
    const { page, faults, close } = await open(browser, url, { height, signedIn: false, expected: ["401"] });
    await page.emulateMedia({ colorScheme: theme });
    await page.goto(path);
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await shows(page, ready);
    await page.waitForLoadState("networkidle");
    if (chart) await page.locator("canvas").waitFor();
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(directory, `${name}.png`) });
    if (faults.length > 0) console.error(name, faults);
    await close();
  }
  await browser.close();
}

await { act, age: () => age(Number(argument)), shoot: () => shoot(argument) }[step]();
