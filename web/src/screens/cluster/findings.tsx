import type { Finding } from "../../api/types";
import { Panel } from "../../ui/panel";

/** What could not be judged or honoured, and what follows from it. */
export function Findings({ findings }: { findings: Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <Panel title="Findings" flush>
      <ul className="divide-y divide-line">
        {findings.map((finding) => (
          <li key={finding.code + finding.subject} className="px-4 py-2">
            <code className="font-mono text-12 break-all text-muted">{finding.subject}</code>
            <p>{finding.message}</p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
