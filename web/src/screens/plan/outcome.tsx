import { Link } from "@tanstack/react-router";
import type { Optimization } from "../../api/types";
import { nanos, share } from "../../lib/money";
import { percent } from "../../lib/units";
import { Panel } from "../../ui/panel";
import { Amount } from "../../ui/value";

/** What came of a plan: the saving against the prediction, or why it ended early. */
export function Outcome({ optimization: { state, failure, result, cluster_id } }: { optimization: Optimization }) {
  if (state === "expired") return <Note title="Expired">It was not approved in time, or a newer plan took its place. Nothing was changed.</Note>;
  if (state === "cancelled") return <Note title="Stopped">{failure ?? "A person stopped it. The commands below say what was done before."}</Note>;
  if (state === "failed") return <Note title="Failed">{failure ?? "The commands below say what was done and what was undone."}</Note>;
  if (state !== "done") return null;
  if (!result) return <Note title="Carried out">Every command is done. What it saves is measured as soon as the next full hour is closed.</Note>;
  const { predicted_saving_per_hour: predicted, measured_saving_per_hour: measured } = result;
  return (
    <Panel title="What it saved">
      <dl className="grid gap-4 sm:grid-cols-3">
        <Figure name="Predicted"><Amount of={predicted} per="h" /></Figure>
        <Figure name="Measured"><Amount of={measured} per="h" /></Figure>
        <Figure name="Measured of predicted">{percent(share(nanos(measured), nanos(predicted)))}</Figure>
      </dl>
      <p className="mt-3"><Link to="/savings" search={{ cluster: cluster_id }} className="inline-flex min-h-6 items-center text-accent underline">See the hours in the ledger</Link></p>
    </Panel>
  );
}

const Note = ({ title, children }: { title: string; children: React.ReactNode }) => <Panel title={title}><p>{children}</p></Panel>;

const Figure = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <div><dt className="text-12 text-muted">{name}</dt><dd className="text-18 font-semibold">{children}</dd></div>
);
