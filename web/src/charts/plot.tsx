import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useDark } from "../lib/theme";
import { day, tick } from "../lib/time";

/** One line of a plot, in units of the axis. */
export type Series = {
  name: string;
  values: number[];
  /** A token: `spot`, `on-demand`, `baseline`. */
  colour: string;
  dashed?: boolean;
  /** Fills down to zero, or down to the series of this index. */
  fillTo?: "zero" | number;
  fillOpacity?: number;
  /** Written into the space it fills. */
  note?: string;
  /** What the legend says where that is not the height of the line, as with stacked areas. */
  shown?: number[];
};

type PlotProps = {
  /** Seconds since 1970, ascending. */
  times: number[];
  series: Series[];
  /** Of the vertical axis, which always begins at zero, such as `$/day`. */
  unit: string;
  format: (value: number) => string;
  formatTime: (seconds: number) => string;
  /** What there is to see, in a sentence. */
  summary: string;
  /** At least, in px; where the parent is higher, the plot fills it. */
  height: number;
  /** The same data as a table, shown instead on request. */
  table: ReactNode;
};

/** The one place that draws with uPlot: lines and stacked areas over time, with a cursor for mouse and arrow keys. */
export function Plot({ times, series, unit, format, formatTime, summary, height, table }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const dark = useDark();

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const options = makeOptions({ element, series, onCursor: setAt });
    const made = new uPlot(options, [times, ...series.map((each) => each.values)], element);
    const resize = new ResizeObserver(() => made.setSize(sizeOf(element)));
    resize.observe(element);
    plot.current = made;
    // A canvas draws with the font there is, and does not notice when the right one comes.
    void document.fonts.load(`12px ${FONT}`).then(() => plot.current === made && made.redraw(false, true));
    return () => {
      resize.disconnect();
      made.destroy();
    };
    // Colours are read when the plot is made, so a change of theme makes it anew.
  }, [times, series, dark, asTable]);

  const onKeyDown = (event: KeyboardEvent) => {
    const last = times.length - 1;
    const wanted = { ArrowLeft: (at ?? last + 1) - 1, ArrowRight: (at ?? -1) + 1, Home: 0, End: last }[event.key];
    if (wanted === undefined || !plot.current) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(last, wanted));
    const [left, top] = [plot.current.valToPos(times[next]!, "x"), plot.current.valToPos(series[0]!.values[next]!, "y")];
    plot.current.setCursor({ left, top });
  };

  return (
    <div className="flex h-full flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-5 gap-y-1 text-12">
        <span className="text-muted">{unit}</span>
        {series.map((each) => (
          <span key={each.name} className="inline-flex items-center gap-1.5">
            <Swatch colour={each.colour} dashed={each.dashed ?? false} />
            {each.name} {at !== null && <strong>{format((each.shown ?? each.values)[at]!)}</strong>}
          </span>
        ))}
        <span className="ml-auto min-w-28 text-right text-muted" aria-live="polite">{at !== null && formatTime(times[at]!)}</span>
        <button type="button" className="min-h-6 underline underline-offset-4" onClick={() => setAsTable(!asTable)}>
          {asTable ? "Show as chart" : "Show as table"}
        </button>
      </div>
      {asTable ? <div className="max-h-80 overflow-auto" tabIndex={0} role="region" aria-label="Data of the chart">{table}</div> : (
        <div role="img" aria-label={`${summary} Arrow keys move through it.`} tabIndex={0} onKeyDown={onKeyDown}
          onBlur={() => plot.current?.setCursor(NOWHERE)} style={{ minHeight: height }} className="relative min-w-0 grow">
          <div ref={box} className="absolute inset-0 overflow-hidden" />
        </div>
      )}
    </div>
  );
}

const FONT = "Inter, system-ui, sans-serif";

/** Outside the plot: uPlot then has no cursor. */
const NOWHERE = { left: -10, top: -10 };
const sizeOf = (element: HTMLElement) => ({ width: element.clientWidth, height: element.clientHeight });

/** The mark of a series in a legend. */
function Swatch({ colour, dashed }: { colour: string; dashed: boolean }) {
  return <span aria-hidden="true" className={dashed ? "dashed-fill h-0.5 w-3.5" : "size-2.5 rounded-mark"} style={dashed ? {} : { background: `var(--color-${colour})` }} />;
}

/** A token's colour as the canvas needs it. */
function resolve(element: HTMLElement, token: string, opacity = 1): string {
  element.style.color = `color-mix(in srgb, var(--color-${token}) ${opacity * 100}%, transparent)`;
  const colour = getComputedStyle(element).color;
  element.style.color = "";
  return colour;
}

const dayOf = (seconds: number) => day(seconds * 1000);
const tickOf = (seconds: number) => tick(seconds * 1000);

/** Room a note needs: half of its width, and its height. */
const NOTE = { half: 28, height: 20 };

/** Notes stand in the middle of the space they name, of where both its edges keep clear of the words. */
function writeNotes(plot: uPlot, series: Series[], colour: string): void {
  const { ctx } = plot;
  const [half, height] = [NOTE.half * devicePixelRatio, NOTE.height * devicePixelRatio];
  for (const each of series) {
    const below = typeof each.fillTo === "number" ? series[each.fillTo] : undefined;
    if (!each.note || !below) continue;
    const at = Array.from(plot.data[0], (time) => plot.valToPos(time, "x", true));
    const places = at.flatMap((x) => {
      const under = at.flatMap((other, index) => (Math.abs(other - x) <= half ? [index] : []));
      const top = Math.max(...under.map((index) => plot.valToPos(each.values[index]!, "y", true)));
      const bottom = Math.min(...under.map((index) => plot.valToPos(below.values[index]!, "y", true)));
      return bottom - top >= height ? [{ x, y: (top + bottom) / 2 }] : [];
    });
    const place = places[Math.floor(places.length / 2)];
    if (!place) continue;
    ctx.save();
    ctx.font = `${12 * devicePixelRatio}px ${FONT}`;
    ctx.fillStyle = colour;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(each.note, place.x, place.y);
    ctx.restore();
  }
}

function makeOptions({ element, series, onCursor }: {
  element: HTMLElement; series: Series[]; onCursor: (at: number | null) => void;
}): uPlot.Options {
  const axis = { stroke: resolve(element, "muted"), font: `12px ${FONT}`, grid: { stroke: resolve(element, "line"), width: 1 }, ticks: { show: false } };
  return {
    ...sizeOf(element),
    padding: [8, 24, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, (high || 1) * 1.08] } },
    axes: [
      { ...axis, size: 28, gap: 8, space: 90, values: (_plot, ticks, _axis, _space, step) => ticks.map(step >= 86_400 ? dayOf : tickOf) },
      { ...axis, size: 44, gap: 8, values: (_plot, ticks) => ticks.map((tick) => tick.toLocaleString("en-US")) },
    ],
    series: [{}, ...series.map((each) => ({
      label: each.name,
      stroke: resolve(element, each.colour),
      width: 1.5,
      points: { show: false },
      ...(each.dashed && { dash: [4, 3] }),
      ...(each.fillTo === "zero" && { fill: resolve(element, each.colour, each.fillOpacity) }),
    }))],
    bands: series.flatMap((each, index) =>
      typeof each.fillTo === "number"
        ? [{ series: [index + 1, each.fillTo + 1] as [number, number], fill: resolve(element, each.colour, each.fillOpacity) }]
        : []),
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)], draw: [(plot) => writeNotes(plot, series, axis.stroke)] },
  };
}
