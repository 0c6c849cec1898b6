import { type ReactNode, useEffect, useRef } from "react";
import { IconButton } from "./button";

/**
 * A modal dialog: the browser's own, which traps focus, closes on Escape and gives focus back. (Radix's
 * writes a style element into the page, which our content security policy refuses.)
 */
export function Dialog({ open, title, onClose, children, className = "max-w-130 p-6" }: {
  open: boolean; title: string; onClose: () => void; children: ReactNode; className?: string;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (open && !dialog?.open) dialog?.showModal();
    if (!open) dialog?.close();
  }, [open]);
  return (
    <dialog ref={ref} aria-label={title} onClose={onClose}
      onClick={(event) => event.target === ref.current && onClose()}
      className={`w-[calc(100%-24px)] rounded-box border border-line bg-surface shadow-float ${className}`}>
      {open && children}
    </dialog>
  );
}

/** Title and close button of a dialog. */
export function DialogHead({ title, onClose }: { title: string; onClose: () => void }) {
  return (
    <header className="mb-4 flex items-start justify-between gap-4">
      <h2 className="text-18">{title}</h2>
      <IconButton icon="close" name="Close" onClick={onClose} className="-mt-1 -mr-2" />
    </header>
  );
}
