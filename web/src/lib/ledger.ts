import type { LedgerHour, Lever, Quality } from "../api/types";
import { add, nanos, type Nanos } from "./money";
import { sentence } from "./units";

/** A lever of the ledger, or what no lever explains. */
export type Part = Lever | "residual";
/** What the waterfall shows: it leads from one total to the other by the parts. */
export type Figure = "baseline" | Part | "actual";

/** In the order of the waterfall: from what it would have cost to what it cost. */
export const PARTS: { part: Part; name: string; colour: string; how: string }[] = [
  { part: "market", name: "Market prices", colour: "baseline", how: "What the baseline's own nodes cost less, or more, than on the day it was fixed." },
  { part: "spot_price", name: "Spot price", colour: "spot", how: "Spot price against list price of what ran, less what the baseline's own Spot nodes would have had of it." },
  { part: "consolidation", name: "Packing", colour: "text", how: "The baseline's nodes against those that ran, both at list prices: fewer, smaller or cheaper ones for the same pods." },
  { part: "hibernation", name: "Hibernation", colour: "asleep", how: "Nodes that were asleep, at what they would have cost awake." },
  { part: "overlap", name: "Overlap", colour: "danger", how: "New nodes that ran while the old ones were still being drained. It costs, so it counts against the saving." },
  { part: "residual", name: "Not explained", colour: "baseline", how: "What is left once every lever is counted, such as nodes without a known list price." },
];

export const nameOf = (figure: Figure): string => PARTS.find((each) => each.part === figure)?.name ?? sentence(figure);

/** A figure of one hour; for a part, negative is a cost. */
export const amountOf = (hour: LedgerHour, figure: Figure): Nanos =>
  nanos(figure === "baseline" || figure === "actual" || figure === "residual" ? hour[figure] : hour.levers[figure]);

export type Totals = { baseline: Nanos; actual: Nanos; parts: Record<Part, Nanos>; closes: boolean; quality: Record<Quality, number> };

/** Hours summed exactly. `closes` tells whether baseline = actual + all parts, to the last nano-dollar. */
export function totals(hours: LedgerHour[]): Totals {
  const sum: Totals = {
    baseline: 0n, actual: 0n, closes: true,
    parts: { market: 0n, spot_price: 0n, consolidation: 0n, hibernation: 0n, overlap: 0n, residual: 0n },
    quality: { measured: 0, estimated: 0 },
  };
  for (const hour of hours) {
    sum.baseline += nanos(hour.baseline);
    sum.actual += nanos(hour.actual);
    sum.quality[hour.quality] += 1;
    for (const { part } of PARTS) sum.parts[part] += amountOf(hour, part);
  }
  sum.closes = sum.baseline === sum.actual + add(...Object.values(sum.parts));
  return sum;
}

/** The weakest quality among hours: what a sum of them may be called. */
export const weakest = (quality: Totals["quality"]): Quality =>
  quality.estimated > 0 ? "estimated" : "measured";

/** `cluster hour`, what an hour is called in links. */
export const hourKey = (hour: LedgerHour): string => `${hour.cluster_id} ${hour.hour}`;
