import { expect, test } from "vitest";
import { World } from "../../mocks/world";
import { totals } from "../../src/lib/ledger";

const world = new World("usual", Date.parse("2026-11-23T12:00:00Z"));

test("hours add up to the last nano-dollar", () => {
  const sum = totals(world.ledger);
  expect(sum.closes).toBe(true);
  expect(sum.baseline).toBeGreaterThan(sum.actual);
  expect(sum.quality.measured).toBeGreaterThan(0);
});

test("an hour that does not add up is noticed", () => {
  const [hour] = world.ledger;
  expect(totals([{ ...hour!, residual: { amount: "1.00", currency: "USD" } }]).closes).toBe(false);
});
