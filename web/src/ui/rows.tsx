import { memo, type ReactNode, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";

/** Rows drawn beyond the edges of the window, so that scrolling never shows a gap. */
const SPARE = 12;
/** Lists up to this length are simply drawn. */
const SHORT = 60;

/**
 * Of a long list of rows of one height, only those the window shows. The list keeps its full height, so
 * that the page's own scroll bar, links and find-in-list by keyboard work as with all rows.
 */
export function useVisibleRows(total: number, height: number) {
  const ref = useRef<HTMLDivElement>(null);
  const [[from, to], setRange] = useState<[number, number]>([0, SHORT]);
  const short = total <= SHORT;
  useEffect(() => {
    if (short) return;
    const measure = () => {
      const top = ref.current?.getBoundingClientRect().top ?? 0;
      const first = Math.floor(-top / height / SPARE) * SPARE - SPARE;
      const start = Math.max(0, Math.min(first, total - 1));
      const end = Math.min(total, first + Math.ceil(window.innerHeight / height / SPARE) * SPARE + 3 * SPARE);
      setRange((old) => (old[0] === start && old[1] === end ? old : [start, end]));
    };
    measure();
    // At once: React would draw them after a frame or two without, where the machine is slow.
    const moved = () => flushSync(measure);
    window.addEventListener("scroll", moved, { passive: true });
    window.addEventListener("resize", moved);
    return () => {
      window.removeEventListener("scroll", moved);
      window.removeEventListener("resize", moved);
    };
  }, [total, height, short]);
  return short ? { ref, from: 0, to: total } : { ref, from: Math.min(from, total), to: Math.min(to, total) };
}

/** A long list of rows of one height. */
export function Rows<T>({ items, height, name, row }: {
  items: readonly T[]; height: number; name: string; row: (item: T, index: number) => ReactNode;
}) {
  const { ref, from, to } = useVisibleRows(items.length, height);
  return (
    <div ref={ref} role="list" aria-label={name} style={{ height: items.length * height, paddingTop: from * height }}>
      {items.slice(from, to).map((item, at) => (
        <div key={from + at} role="listitem" aria-setsize={items.length} aria-posinset={from + at + 1} style={{ height }} className="overflow-hidden">
          <Item item={item} index={from + at} row={row as (item: unknown, index: number) => ReactNode} />
        </div>
      ))}
    </div>
  );
}

/** While the list scrolls, only rows that come into view are made. */
const Item = memo(function Item({ item, index, row }: { item: unknown; index: number; row: (item: unknown, index: number) => ReactNode }) {
  return row(item, index);
});
