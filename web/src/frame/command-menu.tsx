import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useId, useState } from "react";
import { clusters, plans } from "../api/queries";
import { signOut } from "../api/session";
import { setTheme } from "../lib/theme";
import { Dialog } from "../ui/dialog";
import { Icon, type IconName } from "../ui/icon";

type Entry = { icon: IconName; name: string; kind: string; run: () => void };

/** Most entries shown at once. */
const SHOWN = 12;

/** Ctrl-K: go to a place, a cluster or a plan, or do something, by typing a part of its name. */
export function CommandMenu({ onClose }: { onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const wanted = typed.trim().toLowerCase();
  const found = useEntries().filter((entry) => entry.name.toLowerCase().includes(wanted)).slice(0, SHOWN);
  const run = (entry: Entry | undefined) => {
    onClose();
    entry?.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((at + step + found.length) % Math.max(1, found.length));
    }
    if (event.key === "Enter") run(found[at]);
  };
  return (
    <Dialog open title="Go to" onClose={onClose} className="mt-24 max-w-140 p-0">
      <input autoFocus role="combobox" aria-label="Go to" aria-expanded aria-controls={id} aria-activedescendant={found[at] ? `${id}-${at}` : undefined}
        placeholder="A cluster, a plan, an action" value={typed} onKeyDown={onKeyDown}
        onChange={(event) => { setTyped(event.target.value); setAt(0); }}
        className="h-12 w-full border-b border-line bg-transparent px-4 text-14 outline-none placeholder:text-muted" />
      <ul id={id} role="listbox" aria-label="Found" className="max-h-110 overflow-y-auto p-1">
        {found.map((entry, index) => (
          <li key={entry.kind + entry.name} id={`${id}-${index}`} role="option" aria-selected={index === at}
            onMouseMove={() => setAt(index)} onClick={() => run(entry)}
            className="flex h-9 cursor-default items-center gap-3 rounded-[4px] px-3 aria-selected:bg-hover">
            <Icon name={entry.icon} className="text-muted" />
            <span className="truncate">{entry.name}</span>
            <span className="ml-auto text-12 whitespace-nowrap text-muted">{entry.kind}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p role="status" className="p-4 pt-0 text-muted">Nothing is called “{typed}”.</p>}
    </Dialog>
  );
}

function useEntries(): Entry[] {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const clusterList = useQuery(clusters()).data ?? [];
  const planList = useQuery(plans()).data ?? [];
  return [
    { icon: "overview", name: "Overview", kind: "place", run: () => void navigate({ to: "/" }) },
    { icon: "clusters", name: "Clusters", kind: "place", run: () => void navigate({ to: "/clusters" }) },
    { icon: "plans", name: "Plans", kind: "place", run: () => void navigate({ to: "/plans" }) },
    { icon: "savings", name: "Savings", kind: "place", run: () => void navigate({ to: "/savings" }) },
    ...clusterList.map((each): Entry => ({
      icon: "clusters", name: each.name, kind: `cluster · ${each.region}`,
      run: () => void navigate({ to: "/clusters/$clusterId", params: { clusterId: each.id } }),
    })),
    ...planList.map((each): Entry => ({
      icon: "plans", name: `${each.cluster_name}, plan ${each.generation}`, kind: `plan · ${each.state}`,
      run: () => void navigate({ to: "/plans/$planId", params: { planId: each.id } }),
    })),
    { icon: "refresh", name: "Read all data again", kind: "action", run: () => void queries.invalidateQueries() },
    { icon: "theme", name: "Use the light theme", kind: "action", run: () => setTheme("light") },
    { icon: "theme", name: "Use the dark theme", kind: "action", run: () => setTheme("dark") },
    { icon: "person", name: "Sign out", kind: "action", run: () => void signOut() },
  ];
}
