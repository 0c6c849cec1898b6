import type { LedgerHour } from "../../api/types";
import { amountOf, PARTS } from "../../lib/ledger";
import { nanos } from "../../lib/money";
import { counted, duration, stopped } from "../../lib/units";
import { CapacityMark } from "../../ui/badge";
import { Cell, DataTable } from "../../ui/table";
import { Amount, Mark, Priced, QualityWord } from "../../ui/value";

/** The sum of one hour, and the pools, instances and prices behind it. */
export function HourDetail({ hour }: { hour: LedgerHour }) {
  return (
    <div className="flex flex-col gap-4">
      <dl className="grid grid-cols-[1fr_auto]">
        <Line name="Baseline" amount={nanos(hour.baseline)} />
        {PARTS.map(({ part, name }) => amountOf(hour, part) !== 0n && <Line key={part} name={name} amount={-amountOf(hour, part)} signed />)}
        <dt className="border-t border-line pt-1 font-semibold">Actual</dt>
        <dd className="border-t border-line pt-1 text-right font-semibold"><Mark of={hour.quality} /><Amount of={hour.actual} /></dd>
      </dl>
      <p className="text-muted">This hour is <QualityWord quality={hour.quality} />. Baseline: {stopped(hour.baseline_definition)}</p>
      {/* Its words stand in line with the sum above; only its rules reach further. */}
      <div className="-mx-4"><DataTable name="Pools of this hour" words={2} wide={[1, 2, 3]} heads={["Pool", "Lifecycle", "Instances", "Time", "At list price", "Paid"]}>
        {hour.lines.map((line) => (
          <tr key={`${line.pool.instance_type} ${line.pool.zone} ${line.pool.capacity_type}`} className="border-t border-line">
            <Cell wrap>
              {line.pool.instance_type} <span className="text-muted max-md:hidden">{line.pool.zone}</span>
              <span className="flex flex-wrap gap-x-2 text-12 md:hidden"><span className="text-muted">{line.pool.zone}</span><CapacityMark type={line.pool.capacity_type} /></span>
            </Cell>
            <Cell wide><CapacityMark type={line.pool.capacity_type} /></Cell>
            <Cell wide number><span title={line.instance_ids.join(", ")}>{counted(line.instance_ids.length, "instance")}</span></Cell>
            <Cell wide number>{duration(line.seconds)}</Cell>
            <Cell number>{line.on_demand_cost ? <Amount of={line.on_demand_cost} /> : "unknown"}</Cell>
            <Cell number><Priced estimated={line.estimated}><Amount of={line.cost} /></Priced></Cell>
          </tr>
        ))}
      </DataTable></div>
    </div>
  );
}

function Line({ name, amount, signed = false }: { name: string; amount: bigint; signed?: boolean }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className="text-right"><Mark of="modelled" /><Amount of={amount} signed={signed} /></dd>
    </>
  );
}
