/** Money as the API sends it: a decimal text, so that nothing is lost on the way. */
export type Money = { amount: string; currency: string };

/** Integer nano-dollars, the unit of all sums here: adding them up again gives the API's own totals. */
export type Nanos = bigint;

const NANO = 1_000_000_000n;
/** Hours in the month that prices are quoted by (365 × 24 / 12). */
export const HOURS_PER_MONTH = 730n;

const PLAIN = /^(-?)(\d+)(?:\.(\d{1,9})0*)?$/;

/** Exact nano-dollars of a decimal text; throws on anything the API does not send. */
export function nanos(money: Money): Nanos {
  const parts = PLAIN.exec(money.amount);
  if (!parts) throw new Error(`not an amount of money: ${money.amount}`);
  const [, sign, whole = "0", fraction = ""] = parts;
  const value = BigInt(whole) * NANO + BigInt(fraction.padEnd(9, "0"));
  return sign ? -value : value;
}

export const add = (...amounts: Nanos[]): Nanos => amounts.reduce((sum, amount) => sum + amount, 0n);

/** Dollars as a float, for lengths and charts only. */
export const dollars = (amount: Nanos): number => Number(amount) / Number(NANO);

/** `part / whole` as a fraction; 0 of nothing. */
export const share = (part: Nanos, whole: Nanos): number =>
  whole === 0n ? 0 : Number(part) / Number(whole);

/** All digits there are, at least two: what a hover shows. */
export function exact(amount: Nanos): string {
  const size = amount < 0n ? -amount : amount;
  const fraction = String(size % NANO).padStart(9, "0").replace(/0{1,7}$/, "");
  return `${amount < 0n ? "−" : ""}${group(size / NANO)}.${fraction}`;
}

/** Two digits under 1,000 and none above; a price below ten cents keeps the two digits that say something. */
export function short(amount: Nanos): string {
  const size = Math.abs(dollars(amount));
  const digits = size >= 999.5 ? 0 : size >= 0.1 || size === 0 ? 2 : Math.min(9, 1 - Math.floor(Math.log10(size)));
  const text = size.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return amount < 0n ? `−${text}` : text;
}

const group = (whole: bigint): string => whole.toLocaleString("en-US");
