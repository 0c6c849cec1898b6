import type { ReactNode } from "react";
import { add, dollars, type Nanos } from "../lib/money";
import { Icon } from "../ui/icon";
import { Amount, Mark, type Source } from "../ui/value";

type Total<Id> = { id: Id; name: string; amount: Nanos; source: Source };
/** A step from the baseline towards the actual cost, modelled like it: positive saves, negative costs. */
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
  const percentOf = (level: Nanos) => `${(100 * Math.max(0, dollars(level))) / highest}%`;
  const bar = (start: Nanos, end: Nanos, look: string, colour?: string) => {
    const [low, high] = start < end ? [start, end] : [end, start];
    return <span className={`absolute inset-y-1 rounded-mark ${look}`} style={{ left: `min(${percentOf(low)}, 100% - 2px)`, width: `max(2px, ${percentOf(high - low)})`, ...(colour && { background: `var(--color-${colour})` }) }} />;
  };
  /** A hairline from where the row above ended. */
  const link = (level: Nanos) => <span className="absolute -top-3 h-4 w-px bg-control max-sm:hidden" style={{ left: percentOf(level) }} />;
  const press = (id: Id) => ({ pressed: chosen === id, onPress: () => onChoose(chosen === id ? undefined : id) });
  return (
    <ul className="flex flex-col py-1">
      <Row {...press(from.id)} name={from.name} value={<><Mark of={from.source} /><Amount of={from.amount} /></>} bar={bar(0n, from.amount, "border border-dashed border-baseline")} />
      {steps.map((step, at) => {
        const level = levels[at]!;
        return <Row key={step.id} {...press(step.id)} name={step.name} value={<><Mark of="modelled" /><Amount of={-step.saves} signed /></>} bar={<>{link(level)}{bar(level, level - step.saves, "", step.colour)}</>} />;
      })}
      <Row {...press(to.id)} name={to.name} strong value={<><Mark of={to.source} /><Amount of={to.amount} /></>} bar={<>{link(to.amount)}{bar(0n, to.amount, "bg-muted")}</>} />
    </ul>
  );
}

const ROW =
  "grid w-full grid-cols-[minmax(0,1fr)_auto_16px] items-center gap-x-3 px-4 min-h-9 text-left max-sm:py-1 " +
  "sm:grid-cols-[140px_minmax(0,1fr)_100px_16px]";

/** A name, its bar and its amount; on phones the bar stands below them. */
function Row({ name, value, bar, strong = false, pressed, onPress }: {
  name: string; value: ReactNode; bar: ReactNode; strong?: boolean; pressed: boolean; onPress: () => void;
}) {
  return (
    <li>
      <button type="button" aria-pressed={pressed} onClick={onPress} className={`${ROW} -outline-offset-2 hover:bg-hover aria-pressed:bg-hover aria-pressed:font-semibold`}>
        <span className={strong ? "font-semibold" : ""}>{name}</span>
        <span aria-hidden="true" className="relative h-7 max-sm:order-1 max-sm:col-span-3 max-sm:h-5">{bar}</span>
        <span className={`text-right ${strong ? "font-semibold" : ""}`}>{value}</span>
        <Icon name={pressed ? "down" : "chevron"} className="text-muted" />
      </button>
    </li>
  );
}
