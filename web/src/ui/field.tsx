import { type ComponentProps, type ReactNode, type SubmitEvent, useEffect, useId, useRef, useState } from "react";
import { asProblem, type Problem } from "../api/problem";
import { Button } from "./button";
import { Icon } from "./icon";

type FieldProps = ComponentProps<"input"> & { label: string; name: string; hint?: string; problem?: Problem | undefined };

/** A labelled input; the message of the problem's pointer `/name` stands below it. */
export function Field({ label, hint, problem, ...input }: FieldProps) {
  const id = useId();
  const message = problem?.fields[`/${input.name}`];
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-semibold">{label}</label>
      <input id={id} {...input} aria-invalid={message ? true : undefined} aria-describedby={`${id}-note`}
        className={`h-9 rounded-box border bg-surface px-3 ${message ? "border-danger" : "border-control"}`} />
      <p id={`${id}-note`} className={`text-12 ${message ? "text-danger" : "text-muted"}`}>{message ?? hint}</p>
    </div>
  );
}

/**
 * A form that sends its fields once. A problem's field messages go to their fields, of which the first gets the
 * focus, the rest above the button; what was typed stays.
 */
export function Form({ send, action, children }: {
  send: (values: Record<string, string>) => Promise<void>; action: string; children: (problem: Problem | undefined) => ReactNode;
}) {
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const [names, setNames] = useState<string[]>([]);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (problem) form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [problem]);
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    setNames(Object.keys(values));
    await send(values).catch((error: unknown) => setProblem(asProblem(error)));
    setBusy(false);
  };
  return (
    <form ref={form} onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
      {children(problem)}
      {problem && <ProblemNote problem={problem} fields={names} />}
      <Button kind="primary" type="submit" busy={busy} className="min-h-9">{problem?.temporary ? "Try again" : action}</Button>
    </form>
  );
}

/** What went wrong, in a line above the button that may be pressed again; without what stands beside `fields`. */
export function ProblemNote({ problem, fields = [] }: { problem: Problem; fields?: string[] }) {
  const elsewhere = Object.entries(problem.fields).filter(([pointer]) => !fields.includes(pointer.slice(1)));
  // Without an answer nobody knows whether it was carried out.
  const rest = problem.status === 0 ? "Nothing you typed is lost, and asking again changes nothing twice."
    : problem.temporary ? "Nothing was changed and nothing you typed is lost." : elsewhere.map(([pointer, message]) => `${pointer.slice(1)}: ${message}`).join(" ");
  return (
    <p role="alert" className="flex gap-2 text-danger">
      <Icon name="danger" className="mt-0.5" />
      <span>{problem.message} {rest}</span>
    </p>
  );
}
