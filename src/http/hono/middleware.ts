// The Hono middleware: `c.var.session`, committed when the handlers are done.

import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { HTTPException } from "hono/http-exception";
import type { AddressOf } from "../../core/address.ts";
import type { LiveSessions } from "../../core/hub.ts";
import type { FetchSessionsOptions } from "../fetch/options.ts";
import type { RequestSession } from "../fetch/request-session.ts";
import type { FetchSession } from "../fetch/session.ts";
import { fetchSessions, type RequestSessions } from "../fetch/sessions.ts";

/** For `new Hono<SessionEnv<Shop>>()`, so that handlers know `c.var.session`; `Own` if it is of another kind. */
export interface SessionEnv<Data extends object, Own = FetchSession<Data>> {
  Variables: { session: Own };
}

export interface HonoSessionOptions extends Omit<FetchSessionsOptions, "address"> {
  /**
   * Where a request comes from, for `limits.perAddress.sessions`: `(c) => getConnInfo(c).remote.address` of your runtime's
   * adapter, or a header that your proxy sets. There is no default.
   */
  readonly address?: AddressOf<Context> | undefined;
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
  options: HonoSessionOptions,
): SessionMiddleware<FetchSession<Data>>;
export function honoSession<Own extends Committed>(web: Opener<Own>): SessionMiddleware<Own>;
export function honoSession(
  ...given: [sessions: LiveSessions<object>, options: HonoSessionOptions] | [web: Opener<Committed>]
): object {
  const contexts = new WeakMap<object, Context>();
  const web = isMade(given) ? given[0] : fetchSessions(given[0], fetchOptions(given[1], contexts));
  return createMiddleware<{ Variables: { session: Committed } }>(async (c, next) => {
    contexts.set(c.req.raw, c);
    const session = web.open(c.req.raw);
    c.set("session", session);
    await next();
    if (c.error && !(c.error instanceof HTTPException)) return;
    const cookie = await session.commit();
    if (cookie !== null) c.header("set-cookie", cookie, { append: true });
  });
}

function fetchOptions(options: HonoSessionOptions, contexts: WeakMap<object, Context>): FetchSessionsOptions {
  const { address, ...others } = options ?? {};
  if (typeof address !== "function") return options as FetchSessionsOptions;
  return { ...others, address: (request) => address(contexts.get(request) as Context) };
}

function isMade(given: readonly unknown[]): given is [Opener<Committed>] {
  return typeof (given[0] as Partial<Opener<unknown>> | undefined)?.open === "function";
}
