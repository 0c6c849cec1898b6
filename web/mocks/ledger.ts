import type { Cluster, Dashboard, LedgerHour, SeriesPoint, Share } from "../src/api/types";
import { nanos } from "../src/lib/money";
import type { ClusterState } from "../src/api/types";
import { type Capacity, priceNanos } from "./catalogue";
import { random, total, usd } from "./random";

const HOUR_MS = 3_600_000;

/** Of the nodes of today, how many ran then: the fleet moved to Spot for ninety days, and is busier by day. */
function running(capacity: Capacity, start: number, now: number): number {
  const ago = Math.min(1, (now - start) / (90 * 24 * HOUR_MS));
  const busy = 1 + 0.12 * Math.cos(((start / HOUR_MS - 14) * Math.PI) / 12);
  return busy * (capacity === "spot" ? 1 - 0.75 * ago : 1 + 0.9 * ago);
}

/** An hour in which baseline = actual + all levers + residual, in integers. */
function makeHour(cluster: Cluster, state: ClusterState, start: number, now: number, next: () => number, definition: string): LedgerHour {
  const lines = [...new Map(state.nodes.map((node) => [`${node.instance_type} ${node.zone} ${node.capacity_type}`, node])).values()].map((node) => {
    const same = state.nodes.filter((other) => other.instance_type === node.instance_type && other.zone === node.zone && other.capacity_type === node.capacity_type);
    const pool = { instance_type: node.instance_type!, zone: node.zone!, capacity_type: node.capacity_type! };
    const seconds = Math.round(same.length * 3600 * running(pool.capacity_type, start, now));
    const cost = (capacity: Capacity) => usd((priceNanos(pool.instance_type, capacity) * BigInt(seconds)) / 3600n);
    return {
      pool, instance_ids: same.map((each) => each.instance_id!), seconds, estimated: false, on_demand_cost: cost("on-demand"), cost: cost(pool.capacity_type),
    };
  });
  const cost = total(lines.map((line) => nanos(line.cost)));
  const listed = total(lines.map((line) => nanos(line.on_demand_cost)));
  const night = new Date(start).getUTCHours() < 6;
  const consolidation = (listed * BigInt(18 + Math.floor(next() * 5))) / 100n;
  const hibernation = night && cluster.name.startsWith("staging") ? listed / 2n : 0n;
  const overlap = next() < 0.1 ? -(cost / 20n) : 0n;
  const market = (listed * BigInt(Math.floor(next() * 3) - 1)) / 100n;
  const residual = BigInt(Math.floor(next() * 2_000));
  const modelled = next() < 0.1;
  const actual = cost - overlap - (hibernation * 6n) / 10n;
  const spot_price = listed - cost;
  const levers = { market, spot_price, consolidation, hibernation, overlap };
  const baseline = actual + total(Object.values(levers)) + residual;
  return {
    cluster_id: cluster.id, hour: new Date(start).toISOString(), baseline: usd(baseline), actual: usd(actual),
    levers: { market: usd(market), spot_price: usd(spot_price), consolidation: usd(consolidation), hibernation: usd(hibernation), overlap: usd(overlap) },
    residual: usd(residual), quality: modelled ? "estimated" : "measured",
    baseline_definition: definition, lines: lines.map((line, at) => ({ ...line, estimated: modelled && at === 0 })),
  };
}

/** The last `days` days of a cluster, newest first. */
export function makeLedger(cluster: Cluster, state: ClusterState, now: number, days: number): LedgerHour[] {
  const next = random(cluster.name.length * 97);
  const last = Math.floor(now / HOUR_MS) * HOUR_MS;
  const linked = new Date(now - 90 * 24 * HOUR_MS).toISOString().slice(0, 16).replace("T", " ");
  const definition = `The ${state.nodes.length} nodes the cluster had at ${linked} UTC, running all the time at the prices of that moment`;
  return Array.from({ length: days * 24 }, (_, at) => makeHour(cluster, state, last - (at + 1) * HOUR_MS, now, next, definition));
}

