import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { cluster, clusterState } from "../../api/queries";
import type { Cluster, ClusterState } from "../../api/types";
import { useAsOf } from "../../frame/freshness";
import { PageHead } from "../../frame/page-head";
import { counted, cpu, memory, percent } from "../../lib/units";
import type { CLUSTER_TABS } from "../../router";
import { ClusterBadge } from "../../ui/badge";
import { Figure, Figures } from "../../ui/panel";
import { Empty, Loaded } from "../../ui/states";
import { TabBar } from "../../ui/tabs";
import { Amount } from "../../ui/value";
import { ClusterHours } from "./hours";
import { NewPlan } from "./new-plan";
import { Packing } from "./packing";
import { ClusterPlans } from "./plans";
import { Workloads } from "./workloads";

const route = getRouteApi("/app/clusters/$clusterId");
type Tab = (typeof CLUSTER_TABS)[number];

const TABS: { value: Tab; label: string }[] = [
  { value: "packing", label: "Packing" }, { value: "workloads", label: "Workloads" }, { value: "plans", label: "Plans" }, { value: "ledger", label: "Hours" },
];

/** One cluster: how full its nodes are, what runs on them, what is planned and what was saved. */
export function ClusterScreen() {
  const { clusterId } = route.useParams();
  const query = useQuery(cluster(clusterId));
  useAsOf(query.data?.snapshot_taken_at);
  return (
    <>
      <PageHead title={query.data?.name ?? "Cluster"} state={query.data && <InWords cluster={query.data} />} action={query.data && <NewPlan cluster={query.data} />} />
      <Loaded query={query} what="this cluster">
        {(data) => data.status === "waiting_for_agent" ? (
          <Empty icon="waiting" title="Waiting for the agent">
            This cluster is registered, but its agent has not reported yet. Install it with the command that was shown with its key; this page fills itself within 30 seconds of the first report.
          </Empty>
        ) : <Reporting cluster={data} />}
      </Loaded>
    </>
  );
}

const KINDS: Record<Cluster["kind"], string> = { managed_node_groups: "managed node groups", karpenter: "Karpenter", auto_mode: "EKS Auto Mode", mixed: "mixed node managers" };

function InWords({ cluster: { status, region, kind, kubernetes_version: version } }: { cluster: Cluster }) {
  return (
    <span className="flex flex-wrap items-baseline gap-x-3">
      <ClusterBadge status={status} />
      <span>{region}, {KINDS[kind]}{version && `, Kubernetes ${version}`}</span>
    </span>
  );
}

function Reporting({ cluster }: { cluster: Cluster }) {
  const { tab = "packing" } = route.useSearch();
  const navigate = useNavigate({ from: "/clusters/$clusterId" });
  const state = useQuery(clusterState(cluster.id));
  return (
    <div className="flex flex-col gap-5">
      <Figures>
        <Figure label="Cost per hour now" value={<Amount of={cluster.cost_per_hour} per="h" />} remark={`${counted(cluster.nodes, "node")}, ${counted(cluster.pods, "pod")}`} />
        <Figure label="Spot share of requested CPU" value={percent(cluster.spot_cpu_percent / 100)} remark={`${cluster.spot_nodes} of ${counted(cluster.nodes, "node")}`} />
        <Figure label="CPU requested of allocatable" value={percent(cluster.cpu_utilisation_percent / 100)} remark={state.data && ofRoom(state.data, "cpu_milli", cpu)} />
        <Figure label="Memory requested of allocatable" value={percent(cluster.memory_utilisation_percent / 100)} remark={state.data && ofRoom(state.data, "memory_mib", memory)} />
      </Figures>
      <TabBar name="Parts of the cluster" value={tab} tabs={TABS} onChange={(next) => void navigate({ search: (old) => ({ ...old, tab: next === "packing" ? undefined : next }) })}>
        {tab === "packing" && <Loaded query={state} what="the nodes">{(data) => <Packing state={data} />}</Loaded>}
        {tab === "workloads" && <Loaded query={state} what="the workloads">{(data) => <Workloads workloads={data.workloads} />}</Loaded>}
        {tab === "plans" && <ClusterPlans clusterId={cluster.id} />}
        {tab === "ledger" && <ClusterHours clusterId={cluster.id} />}
      </TabBar>
    </div>
  );
}

function ofRoom({ nodes }: ClusterState, key: "cpu_milli" | "memory_mib", format: (value: number) => string): string | undefined {
  if (nodes.length === 0) return undefined;
  const sum = (of: "requested" | "allocatable") => format(nodes.reduce((total, node) => total + node[of][key], 0));
  return `${sum("requested")} of ${sum("allocatable")}`;
}
