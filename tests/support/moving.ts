// Apps before and after their change from sealed cookies to a live store, each with a browser that keeps its cookies.

import session from "express-session";
import { createLiveSessions, memoryStore, type SessionRecord, type SessionStore, sessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import { type CookieSessionsOptions, cookieSessions } from "live-session/cookie";
import { cookieSession, expressStore, moveCookieSessions } from "live-session/express";
import { fetchSessions } from "live-session/fetch";
import { honoSession } from "live-session/hono";
import { onTestFinished } from "vitest";
import { Browser, type Data, Gate } from "./express.ts";
import { type Served, secret, serveExpress, serveFetch, serveHono } from "./http-adapters.ts";
import { suiteRoutes } from "./http-suite.ts";

type Sessions = ReturnType<typeof createLiveSessions<Data>>;

export interface Moving {
  readonly name: string;
  before(options: CookieSessionsOptions, app: Served): Promise<string>;
  after(options: CookieSessionsOptions, sessions: Sessions, app: Served): Promise<string>;
  /** The session id in the live session's cookie. */
  idOf(tab: Browser): string;
  /** The sealed cookie's name, and the live one's. */
  readonly names: readonly [sealed: string, live: string];
}

const idIn = (value = "") => /^s:([^.]+)\./.exec(decodeURIComponent(value))?.[1] ?? "";

const onExpress = (name: string): Moving => ({
  name: `express, ${name === "sid" ? "under the same name" : "under another name"}`,
  before: (options, app) => serveExpress([cookieSession(options)], app),
  after(options, sessions, app) {
    const from = cookieSession(options);
    const store = expressStore(sessions);
    const live = session({ store, secret, name, resave: false, saveUninitialized: false });
    return serveExpress([moveCookieSessions(sessions, { from, secret, name }), live], app);
  },
  idOf: (tab) => idIn(tab.cookies.get(name)),
  names: ["sid", name],
});

const onFetch: Moving = {
  name: "fetch",
  before: (options, app) => serveFetch(cookieSessions<Data>(options), app),
  after: (options, sessions, app) =>
    serveFetch(fetchSessions(sessions, { secret, moveFrom: cookieSessions(options) }), app),
  idOf: (tab) => idIn(tab.cookies.get("sid")),
  names: ["sid", "sid"],
};

const onHono: Moving = {
  ...onFetch,
  name: "hono",
  before: (options, app) => serveHono(honoSession(cookieSessions<Data>(options)), app),
  after: (options, sessions, app) =>
    serveHono(honoSession(sessions, { secret, moveFrom: cookieSessions(options) }), app),
};

export const movings: readonly Moving[] = [onExpress("sid"), onExpress("connect.sid"), onFetch, onHono];

export interface MoveOptions {
  readonly sealed?: Partial<CookieSessionsOptions>;
  readonly hub?: Partial<Parameters<typeof createLiveSessions<Data>>[0]>;
  readonly gate?: Gate;
}

export async function startMoving(moving: Moving, { sealed = {}, hub = {}, gate = new Gate() }: MoveOptions = {}) {
  const clock = new ManualClock(Date.now());
  const errors: { code?: string }[] = [];
  const reported: unknown[][] = [];
  const served = {
    routes: suiteRoutes(gate),
    onError: (error: unknown) => void errors.push(error as { code?: string }),
  };
  const options = { secret, clock, ...sealed };
  const store: SessionStore = memoryStore({ clock });
  const onError = (error: unknown, { stage }: { stage: string }) => void reported.push([stage, error]);
  const sessions = createLiveSessions<Data>({ store, clock, onError, ...hub });
  onTestFinished(() => sessions.close());
  const tab = new Browser(await moving.before(options, served));
  const url = await moving.after(options, sessions, served);
  /** The same browser at the app as it is after the change. */
  const moved = (from = tab): Browser => {
    const other = new Browser(url);
    for (const [name, value] of from.cookies) other.cookies.set(name, value);
    return other;
  };
  const record = async (id: string): Promise<SessionRecord & { readonly left: number }> => {
    const found = await sessions.records.read(sessionKey(id));
    if (found.state !== "live") throw new Error(`The session is ${found.state}.`);
    return { ...found.record, left: found.record.expiresAt - found.now };
  };
  return { tab, moved, clock, sessions, store, errors, reported, gate, record, id: (of: Browser) => moving.idOf(of) };
}
