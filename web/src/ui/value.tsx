import { Popover } from "radix-ui";
import type { ReactNode } from "react";
import type { Quality } from "../api/types";
import { exact, HOURS_PER_MONTH, type Money, type Nanos, nanos, short } from "../lib/money";
import { exactTime, relative, useNow } from "../lib/time";

/** Money in short form, every digit on hover. `per` is `h` or `month`. */
export function Amount({ of, per, signed = false }: { of: Money | Nanos; per?: "h" | "month" | "day"; signed?: boolean }) {
  const amount = typeof of === "bigint" ? of : nanos(of);
  const unit = per ? `$/${per}` : "$";
  return (
    <data value={exact(amount)} title={`${exact(amount)} USD${per ? ` per ${per === "h" ? "hour" : per}` : ""}`} className="whitespace-nowrap">
      {signed && amount > 0n && "+"}
      {short(amount)}&nbsp;<span className="text-[max(12px,0.5em)] leading-none font-normal text-muted">{unit}</span>
    </data>
  );
}

/** A moment, relative to now; the exact one in the user's zone and in UTC on hover. */
export function Time({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={exactTime(at)} className="whitespace-nowrap">
      {relative(at, now)}
    </time>
  );
}

/** A figure that was computed, not measured: marked `≈`, dotted, and opens how it is calculated. */
export function Modelled({ children, formula }: { children: ReactNode; formula: ReactNode }) {
  return (
    <Explained label={<><span aria-hidden="true">≈&nbsp;</span><span className="sr-only">about </span>{children}</>}>{formula}</Explained>
  );
}

/** An amount at a price that AWS gave, or at one that had to be modelled. */
export function Priced({ estimated, children }: { estimated: boolean; children: ReactNode }) {
  if (!estimated) return children;
  return (
    <Modelled formula={<p>AWS gave no price for this pool. It is modelled: the list price of us-east-1; for Spot, less the saving that AWS's Spot Advisor states for the region.</p>}>
      {children}
    </Modelled>
  );
}

/** What an hour's amount comes to in a month. */
export function Monthly({ perHour }: { perHour: Nanos }) {
  return (
    <Modelled formula={<p>The amount of an hour × {String(HOURS_PER_MONTH)}, the hours of an average month, if the fleet stays as it is.</p>}>
      <Amount of={perHour * HOURS_PER_MONTH} per="month" />
    </Modelled>
  );
}

/** Words with a dotted underline that open a longer explanation. */
export function Explained({ label, children }: { label: ReactNode; children: ReactNode }) {
  return (
    <Popover.Root>
      <Popover.Trigger className="-my-1 min-h-6 underline decoration-dotted decoration-1 underline-offset-4">{label}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content sideOffset={6} collisionPadding={12} aria-label="How is it calculated?"
          className="z-30 max-w-[min(320px,100vw-24px)] rounded-box border border-line bg-surface p-3 text-13 font-normal shadow-float">
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** How a figure was come by. */
export type Source = Quality | "modelled";

const MEANING: Record<Source, string> = {
  measured: "every price was read from AWS",
  estimated: "some price was missing and was modelled",
  modelled: "computed from what would have run, not paid",
};

/** The mark of a figure that is not measured, where what opens its formula stands elsewhere. */
export const Mark = ({ of }: { of: Source }) => of !== "measured" && (
  <span title={MEANING[of]}><span aria-hidden="true">≈&nbsp;</span><span className="sr-only">about </span></span>
);

/** How a figure was come by, in a word. */
export function QualityWord({ quality }: { quality: Quality }) {
  return (
    <span title={MEANING[quality]} className={quality === "measured" ? "" : "underline decoration-dotted underline-offset-4"}>
      {quality !== "measured" && "≈ "}{quality}
    </span>
  );
}
