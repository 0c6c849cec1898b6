import { Segments } from "../ui/segments";
import type { Resource } from "./model";

/** What the colours and patterns of a packing map mean. */
export function PackingLegend() {
  const marks: [string, string][] = [
    ["border-l-4 border-spot", "Spot"], ["border-l-4 border-on-demand", "on-demand"],
    ["bg-control", "can move"], ["bg-text", "blocked"], ["hatched", "DaemonSet"], ["bg-page border border-line", "free"],
  ];
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 px-4 py-2 text-12 text-muted">
      {marks.map(([look, word]) => <li key={word} className="inline-flex items-center gap-1.5"><span aria-hidden="true" className={`size-3 rounded-mark ${look}`} />{word}</li>)}
    </ul>
  );
}

export function ResourceSwitch({ value, onChange }: { value: Resource; onChange: (value: Resource) => void }) {
  return <Segments name="Measure" value={value} onChange={onChange} options={[{ value: "cpu", label: "CPU" }, { value: "memory", label: "Memory" }]} />;
}
