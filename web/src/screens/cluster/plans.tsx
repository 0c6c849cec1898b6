import { useQuery } from "@tanstack/react-query";
import { plans } from "../../api/queries";
import { Panel } from "../../ui/panel";
import { Empty, Loaded } from "../../ui/states";
import { PlanTable } from "../plans/plan-table";

export function ClusterPlans({ clusterId }: { clusterId: string }) {
  const query = useQuery(plans(clusterId));
  return (
    <Loaded query={query} what="the plans">
      {(all) => all.length === 0
        ? <Empty icon="plans" title="No plan has been made yet">“New plan” above makes one now; it changes nothing until someone approves it.</Empty>
        : <Panel title="Plans, newest first" flush><PlanTable plans={all} /></Panel>}
    </Loaded>
  );
}
