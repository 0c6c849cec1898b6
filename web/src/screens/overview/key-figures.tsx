import type { Dashboard, SeriesPoint } from "../../api/types";
import { Sparkline } from "../../charts/sparkline";
import { dollars, nanos, share } from "../../lib/money";
import { count, percent } from "../../lib/units";
import { Figure, Figures } from "../../ui/panel";
import { Amount, Modelled, Monthly } from "../../ui/value";

/** The four figures of the top line. The API keeps no history of nodes, so theirs has no course. */
export function KeyFigures({ data, days }: { data: Dashboard; days: number }) {
  const { saved_this_month: saved, series } = data;
  const paid = series.map((point) => dollars(nanos(point.actual)));
  const kept = series.map((point) => dollars(nanos(point.baseline) - nanos(point.actual)));
  const spot = series.map(spotPart);
  const hourly = nanos(data.cost_per_hour);
  return (
    <Figures>
      <Figure label="Cost per hour now" value={<Amount of={hourly} per="h" />} mark={<Sparkline colour="text" values={paid} />}
        remark={<Monthly perHour={hourly} />}
        change={moved(paid, days)} />
      <Figure label="Saved this month" mark={<Sparkline colour="spot" values={kept} />}
        value={<Modelled formula={<BaselineLessPaid of={saved} />}><Amount of={saved.amount} /></Modelled>}
        remark={`${percent(share(nanos(saved.amount), nanos(saved.baseline)))} of the baseline`} change={moved(kept, days)} />
      <Figure label="Spot share of requested CPU" value={percent(data.spot_cpu_percent / 100)} mark={<Sparkline colour="spot" values={spot} />}
        remark={`${count(data.spot_nodes)} of ${count(data.nodes)} nodes`} change={shareMoved(spot, days)} />
      <Figure label="Nodes" value={count(data.nodes)} remark={<>{count(data.spot_nodes)} on Spot, <span className="whitespace-nowrap">{count(data.nodes - data.spot_nodes)} on-demand</span></>} />
    </Figures>
  );
}

function BaselineLessPaid({ of: { baseline, actual, measured_share_percent } }: { of: Dashboard["saved_this_month"] }) {
  return (
    <>
      <p>Baseline − paid: <Amount of={baseline} /> − <Amount of={actual} />. The baseline is modelled: it is what the same hours would have cost without Spot Optimizer.</p>
      <p className="mt-2">{percent(measured_share_percent / 100)} of the hours were paid at measured prices, the rest at estimated ones. Savings shows every hour.</p>
    </>
  );
}

const spotPart = (point: SeriesPoint): number => share(nanos(point.spot), nanos(point.actual));
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Means of the older and the newer half of the range: single points of it move with the hour and the weekday. */
function halves(values: number[]): { before: number; since: number } | undefined {
  const middle = Math.floor(values.length / 2);
  return middle === 0 ? undefined : { before: mean(values.slice(0, middle)), since: mean(values.slice(middle)) };
}

function moved(values: number[], days: number): string | undefined {
  const { before, since } = halves(values) ?? { before: 0, since: 0 };
  if (before <= 0) return undefined;
  const times = since / before;
  if (times >= 3) return `${Math.round(times)} times the ${days / 2} days before`;
  const change = times - 1;
  const word = Math.abs(change) < 0.0005 ? "as much as" : `${percent(Math.abs(change))} ${change < 0 ? "less" : "more"} than`;
  return `${word} the ${days / 2} days before`;
}

function shareMoved(values: number[], days: number): string | undefined {
  const both = halves(values);
  return both && `${percent(both.since)} of the cost; ${percent(both.before)} in the ${days / 2} days before`;
}
