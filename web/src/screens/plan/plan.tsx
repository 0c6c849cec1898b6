import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { clusterState, plan as planQuery } from "../../api/queries";
import { useNaming } from "../../api/session";
import type { Optimization, StateNode } from "../../api/types";
import { useReadAt } from "../../frame/freshness";
import { PageHead } from "../../frame/page-head";
import { beforeAndAfter } from "../../packing/model";
import { PlanBadge } from "../../ui/badge";
import { Loaded } from "../../ui/states";
import { Time } from "../../ui/value";
import { Findings } from "../cluster/findings";
import { Approval } from "./approval";
import { Commands } from "./commands";
import { Outcome } from "./outcome";
import { BeforeAfter } from "./before-after";
import { Receipt } from "./receipt";
import { Running } from "./running";
import { Stays } from "./stays";

const route = getRouteApi("/app/plans/$planId");

/** A plan as a receipt, read from top to bottom; while it is carried out, its log. */
export function PlanScreen() {
  const { planId } = route.useParams();
  const query = useQuery(planQuery(planId));
  const data = query.data;
  const state = useQuery({ ...clusterState(data?.cluster_id ?? ""), enabled: data !== undefined }).data;
  useReadAt(query.dataUpdatedAt, data && [...momentsOf(data), state?.taken_at]);
  return (
    <>
      <PageHead title={data ? `Plan ${data.generation} for ${data.cluster_name}` : "Plan"} state={data && <InWords optimization={data} />} />
      <Loaded query={query} what="this plan">{(optimization) => <Body optimization={optimization} nodes={state?.nodes} />}</Loaded>
    </>
  );
}

const momentsOf = ({ created_at, approved_at, execution }: Optimization) => [
  created_at, approved_at, ...(execution?.commands ?? []).flatMap((run) => run.events.map((event) => event.at)),
];

function InWords({ optimization }: { optimization: Optimization }) {
  const named = useNaming();
  const { state, created_at, expires_at, approved_by, finished_at, cluster_id, cluster_name } = optimization;
  return (
    <span className="flex flex-wrap items-baseline gap-x-3">
      <PlanBadge state={state} />
      <span>made <Time at={created_at} /></span>
      {state === "proposed" && <span>expires <Time at={expires_at} /></span>}
      {approved_by && <span>approved by {named(approved_by)}</span>}
      {finished_at && <span>finished <Time at={finished_at} /></span>}
      <Link to="/clusters/$clusterId" params={{ clusterId: cluster_id }} className="inline-flex min-h-6 items-center text-accent underline">{cluster_name}</Link>
    </span>
  );
}

/** `nodes` are those the cluster has now; without them the packing is not shown. */
function Body({ optimization, nodes }: { optimization: Optimization; nodes: StateNode[] | undefined }) {
  const { plan, state, execution } = optimization;
  const bins = useMemo(() => beforeAndAfter(plan, nodes ?? []), [plan, nodes]);
  const begun = execution != null;
  return (
    <div className="flex flex-col gap-5">
      <Outcome optimization={optimization} />
      {(state === "approved" || state === "applying") && <Running optimization={optimization} />}
      <Receipt plan={plan} />
      {begun && <Commands plan={plan} runs={execution.commands} />}
      {nodes && <BeforeAfter before={bins.before} after={bins.after} />}
      {!begun && <Commands plan={plan} runs={[]} />}
      <Stays stays={plan.stays} />
      <Findings findings={plan.findings} />
      <Approval optimization={optimization} />
    </div>
  );
}
