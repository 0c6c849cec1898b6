import { Link } from "@tanstack/react-router";
import type { Cluster } from "../../api/types";
import { count, percent } from "../../lib/units";
import { ClusterBadge } from "../../ui/badge";
import { Rows } from "../../ui/rows";
import { Amount } from "../../ui/value";
import { SplitBar } from "./split-bar";

const ROW_PX = 36;
const COLUMNS = "grid grid-cols-[minmax(0,1fr)_88px] items-center gap-3 px-4 md:gap-4 md:grid-cols-[minmax(0,2fr)_minmax(130px,1fr)_1fr_70px_120px_80px_100px]";
const WIDE = "max-md:hidden";

export function ClusterRows({ clusters }: { clusters: Cluster[] }) {
  return (
    <div className="rounded-box border border-line bg-surface">
      <div aria-hidden="true" className={`${COLUMNS} h-8 text-12 text-muted`}>
        <span>Cluster</span><span className={WIDE}>State</span><span className={WIDE}>Region</span><span className={`${WIDE} text-right`}>Nodes</span>
        <span className={WIDE}>Spot, on-demand</span><span className={`${WIDE} text-right`}>CPU used</span><span className="text-right">Cost</span>
      </div>
      <Rows name="Clusters" items={clusters} height={ROW_PX} row={(cluster) => (
        <Link to="/clusters/$clusterId" params={{ clusterId: cluster.id }} className={`${COLUMNS} h-full border-t border-line -outline-offset-2 hover:bg-hover`}>
          <span className="min-w-0 leading-4">
            <span className="block truncate font-semibold">{cluster.name}</span>
            <span className="block text-12 md:hidden"><ClusterBadge status={cluster.status} /></span>
          </span>
          <span className={WIDE}><ClusterBadge status={cluster.status} /></span>
          <span className={`${WIDE} truncate text-muted`}>{cluster.region}</span>
          <span className={`${WIDE} text-right`}>{cluster.status === "waiting_for_agent" ? "–" : count(cluster.nodes)}</span>
          <span className={WIDE}><SplitBar spot={cluster.spot_nodes} all={cluster.nodes} /></span>
          <span className={`${WIDE} text-right`}>{cluster.nodes > 0 ? percent(cluster.cpu_utilisation_percent / 100) : "–"}</span>
          <span className="text-right">{cluster.status === "waiting_for_agent" ? "–" : <Amount of={cluster.cost_per_hour} per="h" />}</span>
        </Link>
      )} />
    </div>
  );
}
