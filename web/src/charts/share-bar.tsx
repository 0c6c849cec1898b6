import type { ReactNode } from "react";

export type Part = { name: string; value: number; colour: string; label: ReactNode };

/** Parts of a whole as one bar with its legend. Shades of grey stand for what has no colour of its own. */
export function ShareBar({ title, parts }: { title: string; parts: Part[] }) {
  const whole = parts.reduce((sum, part) => sum + part.value, 0) || 1;
  return (
    <figure>
      <figcaption className="mb-1.5 text-12 text-muted">{title}</figcaption>
      <div aria-hidden="true" className="flex h-3 gap-0.5 overflow-hidden rounded-mark bg-hover">
        {parts.map((part) => <span key={part.name} style={{ width: `${(100 * part.value) / whole}%`, background: part.colour }} />)}
      </div>
      <ul className="mt-2 flex flex-col gap-0.5">
        {parts.map((part) => (
          <li key={part.name} className="flex items-center gap-2">
            <span aria-hidden="true" className="size-2.5 rounded-mark" style={{ background: part.colour }} />
            <span className="grow">{part.name}</span>
            {part.label}
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** The shade of the part at this place: strongest first, the faintest still 3 : 1 against the surface. */
export const shade = (at: number): string => `color-mix(in srgb, var(--color-text) ${[88, 71, 61, 54, 49][at] ?? 49}%, var(--color-surface))`;
