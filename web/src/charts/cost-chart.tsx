import { useMemo } from "react";
import type { SeriesPoint } from "../api/types";
import { dollars, nanos } from "../lib/money";
import { day, hour } from "../lib/time";
import { percent } from "../lib/units";
import { Amount } from "../ui/value";
import { Plot, type Series } from "./plot";

const DAY_S = 86_400;

/** What was paid, by capacity type, under what it would have cost; the space between is the saving. */
export default function CostChart({ points, height = 330 }: { points: SeriesPoint[]; height?: number }) {
  const data = useMemo(() => prepare(points), [points]);
  const per = data.step >= DAY_S ? "day" : "h";
  const formatTime = (seconds: number) => (per === "day" ? day : hour)(seconds * 1000);
  const saved = data.baseline === 0 ? 0 : 1 - data.actual / data.baseline;
  return (
    <Plot times={data.times} series={data.series} height={height} unit={`$/${per}`} format={legendNumber} formatTime={formatTime}
      summary={`Cost per ${per === "day" ? "day" : "hour"}, ${points.length} points: ${percent(saved)} below the baseline on average.`}
      table={<CostTable points={points} per={per} formatTime={formatTime} />} />
  );
}

const legendNumber = (value: number) => value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

function prepare(points: SeriesPoint[]) {
  const times = points.map((point) => Date.parse(point.at) / 1000);
  const of = (key: "baseline" | "actual" | "spot" | "on_demand") => points.map((point) => dollars(nanos(point[key])));
  const [baseline, actual, spot] = [of("baseline"), of("actual"), of("spot")];
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const series: Series[] = [
    { name: "Baseline", values: baseline, colour: "baseline", dashed: true, fillTo: 1, fillOpacity: 0.1, note: "saved" },
    { name: "On-demand", values: actual, shown: of("on_demand"), colour: "on-demand", fillTo: 2, fillOpacity: 0.45 },
    { name: "Spot", values: spot, colour: "spot", fillTo: "zero", fillOpacity: 0.45 },
  ];
  return { times, series, step: (times[1] ?? 0) - (times[0] ?? 0), baseline: sum(baseline), actual: sum(actual) };
}

function CostTable({ points, per, formatTime }: { points: SeriesPoint[]; per: "day" | "h"; formatTime: (seconds: number) => string }) {
  return (
    <table className="w-full text-right max-sm:[&_data>span]:hidden">
      <thead className="text-12 text-muted"><tr>{["When", "Baseline", "Actual", "Spot", "On-demand"].map((name) => <th key={name} className="p-1 font-normal first:text-left">{name}</th>)}</tr></thead>
      <tbody>
        {points.map((point) => (
          <tr key={point.at} className="border-t border-line">
            <td className="p-1 text-left whitespace-nowrap">{formatTime(Date.parse(point.at) / 1000)}</td>
            {[point.baseline, point.actual, point.spot, point.on_demand].map((amount, at) => <td key={at} className="p-1"><Amount of={amount} per={per} /></td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
