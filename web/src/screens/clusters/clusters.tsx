import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { clusters } from "../../api/queries";
import type { Cluster } from "../../api/types";
import { useReadAt } from "../../frame/freshness";
import { PageHead } from "../../frame/page-head";
import { count, counted, sentence, words } from "../../lib/units";
import { CLUSTER_STATUSES } from "../../router";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { Segments } from "../../ui/segments";
import { Loaded, Message } from "../../ui/states";
import { ClusterCards } from "./cards";
import { NoClusters } from "./no-clusters";
import { ClusterRows } from "./rows";

const route = getRouteApi("/app/clusters");
type Status = Cluster["status"];

/** All clusters, as cards or as a table, found by name, region and state. */
export function Clusters() {
  const { search = "", status, view } = route.useSearch();
  const navigate = useNavigate({ from: "/clusters" });
  const query = useQuery(clusters());
  useReadAt(query.dataUpdatedAt, query.data?.map((each) => each.snapshot_taken_at));
  const set = (change: { search?: string | undefined; status?: Status | undefined; view?: "table" | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  return (
    <>
      <PageHead title="Clusters" state={query.data && inWords(query.data)} />
      <Loaded query={query} what="your clusters">
        {(all) => {
          if (all.length === 0) return <NoClusters />;
          const named = all.filter((each) => `${each.name} ${each.region}`.toLowerCase().includes(search.toLowerCase()));
          const shown = named.filter((each) => !status || each.status === status);
          return (
            <>
              <div className="mb-4 flex flex-wrap items-center gap-3">
                <SearchBox value={search} onChange={(next) => set({ search: next || undefined })} />
                <StatusFilter of={named} value={status} onChange={(next) => set({ status: next })} />
                <div className="sm:ml-auto">
                  <Segments name="View" value={view ?? "cards"} onChange={(next) => set({ view: next === "table" ? "table" : undefined })}
                    options={[{ value: "cards", label: <><Icon name="cards" />Cards</> }, { value: "table", label: <><Icon name="table" />Table</> }]} />
                </div>
              </div>
              {shown.length === 0
                ? <Message icon="search" title="No cluster matches"><Button onClick={() => set({ search: undefined, status: undefined })}>Show all clusters</Button></Message>
                : view === "table" ? <ClusterRows clusters={shown} /> : <ClusterCards clusters={shown} />}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function inWords(all: Cluster[]): string {
  if (all.length === 0) return "No cluster is connected.";
  const nodes = all.reduce((sum, each) => sum + each.nodes, 0);
  const reporting = all.filter((each) => each.status === "healthy").length;
  return `${count(reporting)} of ${counted(all.length, "cluster")} healthy, ${counted(nodes, "node")} in all.`;
}

function SearchBox({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <input type="search" aria-label="Search by name or region" placeholder="Name or region" value={value} onChange={(event) => onChange(event.target.value)}
      className="h-8 w-full rounded-box border border-control bg-surface px-3 placeholder:text-muted sm:w-60" />
  );
}

/** All states with how many clusters are in each. */
function StatusFilter({ of, value, onChange }: { of: Cluster[]; value: Status | undefined; onChange: (value: Status | undefined) => void }) {
  const counts = CLUSTER_STATUSES.map((status) => ({ status, number: of.filter((each) => each.status === status).length }));
  const options = [
    { value: "all" as const, label: `All ${of.length}` },
    ...counts.filter((each) => each.number > 0 || each.status === value).map(({ status, number }) => ({ value: status, label: `${sentence(words(status))} ${number}` })),
  ];
  return (
    <Segments<Status | "all"> name="State" value={value ?? "all"} options={options} onChange={(next) => onChange(next === "all" ? undefined : next)} />
  );
}
