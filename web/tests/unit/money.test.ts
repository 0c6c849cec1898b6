import { expect, test } from "vitest";
import { add, exact, HOURS_PER_MONTH, nanos, share, short } from "../../src/lib/money";

const usd = (amount: string) => nanos({ amount, currency: "USD" });

test("decimal texts are exact to the nano-dollar or refused", () => {
  expect(usd("0.0416")).toBe(41_600_000n);
  expect(usd("-12.000000001")).toBe(-12_000_000_001n);
  expect(usd("1.0000000000")).toBe(1_000_000_000n);
  for (const wrong of ["", ".5", "1e3", "+1", "0.0000000001", "1,000"]) expect(() => usd(wrong), wrong).toThrow();
});

test("a sum of ten thousand odd prices loses nothing", () => {
  const prices = Array.from({ length: 10_000 }, () => usd("0.000000001"));
  expect(add(...prices)).toBe(10_000n);
});

test("two digits under a thousand, none above, and small prices keep two that say something", () => {
  const table = ["0", "3.21", "-3.216", "999.994", "999.996", "1000", "2343.3", "0.0272", "0.000151", "-0.01", "-0.000000851", "0.000000002"];
  expect(table.map((text) => `${text} → ${short(usd(text))}`)).toEqual([
    "0 → 0.00", "3.21 → 3.21", "-3.216 → −3.22", "999.994 → 1,000", "999.996 → 1,000", "1000 → 1,000", "2343.3 → 2,343",
    "0.0272 → 0.027", "0.000151 → 0.00015", "-0.01 → −0.010", "-0.000000851 → −0.00000085", "0.000000002 → 0.000000002",
  ]);
});

test("a hover shows every digit there is", () => {
  expect([exact(usd("1234.5")), exact(usd("-0.000000001")), exact(usd("7"))]).toEqual(["1,234.50", "−0.000000001", "7.00"]);
});

test("a month is 730 hours, and a share of nothing is nothing", () => {
  expect(short(usd("3.21") * HOURS_PER_MONTH)).toBe("2,343");
  expect(share(1n, 0n)).toBe(0);
});
