import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem } from "../../api/problem";
import { approvePlan, plan as planQuery, stopPlan } from "../../api/queries";
import { useCanAct, useNaming } from "../../api/session";
import type { Optimization } from "../../api/types";
import { Button } from "../../ui/button";
import { Dialog, DialogHead } from "../../ui/dialog";
import { ProblemNote } from "../../ui/field";
import { FirstLine } from "./first-line";

/** Approve or decline. What is approved is the plan with this hash and no other. */
export function Approval({ optimization }: { optimization: Optimization }) {
  const [asked, setAsked] = useState(false);
  const canAct = useCanAct();
  const decline = usePlanChange(optimization.id, () => stopPlan(optimization.id));
  // Also while the dialog is open, so that it can say what changed meanwhile.
  if (optimization.state !== "proposed" && !asked) return null;
  return (
    <section aria-label="Approval" className="sticky bottom-16 z-10 flex flex-wrap items-center gap-3 rounded-box border border-accent bg-surface p-4 shadow-float sm:bottom-4">
      <p className="grow">{canAct ? "Nothing happens until this plan is approved." : "An operator or owner can approve this plan; your role is viewer."}</p>
      <Button disabled={!canAct} busy={decline.isPending} onClick={() => decline.mutate()}>Decline plan</Button>
      <Button kind="primary" disabled={!canAct} onClick={() => setAsked(true)}>Approve plan</Button>
      {decline.error && <ProblemNote problem={asProblem(decline.error)} />}
      <Dialog open={asked} title="Approve this plan" onClose={() => setAsked(false)}>
        <Confirmation optimization={optimization} onDone={() => setAsked(false)} />
      </Dialog>
    </section>
  );
}

/** The first line again, and the hash of the plan that is approved by pressing the button. */
function Confirmation({ optimization, onDone }: { optimization: Optimization; onDone: () => void }) {
  // The plan as it was when the dialog opened: if it changes meanwhile, the server refuses the hash.
  const [read] = useState(optimization);
  const approve = usePlanChange(read.id, () => approvePlan(read.id, read.plan_hash), onDone);
  const problem = approve.error && asProblem(approve.error);
  const moved = problem?.status === 409 || problem?.status === 412;
  return (
    <>
      <DialogHead title="Approve this plan" onClose={onDone} />
      <div className="flex flex-col gap-4">
        <FirstLine plan={read.plan} />
        <p>
          It runs on {read.cluster_name} command by command and can be stopped at any time.
          {" "}Plan <code className="font-mono text-12 break-all">{read.plan_hash}</code>
        </p>
        {problem && <ProblemNote problem={problem} />}
        {moved && <WhatChanged read={read} now={optimization} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onDone}>Back</Button>
          {!moved && <Button kind="primary" busy={approve.isPending} onClick={() => approve.mutate()}>{problem?.temporary ? "Try again" : "Approve plan"}</Button>}
        </div>
      </div>
    </>
  );
}

function WhatChanged({ read, now }: { read: Optimization; now: Optimization }) {
  const named = useNaming();
  if (now.plan_hash === read.plan_hash && now.state === read.state) return <p>Nothing was approved. Read this page again to see the plan as it is now.</p>;
  return (
    <div className="rounded-box border border-line p-3">
      <p>Nothing was approved. Since you opened this, the plan became “{now.state}”{now.approved_by && ` by ${named(now.approved_by)}`}.</p>
      {now.plan_hash !== read.plan_hash && <FirstLine plan={now.plan} />}
    </div>
  );
}

/** A change of a plan; whatever comes of it, the plan is read again. */
export function usePlanChange(id: string, change: () => Promise<Optimization>, onDone?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (next) => {
      queries.setQueryData(planQuery(id).queryKey, next);
      onDone?.();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["plans"] }),
  });
}
