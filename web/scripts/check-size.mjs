// What a first visit loads, gzip'd, against the budget. Fonts come after the text is readable and are listed apart.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const KB = 1000;
const BUDGET = { first: 170 * KB, charts: 220 * KB };

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const size = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

/** A module with all it imports before it runs. */
function filesOf(name, seen = new Set()) {
  const { file, css = [], imports = [] } = manifest[name];
  if (seen.has(file)) return seen;
  for (const each of [file, ...css]) seen.add(each);
  for (const each of imports) filesOf(each, seen);
  return seen;
}

function sum(...names) {
  const files = new Set(["index.html", ...names.flatMap((name) => [...filesOf(name)])]);
  return [...files].reduce((total, file) => total + size(file), 0);
}

const first = sum("index.html", "src/screens/overview/overview.tsx");
const charts = sum("index.html", "src/screens/overview/overview.tsx", "src/charts/cost-chart.tsx");
const fonts = readdirSync(new URL("assets/", dist)).filter((file) => file.endsWith(".woff2"));
const kb = (bytes) => `${(bytes / KB).toFixed(1)} kB`;

console.log(`first load ${kb(first)} of ${kb(BUDGET.first)}; overview with charts ${kb(charts)} of ${kb(BUDGET.charts)} (gzip)`);
console.log(`fonts beside it: ${fonts.map((file) => kb(readFileSync(new URL(`assets/${file}`, dist)).length)).join(" + ")}`);
const worker = readdirSync(dist).includes("mockServiceWorker.js");
if (worker) console.error("dist holds the mock worker");
if (first > BUDGET.first || charts > BUDGET.charts || worker) process.exit(1);
