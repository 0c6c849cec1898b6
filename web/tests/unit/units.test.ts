import { expect, test } from "vitest";
import { relative } from "../../src/lib/time";
import { counted, cpu, duration, memory, percent, stopped } from "../../src/lib/units";

/** Shows as `~` the space that never ends a line: between every number and its unit. */
const shown = (text: string) => text.replaceAll("\u00a0", "~");

test("percent never rounds something to nothing nor most to all", () => {
  expect([0, 0.0004, 0.002, 0.0949, 0.1, 0.415, 0.9951, 1, -0.052].map(percent).map(shown)).toEqual([
    "0~%", "<~0.1~%", "0.2~%", "9.5~%", "10~%", "42~%", ">~99~%", "100~%", "−5.2~%",
  ]);
});

test("requests read as in Kubernetes", () => {
  expect([cpu(250), cpu(1500), cpu(96_000), memory(512), memory(15_770)].map(shown)).toEqual(["250~m", "1.5~CPU", "96~CPU", "512~MiB", "15.4~GiB"]);
});

test("durations use the unit that has a short number", () => {
  expect([0, 45, 90, 3600, 5400, 87_120, 172_800].map(duration).map(shown)).toEqual(["0~s", "45~s", "2~min", "60~min", "1.5~h", "24~h", "2~d"]);
});

test("one is singular", () => {
  expect([counted(1, "node"), counted(0, "node"), counted(1234, "node")]).toEqual(["1 node", "0 nodes", "1,234 nodes"]);
});

test("a sentence ends with one full stop", () => {
  expect(["Nodes were kept", "Nodes were kept.", "Was it?", ""].map(stopped)).toEqual(["Nodes were kept.", "Nodes were kept.", "Was it?", ""]);
});

test("times are told from now, in both directions", () => {
  const now = Date.parse("2026-01-01T00:10:00Z");
  expect(["2026-01-01T00:09:58Z", "2026-01-01T00:00:00Z", "2026-01-01T00:14:00Z"].map((at) => shown(relative(at, now)))).toEqual(["just now", "10~min ago", "in 4~min"]);
});
