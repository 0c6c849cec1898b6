import { signOut, useSession } from "../api/session";
import { setTheme, type Theme, useTheme } from "../lib/theme";
import { Kbd } from "../ui/button";
import { Icon } from "../ui/icon";
import { Menu, MenuChoice, MenuItem, MenuLabel } from "../ui/menu";
import { Freshness } from "./freshness";

const THEMES: { value: Theme; label: string }[] = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

export function Topline({ openCommands }: { openCommands: () => void }) {
  const session = useSession();
  const theme = useTheme();
  if (session.state !== "signed-in") return null;
  const { user } = session;
  return (
    <header className="sticky top-0 z-10 flex h-12 items-center gap-2 border-b border-line bg-page px-4 md:px-6">
      <span className="min-w-0 truncate font-semibold">{user.organisation.name}</span>
      <button type="button" onClick={openCommands}
        className="ml-2 inline-flex h-8 min-w-8 items-center justify-center gap-2 rounded-box border border-control px-2 text-muted hover:text-text md:w-60 md:justify-start">
        <Icon name="search" />
        <span className="sr-only md:not-sr-only">Go to…</span>
        <span className="ml-auto hidden md:inline"><Kbd>Ctrl K</Kbd></span>
      </button>
      <div className="ml-auto flex items-center gap-1">
        <Freshness />
        <Menu icon="theme" name="Theme">
          <MenuChoice value={theme} options={THEMES} onChange={setTheme} />
        </Menu>
        <Menu icon="person" name="Account">
          <MenuLabel>{user.name}<br />{user.email} · {user.role}</MenuLabel>
          <MenuItem onSelect={() => void signOut()}>Sign out</MenuItem>
        </Menu>
      </div>
    </header>
  );
}
