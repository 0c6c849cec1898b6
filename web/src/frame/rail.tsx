import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { readPreference, writePreference } from "../lib/preference";
import { IconButton } from "../ui/button";
import { Icon, type IconName } from "../ui/icon";

const PLACES = [
  { to: "/", icon: "overview", name: "Overview" },
  { to: "/clusters", icon: "clusters", name: "Clusters" },
  { to: "/plans", icon: "plans", name: "Plans" },
  { to: "/savings", icon: "savings", name: "Savings" },
] as const satisfies { to: string; icon: IconName; name: string }[];

/** The places there are: a rail on the left, on phones a bar at the bottom. */
export function Rail() {
  const [folded, setFolded] = useState(readPreference("rail") === "folded");
  const fold = () => {
    writePreference("rail", folded ? "open" : "folded");
    setFolded(!folded);
  };
  return (
    <nav aria-label="Main" data-folded={folded}
      className="group fixed inset-x-0 bottom-0 z-20 flex border-t border-line bg-surface sm:sticky sm:top-0 sm:h-dvh sm:w-44 sm:shrink-0 sm:flex-col sm:gap-1 sm:border-t-0 sm:border-r sm:p-2 sm:data-[folded=true]:w-13">
      <div className="hidden h-9 items-center gap-2 px-2 sm:flex">
        <img src="/icon.svg" alt="" className="size-5" />
        <span className="font-semibold group-data-[folded=true]:hidden">Spot Optimizer</span>
      </div>
      {PLACES.map((place) => (
        <Link key={place.to} to={place.to} activeOptions={{ exact: place.to === "/", includeSearch: false }} title={folded ? place.name : undefined}
          className="flex h-14 min-w-0 grow flex-col items-center justify-center gap-1 text-12 text-muted hover:text-text aria-[current=page]:font-semibold aria-[current=page]:text-accent sm:h-9 sm:grow-0 sm:flex-row sm:justify-start sm:gap-3 sm:rounded-box sm:px-2.5 sm:text-13 sm:hover:bg-hover sm:aria-[current=page]:bg-hover">
          <Icon name={place.icon} />
          <span className="sm:group-data-[folded=true]:sr-only">{place.name}</span>
        </Link>
      ))}
      <div className="mt-auto ml-0.5 text-muted max-sm:hidden">
        <IconButton icon="fold" name={folded ? "Unfold the menu" : "Fold the menu"} onClick={fold} />
      </div>
    </nav>
  );
}
