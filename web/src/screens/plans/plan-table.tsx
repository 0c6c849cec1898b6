import { Link } from "@tanstack/react-router";
import type { OptimizationSummary } from "../../api/types";
import { nanos, share } from "../../lib/money";
import { percent } from "../../lib/units";
import { PlanBadge } from "../../ui/badge";
import { Cell, DataTable } from "../../ui/table";
import { Amount, Time } from "../../ui/value";

/** Plans as rows: what each changes and saves. */
export function PlanTable({ plans }: { plans: OptimizationSummary[] }) {
  return (
    <DataTable name="Plans" heads={["Plan", "State", "Nodes", "Cost", "Saves", "Made"]} wide={[1, 2, 3, 5]}>
      {plans.map(({ id, cluster_name, generation, state, before, after, saving_per_hour, created_at }) => {
        const saving = nanos(saving_per_hour);
        return (
          <tr key={id} className="border-t border-line hover:bg-hover">
            <Cell><Link to="/plans/$planId" params={{ planId: id }} className="inline-flex min-h-6 items-center gap-1.5 font-semibold hover:underline">{cluster_name}<span className="font-normal text-muted">#{generation}</span></Link><span className="block text-12 md:hidden"><PlanBadge state={state} /></span></Cell>
            <Cell wide><PlanBadge state={state} /></Cell>
            <Cell wide number>{before.nodes} → {after.nodes}</Cell>
            <Cell wide number><Amount of={before.cost_per_hour} per="h" /> → <Amount of={after.cost_per_hour} per="h" /></Cell>
            <Cell number><Amount of={saving} per="h" /> <span className="inline-block min-w-9 text-muted">{percent(share(saving, nanos(before.cost_per_hour)))}</span><span className="block text-12 text-muted md:hidden"><Time at={created_at} /></span></Cell>
            <Cell wide number><Time at={created_at} /></Cell>
          </tr>
        );
      })}
    </DataTable>
  );
}
