import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { asProblem } from "../api/problem";
import { Failed } from "../ui/states";

/** The server did not answer, or a screen broke: said instead of a white page. */
export function CouldNotStart({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const [busy, setBusy] = useState(false);
  const retry = () => {
    setBusy(true);
    void router.invalidate().then(() => {
      setBusy(false);
      reset();
    });
  };
  return (
    <main>
      <h1 className="sr-only">Spot Optimizer</h1>
      <Failed problem={asProblem(error)} what="the dashboard" retry={retry} busy={busy} />
    </main>
  );
}
