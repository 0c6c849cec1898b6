import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { ledger } from "../../api/queries";
import { Days } from "../../ui/days";
import { Panel } from "../../ui/panel";
import { Empty, Loaded } from "../../ui/states";
import { HourRows } from "../savings/hour-rows";

const route = getRouteApi("/app/clusters/$clusterId");

/** The closed hours of one cluster. */
export function ClusterHours({ clusterId }: { clusterId: string }) {
  const { days = 7, hour } = route.useSearch();
  const navigate = useNavigate({ from: "/clusters/$clusterId" });
  const query = useQuery(ledger(days, clusterId));
  return (
    <Loaded query={query} what="the hours">
      {(hours) => hours.length === 0
        ? <Empty icon="savings" title="No hour has been closed yet">The first one appears shortly after the next full hour.</Empty>
        : (
          <Panel title="Hours, newest first" flush aside={<Days value={days} onChange={(next) => void navigate({ search: (old) => ({ ...old, days: next }) })} />}>
            <HourRows hours={hours} ofOne open={hour} onOpen={(next) => void navigate({ search: (old) => ({ ...old, hour: next }) })} />
          </Panel>
        )}
    </Loaded>
  );
}
