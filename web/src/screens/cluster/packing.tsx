import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { ClusterState } from "../../api/types";
import { CursorDetail } from "../../packing/cursor-detail";
import { PackingLegend, ResourceSwitch } from "../../packing/legend";
import { type Cursor, PackingMap } from "../../packing/map";
import { binOfNode, byWaste } from "../../packing/model";
import { Panel } from "../../ui/panel";
import { Empty } from "../../ui/states";
import { Findings } from "./findings";
import { WorkloadList } from "./workload-list";

const route = getRouteApi("/app/clusters/$clusterId");

/** Where there is no room beside the map: at the bottom of the window, above the bar of a phone. */
const DOCKED = "sticky bottom-14 border-t border-line bg-surface shadow-float sm:bottom-0 lg:hidden";

/** The nodes by waste, and beside them what the pointer is on and the workloads to pick out. */
export function Packing({ state }: { state: ClusterState }) {
  const { by = "cpu", workload } = route.useSearch();
  const navigate = useNavigate({ from: "/clusters/$clusterId" });
  const [cursor, setCursor] = useState<Cursor>();
  const bins = useMemo(() => byWaste(state.nodes.map(binOfNode), by), [state.nodes, by]);
  if (bins.length === 0) return <Empty icon="clusters" title="The cluster has no nodes">Its last snapshot lists none. Check the agent's permission to list nodes.</Empty>;
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_320px]">
      <div className="flex min-w-0 flex-col gap-5">
        <Panel title="Nodes, the most wasteful first" flush
          aside={<ResourceSwitch value={by} onChange={(next) => void navigate({ search: (old) => ({ ...old, by: next === "memory" ? next : undefined }), replace: true })} />}>
          <PackingLegend />
          <PackingMap bins={bins} by={by} name="Packing" highlight={workload} onCursor={setCursor} />
          {cursor && <CursorDetail cursor={cursor} className={DOCKED} />}
        </Panel>
        <Findings findings={state.findings} />
      </div>
      <div className="flex flex-col gap-5 lg:sticky lg:top-16">
        <Panel title="Under the pointer" flush className="max-lg:hidden"><CursorDetail cursor={cursor} className="min-h-44" /></Panel>
        <WorkloadList workloads={state.workloads} chosen={workload} onChoose={(next) => void navigate({ search: (old) => ({ ...old, workload: next }), replace: true })} />
      </div>
    </div>
  );
}
