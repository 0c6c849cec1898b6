import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { clusters, ledger } from "../../api/queries";
import type { LedgerHour } from "../../api/types";
import { Waterfall } from "../../charts/waterfall";
import { useReadAt } from "../../frame/freshness";
import { PageHead } from "../../frame/page-head";
import { amountOf, type Figure, nameOf, PARTS, totals, type Totals, weakest } from "../../lib/ledger";
import { share } from "../../lib/money";
import { count, counted, percent, stopped } from "../../lib/units";
import { Days } from "../../ui/days";
import { Panel } from "../../ui/panel";
import { Empty, Loaded, Message } from "../../ui/states";
import { Amount, Explained, Modelled, QualityWord } from "../../ui/value";
import { HourRows } from "./hour-rows";

/** Clusters whose hours are read together; each is asked for on its own. */
const MOST_CLUSTERS = 20;

const route = getRouteApi("/app/savings");

/** What was saved, against what, by which lever; every bar opens the hours it is made of. */
export function Savings() {
  const { days = 30, cluster, figure, hour } = route.useSearch();
  const navigate = useNavigate({ from: "/savings" });
  const known = useQuery(clusters()).data?.length ?? 0;
  const tooMany = !cluster && known > MOST_CLUSTERS;
  const query = useQuery({ ...ledger(days, cluster), enabled: !tooMany });
  useReadAt(query.dataUpdatedAt, query.data?.slice(0, 1).map((each) => each.hour));
  const set = (change: Partial<{ days: typeof days; cluster: string | undefined; figure: Figure | undefined; hour: string | undefined }>) =>
    void navigate({ search: (old) => ({ ...old, ...change }), resetScroll: false });
  const sum = useMemo(() => totals(query.data ?? []), [query.data]);
  return (
    <>
      <PageHead title="Savings" state={query.data && query.data.length > 0 && <InWords sum={sum} days={days} />}
        action={<><ClusterChoice value={cluster} onChange={(next) => set({ cluster: next, hour: undefined })} /><Days value={days} onChange={(next) => set({ days: next, hour: undefined })} /></>} />
      {tooMany ? <Message icon="savings" title="Choose a cluster"><p className="text-muted">The hours of more than {MOST_CLUSTERS} clusters are too many to add up here. The overview has the month's sum over all of them.</p></Message> : <Loaded query={query} what="the savings ledger">
        {(hours) => hours.length === 0
          ? <Empty icon="savings" title="No hour has been closed yet">The ledger closes every hour shortly after it ends. The first one appears after the next full hour of a connected cluster.</Empty>
          : (
            <div className="flex flex-col gap-5">
              <Panel title="From baseline to actual" flush aside={<HowCalculated sum={sum} />}>
                <BaselineIs hours={hours} />
                <Waterfall from={{ id: "baseline", name: "Baseline", amount: sum.baseline, source: "modelled" }}
                  to={{ id: "actual", name: "Actual", amount: sum.actual, source: weakest(sum.quality) }}
                  steps={PARTS.map(({ part, name, colour }) => ({ id: part, name, colour, saves: sum.parts[part] }))}
                  chosen={figure} onChoose={(next) => set({ figure: next, hour: undefined })} />
                <Closing sum={sum} />
              </Panel>
              <Hours hours={hours} cluster={cluster} figure={figure} open={hour} onOpen={(next) => set({ hour: next })} />
            </div>
          )}
      </Loaded>}
    </>
  );
}

function InWords({ sum, days }: { sum: Totals; days: number }) {
  const saved = sum.baseline - sum.actual;
  return <>In the last {days} days <Modelled formula={<p>Baseline − actual. The baseline is modelled, and so is what is saved against it.</p>}><Amount of={saved} /></Modelled> were saved, {percent(share(saved, sum.baseline))} of the baseline.</>;
}

