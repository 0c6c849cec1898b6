import type { Optimization } from "../../api/types";
import { nanos, share } from "../../lib/money";
import { count, counted, percent, ppm } from "../../lib/units";
import { Amount, Monthly } from "../../ui/value";

type Plan = Optimization["plan"];

export const savingOf = (plan: { before: Plan["before"]; after: Plan["after"] }): bigint => nanos(plan.before.cost_per_hour) - nanos(plan.after.cost_per_hour);

/** `Replace 7 nodes by 5`: what some commands come to. */
export function inShort(commands: Plan["commands"]): string {
  const retired = commands.reduce((sum, command) => sum + command.retire.length, 0);
  const launched = commands.reduce((sum, command) => sum + command.launch.reduce((all, launch) => all + launch.count, 0), 0);
  if (retired > 0 && launched > 0) return `Replace ${counted(retired, "node")} by ${count(launched)}`;
  if (retired > 0) return `Remove ${counted(retired, "node")}`;
  return launched > 0 ? `Add ${counted(launched, "node")}` : "Change nothing";
}

/** What a plan does, saves or costs, could at best save, and risks. */
export function FirstLine({ plan, large = false }: { plan: Plan; large?: boolean }) {
  const saving = savingOf(plan);
  const size = saving < 0n ? -saving : saving;
  const worst = plan.after.worst_pool_loss;
  return (
    <p className={large ? "text-14 lg:text-18" : "text-14"}>
      <strong>{inShort(plan.commands)}.</strong>{" "}
      {saving < 0n ? "Costs" : "Saves"} <strong><Amount of={size} per="h" /></strong>{saving < 0n && " more"} <span className="whitespace-nowrap">(<Monthly perHour={size} />),</span>{" "}
      {percent(share(size, nanos(plan.before.cost_per_hour)))}.{" "}
      Lower bound <Amount of={plan.lower_bound_per_hour} per="h" />: this plan is {percent(ppm(plan.gap_ppm))} above it.{" "}
      Risk: {worst ? `at most ${percent(worst.lost / Math.max(1, worst.replicas))} of any workload in one pool.` : "no workload depends on a Spot pool."}
    </p>
  );
}
