import type { Dashboard, Share } from "../../api/types";
import { type Part, ShareBar, shade } from "../../charts/share-bar";
import { add, dollars, nanos } from "../../lib/money";
import { counted } from "../../lib/units";
import { Panel } from "../../ui/panel";
import { Amount } from "../../ui/value";

/** Families and types shown by name; the rest is one bar. */
const SHOWN = 4;

const LIFECYCLE: Record<string, { name: string; colour: string }> = {
  spot: { name: "Spot", colour: "var(--color-spot)" },
  "on-demand": { name: "On-demand", colour: "var(--color-on-demand)" },
};

export function Distribution({ distribution }: { distribution: Dashboard["distribution"] }) {
  return (
    <Panel title="Where the cost is">
      <div className="flex flex-col gap-6">
        <ShareBar title="Lifecycle" parts={sorted(distribution.lifecycle).map((each) => part(each, LIFECYCLE[each.name]))} />
        <ShareBar title="Architecture" parts={sorted(distribution.architecture).map((each, at) => part(each, { name: each.name, colour: shade(at) }))} />
        <ShareBar title="Instance family" parts={topped(sorted(distribution.family)).map((each, at) => part(each, { name: each.name, colour: shade(at) }))} />
        <ShareBar title="Instance type" parts={topped(sorted(distribution.instance_type)).map((each, at) => part(each, { name: each.name, colour: shade(at) }))} />
      </div>
    </Panel>
  );
}

const sorted = (shares: Share[]) => shares.toSorted((a, b) => dollars(nanos(b.cost_per_hour)) - dollars(nanos(a.cost_per_hour)));

type Summed = { name: string; cost: bigint; nodes: number };

function topped(shares: Share[]): (Share | Summed)[] {
  const rest = shares.slice(SHOWN);
  if (rest.length === 0) return shares;
  const summed = { name: `${rest.length} more`, cost: add(...rest.map((each) => nanos(each.cost_per_hour))), nodes: rest.reduce((sum, each) => sum + each.nodes, 0) };
  return [...shares.slice(0, SHOWN), summed];
}

function part(each: Share | Summed, look = { name: each.name, colour: shade(0) }): Part {
  const cost = "cost" in each ? each.cost : nanos(each.cost_per_hour);
  return {
    ...look, value: dollars(cost),
    label: <span><span className="text-muted">{counted(each.nodes, "node")} · </span><Amount of={cost} per="h" /></span>,
  };
}
