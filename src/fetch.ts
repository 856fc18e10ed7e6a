// live-session/fetch: sessions on Request and Response.

export type { FetchSessionsOptions } from "./http/fetch/options.ts";
export type { RequestSession } from "./http/fetch/request-session.ts";
export type { FetchSession } from "./http/fetch/session.ts";
export { type FetchSessions, fetchSessions, type RequestSessions } from "./http/fetch/sessions.ts";
