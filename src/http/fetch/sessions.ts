// Sessions for everything that speaks Request and Response.

import { LiveSessionError } from "../../core/errors.ts";
import type { LiveSessions } from "../../core/hub.ts";
import { requireSessions } from "../shared/check.ts";
import { socketlessNewcomers } from "../shared/newcomers.ts";
import { cookieName, type RequestLike } from "./cookie.ts";
import { type FetchSessionsOptions, readCookieOptions } from "./options.ts";
import type { RequestSession } from "./request-session.ts";
import { FetchSession } from "./session.ts";

/** Sessions of requests, whatever kind of session it is. */
export interface RequestSessions<Own> {
  /** The cookie's name where it is secure, and where it never is; for the `name` of other adapters. */
  readonly cookieName: string;
  /** The session of a request: the same one each time it is asked for. Reads nothing from the store yet. */
  open(request: RequestLike): Own;
  /**
   * Makes a handler with a session of one without: it commits before it gives the response. A response that is thrown
   * counts as one that is returned; when anything else is thrown, nothing is written. `session_moved`,
   * `too_many_sessions` and `rate_limited` are answered with their status.
   */
  handle<R extends Request, Rest extends unknown[]>(
    run: (request: R, session: Own, ...rest: Rest) => Response | Promise<Response>,
  ): (request: R, ...rest: Rest) => Promise<Response>;
}

/** What `fetchSessions` makes. */
export interface FetchSessions<Data extends object> extends RequestSessions<FetchSession<Data>> {}

/**
 * Sessions on Request and Response: `fetchSessions(sessions, { secret })`.
 *
 * @throws LiveSessionError `bad_option`
 */
export function fetchSessions<Data extends object>(
  sessions: LiveSessions<Data>,
  options: FetchSessionsOptions,
): FetchSessions<Data> {
  requireSessions("fetchSessions", sessions);
  const settings = readCookieOptions(options);
  const name = cookieName(settings, settings.secure === true);
  const countNewcomer = socketlessNewcomers(sessions, options.address);
  return requestSessions(name, (request) => new FetchSession(sessions, settings, request, countNewcomer));
}

/** @param make the session of a request that was not asked for its session before */
export function requestSessions<Own extends Pick<RequestSession<object>, "commitTo">>(
  cookieName: string,
  make: (request: RequestLike) => Own,
): RequestSessions<Own> {
  const opened = new WeakMap<RequestLike, Own>();

  function open(request: RequestLike): Own {
    const known = opened.get(request);
    if (known) return known;
    const session = make(request);
    opened.set(request, session);
    return session;
  }

  return {
    cookieName,
    open,
    handle(run) {
      if (typeof run !== "function") throw new LiveSessionError("bad_option", "handle: pass a function.");
      return async (request, ...rest) => {
        const session = open(request);
        try {
          return await session.commitTo(await answer(() => run(request, session, ...rest)));
        } catch (error) {
          if (error instanceof LiveSessionError && error.getResponse) return error.getResponse();
          throw error;
        }
      };
    },
  };
}

async function answer(run: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof Response) return thrown;
    throw thrown;
  }
}
