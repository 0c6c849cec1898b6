import type { Command, CommandRun as Run, Launch, Optimization } from "../../api/types";
import { cpu, counted, memory, percent, ppm } from "../../lib/units";
import { shortName } from "../../packing/map";
import { CapacityMark } from "../../ui/badge";
import { Panel } from "../../ui/panel";
import { Empty } from "../../ui/states";
import { Amount, Priced } from "../../ui/value";
import { CommandRun, PhaseBadge } from "./command-run";
import { inShort } from "./first-line";

/** What is done, in order; each with why, what was looked at and not taken, and how far it is. */
export function Commands({ plan, runs }: { plan: Optimization["plan"]; runs: Run[] }) {
  if (plan.commands.length === 0) return <Empty icon="ok" title="Nothing to change">No change would save more than the policy asks for. “What stays” below says why, node by node.</Empty>;
  return (
    <Panel title={counted(plan.commands.length, "command")} flush>
      <ol className="divide-y divide-line">
        {plan.commands.map((command) => {
          const run = runs.find((each) => each.index === command.index);
          return (
            <li key={command.index} aria-label={`Command ${command.index + 1}`} className="flex flex-col gap-3 p-4">
              <Headline command={command} run={run} />
              {run && <CommandRun run={run} command={command} />}
              <Details command={command} />
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}

function Headline({ command, run }: { command: Command; run: Run | undefined }) {
  return (
    <div className="grid gap-x-4 gap-y-1 sm:grid-cols-[24px_minmax(0,1fr)_auto]">
      <span className="text-muted max-sm:hidden">{command.index + 1}</span>
      <div>
        <p className="font-semibold">{inShort([command])}</p>
        <p className="text-muted">{command.reason.text}</p>
      </div>
      <div className="flex gap-x-4 sm:flex-col sm:items-end">
        <span className="font-semibold"><Amount of={command.saving_per_hour} per="h" /></span>
        {run && <PhaseBadge phase={run.phase} />}
      </div>
    </div>
  );
}

/** Launches, retired nodes and rejected alternatives, folded. */
function Details({ command }: { command: Command }) {
  return (
    <div className="flex flex-col gap-1 sm:ml-10">
      {command.launch.length > 0 && (
        <Fold title={`Launches ${command.launch.map((launch) => `${launch.count} × ${launch.choices[0]?.pool.instance_type ?? "?"}`).join(", ")}`}>
          {command.launch.map((launch, at) => <LaunchDetail key={at} launch={launch} />)}
        </Fold>
      )}
      {command.retire.length > 0 && (
        <Fold title={`Retires ${counted(command.retire.length, "node")}`}>
          <ul className="flex flex-col gap-1">
            {command.retire.map((node) => (
              <li key={node.node} className="flex flex-wrap gap-x-3">
                <span>{shortName(node.node)}</span><span className="text-muted">{node.pool.instance_type} {node.pool.zone}</span>
                <CapacityMark type={node.pool.capacity_type} /><Amount of={node.price_per_hour} per="h" />
                <span className="text-muted">{counted(node.evictable_pods, "evictable pod")}{node.drain_rounds > 1 && ` in ${node.drain_rounds} rounds`}</span>
              </li>
            ))}
          </ul>
        </Fold>
      )}
      {command.rejected.length > 0 && (
        <Fold title={`Rejected ${counted(command.rejected.length, "alternative")}`}>
          <ul className="flex flex-col gap-1">
            {command.rejected.map((other) => (
              <li key={other.what}><span className="font-semibold">{other.what}</span>, <Amount of={other.cost_per_hour} per="h" />. <span className="text-muted">{other.why}</span></li>
            ))}
          </ul>
        </Fold>
      )}
    </div>
  );
}

/** The pools of a launch in the order they are tried, and what is expected on one node. */
function LaunchDetail({ launch }: { launch: Launch }) {
  return (
    <>
      <ol className="flex list-decimal flex-col gap-1 pl-5">
        {launch.choices.map((choice) => (
          <li key={`${choice.pool.instance_type} ${choice.pool.zone} ${choice.pool.capacity_type}`}>
            <span className="inline-flex flex-wrap gap-x-3">
              <span>{choice.pool.instance_type} <span className="text-muted">{choice.pool.zone}</span></span>
              <CapacityMark type={choice.pool.capacity_type} />
              <Priced estimated={choice.estimated}><Amount of={choice.price_per_hour} per="h" /></Priced>
              {choice.monthly_interruption_ppm > 0 && <span className="text-muted">{percent(ppm(choice.monthly_interruption_ppm))} interrupted a month</span>}
            </span>
          </li>
        ))}
      </ol>
      <p className="mt-1 text-muted">
        On {launch.count === 1 ? "it" : "them together"}: {launch.packing.map((share) => `${share.pods} × ${share.workload.name} (${cpu(share.cpu_milli)}, ${memory(share.memory_mib)})`).join("; ")}.
      </p>
    </>
  );
}

function Fold({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <details>
      <summary className="min-h-6 text-muted hover:text-text">{title}</summary>
      <div className="py-1 pl-4">{children}</div>
    </details>
  );
}
