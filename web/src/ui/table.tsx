import type { ReactNode } from "react";

/** What narrow windows leave out. */
const WIDE = "wide max-md:hidden";
const PADDING = "px-1.5 first:pl-4 last:pr-4 [&:nth-last-child(1_of_:not(.wide))]:pr-4 lg:px-4";

/**
 * A table of a few dozen rows. The first `words` columns hold words, the others numbers; those in `wide` are
 * left out in narrow windows, and what is still too wide scrolls sideways inside its own frame.
 */
export function DataTable({ name, heads, words = 2, wide = [], children }: {
  name: string; heads: readonly ReactNode[]; words?: number; wide?: readonly number[]; children: ReactNode;
}) {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={name}>
      <table className="w-full">
        <thead className="text-12 text-muted">
          <tr>
            {heads.map((head, at) => (
              <th key={at} scope="col" className={`h-8 ${PADDING} font-normal md:whitespace-nowrap ${at < words ? "text-left" : "text-right"} ${wide.includes(at) ? WIDE : ""}`}>{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export function Cell({ number = false, wrap = false, wide = false, children }: { number?: boolean; wrap?: boolean; wide?: boolean; children: ReactNode }) {
  return <td className={`h-9 ${PADDING} py-1 ${wrap ? "" : "whitespace-nowrap"} ${number ? "text-right" : ""} ${wide ? WIDE : ""}`}>{children}</td>;
}
