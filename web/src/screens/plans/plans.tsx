import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { plans } from "../../api/queries";
import type { OptimizationSummary, PlanState } from "../../api/types";
import { useReadAt } from "../../frame/freshness";
import { PageHead } from "../../frame/page-head";
import { counted, sentence } from "../../lib/units";
import { PLAN_FILTERS } from "../../router";
import { Button } from "../../ui/button";
import { Segments } from "../../ui/segments";
import { Empty, Loaded, Message } from "../../ui/states";
import { PlanTable } from "./plan-table";

const route = getRouteApi("/app/plans");
type Filter = (typeof PLAN_FILTERS)[number];

const STATES: Record<Filter, PlanState[]> = {
  waiting: ["proposed"], running: ["approved", "applying"], finished: ["done", "failed", "cancelled", "expired"],
};
const of = (all: OptimizationSummary[], filter: Filter) => all.filter((each) => STATES[filter].includes(each.state));

/** Every plan there was, newest first. */
export function Plans() {
  const { state, cluster } = route.useSearch();
  const navigate = useNavigate({ from: "/plans" });
  const query = useQuery(plans(cluster));
  useReadAt(query.dataUpdatedAt, query.data?.map((each) => each.created_at));
  const setState = (next: Filter | undefined) => void navigate({ search: (old) => ({ ...old, state: next }) });
  return (
    <>
      <PageHead title="Plans" state={query.data && inWords(query.data)} />
      <Loaded query={query} what="your plans">
        {(all) => {
          if (all.length === 0) return <Empty icon="plans" title="No plan has been made yet">Plans are made every 5 minutes for clusters that report, and at any time by “New plan” on a cluster.</Empty>;
          const shown = state ? of(all, state) : all;
          return (
            <>
              <div className="mb-4">
                <Segments<Filter | "all"> name="State" value={state ?? "all"} onChange={(next) => setState(next === "all" ? undefined : next)}
                  options={[{ value: "all", label: `All ${all.length}` }, ...PLAN_FILTERS.map((filter) => ({ value: filter, label: `${sentence(filter)} ${of(all, filter).length}` }))]} />
              </div>
              {shown.length === 0
                ? <Message icon="plans" title={`No plan is ${state} now`}><Button onClick={() => setState(undefined)}>Show all plans</Button></Message>
                : <div className="rounded-box border border-line bg-surface"><PlanTable plans={shown} /></div>}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function inWords(all: OptimizationSummary[]): string {
  const waiting = of(all, "waiting").length;
  const running = of(all, "running").length;
  const who = waiting === 0 ? "No plan waits" : `${counted(waiting, "plan")} ${waiting === 1 ? "waits" : "wait"}`;
  return `${who} for approval${running > 0 ? `, ${running} being carried out` : ""}.`;
}
