import { ToggleGroup } from "radix-ui";
import type { ReactNode } from "react";

/** One of a few, all visible: ranges, views. */
export function Segments<T extends string>({ name, value, options, onChange }: {
  name: string; value: T; options: readonly { value: T; label: ReactNode; title?: string }[]; onChange: (value: T) => void;
}) {
  return (
    <ToggleGroup.Root type="single" aria-label={name} value={value}
      onValueChange={(next) => next && onChange(next as T)}
      className="inline-flex flex-wrap rounded-box border border-control bg-surface p-0.5">
      {options.map((option) => (
        <ToggleGroup.Item key={option.value} value={option.value} title={option.title}
          className="inline-flex min-h-7 min-w-7 items-center justify-center gap-1.5 rounded-[4px] px-2 whitespace-nowrap text-muted hover:text-text data-[state=on]:bg-hover data-[state=on]:font-semibold data-[state=on]:text-text">
          {option.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
