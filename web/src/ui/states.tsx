import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { asProblem, type Problem } from "../api/problem";
import { Button } from "./button";
import { CopyCommand } from "./copy";
import { Icon, type IconName } from "./icon";
import { Time } from "./value";

/**
 * What every screen does with what it asks for: a skeleton while it comes, the reason and a retry where it
 * did not, the last known data under a warning where only the newest did not, and the data itself.
 */
export function Loaded<T>({ query, what, children, skeleton }: {
  query: UseQueryResult<T>; what: string; children: (data: T) => ReactNode; skeleton?: ReactNode;
}) {
  const retry = () => void query.refetch();
  if (query.data === undefined) {
    if (query.isError) return <Failed problem={asProblem(query.error)} what={what} retry={retry} busy={query.isFetching} />;
    return skeleton ?? <Skeleton what={what} />;
  }
  return (
    <>
      {query.isError && <Stale since={query.dataUpdatedAt} what={what} retry={retry} busy={query.isFetching} />}
      {children(query.data)}
    </>
  );
}

/** Grey rows in the place of what is coming. */
export function Skeleton({ what, rows = 6 }: { what: string; rows?: number }) {
  return (
    <div role="status" aria-label={`Loading ${what}`} className="flex flex-col gap-2">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="h-7 rounded-box bg-hover" style={{ width: `${100 - ((row * 13) % 40)}%` }} />
      ))}
    </div>
  );
}

/** A centred message in the place of content: what is the case, and the next step. */
export function Message({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="mx-auto flex max-w-140 flex-col items-center gap-3 px-4 py-12 text-center text-balance">
      <Icon name={icon} className="size-6 text-muted" />
      <h2 className="text-18">{title}</h2>
      {children}
    </div>
  );
}

const REASONS: Record<number, { icon: IconName; title: (what: string) => string; text: string }> = {
  403: { icon: "warning", title: (what) => `You may not see ${what}`, text: "Your role does not allow it. An owner of your organisation can change your role." },
  404: { icon: "search", title: (what) => `Could not find ${what}`, text: "It may have been removed, or the link is from another organisation." },
};

export function Failed({ problem, what, retry, busy }: { problem: Problem; what: string; retry: () => void; busy: boolean }) {
  const reason = REASONS[problem.status];
  return (
    <div role="alert">
      <Message icon={reason?.icon ?? "danger"} title={reason?.title(what) ?? `Could not load ${what}`}>
        <p className="text-muted">{reason?.text ?? `${problem.message} Nothing was changed.`}</p>
        {!reason && <Button icon="refresh" busy={busy} onClick={retry}>Try again</Button>}
        {problem.requestId && <p className="text-12 text-muted">Request <code className="font-mono">{problem.requestId}</code></p>}
      </Message>
    </div>
  );
}

/** The newest data did not come; what is shown is older. */
function Stale({ since, what, retry, busy }: { since: number; what: string; retry: () => void; busy: boolean }) {
  return (
    <div role="alert" className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-1 rounded-box border border-on-demand bg-surface px-4 py-2">
      <p className="flex min-w-60 flex-1 items-center gap-3"><Icon name="warning" className="text-on-demand" /><span>Could not refresh {what}. What you see was read <Time at={new Date(since).toISOString()} />.</span></p>
      <Button icon="refresh" busy={busy} onClick={retry}>Try again</Button>
    </div>
  );
}

/** Nothing there yet: why, and the step that changes it. */
export function Empty({ icon, title, children, command }: { icon: IconName; title: string; children: ReactNode; command?: string }) {
  return (
    <Message icon={icon} title={title}>
      <p className="text-muted">{children}</p>
      {command && <CopyCommand command={command} />}
    </Message>
  );
}
