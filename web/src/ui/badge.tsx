import type { ReactNode } from "react";
import type { Cluster, PlanState, Pool } from "../api/types";
import { Icon, type IconName } from "./icon";
import { words } from "../lib/units";

type Tone = "ok" | "danger" | "warning" | "quiet" | "accent";

const TONES: Record<Tone, string> = {
  ok: "text-ok", danger: "text-danger", warning: "text-on-demand", quiet: "text-muted", accent: "text-accent",
};

/** A state: an icon and a word, so that colour is never alone. */
export function Badge({ tone, icon, children }: { tone: Tone; icon: IconName; children: ReactNode }) {
  return (
    <span className={`inline-flex items-baseline gap-1.5 whitespace-nowrap ${TONES[tone]}`}>
      <Icon name={icon} className="size-3.5 self-center" />
      {children}
    </span>
  );
}

const CLUSTER: Record<Cluster["status"], [Tone, IconName]> = {
  healthy: ["ok", "ok"], silent: ["danger", "danger"], paused: ["quiet", "paused"], waiting_for_agent: ["warning", "waiting"],
};

export function ClusterBadge({ status }: { status: Cluster["status"] }) {
  const [tone, icon] = CLUSTER[status];
  return <Badge tone={tone} icon={icon}>{words(status)}</Badge>;
}

const PLAN: Record<PlanState, [Tone, IconName, string]> = {
  proposed: ["accent", "waiting", "waits for approval"],
  approved: ["accent", "waiting", "approved, starting"],
  applying: ["accent", "refresh", "being carried out"],
  done: ["ok", "ok", "done"],
  failed: ["danger", "danger", "failed"],
  cancelled: ["quiet", "stop", "stopped"],
  expired: ["quiet", "minus", "expired"],
};

export function PlanBadge({ state }: { state: PlanState }) {
  const [tone, icon, word] = PLAN[state];
  return <Badge tone={tone} icon={icon}>{word}</Badge>;
}

/** Spot in teal or on-demand in amber, with its word. */
export function CapacityMark({ type }: { type: Pool["capacity_type"] | null | undefined }) {
  if (!type) return <span className="text-muted">unknown</span>;
  return (
    <span className="inline-flex items-baseline gap-1.5 whitespace-nowrap">
      <span aria-hidden="true" className={`size-2 self-center rounded-mark ${type === "spot" ? "bg-spot" : "bg-on-demand"}`} />
      {type === "spot" ? "Spot" : "on-demand"}
    </span>
  );
}
