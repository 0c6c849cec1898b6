import { Segments } from "./segments";

export type DayRange = 7 | 30 | 90;
const OPTIONS = (["7", "30", "90"] as const).map((value) => ({ value, label: `${value} days` }));

/** The ranges of time that figures over time are shown for. */
export function Days({ value, onChange }: { value: DayRange; onChange: (value: DayRange) => void }) {
  return <Segments name="Range" value={`${value}`} options={OPTIONS} onChange={(next) => onChange(Number(next) as DayRange)} />;
}
