import type { ReactNode } from "react";

/** A table of a few dozen rows. Narrow windows scroll it sideways inside its own frame. The first two columns hold words. */
export function DataTable({ name, heads, words = 2, children }: { name: string; heads: readonly ReactNode[]; words?: number; children: ReactNode }) {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={name}>
      <table className="w-full">
        <thead className="text-12 text-muted">
          <tr>
            {heads.map((head, at) => (
              <th key={at} scope="col" className={`h-8 px-4 font-normal whitespace-nowrap ${at < words ? "text-left" : "text-right"}`}>{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export function Cell({ number = false, wrap = false, children }: { number?: boolean; wrap?: boolean; children: ReactNode }) {
  return <td className={`h-9 px-4 py-1 ${wrap ? "" : "whitespace-nowrap"} ${number ? "text-right" : ""}`}>{children}</td>;
}
