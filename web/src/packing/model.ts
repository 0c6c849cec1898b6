import type { Launch, Optimization, Pool, StateNode, WorkloadRef } from "../api/types";
import { dollars, type Money, nanos } from "../lib/money";

/** What a packing map is measured in. */
export type Resource = "cpu" | "memory";
const KEY = { cpu: "cpu_milli", memory: "memory_mib" } as const;

/** A share of a node: one pod, or the pods of one workload where single pods are not known. */
export type Block = {
  name: string;
  namespace: string;
  workload: WorkloadRef | null;
  pods: number;
  cpu_milli: number;
  memory_mib: number;
  daemon: boolean;
  /** Why it can not be moved; absent where it can, or where that does not matter. */
  stuck: string | undefined;
};

/** A row of the map. */
export type Bin = {
  name: string;
  type: string;
  zone: string;
  capacity: Pool["capacity_type"] | undefined;
  price: Money | undefined;
  /** When the node was made; absent for one that is not there yet. */
  since: string | undefined;
  instance: string | undefined;
  blockedBy: string | undefined;
  room: { cpu_milli: number; memory_mib: number };
  blocks: Block[];
};

export const amount = (of: { cpu_milli: number; memory_mib: number }, by: Resource): number => of[KEY[by]];
export const used = (bin: Bin, by: Resource): number => bin.blocks.reduce((sum, block) => sum + amount(block, by), 0);
export const widest = (bins: Bin[], by: Resource): number => bins.reduce((most, bin) => Math.max(most, amount(bin.room, by)), 1);

/** Dollars an hour that are paid for what nothing asks for. */
export function waste(bin: Bin, by: Resource): number {
  const free = 1 - used(bin, by) / Math.max(1, amount(bin.room, by));
  return free * (bin.price ? dollars(nanos(bin.price)) : 0);
}

export const byWaste = (bins: Bin[], by: Resource): Bin[] => bins.toSorted((a, b) => waste(b, by) - waste(a, by) || a.name.localeCompare(b.name));

/** `namespace/name`, what a workload is called in links. */
export const workloadKey = (ref: { namespace: string; name: string }): string => `${ref.namespace}/${ref.name}`;

/** A node as it is. DaemonSets come first, then workloads by size, so that rows can be compared. */
export function binOfNode(node: StateNode): Bin {
  const blocks = node.pods.map((pod): Block => ({
    name: pod.name, namespace: pod.namespace, workload: pod.workload ?? null, pods: 1,
    cpu_milli: pod.cpu_milli, memory_mib: pod.memory_mib, daemon: pod.daemon,
    stuck: pod.movable || pod.daemon ? undefined : (pod.why_not ?? "It can not be moved."),
  }));
  return {
    name: node.name, type: node.instance_type ?? "unknown type", zone: node.zone ?? "",
    capacity: node.capacity_type ?? undefined, price: node.price_per_hour ?? undefined, since: node.created_at,
    instance: node.instance_id ?? undefined, blockedBy: node.blocked_by ?? undefined, room: node.allocatable,
    blocks: blocks.toSorted((a, b) => Number(b.daemon) - Number(a.daemon) || b.cpu_milli - a.cpu_milli || a.name.localeCompare(b.name)),
  };
}

/** The nodes a launch makes, each with an even share of what the plan expects on all of them. */
function binsOfLaunch(launch: Launch, command: number): Bin[] {
  const choice = launch.choices[0];
  if (!choice) return [];
  return Array.from({ length: launch.count }, (_, at) => ({
    name: `new-${command + 1}-${at + 1}`, type: choice.pool.instance_type, zone: choice.pool.zone, capacity: choice.pool.capacity_type,
    price: choice.price_per_hour, since: undefined, instance: undefined, blockedBy: undefined, room: choice,
    blocks: launch.packing.map((share): Block => ({
      name: share.workload.name, namespace: share.workload.namespace, workload: share.workload, pods: Math.ceil(share.pods / launch.count),
      cpu_milli: share.cpu_milli / launch.count, memory_mib: share.memory_mib / launch.count, daemon: share.workload.kind === "DaemonSet", stuck: undefined,
    })),
  }));
}

/** The fleet before and after a plan. Nodes the snapshot no longer has are shown by what the plan says of them. */
export function beforeAndAfter(plan: Optimization["plan"], nodes: StateNode[]): { before: Bin[]; after: Bin[] } {
  const known = new Map(nodes.map((node) => [node.name, node]));
  const retired = plan.commands.flatMap((command) => command.retire);
  const gone = retired.map((retire): Bin => {
    const node = known.get(retire.node);
    if (node) return binOfNode(node);
    return {
      name: retire.node, type: retire.pool.instance_type, zone: retire.pool.zone, capacity: retire.pool.capacity_type,
      price: retire.price_per_hour, since: undefined, instance: retire.instance_id, blockedBy: undefined, room: { cpu_milli: 0, memory_mib: 0 }, blocks: [],
    };
  });
  const stays = plan.stays.flatMap((stay) => known.get(stay.node) ?? []).map(binOfNode);
  const launched = plan.commands.flatMap((command) => command.launch.flatMap((launch) => binsOfLaunch(launch, command.index)));
  return { before: [...gone, ...stays], after: [...launched, ...stays] };
}
