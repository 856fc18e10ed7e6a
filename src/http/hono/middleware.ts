// The Hono middleware: `c.var.session`, committed when the handlers are done.

import { createMiddleware } from "hono/factory";
import { HTTPException } from "hono/http-exception";
import type { LiveSessions } from "../../core/hub.ts";
import type { FetchSessionsOptions } from "../fetch/options.ts";
import type { FetchSession } from "../fetch/session.ts";
import { fetchSessions } from "../fetch/sessions.ts";

/** For `new Hono<SessionEnv<Shop>>()`, so that handlers know `c.var.session`. */
export interface SessionEnv<Data extends object> {
  Variables: { session: FetchSession<Data> };
}

/**
 * `app.use(honoSession(sessions, { secret }))`. The session is committed after the handlers; an error of the commit goes
 * to `app.onError`. A handler that threw commits nothing, unless what it threw is an HTTPException: that is an answer.
 *
 * @throws LiveSessionError `bad_option`
 */
export function honoSession<Data extends object>(sessions: LiveSessions<Data>, options: FetchSessionsOptions) {
  const web = fetchSessions(sessions, options);
  return createMiddleware<SessionEnv<Data>>(async (c, next) => {
    const session = web.open(c.req.raw);
    c.set("session", session);
    await next();
    if (c.error && !(c.error instanceof HTTPException)) return;
    const cookie = await session.commit();
    if (cookie !== null) c.header("set-cookie", cookie, { append: true });
  });
}
