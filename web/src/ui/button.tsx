import type { ComponentProps, ReactNode } from "react";
import { Icon, type IconName } from "./icon";

const KINDS = {
  primary: "bg-accent text-on-accent font-semibold border-accent hover:brightness-110",
  plain: "bg-surface text-text border-control hover:bg-hover",
  quiet: "border-transparent text-text hover:bg-hover",
  danger: "bg-surface text-danger border-danger hover:bg-hover",
};

const SHAPE =
  "inline-flex items-center justify-center gap-2 rounded-box border px-3 min-h-8 text-13 whitespace-nowrap " +
  "disabled:opacity-60 disabled:cursor-not-allowed aria-disabled:opacity-60 aria-disabled:cursor-not-allowed";

/** The classes of a button, for links that look like one. */
export const buttonClass = (kind: keyof typeof KINDS = "plain"): string => `${SHAPE} ${KINDS[kind]}`;

type ButtonProps = ComponentProps<"button"> & {
  kind?: keyof typeof KINDS;
  icon?: IconName;
  /** Work is under way: the button stays in place, says so and does nothing. */
  busy?: boolean;
};

export function Button({ kind = "plain", icon, busy = false, children, onClick, className = "", ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} aria-disabled={busy || undefined} className={`${buttonClass(kind)} ${className}`}
      onClick={busy ? (event) => event.preventDefault() : onClick}>
      {icon && <Icon name={icon} className={busy ? "animate-spin" : ""} />}
      {children}
    </button>
  );
}

/** A button that is only an icon; its name is read out and shown on hover. */
export function IconButton({ icon, name, busy = false, className = "", ...rest }: Omit<ButtonProps, "children" | "kind"> & { icon: IconName; name: string }) {
  return (
    <button type="button" {...rest} aria-label={name} title={name}
      className={`inline-flex size-8 shrink-0 items-center justify-center rounded-box hover:bg-hover ${className}`}>
      <Icon name={icon} className={busy ? "animate-spin" : ""} />
    </button>
  );
}

export const Kbd = ({ children }: { children: ReactNode }) => (
  <kbd className="rounded-mark border border-line px-1 font-mono text-12 text-muted">{children}</kbd>
);
