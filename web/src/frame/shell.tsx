import { useQueryClient } from "@tanstack/react-query";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { signOut, useSession } from "../api/session";
import { useOnline } from "../lib/online";
import { SessionExpired } from "../screens/auth/session-expired";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Rail } from "./rail";
import { Topline } from "./topline";

const CommandMenu = lazy(() => import("./command-menu").then((module) => ({ default: module.CommandMenu })));

/** The frame around every screen. */
export function Shell() {
  const session = useSession();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const gone = session.state === "signed-out";
  // Depends on nothing that leaving itself changes, such as the address: that would leave again, without end.
  useEffect(() => {
    if (!gone) return;
    // The next person to sign in here must not see what this one saw.
    queries.clear();
    void navigate({ to: "/sign-in" });
  }, [gone, navigate, queries]);
  // The screen is taken away, its address is not: who signs in again is where they were.
  if (session.state === "expired") return <SessionExpired user={session.user} />;
  if (session.state !== "signed-in") return null;
  return <Framed />;
}

function Framed() {
  const [commandsOpen, setCommandsOpen] = useState(false);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setCommandsOpen((open) => !open);
      }
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
  return (
    <div className="flex min-h-dvh flex-col pb-14 sm:flex-row sm:pb-0">
      <a href="#content" className="sr-only z-40 bg-surface p-3 focus:not-sr-only focus:absolute">Skip to content</a>
      <Rail />
      <div className="flex min-w-0 grow flex-col">
        <Topline openCommands={() => setCommandsOpen(true)} />
        <Notes />
        <main id="content" tabIndex={-1} className="mx-auto w-full max-w-400 px-4 py-5 outline-none md:px-6">
          <Outlet />
        </main>
      </div>
      {commandsOpen && (
        <Suspense>
          <CommandMenu onClose={() => setCommandsOpen(false)} />
        </Suspense>
      )}
    </div>
  );
}

/** What the person has to know on every screen. */
function Notes() {
  const online = useOnline();
  const session = useSession();
  return (
    <>
      {!online && <Note text="You are offline. What you see is what was read last; nothing can be changed until the network is back." />}
      {session.state === "signed-in" && session.couldNotSignOut && (
        <Note text="You are still signed in: the server could not be told that you leave.">
          <Button onClick={() => void signOut()}>Sign out</Button>
        </Note>
      )}
    </>
  );
}

function Note({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <div role="alert" className="flex flex-wrap items-center gap-2 border-b border-on-demand bg-surface px-4 py-2 md:px-6">
      <p className="flex gap-2"><Icon name="warning" className="mt-0.5 text-on-demand" />{text}</p>
      {children}
    </div>
  );
}
