import type { Cluster, ClusterState, StateNode, StatePod, StateWorkload } from "../src/api/types";
import { allocatable, type Capacity, priceNanos } from "./catalogue";
import { ago, random, total, usd } from "./random";

type Kind = { type: string; capacity: Capacity; count: number };
export type Recipe = { id: string; name: string; region: string; status: Cluster["status"]; kinds: Kind[]; seed: number };

const WORKLOADS: [namespace: string, name: string, kind: string, cpu: number, memory: number][] = [
  ["shop", "checkout-api", "Deployment", 500, 1024],
  ["shop", "catalogue", "Deployment", 750, 1536],
  ["shop", "cart", "Deployment", 250, 512],
  ["search", "indexer", "StatefulSet", 1500, 6144],
  ["search", "query-frontend", "Deployment", 1000, 2048],
  ["payments", "ledger-writer", "StatefulSet", 500, 2048],
  ["platform", "ingress-nginx", "Deployment", 400, 512],
  ["platform", "prometheus", "StatefulSet", 1200, 8192],
  ["batch", "thumbnailer", "Deployment", 900, 1024],
  ["web", "storefront", "Deployment", 350, 768],
];
const DAEMONS: [name: string, cpu: number, memory: number][] = [
  ["aws-node", 50, 128], ["kube-proxy", 100, 128], ["fluent-bit", 100, 200], ["node-exporter", 50, 64],
];
const ZONES = ["a", "b", "c"];

const POLICY: Cluster["policy"] = {
  spot_percent: 70, on_demand_base: 0, max_pool_percent: 9, max_family_percent: 25, max_zone_percent: 34,
  max_workload_pool_percent: 50, headroom_percent: 5, min_saving_per_hour: usd(10_000_000n), min_saving_percent: 3,
  disruption_cost_per_pod: usd(1_000_000n), payback_hours: 24, cooldown_minutes: 30,
  disruption_percent_per_10_minutes: 10, auto_approve: false, evict_bare_pods: false, evict_local_storage: false,
};
const TEMPLATE: Cluster["template"] = {
  architectures: ["amd64", "arm64"], categories: ["c", "m", "r"], families: [], zones: [], min_vcpu: 2, max_vcpu: 32,
  current_generation_only: true, burstable: false, min_offerings: 3,
};

/** Nodes filled to between a third and nine tenths, with the pods that fill them. */
export function makeState(recipe: Recipe, now: number): ClusterState {
  const next = random(recipe.seed);
  const nodes = recipe.kinds.flatMap((kind, group) =>
    Array.from({ length: kind.count }, (_, at) => makeNode(recipe, kind, group, at, now, next)));
  return {
    taken_at: ago(now, recipe.status === "silent" ? 47 : 0.3),
    nodes,
    workloads: WORKLOADS.map(([namespace, name, kind, cpu, memory]) => makeWorkload(nodes, { namespace, name, kind }, cpu, memory)).filter((each) => each.replicas > 0),
    findings: recipe.status === "silent"
      ? [{ code: "snapshot_stale", subject: `cluster/${recipe.name}`, message: "The last snapshot is 47 min old: no plan is made from it." }]
      : [{ code: "requests_missing", subject: "pod/batch/thumbnailer-x2", message: "It asks for no memory, so it counts as zero, as the scheduler counts it." }],
  };
}

