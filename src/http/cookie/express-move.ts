// Sealed sessions into those of express-session, before it looks.

import type { ServerResponse } from "node:http";
import type session from "express-session";
import { readCookie, sign, unsign, withoutCookie } from "../../core/cookies.ts";
import { LiveSessionError } from "../../core/errors.ts";
import { readSecrets, requireSessions } from "../shared/check.ts";
import { metaWith } from "../shared/cookie.ts";
import { type Arrival, type Former, type FormerSessions, formerOf } from "../shared/former.ts";
import type { Hub } from "../shared/working-copy.ts";
import { type Handler, urlOf } from "./express.ts";
import type { Request } from "./express-store.ts";
import { beforeHead } from "./response.ts";

export interface MoveCookieSessionsOptions {
  /** What `cookieSession` made, with the options as they were. */
  readonly from: FormerSessions;
  /** The `secret` of express-session. */
  readonly secret: string | readonly string[];
  /** The `name` of express-session. Default `"connect.sid"`. */
  readonly name?: string | undefined;
}

const known = ["from", "secret", "name"];

/**
 * Takes over the sessions that `cookieSession` sealed, so that nobody is logged out by the change to a live store. Goes
 * right before express-session: `app.use(moveCookieSessions(sessions, { from, secret }), session({ store, secret }))`. A
 * request with a sealed cookie, and none of express-session's, gets a live session of the same data, and the new cookie.
 *
 * @throws LiveSessionError `bad_option`
 */
export function moveCookieSessions(sessions: Hub, options: MoveCookieSessionsOptions): Handler {
  requireSessions("moveCookieSessions", sessions);
  for (const option of Object.keys(options)) {
    if (!known.includes(option)) throw new LiveSessionError("bad_option", `There is no option "${option}".`);
  }
  const former = formerOf(options.from);
  const secrets = readSecrets(options.secret);
  const { name = "connect.sid" } = options;
  return (request, response, next) => {
    const { cookie: header } = request.headers;
    const live = readCookie(header, name);
    if (live !== null && unsign(live, secrets) !== null) return next();
    const secure = former.isSecure(urlOf(request));
    const arrival = former.find(header, secure);
    if (!arrival) return next();
    arrival.arrive(sessions, metaOf(arrival, former, secure)).then(() => {
      const value = sign(arrival.id, secrets[0] as string);
      const others = withoutCookie(withoutCookie(header, former.name(secure)), name);
      const pair = `${name}=${encodeURIComponent(value)}`;
      request.headers.cookie = others ? `${others}; ${pair}` : pair;
      beforeHead(response, () => answer(request, response, { name, value, secure, arrival, former }), next);
      next();
    }, next);
  };
}

/** A lifetime of the cookie's own stays its own; without one, the session gets the app's. */
function metaOf({ maxAge }: Arrival, { cookie }: Former, secure: boolean) {
  if (maxAge === null) return null;
  const { path, domain, sameSite } = cookie;
  const json = {
    originalMaxAge: maxAge,
    path,
    sameSite,
    secure,
    httpOnly: true,
    ...(domain !== undefined && { domain }),
  };
  return metaWith(null, Object.freeze(json));
}

interface Move {
  readonly name: string;
  readonly value: string;
  readonly secure: boolean;
  readonly arrival: Arrival;
  readonly former: Former;
}

/** express-session sends no cookie for an id that came with the request; one for another id it sends by itself. */
function answer(request: Request, response: ServerResponse, { name, value, secure, arrival, former }: Move): void {
  const own = request.session as (session.Session & session.SessionData) | null | undefined;
  const isOneCookie = former.name(secure) === name;
  if (own && request.sessionID === arrival.id && !isSet(response, name)) {
    response.appendHeader("Set-Cookie", (own.cookie as unknown as Serializing).serialize(name, value));
  }
  // One under the same name was replaced. If it was not, and the session is over, another request may just have sent a new one.
  if (!isOneCookie || !own) response.appendHeader("Set-Cookie", former.removal(secure));
}

/** What the types of express-session leave out. */
interface Serializing {
  serialize(name: string, value: string): string;
}

function isSet(response: ServerResponse, name: string): boolean {
  const set = response.getHeader("set-cookie") ?? [];
  return [set].flat().some((line) => String(line).startsWith(`${name}=`));
}
