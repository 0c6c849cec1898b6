import { useState } from "react";
import { asProblem } from "../../api/problem";
import { stopPlan } from "../../api/queries";
import { useCanAct, useNaming } from "../../api/session";
import type { Optimization } from "../../api/types";
import { counted, sentence } from "../../lib/units";
import { Button } from "../../ui/button";
import { Dialog, DialogHead } from "../../ui/dialog";
import { ProblemNote } from "../../ui/field";
import { Time } from "../../ui/value";
import { usePlanChange } from "./approval";

/** How far the plan is, and a way to stop it. */
export function Running({ optimization }: { optimization: Optimization }) {
  const [asked, setAsked] = useState(false);
  const canAct = useCanAct();
  const named = useNaming();
  const stop = usePlanChange(optimization.id, () => stopPlan(optimization.id), () => setAsked(false));
  const stopping = optimization.execution?.stop_requested_by;
  const runs = optimization.execution?.commands ?? [];
  const done = runs.filter((run) => run.phase === "done").length;
  const all = optimization.plan.commands.length;
  return (
    <section aria-label="Progress" className="flex flex-col gap-3 rounded-box border border-accent bg-surface p-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p role="status">
          <strong>{optimization.execution ? `${done} of ${counted(all, "command")} done.` : "Approved. The first command starts within a minute."}</strong>{" "}
          {stopping && <span>{sentence(named(stopping))} asked for it to stop; what is under way comes to its end first. </span>}
          {optimization.execution && <span className="text-muted">Started <Time at={optimization.execution.started_at} />.</span>}
        </p>
        {canAct && !stopping && <Button kind="danger" icon="stop" onClick={() => setAsked(true)}>Stop plan</Button>}
      </div>
      <progress aria-label="Commands done" value={done} max={Math.max(1, all)} className="h-1.5 w-full overflow-hidden rounded-mark bg-hover accent-accent [&::-webkit-progress-bar]:bg-hover [&::-webkit-progress-value]:bg-accent" />
      <Dialog open={asked} title="Stop this plan" onClose={() => setAsked(false)}>
        <DialogHead title="Stop this plan?" onClose={() => setAsked(false)} />
        <div className="flex flex-col gap-4">
          <p>{all - done > 0 && `${counted(all - done, "command")} will not be finished. `}Commands that are done stay done. Of the one under way, nodes already gone stay gone, the others are kept, and what was launched without need is removed. Pods are moved only as their budgets allow.</p>
          {stop.error && <ProblemNote problem={asProblem(stop.error)} />}
          <div className="flex justify-end gap-2">
            <Button onClick={() => setAsked(false)}>Go on</Button>
            <Button kind="danger" icon="stop" busy={stop.isPending} onClick={() => stop.mutate()}>Stop plan</Button>
          </div>
        </div>
      </Dialog>
    </section>
  );
}