function makeNode(recipe: Recipe, kind: Kind, group: number, at: number, now: number, next: () => number): StateNode {
  const zone = `${recipe.region}${ZONES[at % 3]}`;
  const room = allocatable(kind.type);
  const pods: StatePod[] = DAEMONS.map(([name, cpu_milli, memory_mib]) => ({
    namespace: "kube-system", name: `${name}-${group}${at}`, workload: { kind: "DaemonSet", namespace: "kube-system", name },
    cpu_milli, memory_mib, daemon: true, movable: false, why_not: "It belongs to its node and goes with it.",
  }));
  const wanted = (kind.capacity === "spot" ? 0.6 : 0.25) + 0.35 * next();
  const sum = (key: "cpu_milli" | "memory_mib") => pods.reduce((total, pod) => total + pod[key], 0);
  for (let tries = 0; tries < 40 && sum("cpu_milli") < wanted * room.cpu_milli; tries++) {
    const pick = WORKLOADS[Math.floor(next() * WORKLOADS.length)]!;
    const [namespace, name, workload, cpu_milli, memory_mib] = pick[1] === "ledger-writer" && next() < 0.7 ? WORKLOADS[0]! : pick;
    if (sum("cpu_milli") + cpu_milli > room.cpu_milli || sum("memory_mib") + memory_mib > room.memory_mib) continue;
    const stuck = name === "ledger-writer";
    pods.push({
      namespace, name: `${name}-${Math.floor(next() * 1e9).toString(36)}`, workload: { kind: workload, namespace, name },
      cpu_milli, memory_mib, daemon: false, movable: !stuck,
      why_not: stuck ? "PodDisruptionBudget payments/ledger-writer allows no disruption now." : null,
    });
  }
  const blocker = pods.find((pod) => !pod.daemon && !pod.movable);
  const address = `10-0-${40 + group}-${10 + at}`;
  return {
    name: `ip-${address}.${recipe.region}.compute.internal`,
    instance_id: `i-0${Math.floor(next() * 2 ** 48).toString(16).padStart(12, "0")}f${group}${at % 10}`.slice(0, 19),
    instance_type: kind.type, zone, capacity_type: kind.capacity, node_group: `${kind.type.replace(".", "-")}-${kind.capacity}`,
    created_at: ago(now, 60 + next() * 60 * 24 * 20), ready: true, unschedulable: false,
    price_per_hour: usd(priceNanos(kind.type, kind.capacity)),
    allocatable: room, requested: { cpu_milli: sum("cpu_milli"), memory_mib: sum("memory_mib"), pods: pods.length },
    movable: !blocker, blocked_by: blocker ? `${blocker.namespace}/${blocker.name}: ${blocker.why_not}` : null, pods,
  };
}

function makeWorkload(nodes: StateNode[], ref: { namespace: string; name: string; kind: string }, cpu_milli: number, memory_mib: number): StateWorkload {
  const byPool = new Map<string, { node: StateNode; lost: number }>();
  let replicas = 0;
  let spot = 0;
  for (const node of nodes) {
    const here = node.pods.filter((pod) => pod.workload?.name === ref.name && pod.namespace === ref.namespace).length;
    replicas += here;
    if (node.capacity_type !== "spot" || here === 0) continue;
    spot += here;
    const key = `${node.instance_type} ${node.zone}`;
    byPool.set(key, { node, lost: (byPool.get(key)?.lost ?? 0) + here });
  }
  const worst = [...byPool.values()].sort((a, b) => b.lost - a.lost)[0];
  return {
    ...ref, replicas, ready: replicas, cpu_milli, memory_mib, spot_replicas: spot,
    worst_pool_loss: worst
      ? { pool: { instance_type: worst.node.instance_type ?? "", zone: worst.node.zone ?? "", capacity_type: "spot" }, lost: worst.lost }
      : null,
  };
}

export function makeCluster(recipe: Recipe, state: ClusterState, now: number): Cluster {
  const waiting = recipe.status === "waiting_for_agent";
  const nodes = waiting ? [] : state.nodes;
  const sum = (pick: (node: StateNode) => number) => nodes.reduce((sum, node) => sum + pick(node), 0);
  const spot = nodes.filter((node) => node.capacity_type === "spot");
  const used = sum((node) => node.requested.cpu_milli);
  const rate = (part: number, whole: number) => (whole === 0 ? 0 : Math.round((1000 * part) / whole) / 10);
  return {
    id: recipe.id, name: recipe.name, region: recipe.region, account_id: "acc_01h8", kind: "managed_node_groups",
    kubernetes_version: "1.33", status: recipe.status,
    agent: waiting ? null : { version: "0.1.0", last_seen_at: state.taken_at },
    snapshot_taken_at: waiting ? null : state.taken_at,
    nodes: nodes.length, spot_nodes: spot.length, pods: sum((node) => node.pods.length),
    cost_per_hour: usd(total(nodes.map((node) => priceNanos(node.instance_type ?? "", node.capacity_type ?? "on-demand")))),
    spot_cpu_percent: rate(spot.reduce((sum, node) => sum + node.requested.cpu_milli, 0), used),
    cpu_utilisation_percent: rate(used, sum((node) => node.allocatable.cpu_milli)),
    memory_utilisation_percent: rate(sum((node) => node.requested.memory_mib), sum((node) => node.allocatable.memory_mib)),
    policy: POLICY, template: TEMPLATE, optimisation_enabled: recipe.status !== "paused", revision: 3, created_at: ago(now, 60 * 24 * 41),
  };
}
