import type { Dashboard, SeriesPoint } from "../../api/types";
import { Sparkline } from "../../charts/sparkline";
import { dollars, nanos, share } from "../../lib/money";
import { count, percent } from "../../lib/units";
import { Figure, Figures } from "../../ui/panel";
import { Amount, Explained } from "../../ui/value";

/** The four figures of the top line. */
export function KeyFigures({ data }: { data: Dashboard }) {
  const { saved_this_month: saved, series } = data;
  return (
    <Figures>
      <Figure label="Cost per hour now" value={<Amount of={data.cost_per_hour} per="h" />} remark={change(series, "actual")}
        mark={<Sparkline colour="text" values={course(series, "actual")} />} />
      <Figure label="Saved this month" value={<Amount of={saved.amount} />}
        mark={<Sparkline colour="spot" values={series.map((point) => dollars(nanos(point.baseline) - nanos(point.actual)))} />}
        remark={<>
          {percent(share(nanos(saved.amount), nanos(saved.baseline)))} of the <Explained label="baseline">
            <p>The baseline is what the same hours would have cost without Spot Optimizer: <Amount of={saved.baseline} />. Paid: <Amount of={saved.actual} />.</p>
            <p className="mt-2">{percent(saved.measured_share_percent / 100)} of it is measured; the rest is modelled or estimated. Savings shows every hour.</p>
          </Explained>
        </>} />
      <Figure label="Spot share of requested CPU" value={percent(data.spot_cpu_percent / 100)} remark={`${count(data.spot_nodes)} of ${count(data.nodes)} nodes`}
        mark={<Sparkline colour="spot" values={series.map((point) => share(nanos(point.spot), nanos(point.actual)))} />} />
      <Figure label="Nodes" value={count(data.nodes)} remark={`${count(data.spot_nodes)} on Spot, ${count(data.nodes - data.spot_nodes)} on-demand`} />
    </Figures>
  );
}

const course = (series: SeriesPoint[], key: "actual") => series.map((point) => dollars(nanos(point[key])));

/** The newest point against the first of the range. */
function change(series: SeriesPoint[], key: "actual"): string | undefined {
  const [first, last] = [series[0], series.at(-1)];
  if (!first || !last || first === last || nanos(first[key]) === 0n) return undefined;
  const moved = share(nanos(last[key]) - nanos(first[key]), nanos(first[key]));
  return moved === 0 ? "as at the start of the range" : `${percent(Math.abs(moved))} ${moved < 0 ? "less" : "more"} than at the start of the range`;
}