export function makeDashboard(clusters: Cluster[], states: Map<string, ClusterState>, ledger: LedgerHour[], plansWaiting: string[], days: number, now: number): Dashboard {
  const since = Math.ceil(now / (24 * HOUR_MS) - days) * 24 * HOUR_MS;
  const hours = ledger.filter((hour) => Date.parse(hour.hour) >= since);
  const saved = (rows: LedgerHour[]) => total(rows.map((row) => nanos(row.baseline) - nanos(row.actual)));
  const month = ledger.filter((hour) => Date.parse(hour.hour) >= now - 23 * 24 * HOUR_MS);
  const measured = month.filter((hour) => hour.quality === "measured").length;
  const nodes = clusters.flatMap((cluster) => (cluster.status === "waiting_for_agent" ? [] : (states.get(cluster.id)?.nodes ?? [])));
  const shares = (name: (node: (typeof nodes)[number]) => string): Share[] => {
    const groups = new Map<string, { cost: bigint; nodes: number }>();
    for (const node of nodes) {
      const group = groups.get(name(node)) ?? { cost: 0n, nodes: 0 };
      groups.set(name(node), { cost: group.cost + nanos(node.price_per_hour!), nodes: group.nodes + 1 });
    }
    return [...groups].map(([key, group]) => ({ name: key, cost_per_hour: usd(group.cost), nodes: group.nodes }));
  };
  const spotNodes = nodes.filter((node) => node.capacity_type === "spot").length;
  return {
    as_of: new Date(now - 12_000).toISOString(),
    cost_per_hour: usd(total(nodes.map((node) => nanos(node.price_per_hour!)))), nodes: nodes.length, spot_nodes: spotNodes,
    spot_cpu_percent: nodes.length ? Math.round((1000 * spotNodes) / nodes.length) / 10 : 0,
    saved_this_month: {
      amount: usd(saved(month)), baseline: usd(total(month.map((row) => nanos(row.baseline)))), actual: usd(total(month.map((row) => nanos(row.actual)))),
      measured_share_percent: month.length ? Math.round((100 * measured) / month.length) : 0,
    },
    plans_waiting: plansWaiting.length,
    attention: [
      ...clusters.filter((each) => each.status === "silent").map((each) => ({ severity: "danger" as const, text: `${each.name} has not reported for 47 min. No plan is made or carried out there.`, href: `/clusters/${each.id}` })),
      ...plansWaiting.slice(0, 1).map((id) => ({ severity: "warning" as const, text: `${plansWaiting.length === 1 ? "1 plan waits" : `${plansWaiting.length} plans wait`} for approval; the first expires in 48 min.`, href: `/plans/${id}` })),
    ],
    series: makeSeries(hours, days),
    distribution: {
      lifecycle: shares((node) => node.capacity_type!),
      architecture: shares((node) => (/^[a-z]\dg/.test(node.instance_type!) ? "arm64" : "amd64")),
      family: shares((node) => node.instance_type!.split(".")[0]!),
      instance_type: shares((node) => node.instance_type!),
    },
    clusters: clusters.map((cluster) => ({
      id: cluster.id, name: cluster.name, status: cluster.status, cost_per_hour: cluster.cost_per_hour, nodes: cluster.nodes, spot_nodes: cluster.spot_nodes,
      saved_this_month: usd(saved(month.filter((row) => row.cluster_id === cluster.id))),
    })),
  };
}

/** Hours for a week, days for more. */
function makeSeries(hours: LedgerHour[], days: number): SeriesPoint[] {
  const step = days <= 7 ? HOUR_MS : 24 * HOUR_MS;
  const buckets = new Map<number, LedgerHour[]>();
  const newest = Date.parse(hours[0]?.hour ?? "") + HOUR_MS;
  for (const hour of hours) {
    const at = Math.floor(Date.parse(hour.hour) / step) * step;
    if (at + step > newest) continue;
    buckets.set(at, [...(buckets.get(at) ?? []), hour]);
  }
  return [...buckets].sort(([a], [b]) => a - b).map(([at, rows]) => {
    const actual = total(rows.map((row) => nanos(row.actual)));
    const spot = total(rows.flatMap((row) => row.lines.filter((line) => line.pool.capacity_type === "spot").map((line) => nanos(line.cost))));
    const capped = spot < actual ? spot : actual;
    return {
      at: new Date(at).toISOString(), baseline: usd(total(rows.map((row) => nanos(row.baseline)))),
      actual: usd(actual), spot: usd(capped), on_demand: usd(actual - capped),
    };
  });
}
