import { type KeyboardEvent, memo, useCallback, useMemo, useState } from "react";
import { useVisibleRows } from "../ui/rows";
import { amount, type Bin, type Block, type Resource, used, widest, workloadKey } from "./model";
import { percent } from "../lib/units";
import { Amount } from "../ui/value";

/** Where the pointer or the keyboard stands: a node, and a block in it or its free room. */
export type Cursor = { bin: Bin; block: Block | undefined };

const ROW_PX = 36;

/**
 * One row per node, as wide as its allocatable CPU or memory, filled by what its pods request. Hover or move
 * with the arrow keys; `onCursor` tells what is there.
 */
export function PackingMap({ bins, by, name, scale, dense = false, highlight, onCursor }: {
  bins: Bin[]; by: Resource; name: string;
  /** Room of the widest node to compare with; several maps side by side share it. */
  scale?: number;
  /** Stands beside another map: less room for words. */
  dense?: boolean; highlight?: string | undefined; onCursor: (cursor: Cursor | undefined) => void;
}) {
  const { ref, from, to } = useVisibleRows(bins.length, ROW_PX);
  const [place, setPlace] = useState<[row: number, block: number]>();
  const full = useMemo(() => scale ?? widest(bins, by), [bins, by, scale]);

  const move = useCallback((row: number, block: number) => {
    const bin = bins[row];
    if (!bin) return;
    const at = Math.max(-1, Math.min(bin.blocks.length - 1, block));
    setPlace([row, at]);
    onCursor({ bin, block: bin.blocks[at] });
  }, [bins, onCursor]);
  const onKeyDown = (event: KeyboardEvent) => {
    const [row, block] = place ?? [-1, 0];
    const to = { ArrowDown: [row + 1, block], ArrowUp: [row - 1, block], ArrowRight: [row, block + 1], ArrowLeft: [row, block - 1], Home: [0, block], End: [bins.length - 1, block] }[event.key];
    if (!to) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(bins.length - 1, to[0]!));
    move(next, to[1]!);
    const top = (ref.current?.getBoundingClientRect().top ?? 0) + next * ROW_PX;
    // Below it there may be the bar of a phone and what the cursor stands on.
    if (top < 60 || top + ROW_PX > window.innerHeight - 260) window.scrollBy({ top: top - window.innerHeight / 2 });
  };

  return (
    <div role="group" className="pb-1.5" aria-label={`${name}: ${bins.length} nodes. Arrow keys move through nodes and pods.`} tabIndex={0} onKeyDown={onKeyDown}>
      <div ref={ref} style={{ height: bins.length * ROW_PX, paddingTop: from * ROW_PX }}>
        {bins.slice(from, to).map((bin, at) => (
          <Row key={bin.name} index={from + at} bin={bin} by={by} full={full} dense={dense} highlight={highlight}
            current={place?.[0] === from + at ? place[1] : undefined} onEnter={move} />
        ))}
      </div>
    </div>
  );
}

/** Memoised: while the map scrolls or the cursor moves, the other rows stay as they are. */
const Row = memo(function Row({ index, bin, by, full, dense, highlight, current, onEnter }: {
  index: number; bin: Bin; by: Resource; full: number; dense: boolean; highlight: string | undefined; current: number | undefined; onEnter: (row: number, block: number) => void;
}) {
  const room = amount(bin.room, by);
  const taken = used(bin, by);
  return (
    <div onMouseEnter={() => onEnter(index, -1)} style={{ height: ROW_PX }}
      className={`grid grid-cols-[104px_minmax(0,1fr)_40px] items-center gap-3 px-4 ${dense ? "sm:grid-cols-[152px_minmax(0,1fr)_64px]" : "sm:grid-cols-[190px_minmax(0,1fr)_80px]"} ${current === undefined ? "" : "bg-hover"}`}>
      <div className="min-w-0 leading-4">
        <div className="truncate">{shortName(bin.name)}{bin.blockedBy && <span className="text-muted max-sm:hidden"> · blocked</span>}</div>
        <div className="truncate text-12 text-muted">{bin.type} <span className="max-sm:hidden">{bin.zone}</span><span className="sm:hidden">{zoneOf(bin.zone)}</span></div>
      </div>
      {room === 0 ? <span className="text-12 text-muted">no longer in the cluster</span> : (
        <div className={`flex h-5 overflow-hidden rounded-mark border border-l-4 border-line bg-page ${bin.capacity === "spot" ? "border-l-spot" : "border-l-on-demand"}`} style={{ width: `${(100 * room) / full}%` }}>
          {bin.blocks.map((block, at) => (
            <div key={at} onMouseEnter={(event) => { event.stopPropagation(); onEnter(index, at); }} style={{ width: `${(100 * amount(block, by)) / room}%` }}
              className={`h-full shrink-0 border-r border-page ${look(block, highlight)} ${current === at ? "outline-2 -outline-offset-2 outline-accent" : ""}`} />
          ))}
        </div>
      )}
      <div className="text-right leading-4">
        <div>{room > 0 && percent(taken / room)}</div>
        <div className="truncate text-12 text-muted max-sm:hidden">{bin.price && <Amount of={bin.price} per="h" />}</div>
      </div>
    </div>
  );
});

/** Hatched for DaemonSets, the accent for the chosen workload, else a grey that says whether it can move. */
function look(block: Block, highlight: string | undefined): string {
  if (block.daemon) return "hatched";
  if (highlight && block.workload && workloadKey(block.workload) === highlight) return "bg-accent";
  return block.stuck ? "bg-text" : "bg-control";
}

/** `1a` of `us-east-1a`: what tells the zones of a cluster apart. */
const zoneOf = (zone: string): string => zone.split("-").at(-1) ?? zone;

/** The part of a node's name that tells it from its neighbours. */
export const shortName = (name: string): string => name.split(".")[0] ?? name;
