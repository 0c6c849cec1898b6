import type { Cluster, ClusterState, Command, CommandRun, Optimization, OptimizationSummary, PlanState, Position, StateNode } from "../src/api/types";
import { nanos } from "../src/lib/money";
import { allocatable, priceNanos } from "./catalogue";
import { ago, total, usd } from "./random";

const SPOT_TYPES = ["m7g.2xlarge", "c7g.2xlarge"];
/** How long a mocked step takes. */
const STEP_MS = 500;
const STEPS = ["launching", "cordoning", "draining", "draining", "draining", "done"] as const;

function position(nodes: { price: bigint; spot: boolean }[], cpu: number): Position {
  const spot = nodes.filter((node) => node.spot).length;
  return {
    cost_per_hour: usd(total(nodes.map((node) => node.price))), nodes: nodes.length, spot_nodes: spot,
    spot_cpu_ppm: Math.round((1e6 * spot) / Math.max(1, nodes.length)), cpu_utilisation_ppm: cpu, memory_utilisation_ppm: Math.round(cpu * 0.86),
    monthly_interruptions_milli: spot * 75, interruption_cost_per_hour: usd(BigInt(spot) * 1_000n),
    worst_pool_loss: spot
      ? { pool: { instance_type: "m7g.2xlarge", zone: "us-east-1a", capacity_type: "spot" }, workload: { kind: "Deployment", namespace: "shop", name: "checkout-api" }, lost: 2, replicas: 9 }
      : null,
  };
}

/** Three on-demand nodes at a time become one or two on Spot, as far as nothing blocks them. */
export function makePlan(cluster: Cluster, state: ClusterState, options: { id: string; generation: number; now: number; plan?: PlanState }): Optimization {
  const movable = state.nodes.filter((node) => node.movable && node.capacity_type === "on-demand");
  const groups = Array.from({ length: Math.ceil(movable.length / 3) }, (_, at) => movable.slice(at * 3, at * 3 + 3));
  const commands = groups.map((group, index) => makeCommand(group, index));
  const gone = new Set(movable.map((node) => node.name));
  const kept = state.nodes.filter((node) => !gone.has(node.name));
  const asIs = (node: StateNode) => ({ price: nanos(node.price_per_hour ?? usd(0n)), spot: node.capacity_type === "spot" });
  const launched = commands.flatMap((command) => command.launch.flatMap((launch) =>
    Array.from({ length: launch.count }, () => ({ price: nanos(launch.choices[0]!.price_per_hour), spot: true }))));
  const before = position(state.nodes.map(asIs), 520_000);
  const after = position([...kept.map(asIs), ...launched], 790_000);
  const bound = { lower_bound_per_hour: usd((nanos(after.cost_per_hour) * 998n) / 1000n), gap_ppm: 2004 };
  const { id, generation, now, plan = "proposed" } = options;
  return {
    id, cluster_id: cluster.id, cluster_name: cluster.name, state: plan, generation,
    plan_hash: `${id.slice(-4)}9f31c7d2e8a04b56${generation}7c1d90ab34ef5566778899aabbccddeeff00112233445566`.slice(0, 64),
    created_at: ago(now, 12), expires_at: ago(now, -48), approved_by: null, approved_at: null,
    finished_at: null, failure: null, revision: 1, execution: null, result: null,
    before, after, commands: commands.length, saving_per_hour: usd(nanos(before.cost_per_hour) - nanos(after.cost_per_hour)), ...bound,
    plan: {
      decided_at: ago(now, 12), before, after, commands,
      ...bound,
      stays: kept.map((node) => node.movable
        ? { node: node.name, reason: "well_used" as const, text: "It is part of the best fleet found." }
        : { node: node.name, reason: "blocked" as const, text: node.blocked_by ?? "" }),
      findings: state.findings,
    },
  };
}

