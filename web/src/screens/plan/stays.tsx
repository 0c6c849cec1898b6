import type { Stay } from "../../api/types";
import { counted } from "../../lib/units";
import { shortName } from "../../packing/map";
import { Panel } from "../../ui/panel";

const REASONS: Record<Stay["reason"], string> = {
  blocked: "Blocked", not_judged: "Could not be judged", cooldown: "Too young to move again", not_worth_it: "Not worth replacing", well_used: "Well used",
};
/** What can be done something about comes first. */
const ORDER: Stay["reason"][] = ["blocked", "not_judged", "cooldown", "not_worth_it", "well_used"];

/** The nodes no command touches, by what keeps them. */
export function Stays({ stays }: { stays: Stay[] }) {
  if (stays.length === 0) return null;
  return (
    <Panel title={`What stays: ${counted(stays.length, "node")}`} flush>
      {ORDER.map((reason) => {
        const nodes = stays.filter((stay) => stay.reason === reason);
        return nodes.length > 0 && (
          <details key={reason} open={reason === "blocked"} className="border-b border-line px-4 py-1 last:border-b-0">
            <summary className="min-h-8 py-1.5"><span className="font-semibold">{REASONS[reason]}</span> <span className="text-muted">{counted(nodes.length, "node")}</span></summary>
            <ul className="flex flex-col gap-1 pb-2">
              {nodes.map((stay) => <li key={stay.node} className="grid gap-x-4 sm:grid-cols-[160px_1fr]"><span>{shortName(stay.node)}</span><span className="text-muted">{stay.text}</span></li>)}
            </ul>
          </details>
        );
      })}
    </Panel>
  );
}
