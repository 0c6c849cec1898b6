import { Link } from "@tanstack/react-router";
import { useSyncExternalStore } from "react";
import type { Cluster } from "../../api/types";
import { counted, percent } from "../../lib/units";
import { ClusterBadge } from "../../ui/badge";
import { Rows } from "../../ui/rows";
import { Amount } from "../../ui/value";
import { SplitBar } from "./split-bar";

const CARD_PX = 148;

const subscribe = (listener: () => void) => {
  window.addEventListener("resize", listener);
  return () => window.removeEventListener("resize", listener);
};
const columnsNow = () => (window.innerWidth < 700 ? 1 : window.innerWidth < 1200 ? 2 : 3);

export function ClusterCards({ clusters }: { clusters: Cluster[] }) {
  const columns = useSyncExternalStore(subscribe, columnsNow);
  const rows = Array.from({ length: Math.ceil(clusters.length / columns) }, (_, at) => clusters.slice(at * columns, (at + 1) * columns));
  return (
    <Rows name="Clusters" items={rows} height={CARD_PX} row={(row) => (
      <div className="grid h-full gap-4 pb-4" style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
        {row.map((cluster) => <Card key={cluster.id} cluster={cluster} />)}
      </div>
    )} />
  );
}

function Card({ cluster }: { cluster: Cluster }) {
  return (
    <Link to="/clusters/$clusterId" params={{ clusterId: cluster.id }}
      className="flex min-w-0 flex-col justify-between rounded-box border border-line bg-surface p-4 hover:border-control">
      <div className="flex items-baseline justify-between gap-3">
        <span className="truncate text-14 font-semibold">{cluster.name}</span>
        <ClusterBadge status={cluster.status} />
      </div>
      {cluster.nodes === 0 ? <p className="text-muted">{cluster.status === "waiting_for_agent" ? "Nothing is known of its nodes yet." : "It has no nodes now."}</p> : (
        <>
          <div className="flex items-baseline justify-between gap-3">
            <span className="text-18 font-semibold"><Amount of={cluster.cost_per_hour} per="h" /></span>
            <span className="text-muted">{counted(cluster.nodes, "node")} · {percent(cluster.cpu_utilisation_percent / 100)} CPU used</span>
          </div>
          <SplitBar spot={cluster.spot_nodes} all={cluster.nodes} />
        </>
      )}
      <div className="flex justify-between gap-3 text-12 text-muted"><span>{cluster.region}</span>{cluster.nodes > 0 && <span>{percent(cluster.spot_cpu_percent / 100)} of CPU on Spot</span>}</div>
    </Link>
  );
}
