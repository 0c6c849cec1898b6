import { useSyncExternalStore } from "react";
import { problemOf, Problem } from "./problem";
import type { Tokens, User } from "./types";

/**
 * Who is signed in. The access token lives here, in memory; the refresh token in a cookie no script can
 * read. A reload starts as `unknown` and asks the cookie.
 */
type Session =
  | { state: "unknown" }
  | { state: "signed-out" }
  | { state: "expired"; user: User }
  | { state: "signed-in"; user: User; token: string };

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
async function send(path: string, init: RequestInit = {}, token?: string): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("X-Requested-By", "dashboard");
  if (init.body) headers.set("Content-Type", "application/json");
  if (token) headers.set("Authorization", `Bearer ${token}`);
  return await fetch(path, { ...init, headers }).catch(() => {
    throw new Problem(0, {});
  });
}

async function post(path: string, body?: unknown): Promise<Response> {
  const init: RequestInit = { method: "POST" };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await send(`/api/v1/auth/${path}`, init, session.state === "signed-in" ? session.token : undefined);
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

/** Ends the session here even where the server can not be told; the caller then shows the sign-in screen. */
export async function signOut(): Promise<void> {
  await post("logout").catch(() => undefined);
  set({ state: "signed-out" });
}

let refreshing: Promise<boolean> | undefined;

/** Asks the cookie for a new access token, once for all who wait. True when there is one. */
export function refresh(): Promise<boolean> {
  refreshing ??= renew().finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

async function renew(): Promise<boolean> {
  try {
    await enter(await post("refresh"));
    return true;
  } catch (error) {
    // Out of reach is not signed out: the session may well be good, so nothing is thrown away.
    if (error instanceof Problem && error.temporary) throw error;
    set(session.state === "signed-in" ? { state: "expired", user: session.user } : { state: "signed-out" });
    return false;
  }
}

/** `fetch` for the API: adds the token, renews it once when it is refused, throws a Problem unless it went well. */
export async function authorisedFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const token = session.state === "signed-in" ? session.token : undefined;
  let response = await sendRequest(request, token);
  if (response.status === 401 && (await refresh()) && session.state === "signed-in") {
    response = await sendRequest(again, session.token);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

const sendRequest = async (request: Request, token: string | undefined): Promise<Response> => {
  request.headers.set("X-Requested-By", "dashboard");
  if (token) request.headers.set("Authorization", `Bearer ${token}`);
  return await fetch(request).catch(() => {
    throw new Problem(0, {});
  });
};

/** Whether the person may change things: owners and operators may, viewers look. */
export const useCanAct = (): boolean => {
  const now = useSession();
  return now.state === "signed-in" && now.user.role !== "viewer";
};
