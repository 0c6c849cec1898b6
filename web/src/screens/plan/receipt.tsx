import type { ReactNode } from "react";
import type { Optimization, Position } from "../../api/types";
import { nanos } from "../../lib/money";
import { count, percent, ppm } from "../../lib/units";
import { Panel } from "../../ui/panel";
import { Cell, DataTable } from "../../ui/table";
import { Amount, Explained, Monthly } from "../../ui/value";
import { FirstLine } from "./first-line";

const LINES: { name: string; value: (at: Position) => ReactNode }[] = [
  { name: "Cost", value: (at) => <Amount of={at.cost_per_hour} per="h" /> },
  { name: "Nodes", value: (at) => count(at.nodes) },
  { name: "Nodes on Spot", value: (at) => count(at.spot_nodes) },
  { name: "Requested CPU on Spot", value: (at) => percent(ppm(at.spot_cpu_ppm)) },
  { name: "CPU requested of allocatable", value: (at) => percent(ppm(at.cpu_utilisation_ppm)) },
  { name: "Memory requested of allocatable", value: (at) => percent(ppm(at.memory_utilisation_ppm)) },
  { name: "Interruptions expected in a month", value: (at) => (at.monthly_interruptions_milli / 1000).toFixed(1) },
  { name: "What they are expected to cost", value: (at) => <Monthly perHour={nanos(at.interruption_cost_per_hour)} /> },
  { name: "Worst loss with one pool", value: (at) => <WorstLoss at={at} /> },
];

/** What the plan changes, in one sentence and in figures before and after. */
export function Receipt({ plan }: { plan: Optimization["plan"] }) {
  return (
    <Panel title="What it does" flush aside={<Bound />}>
      <div className="grid lg:grid-cols-[minmax(0,1fr)_minmax(0,720px)] lg:divide-x lg:divide-line">
        <div className="p-4"><FirstLine plan={plan} large /></div>
        <DataTable name="Before and after" words={1} heads={["", "Before", "After"].map((head) => head || <span className="sr-only">Figure</span>)}>
          {LINES.map((line) => (
            <tr key={line.name} className="border-t border-line">
              <Cell wrap>{line.name}</Cell>
              <Cell number wrap>{line.value(plan.before)}</Cell>
              <Cell number wrap><span className="font-semibold">{line.value(plan.after)}</span></Cell>
            </tr>
          ))}
        </DataTable>
      </div>
    </Panel>
  );
}

function WorstLoss({ at: { worst_pool_loss: worst } }: { at: Position }) {
  if (!worst) return "none";
  const { pool, workload, lost, replicas } = worst;
  return (
    <span title={`${pool.instance_type} ${pool.zone} ${pool.capacity_type}`}>
      {lost} of {replicas} <span className="text-muted">of {workload.name}</span>
    </span>
  );
}

const Bound = () => (
  <span className="text-12">
    <Explained label="What is the lower bound?">
      <p>No fleet that runs these pods within the policy and the node template costs less. The gap is how far this plan is above it: what even a perfect plan could still save.</p>
    </Explained>
  </span>
);
