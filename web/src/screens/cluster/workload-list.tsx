import type { StateWorkload } from "../../api/types";
import { workloadKey } from "../../packing/model";
import { percent } from "../../lib/units";
import { Panel } from "../../ui/panel";

/** What share of a workload its worst Spot pool holds. */
export const worstLoss = (workload: StateWorkload): number =>
  workload.worst_pool_loss && workload.replicas > 0 ? workload.worst_pool_loss.lost / workload.replicas : 0;

export const byLoss = (workloads: StateWorkload[]): StateWorkload[] => workloads.toSorted((a, b) => worstLoss(b) - worstLoss(a) || a.name.localeCompare(b.name));

/** Workloads to pick out in the map, the most exposed first. */
export function WorkloadList({ workloads, chosen, onChoose }: {
  workloads: StateWorkload[]; chosen: string | undefined; onChoose: (workload: string | undefined) => void;
}) {
  return (
    <Panel title="Workloads" flush aside={<span className="text-12 text-muted">worst single-pool loss</span>}>
      <ul className="max-h-84 overflow-y-auto py-1">
        {byLoss(workloads).map((workload) => {
          const key = workloadKey(workload);
          const loss = worstLoss(workload);
          return (
            <li key={workload.kind + key}>
              <button type="button" aria-pressed={chosen === key} onClick={() => onChoose(chosen === key ? undefined : key)}
                className="flex min-h-8 w-full items-center justify-between gap-3 px-4 text-left -outline-offset-2 hover:bg-hover aria-pressed:font-semibold aria-pressed:text-accent">
                <span className="truncate">{workload.name}</span>
                <span>{loss > 0 ? percent(loss) : "none"}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
