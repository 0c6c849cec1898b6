import { type ReactNode, useEffect } from "react";

/** Title, one sentence of state in words, and the screen's one primary action. */
export function PageHead({ title, state, action }: { title: string; state?: ReactNode; action?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Spot Optimizer`;
  }, [title]);
  return (
    <header className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="text-18 break-words sm:text-28">{title}</h1>
        {state && <p className="text-14 text-muted">{state}</p>}
      </div>
      {action && <div className="flex flex-wrap items-center gap-2">{action}</div>}
    </header>
  );
}
