import type { Cluster, ClusterState, LedgerHour, Optimization, User } from "../src/api/types";
import { makeCluster, makeState, type Recipe } from "./clusters";
import { makeLedger } from "./ledger";
import { makePlan, progress, stoodAt } from "./plans";

export type Size = "usual" | "empty" | "large";

const USUAL: Recipe[] = [
  { id: "clu_01checkout", name: "checkout-prod", region: "us-east-1", status: "healthy", seed: 11, kinds: [
    { type: "m5.2xlarge", capacity: "on-demand", count: 7 }, { type: "c5.2xlarge", capacity: "on-demand", count: 4 },
    { type: "m7g.2xlarge", capacity: "spot", count: 5 }, { type: "r7g.xlarge", capacity: "spot", count: 2 } ] },
  { id: "clu_02search", name: "search-prod", region: "us-east-1", status: "healthy", seed: 23, kinds: [
    { type: "r6i.2xlarge", capacity: "on-demand", count: 3 }, { type: "m6i.2xlarge", capacity: "on-demand", count: 8 }, { type: "c7g.2xlarge", capacity: "spot", count: 9 } ] },
  { id: "clu_03staging", name: "staging-eu", region: "eu-west-1", status: "silent", seed: 37, kinds: [
    { type: "m5.xlarge", capacity: "spot", count: 4 }, { type: "m6i.2xlarge", capacity: "on-demand", count: 2 } ] },
  { id: "clu_04lab", name: "data-lab", region: "us-east-1", status: "waiting_for_agent", seed: 41, kinds: [] },
  { id: "clu_05night", name: "night-batch", region: "us-east-1", status: "paused", seed: 53, kinds: [] },
];

const DAY_MS = 86_400_000;

/** A thousand clusters, the first of them with five thousand nodes. */
function large(): Recipe[] {
  const first: Recipe = { ...USUAL[0]!, kinds: [{ type: "m5.2xlarge", capacity: "on-demand", count: 2500 }, { type: "m7g.2xlarge", capacity: "spot", count: 2500 }] };
  const rest = Array.from({ length: 999 }, (_, at): Recipe => ({
    id: `clu_${1000 + at}`, name: `team-${String(at).padStart(3, "0")}`, region: "us-east-1", status: "healthy", seed: at,
    kinds: [{ type: "m7g.2xlarge", capacity: "spot", count: 2 }],
  }));
  return [first, ...rest];
}

const USER: User = { id: "usr_01", email: "ada@example.com", name: "Ada Byron", role: "owner", organisation: { id: "org_01", name: "Northwind Platform" } };

/** Everything the mocked API knows. Changes last until it is made anew. */
export class World {
  readonly user: User = { ...USER };
  readonly clusters: Cluster[] = [];
  readonly states = new Map<string, ClusterState>();
  readonly ledger: LedgerHour[] = [];
  private readonly plans: Optimization[] = [];
  /** Plans that stay as they stood, so that every state can be looked at. */
  private readonly still = new Set<string>();

  constructor(size: Size, now: number) {
    const recipes = size === "empty" ? [] : size === "large" ? large() : USUAL;
    for (const recipe of recipes) {
      const state = makeState(recipe, now);
      const cluster = makeCluster(recipe, state, now);
      this.states.set(recipe.id, state);
      this.clusters.push(cluster);
      if (size === "usual" && state.nodes.length > 0) this.ledger.push(...makeLedger(cluster, state, now, 90));
    }
    if (size === "empty") return;
    const [first, second] = this.clusters as [Cluster, Cluster];
    this.plans.push(makePlan(first, this.states.get(first.id)!, { id: "opt_0001", generation: 41, now }));
    if (size === "large") return;
    this.plans.push(makePlan(second, this.states.get(second.id)!, { id: "opt_0002", generation: 17, now, plan: "expired" }));
    const still = (cluster: Cluster, id: string, generation: number, daysAgo: number, at: Parameters<typeof stoodAt>[2]) => {
      this.plans.push(stoodAt(makePlan(cluster, this.states.get(cluster.id)!, { id, generation, now: now - daysAgo * DAY_MS }), USER.email, at));
      this.still.add(id);
    };
    still(first, "opt_0003", 40, 1, "done");
    still(second, "opt_0004", 19, 0, "applying");
    still(second, "opt_0005", 18, 0, "approved");
    still(first, "opt_0006", 39, 3, "failed");
    still(first, "opt_0007", 38, 5, "cancelled");
  }

  private now(plan: Optimization, now: number): Optimization {
    return this.still.has(plan.id) ? plan : progress(plan, now);
  }

  plan(id: string, now: number): Optimization | undefined {
    const plan = this.plans.find((each) => each.id === id);
    return plan && this.now(plan, now);
  }

  allPlans(now: number): Optimization[] {
    return this.plans.map((plan) => this.now(plan, now)).sort((a, b) => b.created_at.localeCompare(a.created_at));
  }

  change(id: string, change: Partial<Optimization>): void {
    const at = this.plans.findIndex((each) => each.id === id);
    const plan = this.plans[at];
    if (plan) this.plans[at] = { ...plan, ...change, revision: plan.revision + 1 };
  }

  newPlan(cluster: Cluster, now: number): Optimization {
    const plan = makePlan(cluster, this.states.get(cluster.id)!, { id: `opt_${1000 + this.plans.length}`, generation: 42 + this.plans.length, now: now + 12 * 60_000 });
    this.plans.unshift(plan);
    return plan;
  }
}
