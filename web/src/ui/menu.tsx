import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { Icon, type IconName } from "./icon";

/** A menu behind an icon. Not modal: the modal one would write a style element, which our policy refuses. */
export function Menu({ icon, name, children }: { icon: IconName; name: string; children: ReactNode }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger aria-label={name} title={name}
        className="inline-flex size-8 items-center justify-center rounded-box hover:bg-hover">
        <Icon name={icon} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} collisionPadding={8}
          className="z-30 min-w-48 rounded-box border border-line bg-surface p-1 shadow-float">
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

const ITEM = "flex min-h-8 cursor-default items-center gap-2 rounded-[4px] px-3 outline-none data-highlighted:bg-hover";

export const MenuItem = ({ onSelect, children }: { onSelect: () => void; children: ReactNode }) => (
  <DropdownMenu.Item onSelect={onSelect} className={ITEM}>{children}</DropdownMenu.Item>
);

/** One of several, with a tick at the one that holds. */
export function MenuChoice<T extends string>({ value, options, onChange }: {
  value: T; options: readonly { value: T; label: string }[]; onChange: (value: T) => void;
}) {
  return (
    <DropdownMenu.RadioGroup value={value} onValueChange={(next) => onChange(next as T)}>
      {options.map((option) => (
        <DropdownMenu.RadioItem key={option.value} value={option.value} className={ITEM}>
          <span className="w-4"><DropdownMenu.ItemIndicator><Icon name="ok" /></DropdownMenu.ItemIndicator></span>
          {option.label}
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}

export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <DropdownMenu.Label className="px-3 py-1 text-12 text-muted">{children}</DropdownMenu.Label>
);
