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
    <DataTable name="Plans" heads={["Plan", "State", "Nodes", "Cost", "Saves", "Made"]}>
      {plans.map(({ id, cluster_name, generation, state, before, after, saving_per_hour, created_at }) => {
        const saving = nanos(saving_per_hour);
        return (
          <tr key={id} className="border-t border-line hover:bg-hover">
            <Cell><Link to="/plans/$planId" params={{ planId: id }} className="inline-flex min-h-6 items-center gap-1.5 font-semibold hover:underline">{cluster_name}<span className="font-normal text-muted">#{generation}</span></Link></Cell>
            <Cell><PlanBadge state={state} /></Cell>
            <Cell number>{before.nodes} → {after.nodes}</Cell>
            <Cell number><Amount of={before.cost_per_hour} /> → <Amount of={after.cost_per_hour} per="h" /></Cell>
            <Cell number><Amount of={saving} per="h" /> <span className="text-muted">{percent(share(saving, nanos(before.cost_per_hour)))}</span></Cell>
            <Cell number><Time at={created_at} /></Cell>
          </tr>
        );
      })}
    </DataTable>
  );
}
