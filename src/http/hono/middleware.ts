// The Hono middleware: `c.var.session`, committed when the handlers are done.

import { createMiddleware } from "hono/factory";
import { HTTPException } from "hono/http-exception";
import type { LiveSessions } from "../../core/hub.ts";
import type { FetchSessionsOptions } from "../fetch/options.ts";
import type { RequestSession } from "../fetch/request-session.ts";
import type { FetchSession } from "../fetch/session.ts";
import { fetchSessions, type RequestSessions } from "../fetch/sessions.ts";

/** For `new Hono<SessionEnv<Shop>>()`, so that handlers know `c.var.session`; `Own` if it is of another kind. */
export interface SessionEnv<Data extends object, Own = FetchSession<Data>> {
  Variables: { session: Own };
}

/** What is asked of a session here, whatever kind it is. */
type Committed = Pick<RequestSession<object>, "commit">;
type Opener<Own> = Pick<RequestSessions<Own>, "open">;
type SessionMiddleware<Own> = ReturnType<typeof createMiddleware<{ Variables: { session: Own } }>>;

/**
 * `app.use(honoSession(sessions, { secret }))`, or `app.use(honoSession(web))` with what `fetchSessions` or
 * `cookieSessions` made. The session is committed after the handlers; an error of the commit goes to `app.onError`. A
 * handler that threw commits nothing, unless what it threw is an HTTPException: that is an answer.
 *
 * @throws LiveSessionError `bad_option`
 */
export function honoSession<Data extends object>(
  sessions: LiveSessions<Data>,
  options: FetchSessionsOptions,
): SessionMiddleware<FetchSession<Data>>;
export function honoSession<Own extends Committed>(web: Opener<Own>): SessionMiddleware<Own>;
export function honoSession(
  ...given: [sessions: LiveSessions<object>, options: FetchSessionsOptions] | [web: Opener<Committed>]
): object {
  const web = isMade(given) ? given[0] : fetchSessions(...given);
  return createMiddleware<{ Variables: { session: Committed } }>(async (c, next) => {
    const session = web.open(c.req.raw);
    c.set("session", session);
    await next();
    if (c.error && !(c.error instanceof HTTPException)) return;
    const cookie = await session.commit();
    if (cookie !== null) c.header("set-cookie", cookie, { append: true });
  });
}

function isMade(given: readonly unknown[]): given is [Opener<Committed>] {
  return typeof (given[0] as Partial<Opener<unknown>> | undefined)?.open === "function";
}
