import { setupWorker } from "msw/browser";
import { makeHandlers } from "./handlers";
import { type Size, World } from "./world";

/** `npm run dev:mocks`: the dashboard without a server. `?world=empty` or `?world=large` for the other worlds. */
export async function startMocks(): Promise<void> {
  const size = (new URLSearchParams(location.search).get("world") ?? "usual") as Size;
  await setupWorker(...makeHandlers(new World(size, Date.now()))).start({ onUnhandledRequest: "bypass" });
}
