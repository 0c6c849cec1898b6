import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { CursorDetail } from "../../packing/cursor-detail";
import { PackingLegend, ResourceSwitch } from "../../packing/legend";
import { type Cursor, PackingMap } from "../../packing/map";
import { type Bin, byWaste, type Resource, widest } from "../../packing/model";
import { counted } from "../../lib/units";
import { Panel } from "../../ui/panel";

const route = getRouteApi("/app/plans/$planId");

/** The fleet before and after, on one scale. */
export function BeforeAfter({ before, after }: { before: Bin[]; after: Bin[] }) {
  const { by = "cpu" } = route.useSearch();
  const navigate = useNavigate({ from: "/plans/$planId" });
  const setBy = (next: Resource) => void navigate({ search: { by: next === "memory" ? next : undefined }, resetScroll: false });
  const [cursor, setCursor] = useState<Cursor>();
  const scale = Math.max(widest(before, by), widest(after, by));
  return (
    <Panel title="Packing before and after" flush aside={<ResourceSwitch value={by} onChange={setBy} />}>
      <PackingLegend />
      <div className="grid gap-x-6 border-t border-line lg:grid-cols-2 lg:divide-x lg:divide-line">
        {([["Before", before], ["After", after]] as const).map(([name, bins]) => (
          <section key={name} aria-label={name} className="min-w-0 py-2">
            <h3 className="px-4 py-1 text-13">{name}: {counted(bins.length, "node")}</h3>
            <PackingMap bins={byWaste(bins, by)} by={by} name={name} scale={scale} dense onCursor={setCursor} />
          </section>
        ))}
      </div>
      <CursorDetail cursor={cursor} className={`rounded-box border-t border-line bg-surface ${cursor ? "sticky bottom-40 shadow-float sm:bottom-20" : "max-lg:hidden"}`} />
    </Panel>
  );
}
