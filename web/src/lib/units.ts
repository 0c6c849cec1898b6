/** Between a number and its unit: a line never ends there. */
const GAP = "\u00a0";

/** `12`, `1,234`. */
export const count = (value: number): string => value.toLocaleString("en-US");

/** `1 node`, `3 nodes`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** A fraction as percent: one digit under 10 %, none above. Never rounds something to 0 or all. */
export function percent(fraction: number): string {
  const value = fraction * 100;
  const digits = Math.abs(value) < 9.95 && value !== 0 ? 1 : 0;
  if (value > 0 && value < 0.05) return `<${GAP}0.1${GAP}%`;
  if (value < 100 && value > 99.5) return `>${GAP}99${GAP}%`;
  return `${value.toFixed(digits).replace("-", "−")}${GAP}%`;
}

/** Parts per million as a fraction. */
export const ppm = (value: number): number => value / 1_000_000;

/** Thousandths of a CPU: `250 m`, `1.5 CPU`. */
export function cpu(milli: number): string {
  return milli < 1000 ? `${milli}${GAP}m` : `${trim(milli / 1000)}${GAP}CPU`;
}

/** MiB: `512 MiB`, `15.4 GiB`. */
export function memory(mib: number): string {
  return mib < 1024 ? `${mib}${GAP}MiB` : `${trim(mib / 1024)}${GAP}GiB`;
}

/** `45 s`, `12 min`, `3.5 h`, `26 h`, `12 d`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)}${GAP}s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)}${GAP}min`;
  if (seconds < 9.95 * 3600) return `${trim(seconds / 3600)}${GAP}h`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)}${GAP}h`;
  return `${Math.round(seconds / 86_400)}${GAP}d`;
}

/** `managed_node_groups` → `managed node groups`. */
export const words = (name: string): string => name.replaceAll("_", " ");

/** First letter large, the rest as it is. */
export const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** With a full stop where there is none. */
export const stopped = (text: string): string => text.replace(/[^.?!]$/, "$&.");

const trim = (value: number): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: value < 100 ? 1 : 0 });
