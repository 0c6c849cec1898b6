import { type ReactNode, useState } from "react";
import { Problem } from "../../api/problem";
import { Plot, type Series } from "../../charts/plot";
import { ShareBar, shade } from "../../charts/share-bar";
import { Sparkline } from "../../charts/sparkline";
import { Waterfall } from "../../charts/waterfall";
import { PageHead } from "../../frame/page-head";
import { CLUSTER_STATUSES } from "../../router";
import { CapacityMark, ClusterBadge, PlanBadge } from "../../ui/badge";
import { Button, IconButton } from "../../ui/button";
import { CopyCommand } from "../../ui/copy";
import { type DayRange, Days } from "../../ui/days";
import { Dialog, DialogHead } from "../../ui/dialog";
import { Field, Form } from "../../ui/field";
import { Menu, MenuChoice, MenuItem, MenuLabel } from "../../ui/menu";
import { Figure, Figures, Panel } from "../../ui/panel";
import { Empty, Failed, Skeleton } from "../../ui/states";
import { Cell, DataTable } from "../../ui/table";
import { TabBar } from "../../ui/tabs";
import { Amount, Modelled, QualityWord, Time } from "../../ui/value";

const COLOURS = ["page", "surface", "text", "muted", "line", "control", "accent", "spot", "on-demand", "asleep", "baseline", "ok", "danger", "hover"];
const TIMES = Array.from({ length: 48 }, (_, at) => 1_790_000_000 + at * 3600);
const WAVE: Series[] = [
  { name: "Baseline", values: TIMES.map(() => 9), colour: "baseline", dashed: true, fillTo: 1, fillOpacity: 0.12 },
  { name: "Spot", values: TIMES.map((_, at) => 4 + Math.sin(at / 6)), colour: "spot", fillTo: "zero", fillOpacity: 0.45 },
];

const STEPS = [{ id: "spot", name: "Spot price", saves: 4_000_000_000n, colour: "spot" }, { id: "overlap", name: "Overlap", saves: -500_000_000n, colour: "danger" }];
const TABS = ["one", "two"].map((value) => ({ value, label: `Tab ${value}` }));

const plain = (value: number) => value.toFixed(1);
const nothing = () => undefined;

/** Every primitive in every state, in one place, for development. */
export function Primitives() {
  const [days, setDays] = useState<DayRange>(30);
  const [open, setOpen] = useState(false);
  const [bar, setBar] = useState<string>();
  const [tab, setTab] = useState("one");
  return (
    <main className="mx-auto flex max-w-300 flex-col gap-5 p-6">
      <PageHead title="Primitives" state="Every primitive in every state. Not part of the build." action={<Button kind="primary" onClick={() => setOpen(true)}>Open dialog</Button>} />
      <Panel title="Colours"><Line>{COLOURS.map((name) => <span key={name} className="flex items-center gap-2"><span className="size-6 rounded-mark border border-line" style={{ background: `var(--color-${name})` }} />{name}</span>)}</Line></Panel>
      <Panel title="Type"><p className="text-28">28 cost 4,611.20</p><p className="text-18">18 heading</p><p className="text-14">14 sentence</p><p>13 body 0123456789</p><p className="text-12">12 remark</p><code className="font-mono text-12">opt_0191 9f31c7d2</code></Panel>
      <Panel title="Buttons"><Line><Button kind="primary">Approve plan</Button><Button>Plain</Button><Button kind="quiet">Quiet</Button><Button kind="danger" icon="stop">Stop plan</Button><Button busy icon="refresh">Busy</Button><Button disabled>Disabled</Button><IconButton icon="refresh" name="Read again" /></Line></Panel>
      <Panel title="States"><Line>{CLUSTER_STATUSES.map((status) => <ClusterBadge key={status} status={status} />)}<PlanBadge state="proposed" /><PlanBadge state="done" /><PlanBadge state="failed" /><CapacityMark type="spot" /><CapacityMark type="on-demand" /></Line></Panel>
      <Panel title="Values"><Line><Amount of={4_611_234_567n} per="h" /><Amount of={12_345_000_000_000n} /><Amount of={-20_400_000n} signed /><Modelled formula="3.21 × 730"><Amount of={2_343_300_000_000n} per="month" /></Modelled><Time at={new Date(Date.now() - 90_000).toISOString()} /><QualityWord quality="measured" /><QualityWord quality="estimated" /></Line></Panel>
      <Figures>{["Cost per hour now", "Two", "Three", "Four"].map((label) => <Figure key={label} label={label} value={<Amount of={4_611_000_000n} per="h" />} remark="18 nodes" change="8.1 % less than the 15 days before" mark={<Sparkline values={[5, 4, 6, 3, 4]} colour="spot" />} />)}</Figures>
      <Panel title="Range" aside={<Days value={days} onChange={setDays} />}><Plot times={TIMES} series={WAVE} unit="$/h" format={plain} formatTime={String} summary="A wave." height={180} table={<p>table</p>} /></Panel>
      <Panel title="Waterfall" flush><Waterfall from={{ id: "baseline", name: "Baseline", amount: 9_000_000_000n, source: "modelled" }} to={{ id: "actual", name: "Actual", amount: 5_500_000_000n, source: "measured" }} steps={STEPS} chosen={bar} onChoose={setBar} /></Panel>
      <Panel title="Table" flush><DataTable name="Things" words={1} heads={["Thing", "Nodes", "Cost"]}>{["One", "Two"].map((name, at) => <tr key={name} className="border-t border-line"><Cell>{name}</Cell><Cell number>{at + 9}</Cell><Cell number><Amount of={4_611_000_000n} per="h" /></Cell></tr>)}</DataTable></Panel>
      <Panel title="Tabs and menu"><TabBar name="Parts" value={tab} tabs={TABS} onChange={setTab}><Line>What the tab {tab} holds.<Menu icon="theme" name="Menu"><MenuLabel>A label</MenuLabel><MenuChoice value={tab} options={TABS} onChange={setTab} /><MenuItem onSelect={nothing}>An action</MenuItem></Menu></Line></TabBar></Panel>
      <Panel title="Shares"><ShareBar title="Family" parts={[5, 3, 2, 1].map((value, at) => ({ name: `m${at}`, value, colour: shade(at), label: value }))} /></Panel>
      <Panel title="Form"><Form action="Save" send={() => Promise.reject(new Problem(422, { detail: "One field is not right.", errors: [{ pointer: "/name", message: "It is taken." }] }))}>{(problem) => <Field label="Name" name="name" hint="Up to 100 characters." problem={problem} />}</Form></Panel>
      <Panel title="Loading"><Skeleton what="things" rows={3} /></Panel>
      <Panel title="Failed"><Failed problem={new Problem(503, { detail: "The table did not answer.", request_id: "req_1" })} what="things" retry={nothing} busy={false} /></Panel>
      <Panel title="Empty"><Empty icon="clusters" title="No cluster yet" command="spot-optimizer report --file cluster.json">Connect one.</Empty></Panel>
      <Panel title="Command to copy"><CopyCommand command="helm install spot-optimizer-agent" /></Panel>
      <Dialog open={open} title="A dialog" onClose={() => setOpen(false)}><DialogHead title="A dialog" onClose={() => setOpen(false)} /><Button kind="primary" onClick={() => setOpen(false)}>Done</Button></Dialog>
    </main>
  );
}

const Line = ({ children }: { children: ReactNode }) => <div className="flex flex-wrap items-center gap-4">{children}</div>;