function makeCommand(group: StateNode[], index: number): Command {
  const type = SPOT_TYPES[index % SPOT_TYPES.length]!;
  const zone = group[0]!.zone!;
  const choice = (name: string, capacity: "spot" | "on-demand") => ({
    pool: { instance_type: name, zone, capacity_type: capacity }, price_per_hour: usd(priceNanos(name, capacity)), estimated: capacity === "spot",
    monthly_interruption_ppm: capacity === "spot" ? 75_000 : 0, cpu_milli: allocatable(name).cpu_milli, memory_mib: allocatable(name).memory_mib,
  });
  const wanted = group.reduce((sum, node) => sum + node.requested.cpu_milli, 0);
  const count = Math.ceil(wanted / (0.95 * allocatable(type).cpu_milli));
  const before = total(group.map((node) => nanos(node.price_per_hour!)));
  const saving = before - BigInt(count) * priceNanos(type, "spot");
  const pods = group.flatMap((node) => node.pods.filter((pod) => !pod.daemon));
  const names = [...new Set(pods.map((pod) => pod.workload!.name))];
  const packing = names.map((name) => {
    const same = pods.filter((pod) => pod.workload!.name === name);
    return { workload: same[0]!.workload!, pods: same.length, cpu_milli: same.length * same[0]!.cpu_milli, memory_mib: same.length * same[0]!.memory_mib };
  });
  const daemons = group[0]!.pods.filter((pod) => pod.daemon).map(({ workload, cpu_milli, memory_mib }) => ({ workload: workload!, pods: count, cpu_milli: count * cpu_milli, memory_mib: count * memory_mib }));
  const cost = usd(BigInt(pods.length) * 1_000_000n);
  return {
    index, saving_per_hour: usd(saving),
    launch: [{ count, choices: [choice(type, "spot"), choice("m6i.2xlarge", "spot"), choice("m6i.2xlarge", "on-demand")], labels: {}, packing: [...daemons, ...packing] }],
    retire: group.map((node) => ({
      node: node.name, instance_id: node.instance_id!, node_group: node.node_group ?? null, price_per_hour: node.price_per_hour!,
      pool: { instance_type: node.instance_type!, zone: node.zone!, capacity_type: "on-demand" }, evictable_pods: node.pods.filter((pod) => !pod.daemon).length,
      drain_rounds: Math.max(1, node.pods.filter((pod) => pod.workload?.kind === "StatefulSet").length),
    })),
    reason: {
      kind: "spot",
      text: `${group.length} nodes (${usd(before).amount} USD/h) give way to ${count} × ${type} ${zone} spot (${usd(before - saving).amount} USD/h): saves ${usd(saving).amount} USD/h (${(100n * saving) / before} %); ${pods.length} evictions are held to cost ${cost.amount} USD, which is earned back in 2 min.`,
      evictions: pods.length, disruption_cost: cost, added_interruption_cost_per_hour: usd(BigInt(count) * 1_000n), payback_seconds: 118,
    },
    rejected: [
      { what: `${count} × c6a.4xlarge ${zone} spot`, cost_per_hour: usd(BigInt(count) * priceNanos("c6a.4xlarge", "spot")), why: "It holds the same pods and costs more." },
      { what: `${group.length} × r7g.xlarge ${zone} spot`, cost_per_hour: usd(BigInt(group.length) * priceNanos("r7g.xlarge", "spot")), why: "61 % of the requested CPU on Spot would be in one family; the policy allows 50 %." },
    ],
  };
}

/** What a plan looks like `now`, given when it was approved: one command after the other, step by step. */
export function progress(base: Optimization, now: number): Optimization {
  if (!base.approved_at || base.state === "cancelled" || base.state === "done") return base;
  const elapsed = Math.floor((now - Date.parse(base.approved_at)) / STEP_MS);
  if (elapsed < 1) return base;
  const commands = base.plan.commands.map((command) => commandAt(command, elapsed - 1 - command.index * STEPS.length, base.approved_at!));
  const finished = commands.every((command) => command.phase === "done");
  const saving = nanos(base.plan.before.cost_per_hour) - nanos(base.plan.after.cost_per_hour);
  return {
    ...base, state: finished ? "done" : "applying", execution: { started_at: base.approved_at, stop_requested_by: null, commands },
    finished_at: finished ? new Date(now).toISOString() : null,
    result: finished ? { predicted_saving_per_hour: usd(saving), measured_saving_per_hour: usd((saving * 991n) / 1000n) } : null,
  };
}

/** A plan as it stood a while after it was approved. */
export function stoodAt(base: Optimization, by: string, state: "approved" | "applying" | "done" | "failed" | "cancelled"): Optimization {
  const approved = Date.parse(base.created_at) + 5 * 60_000;
  const after = (steps: number): Optimization =>
    progress({ ...base, state: "approved", approved_by: by, approved_at: new Date(approved).toISOString() }, approved + steps * STEP_MS);
  if (state === "approved") return after(0);
  if (state === "done") return after(1_000);
  const running = after(STEPS.length + 4);
  if (state === "applying") return running;
  const ended = { ...running, state, finished_at: new Date(approved + 22 * 60_000).toISOString() };
  if (state === "cancelled") return { ...ended, execution: { ...running.execution!, stop_requested_by: by } };
  const failure = "The pods of this command did not become ready on the new nodes within 15 min; its nodes were kept.";
  const commands = running.execution!.commands.map((run): CommandRun =>
    run.phase === "pending" ? { ...run, phase: "skipped" } : run.phase === "done" ? run : { ...run, phase: "failed", failure });
  return { ...ended, failure: `Command 2: ${failure}`, execution: { ...running.execution!, commands } };
}

function commandAt(command: Command, step: number, started: string): CommandRun {
  const phase = step < 0 ? "pending" : STEPS[Math.min(step, STEPS.length - 1)]!;
  const at = new Date(Date.parse(started) + STEP_MS * (command.index * STEPS.length + 1)).toISOString();
  const done = phase === "done";
  return {
    index: command.index, phase, failure: null,
    launches: step < 0 ? [] : command.launch.map((launch, group) => ({
      group: `spot-${launch.choices[0]!.pool.instance_type.replace(".", "-")}-${command.index}${group}`, choice: 0, count: launch.count,
      ready: step >= 1 ? launch.count : 0,
    })),
    nodes: command.retire.map((retire, place) => {
      const behind = step - 2 - place;
      const state = done || behind > 0 ? "gone" as const : behind === 0 ? "draining" as const : "waiting" as const;
      return { node: retire.node, phase: state, pods_left: state === "gone" ? 0 : state === "draining" ? Math.ceil(retire.evictable_pods / 2) : retire.evictable_pods, since: at, note: null };
    }),
    events: step < 0 ? [] : [
      { at, text: `Asked for ${command.launch[0]!.count} × ${command.launch[0]!.choices[0]!.pool.instance_type}.` },
      ...(done ? [{ at, text: "Every pod runs again; the old nodes are terminated." }] : []),
    ],
  };
}

export const summary = ({ plan: _plan, execution: _execution, ...rest }: Optimization): OptimizationSummary => rest;
