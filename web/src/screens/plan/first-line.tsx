import type { Optimization } from "../../api/types";
import { nanos, share } from "../../lib/money";
import { count, counted, percent, ppm } from "../../lib/units";
import { Amount, Monthly } from "../../ui/value";

type Plan = Optimization["plan"];

export const savingOf = (plan: { before: Plan["before"]; after: Plan["after"] }): bigint => nanos(plan.before.cost_per_hour) - nanos(plan.after.cost_per_hour);

/** What a plan does, saves, could at best save, and risks. */
export function FirstLine({ plan }: { plan: Plan }) {
  const saving = savingOf(plan);
  const retired = plan.commands.reduce((sum, command) => sum + command.retire.length, 0);
  const launched = plan.commands.reduce((sum, command) => sum + command.launch.reduce((all, launch) => all + launch.count, 0), 0);
  const worst = plan.after.worst_pool_loss;
  return (
    <p className="text-14">
      <strong>{retired > 0 || launched > 0 ? `Replace ${counted(retired, "node")} by ${count(launched)}. ` : "Change nothing. "}</strong>
      Saves <strong><Amount of={saving} per="h" /></strong> <span className="whitespace-nowrap">(<Monthly perHour={saving} />),</span>{" "}
      {percent(share(saving, nanos(plan.before.cost_per_hour)))}.{" "}
      Lower bound <Amount of={plan.lower_bound_per_hour} per="h" />: this plan is {percent(ppm(plan.gap_ppm))} above it.{" "}
      Risk: {worst ? `at most ${percent(worst.lost / Math.max(1, worst.replicas))} of any workload in one pool.` : "no workload depends on a Spot pool."}
    </p>
  );
}
