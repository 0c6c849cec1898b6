import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useNaming } from "../../api/session";
import type { Optimization } from "../../api/types";
import { nanos, share } from "../../lib/money";
import { percent, sentence, stopped } from "../../lib/units";
import { Panel } from "../../ui/panel";
import { Amount, Explained, Modelled } from "../../ui/value";

/** What came of a plan: why it ended early, and the saving against the prediction. */
export function Outcome({ optimization }: { optimization: Optimization }) {
  const ended = useEnd(optimization);
  if (!ended) return null;
  const { result, failure, cluster_id } = optimization;
  return (
    <Panel title={ended.title} aside={result && <HowMeasured />}>
      {ended.text && <p className={result ? "mb-3" : ""}>{ended.text}</p>}
      {result && <Result result={result} cluster={cluster_id} />}
      {failure && optimization.state === "done" && <p className="mt-3 text-muted">{stopped(sentence(failure))}</p>}
    </Panel>
  );
}

/** How a plan ended, in words; nothing while it has not. */
function useEnd({ state, failure, execution, approved_at }: Optimization): { title: string; text?: ReactNode } | undefined {
  const named = useNaming();
  const why = failure && `${stopped(sentence(failure.replace(/usr_[\w-]+/, named)))} `;
  switch (state) {
    case "expired": return { title: "Expired", text: <Expired newer={/opt_[\w-]+/.exec(failure ?? "")?.[0]} /> };
    case "cancelled": return execution
      ? { title: "Stopped", text: `${why ?? ""}The commands below say what was done before.` }
      : { title: approved_at ? "Stopped" : "Declined", text: `${why ?? ""}Nothing was changed.` };
    case "failed": return { title: "Failed", text: `${why ?? ""}The commands below say what was done and what was undone.` };
    case "done": return { title: "What it saved" };
    default: return undefined;
  }
}

const Expired = ({ newer }: { newer: string | undefined }) => newer
  ? <>A newer plan took its place; nothing was changed. <Link to="/plans/$planId" params={{ planId: newer }} className="inline-flex min-h-6 items-center text-accent underline">Open the newer plan</Link></>
  : <>It was not approved in time; nothing was changed.</>;

function Result({ result: { predicted_saving_per_hour: predicted, measured_saving_per_hour: measured }, cluster }: {
  result: NonNullable<Optimization["result"]>; cluster: string;
}) {
  return (
    <>
      <dl className="grid gap-4 sm:grid-cols-3">
        <Figure name="Predicted"><Modelled formula={<p>The cost of the fleet before less that of the fleet the plan leads to, at the prices of the moment it was made.</p>}><Amount of={predicted} per="h" /></Modelled></Figure>
        <Figure name="Measured"><Amount of={measured} per="h" /></Figure>
        <Figure name="Measured of predicted">{percent(share(nanos(measured), nanos(predicted)))}</Figure>
      </dl>
      <p className="mt-3 text-muted">
        The ledger counts what is paid, hour by hour, from the first hour that ends after this.{" "}
        <Link to="/savings" search={{ cluster }} className="inline-flex min-h-6 items-center text-accent underline">See the hours in the ledger</Link>
      </p>
    </>
  );
}

const HowMeasured = () => (
  <span className="text-12">
    <Explained label="How is it calculated?">
      <p>Measured: what the cluster's nodes cost an hour when the plan was made, less what they cost when it ended, at the prices of those moments. Nodes that joined or left for other reasons meanwhile count as well.</p>
    </Explained>
  </span>
);

const Figure = ({ name, children }: { name: string; children: ReactNode }) => (
  <div><dt className="text-12 text-muted">{name}</dt><dd className="text-18 font-semibold">{children}</dd></div>
);
