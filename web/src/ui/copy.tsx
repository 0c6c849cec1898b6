import { useState } from "react";
import { Button } from "./button";

/** A command with a button that copies it. */
export function CopyCommand({ command }: { command: string }) {
  const [said, setSaid] = useState("Copy");
  const copy = () =>
    navigator.clipboard.writeText(command).then(
      () => setSaid("Copied"),
      () => setSaid("Select it and copy"),
    );
  return (
    <div className="flex max-w-full items-end gap-2 max-sm:flex-col sm:items-center rounded-box border border-line bg-page p-1 pl-3">
      <code className="min-w-0 grow py-1 text-left font-mono text-12 break-words text-wrap">{command}</code>
      <Button kind="quiet" icon="copy" onClick={() => void copy()}>{said}</Button>
    </div>
  );
}