/** That it adds up, or that it does not; and what was measured, modelled and estimated. */
function Closing({ sum }: { sum: Totals }) {
  const { measured, estimated } = sum.quality;
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 border-t border-line px-4 py-2 text-12 text-muted">
      <span>{sum.closes ? "It adds up to the last nano-dollar." : "It does not add up. Please report this."}</span>
      <span>Actual: {count(measured)} hours <QualityWord quality="measured" />{estimated > 0 && <>, {count(estimated)} <QualityWord quality="estimated" /></>}. The baseline is modelled, and so is each step from it.</span>
    </p>
  );
}

/** Definitions of baselines shown at once; the others open. */
const DEFINITIONS_SHOWN = 4;

/** What it would have cost: each cluster's own definition, as it is stored with its hours. */
function BaselineIs({ hours }: { hours: LedgerHour[] }) {
  const known = useQuery(clusters()).data ?? [];
  const names = new Map<string, Set<string>>();
  for (const { baseline_definition: text, cluster_id: id } of hours) {
    names.set(text, (names.get(text) ?? new Set()).add(known.find((each) => each.id === id)?.name ?? id));
  }
  const lines = [...names].map(([text, of]) => (
    <p key={text}>{names.size > 1 && <span className="font-semibold">{[...of].join(", ")}: </span>}{stopped(text)}</p>
  ));
  return (
    <div className="grid gap-x-6 gap-y-1 border-b border-line px-4 py-3 text-muted sm:grid-cols-[auto_minmax(0,1fr)]">
      <p className="font-semibold text-text">What counts as the baseline</p>
      <div>
        {lines.slice(0, DEFINITIONS_SHOWN)}
        {lines.length > DEFINITIONS_SHOWN && <Explained label={`${lines.length - DEFINITIONS_SHOWN} more`}>{lines.slice(DEFINITIONS_SHOWN)}</Explained>}
      </div>
    </div>
  );
}

function HowCalculated({ sum }: { sum: Totals }) {
  return (
    <span className="text-12">
      <Explained label="How is it calculated?">
        <p>For every hour and cluster: baseline = actual + all levers + what is not explained, in integers of a billionth of a dollar.</p>
        <dl className="mt-2 flex flex-col gap-1">{PARTS.map(({ part, name, how }) => <div key={part}><dt className="inline font-semibold">{name}: </dt><dd className="inline">{how}</dd></div>)}</dl>
        <p className="mt-2">This sum is {weakest(sum.quality)}: it is called by its weakest hour. An hour is estimated when some price in it had to be modelled.</p>
      </Explained>
    </span>
  );
}

function ClusterChoice({ value, onChange }: { value: string | undefined; onChange: (value: string | undefined) => void }) {
  const known = useQuery(clusters()).data ?? [];
  return (
    <select aria-label="Cluster" value={value ?? ""} onChange={(event) => onChange(event.target.value || undefined)} className="h-8 max-w-50 rounded-box border border-control bg-surface px-2">
      <option value="">All clusters</option>
      {known.map((each) => <option key={each.id} value={each.id}>{each.name}</option>)}
    </select>
  );
}

/** All hours newest first, or those a figure comes from, the largest first. */
function Hours({ hours, cluster, figure, open, onOpen }: { hours: LedgerHour[]; cluster: string | undefined; figure: Figure | undefined; open: string | undefined; onOpen: (hour: string | undefined) => void }) {
  const shown = useMemo(() => {
    if (!figure) return hours;
    const size = (hour: LedgerHour) => Math.abs(Number(amountOf(hour, figure)));
    return hours.filter((hour) => size(hour) > 0).toSorted((a, b) => size(b) - size(a));
  }, [hours, figure]);
  const title = figure ? `${counted(shown.length, "hour")} with “${nameOf(figure)}”, the largest first` : "Hours, newest first";
  return (
    <Panel title={title} flush>
      {shown.length === 0 ? <p className="p-4 text-muted">In this range it neither saved nor cost anything.</p> : <HourRows hours={shown} ofOne={cluster !== undefined} figure={figure} open={open} onOpen={onOpen} />}
    </Panel>
  );
}
