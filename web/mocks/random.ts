import type { Money } from "../src/lib/money";

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Nano-dollars as the API writes them. */
export function usd(nanos: bigint): Money {
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = String(size % 1_000_000_000n).padStart(9, "0").replace(/0{1,7}$/, "");
  return { amount: `${nanos < 0n ? "-" : ""}${size / 1_000_000_000n}.${fraction}`, currency: "USD" };
}

export const total = (amounts: bigint[]): bigint => amounts.reduce((sum, each) => sum + each, 0n);

export const ago = (now: number, minutes: number): string => new Date(now - minutes * 60_000).toISOString();
