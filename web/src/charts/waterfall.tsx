import type { ReactNode } from "react";
import { add, dollars, type Nanos } from "../lib/money";
import { Amount, Estimated } from "../ui/value";

type Total<Id> = { id: Id; name: string; amount: Nanos; estimated?: boolean };
/** A step from the baseline towards the actual cost: positive saves, negative costs. */
type Step<Id> = { id: Id; name: string; saves: Nanos; colour: string };

/**
 * From one total to another by steps, each bar hanging where the last one ended. Every row is a button
 * that opens what its figure is made of.
 */
export function Waterfall<Id extends string>({ from, to, steps, chosen, onChoose }: {
  from: Total<Id>; to: Total<Id>; steps: Step<Id>[]; chosen: Id | undefined; onChoose: (id: Id | undefined) => void;
}) {
  const levels = steps.map((_, at) => from.amount - add(...steps.slice(0, at).map((step) => step.saves)));
  const highest = Math.max(dollars(from.amount), dollars(to.amount), ...levels.map(dollars), 1e-9);
  const place = (low: Nanos, high: Nanos) => ({
    left: `${(100 * Math.max(0, dollars(low))) / highest}%`, width: `max(2px, ${(100 * (dollars(high) - dollars(low))) / highest}%)`,
  });
  const press = (id: Id) => ({ pressed: chosen === id, onPress: () => onChoose(chosen === id ? undefined : id) });
  return (
    <ul className="flex flex-col">
      <Row {...press(from.id)} name={from.name} value={<Amount of={from.amount} />} bar={<span className="absolute inset-y-1 rounded-mark border border-dashed border-baseline" style={place(0n, from.amount)} />} />
      {steps.map((step, at) => {
        const [start, end] = [levels[at]!, levels[at]! - step.saves];
        const bar = <span className="absolute inset-y-1 rounded-mark" style={{ ...place(start < end ? start : end, start < end ? end : start), background: `var(--color-${step.colour})` }} />;
        return <Row key={step.id} {...press(step.id)} name={step.name} value={<Amount of={-step.saves} signed />} bar={bar} />;
      })}
      <Row {...press(to.id)} name={to.name} strong value={<><Estimated when={to.estimated ?? false} /><Amount of={to.amount} /></>} bar={<span className="absolute inset-y-1 rounded-mark bg-muted" style={place(0n, to.amount)} />} />
    </ul>
  );
}

const ROW = "grid w-full grid-cols-[minmax(88px,auto)_minmax(0,1fr)_100px] items-center gap-3 px-4 min-h-9 text-left sm:grid-cols-[140px_minmax(0,1fr)_130px]";

function Row({ name, value, bar, strong = false, pressed, onPress }: {
  name: string; value: ReactNode; bar: ReactNode; strong?: boolean; pressed: boolean; onPress: () => void;
}) {
  return (
    <li>
      <button type="button" aria-pressed={pressed} onClick={onPress} className={`${ROW} -outline-offset-2 hover:bg-hover aria-pressed:bg-hover aria-pressed:font-semibold`}>
        <span className={strong ? "font-semibold" : ""}>{name}</span>
        <span aria-hidden="true" className="relative h-7">{bar}</span>
        <span className={`text-right ${strong ? "font-semibold" : ""}`}>{value}</span>
      </button>
    </li>
  );
}
