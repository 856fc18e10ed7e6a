// One small app for each way to have sessions sealed in a cookie, for the suite that every request adapter passes.

import { type CookieSessionsOptions, cookieSessions } from "live-session/cookie";
import { cookieSession } from "live-session/express";
import { honoSession } from "live-session/hono";
import type { Data } from "./express.ts";
import { type Served, secret, serveExpress, serveFetch, serveHono } from "./http-adapters.ts";

export interface CookieAdapter {
  readonly name: string;
  /** Starts the app on a port of its own; resolves to its address. It ends with the test. */
  start(options: CookieSessionsOptions, app: Served): Promise<string>;
}

export const cookieAdapters: readonly CookieAdapter[] = [
  { name: "express", start: (options, app) => serveExpress([cookieSession(options)], app) },
  { name: "fetch", start: (options, app) => serveFetch(cookieSessions<Data>(options), app) },
  { name: "hono", start: (options, app) => serveHono(honoSession(cookieSessions<Data>(options)), app) },
];

export { secret };
