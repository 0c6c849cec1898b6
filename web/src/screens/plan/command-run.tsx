import type { Command, CommandRun as Run } from "../../api/types";
import { clock, exactTime } from "../../lib/time";
import { counted, sentence, stopped, words } from "../../lib/units";
import { shortName } from "../../packing/map";
import { Badge } from "../../ui/badge";
import { Icon } from "../../ui/icon";

type Phase = Run["phase"];
type Tone = Parameters<typeof Badge>[0];

const LOOK: Record<Phase, [Tone["tone"], Tone["icon"]]> = {
  pending: ["quiet", "waiting"], launching: ["accent", "refresh"], cordoning: ["accent", "refresh"], draining: ["accent", "refresh"],
  rolling_back: ["warning", "warning"], done: ["ok", "ok"], failed: ["danger", "danger"], skipped: ["quiet", "minus"],
};

export function PhaseBadge({ phase }: { phase: Phase }) {
  const [tone, icon] = LOOK[phase];
  return <Badge tone={tone} icon={icon}>{words(phase)}</Badge>;
}

/** A command while and after it is carried out: groups getting ready, nodes emptying, what happened when. */
export function CommandRun({ run, command }: { run: Run; command: Command }) {
  if (run.phase === "pending" || run.phase === "skipped") return null;
  return (
    <div className="flex flex-col gap-2 sm:ml-10">
      <ul className="grid gap-x-6 gap-y-1 md:grid-cols-2">
        {run.launches.map((launch, at) => {
          const pool = command.launch[at]?.choices[launch.choice]?.pool;
          return (
            <Step key={launch.group} done={launch.ready >= launch.count} name={`${launch.count} × ${pool?.instance_type ?? launch.group}`}
              state={`${launch.ready} of ${launch.count} ready${launch.choice > 0 ? `, choice ${launch.choice + 1}` : ""}`} />
          );
        })}
        {run.nodes.map((node) => (
          <Step key={node.node} done={node.phase === "gone"} name={shortName(node.node)}
            state={node.phase === "draining" ? `draining, ${counted(node.pods_left, "pod")} left` : `${words(node.phase)}${node.note ? `: ${node.note}` : ""}`} />
        ))}
      </ul>
      {run.failure && <p className="text-danger">{stopped(sentence(run.failure))}</p>}
      {run.events.length > 0 && (
        <ul className="border-l border-line pl-3 text-12 text-muted">
          {run.events.map((event, at) => <li key={at}><time dateTime={event.at} title={exactTime(event.at)} className="mr-2 font-mono">{clock(event.at)}</time>{event.text}</li>)}
        </ul>
      )}
    </div>
  );
}

function Step({ done, name, state }: { done: boolean; name: string; state: string }) {
  return (
    <li className="flex items-center gap-2">
      <Icon name={done ? "ok" : "waiting"} className={done ? "text-ok" : "text-muted"} />
      <span>{name}</span>
      <span className="text-muted">{state}</span>
    </li>
  );
}
