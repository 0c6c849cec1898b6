import { useSyncExternalStore } from "react";
import { asProblem, Problem, problemOf } from "./problem";
import type { Tokens, User } from "./types";

/**
 * Who is signed in. The access token lives here, in memory; the refresh token in a cookie no script can
 * read. A reload starts as `unknown` and asks the cookie.
 */
type Session =
  | { state: "unknown" }
  | { state: "signed-out" }
  | { state: "expired"; user: User }
  | { state: "signed-in"; user: User; token: string; couldNotSignOut?: true };

let session: Session = { state: "unknown" };
const listeners = new Set<() => void>();

function set(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useSession = (): Session => useSyncExternalStore(subscribe, () => session);
export const currentSession = (): Session => session;

/** A request from the dashboard; the header keeps other sites from using the cookie. Throws a Problem. */
async function send(request: Request, token?: string): Promise<Response> {
  request.headers.set("X-Requested-By", "dashboard");
  if (token) request.headers.set("Authorization", `Bearer ${token}`);
  return await fetch(request).catch(() => {
    throw new Problem(0, {});
  });
}

async function post(path: string, body?: unknown): Promise<Response> {
  const response = await send(new Request(`/api/v1/auth/${path}`, {
    method: "POST",
    // A page that is left meanwhile must not lose the new cookie: the old one is no longer good.
    keepalive: true,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  }));
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function enter(response: Response): Promise<void> {
  const tokens: Tokens = await response.json();
  set({ state: "signed-in", user: tokens.user, token: tokens.access_token });
}

export const signIn = async (body: { email: string; password: string }): Promise<void> => enter(await post("login", body));

export const signUp = async (body: { email: string; password: string; name: string; organisation_name: string }): Promise<void> =>
  enter(await post("sign-up", body));

/**
 * Ends the session, for every tab. Where the server can not be told the person stays signed in and is told so:
 * the cookie would still open it to whoever comes next.
 */
export async function signOut(): Promise<void> {
  try {
    await authorisedFetch(new Request("/api/v1/auth/logout", { method: "POST" }));
  } catch (error) {
    if (session.state === "signed-in" && asProblem(error).temporary) return set({ ...session, couldNotSignOut: true });
  }
  set({ state: "signed-out" });
}

let refreshing: Promise<boolean> | undefined;

/**
 * Asks the cookie for a new access token, once for all who wait. True when there is one. A refresh token is good
 * once and seeing it twice ends the session, so tabs take turns: each sends what the one before was given.
 */
export function refresh(): Promise<boolean> {
  refreshing ??= inTurn(renew).finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

/** One tab at a time. Browsers have locks on HTTPS and on this machine, and nowhere else. */
const inTurn = async (work: () => Promise<boolean>): Promise<boolean> =>
  isSecureContext ? await navigator.locks.request("refresh", work) : await work();

async function renew(): Promise<boolean> {
  const before = session.state === "signed-in" ? session.user.id : undefined;
  try {
    await enter(await post("refresh"));
    // Somebody else signed in in another tab: nothing this tab has read may be shown to them.
    if (before && session.state === "signed-in" && session.user.id !== before) location.reload();
    return true;
  } catch (error) {
    // Out of reach is not signed out: the session may well be good, so nothing is thrown away.
    if (error instanceof Problem && error.temporary) throw error;
    set(session.state === "signed-in" ? { state: "expired", user: session.user } : { state: "signed-out" });
    return false;
  }
}

const accessToken = (): string | undefined => (session.state === "signed-in" ? session.token : undefined);

/** `fetch` for the API: adds the token, renews it once when it is refused, throws a Problem unless it went well. */
export async function authorisedFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const token = accessToken();
  let response = await send(request, token);
  // What is refused late finds what came of another that was: a new token, or the end of the session.
  if (response.status === 401 && (accessToken() !== token || (await refresh()))) {
    const renewed = accessToken();
    if (renewed) response = await send(again, renewed);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** A person as the API names them, in words. */
export const useNaming = (): ((id: string) => string) => {
  const now = useSession();
  return (id) => now.state === "signed-in" && now.user.id === id ? "you" : id === "policy" ? "the policy" : id;
};

/** Whether the person may change things: owners and operators may, viewers look. */
export const useCanAct = (): boolean => {
  const now = useSession();
  return now.state === "signed-in" && now.user.role !== "viewer";
};
