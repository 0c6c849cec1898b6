import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { asProblem } from "../../api/problem";
import { makePlan } from "../../api/queries";
import { useCanAct } from "../../api/session";
import type { Cluster } from "../../api/types";
import { Button } from "../../ui/button";
import { ProblemNote } from "../../ui/field";

/** Makes a plan and opens it. It changes nothing in the cluster. */
export function NewPlan({ cluster }: { cluster: Cluster }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const canAct = useCanAct();
  const unknown = cluster.status === "waiting_for_agent";
  const [key, setKey] = useState(() => crypto.randomUUID());
  const make = useMutation({
    mutationFn: () => makePlan(cluster.id, key),
    onError: (error) => {
      // Only an answer that did not arrive is asked for again under the same key.
      if (!asProblem(error).temporary) setKey(crypto.randomUUID());
    },
    onSuccess: async (plan) => {
      await queries.invalidateQueries({ queryKey: ["plans"] });
      await navigate({ to: "/plans/$planId", params: { planId: plan.id } });
    },
  });
  return (
    <div className="flex max-w-100 flex-col items-start gap-1 sm:items-end">
      <Button kind="primary" icon="plans" busy={make.isPending} disabled={!canAct || unknown} onClick={() => make.mutate()}>New plan</Button>
      {canAct && unknown && <p className="text-12 text-muted">Possible once the agent has reported.</p>}
      {!canAct && <p className="text-12 text-muted">A viewer can not make plans.</p>}
      {make.error && <ProblemNote problem={asProblem(make.error)} />}
    </div>
  );
}
