import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { overview } from "../../api/queries";
import type { Dashboard } from "../../api/types";
import { useAsOf } from "../../frame/freshness";
import { PageHead } from "../../frame/page-head";
import { counted } from "../../lib/units";
import { buttonClass } from "../../ui/button";
import { Panel } from "../../ui/panel";
import { Days } from "../../ui/days";
import { Loaded, Skeleton } from "../../ui/states";
import { NoClusters } from "../clusters/no-clusters";
import { Attention } from "./attention";
import { Breakdown } from "./breakdown";
import { Distribution } from "./distribution";
import { KeyFigures } from "./key-figures";

const CostChart = lazy(() => import("../../charts/cost-chart"));
const route = getRouteApi("/app/");

/** Is anything wrong, what is saved, and where does the money go. */
export function Overview() {
  const { days = 30 } = route.useSearch();
  const navigate = useNavigate({ from: "/" });
  const query = useQuery(overview(days));
  useAsOf(query.data?.as_of);
  return (
    <>
      <PageHead title="Overview" state={query.data && inWords(query.data)}
        action={query.data && query.data.plans_waiting > 0 && <Link to="/plans" search={{ state: "waiting" }} className={buttonClass("primary")}>Review plans</Link>} />
      <Loaded query={query} what="the overview">
        {(data) => data.clusters.length === 0 ? <NoClusters /> : (
          <div className="flex flex-col gap-5">
            <KeyFigures data={data} days={days} />
            <Attention items={data.attention} />
            <div className="grid gap-5 lg:grid-cols-[2fr_1fr]">
              <Panel title="Cost against baseline" className="flex flex-col" aside={<Days value={days} onChange={(next) => void navigate({ search: { days: next } })} />}>
                {data.series.length === 0
                  ? <p className="text-muted">No hour has been closed yet. The first one appears after the next full hour.</p>
                  : <Suspense fallback={<Skeleton what="the chart" />}><CostChart points={data.series} /></Suspense>}
              </Panel>
              <Distribution distribution={data.distribution} />
            </div>
            <Breakdown clusters={data.clusters} />
          </div>
        )}
      </Loaded>
    </>
  );
}

function inWords({ clusters, plans_waiting, attention }: Dashboard): string {
  if (clusters.length === 0) return "No cluster is connected.";
  const silent = clusters.filter((each) => each.status === "silent").length;
  const state = silent > 0 ? `${silent} of ${counted(clusters.length, "cluster")} silent` : `${counted(clusters.length, "cluster")}, all reporting`;
  const waiting = plans_waiting > 0 ? `${counted(plans_waiting, "plan")} ${plans_waiting === 1 ? "waits" : "wait"} for you` : "no plan waits";
  return attention.length === 0 ? `Nothing needs attention: ${state}; ${waiting}.` : `${state}; ${waiting}.`;
}
