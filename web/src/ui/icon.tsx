/** Strokes on a 16 × 16 grid. */
const PATHS = {
  overview: "M2 13V8M6 13V3M10 13V6M14 13V9",
  clusters: "M2 3h12v4H2zM2 9h12v4H2zM5 5h.01M5 11h.01",
  plans: "M3 2h7l3 3v9H3zM5.5 7.5h5M5.5 10.5h5",
  savings: "M2 4h4v9H2zM6 6h4v4H6zM10 8h4v5h-4z",
  fold: "M2 3h12v10H2zM6 3v10",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM11 11l3 3",
  refresh: "M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3",
  person: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14a5.5 5.5 0 0 1 11 0",
  theme: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
  ok: "M3 8.5l3.5 3.5L13 4.5",
  danger: "M8 2l6.5 11.5h-13zM8 6.5v3.5M8 12h.01",
  warning: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 5v4M8 11h.01",
  waiting: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.5V8l2.5 1.5",
  paused: "M5 3v10M11 3v10",
  stop: "M4 4h8v8H4z",
  copy: "M5 5h8v9H5zM3 11V2h8",
  chevron: "M6 3l5 5-5 5",
  down: "M3 6l5 5 5-5",
  arrow: "M2 8h12M9 3l5 5-5 5",
  close: "M3 3l10 10M13 3L3 13",
  minus: "M3 8h10",
  cards: "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z",
  table: "M2 3h12v10H2zM2 6.5h12M2 10h12",
} as const;

export type IconName = keyof typeof PATHS;

/** A mark beside a word; it carries no name of its own. */
export function Icon({ name, className = "" }: { name: IconName; className?: string }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className={`size-4 shrink-0 ${className}`}
      fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round">
      <path d={PATHS[name]} />
    </svg>
  );
}
