import { Tabs } from "radix-ui";
import type { ReactNode } from "react";

/** Parts of a screen of which one shows; the URL says which. */
export function TabBar<T extends string>({ name, value, tabs, onChange, children }: {
  name: string; value: T; tabs: readonly { value: T; label: ReactNode }[]; onChange: (value: T) => void; children: ReactNode;
}) {
  return (
    <Tabs.Root value={value} onValueChange={(next) => onChange(next as T)}>
      <Tabs.List aria-label={name} className="mb-4 flex overflow-x-auto border-b border-line">
        {tabs.map((tab) => (
          <Tabs.Trigger key={tab.value} value={tab.value}
            className="-mb-px inline-flex min-h-9 items-center border-b-2 border-transparent px-3 whitespace-nowrap text-muted hover:text-text focus-visible:-outline-offset-2 data-[state=active]:border-accent data-[state=active]:font-semibold data-[state=active]:text-text">
            {tab.label}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content value={value} tabIndex={-1}>{children}</Tabs.Content>
    </Tabs.Root>
  );
}
