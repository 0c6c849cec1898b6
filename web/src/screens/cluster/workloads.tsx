import type { StateWorkload } from "../../api/types";
import { cpu, memory, percent } from "../../lib/units";
import { Panel } from "../../ui/panel";
import { Empty } from "../../ui/states";
import { Cell, DataTable } from "../../ui/table";
import { byLoss, worstLoss } from "./workload-list";

/** What losing one Spot pool would take from each workload, the most exposed first. */
export function Workloads({ workloads }: { workloads: StateWorkload[] }) {
  if (workloads.length === 0) return <Empty icon="clusters" title="Nothing runs here">The last snapshot has no workload apart from DaemonSets.</Empty>;
  return (
    <Panel title="Workloads, the most exposed first" flush>
      <DataTable name="Workloads" words={2} wide={[2, 3, 4, 5]} heads={["Workload", "Worst single-pool loss", "Replicas", "On Spot", "CPU each", "Memory each"]}>
        {byLoss(workloads).map((workload) => (
          <tr key={`${workload.kind}/${workload.namespace}/${workload.name}`} className="border-t border-line">
            <Cell><span className="font-semibold">{workload.name}</span> <span className="text-muted max-lg:block max-lg:text-12">{workload.kind} in {workload.namespace}</span></Cell>
            <Cell wrap>{workload.worst_pool_loss
              ? <><span className="inline-block min-w-10 lg:text-right">{percent(worstLoss(workload))}</span> <span className="text-muted max-lg:block max-lg:text-12">{workload.worst_pool_loss.lost} of {workload.replicas} with {workload.worst_pool_loss.pool.instance_type} <span className="whitespace-nowrap">{workload.worst_pool_loss.pool.zone}</span></span></>
              : <span className="text-muted">none on Spot</span>}</Cell>
            <Cell wide number>{workload.ready} of {workload.replicas} ready</Cell>
            <Cell wide number>{workload.spot_replicas}</Cell>
            <Cell wide number>{cpu(workload.cpu_milli)}</Cell>
            <Cell wide number>{memory(workload.memory_mib)}</Cell>
          </tr>
        ))}
      </DataTable>
    </Panel>
  );
}
