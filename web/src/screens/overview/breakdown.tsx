import { Link } from "@tanstack/react-router";
import type { Dashboard } from "../../api/types";
import { count } from "../../lib/units";
import { ClusterBadge } from "../../ui/badge";
import { Panel } from "../../ui/panel";
import { Cell, DataTable } from "../../ui/table";
import { Amount } from "../../ui/value";

/** Clusters shown here; the Clusters screen has all of them. */
const SHOWN = 20;

export function Breakdown({ clusters }: { clusters: Dashboard["clusters"] }) {
  return (
    <Panel title="By cluster" flush aside={<Link to="/clusters" className="inline-flex min-h-6 items-center text-accent underline">All clusters</Link>}>
      <DataTable name="Clusters" heads={["Cluster", "State", "Nodes", "On Spot", "Cost", "Saved this month"]} wide={[1, 2, 3]}>
        {clusters.slice(0, SHOWN).map((cluster) => {
          const known = cluster.status !== "waiting_for_agent";
          return (
          <tr key={cluster.id} className="border-t border-line hover:bg-hover">
            <Cell>
              <Link to="/clusters/$clusterId" params={{ clusterId: cluster.id }} className="inline-flex min-h-6 items-center font-semibold hover:underline">{cluster.name}</Link>
              <span className="block text-12 md:hidden"><ClusterBadge status={cluster.status} /></span>
            </Cell>
            <Cell wide><ClusterBadge status={cluster.status} /></Cell>
            <Cell wide number>{known ? count(cluster.nodes) : "–"}</Cell>
            <Cell wide number>{known ? count(cluster.spot_nodes) : "–"}</Cell>
            <Cell number>{known ? <Amount of={cluster.cost_per_hour} per="h" /> : "–"}</Cell>
            <Cell number>{known ? <Amount of={cluster.saved_this_month} /> : "–"}</Cell>
          </tr>
          );
        })}
      </DataTable>
    </Panel>
  );
}
