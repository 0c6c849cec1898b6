import type { ReactNode } from "react";

/** A titled part of a screen. `flush` lets a table or map reach the edges. */
export function Panel({ title, aside, flush = false, children, className = "" }: {
  title: string; aside?: ReactNode; flush?: boolean; children: ReactNode; className?: string;
}) {
  return (
    <section aria-label={title} className={`min-w-0 rounded-box border border-line bg-surface ${className}`}>
      <header className="flex min-h-12 flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b border-line px-4 py-1.5">
        <h2 className="text-14">{title}</h2>
        {aside}
      </header>
      <div className={`grow ${flush ? "" : "p-4"}`}>{children}</div>
    </section>
  );
}

/** Figures side by side: label above, value in large, remarks below. */
export function Figures({ children }: { children: ReactNode }) {
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-box border border-line bg-line md:grid-cols-4">{children}</dl>
  );
}

export function Figure({ label, value, remark, change, mark }: {
  label: string; value: ReactNode; remark?: ReactNode;
  /** How it moved, in words. */
  change?: ReactNode; mark?: ReactNode;
}) {
  return (
    <div className="flex flex-col bg-surface px-4 py-3">
      <dt className="text-12 text-muted">{label}</dt>
      <dd className="flex flex-wrap items-center justify-between gap-x-3 text-18 font-semibold sm:text-28 [&_button]:my-0">{value}{mark}</dd>
      {remark && <dd className="text-12 text-muted">{remark}</dd>}
      {change && <dd className="text-12 text-muted">{change}</dd>}
    </div>
  );
}
