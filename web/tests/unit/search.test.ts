import { expect, test } from "vitest";
import { localPath, oneOf, present, text } from "../../src/lib/search";

test("search parameters that are wrong are left out rather than breaking the link", () => {
  expect(oneOf({ days: "7" }, "days", [7, 30])).toBe(7);
  expect(oneOf({ days: "8" }, "days", [7, 30])).toBeUndefined();
  expect(text({ search: "" }, "search")).toBeUndefined();
  expect(text({ search: 42 }, "search")).toBe("42");
  expect(text({ search: "x".repeat(401) }, "search")).toBeUndefined();
  expect(present({ a: 1, b: undefined })).toEqual({ a: 1 });
});

test("only a place inside this application is returned to", () => {
  expect(["/savings?days=7", "//evil.example", "https://evil.example", "/\\evil.example", undefined].map(localPath)).toEqual(["/savings?days=7", "/", "/", "/", "/"]);
});
