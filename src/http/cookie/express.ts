// Sessions sealed in a cookie, as Express knows sessions: `request.session`.

import type session from "express-session";
import { markSealed } from "../../core/sealed.ts";
import { asFormer, type FormerSessions } from "../shared/former.ts";
import { SealedCookies } from "./cookies.ts";
import { type Request, RequestStore } from "./express-store.ts";
import { formerCookies } from "./move.ts";
import type { CookieSessionsOptions } from "./options.ts";
import { beforeHead } from "./response.ts";

/** A middleware of Express, by way of express-session's types. */
export type Handler = ReturnType<typeof session>;

/**
 * Sessions without a store, sealed in the cookie: `app.use(cookieSession({ secret }))` in place of express-session, whose
 * `request.session` it gives. A session is kept once there is something in it; the cookie is sent with the head of the
 * response. What cannot be sealed (`too_large`, `not_json`, `bad_key`) goes to `next`: nothing is sent, and the cookie
 * before stays as it is.
 *
 * Of `request.session.cookie` `maxAge` and `expires` count; everything else is as the options have it.
 *
 * @throws LiveSessionError `bad_option`
 */
export function cookieSession(options: CookieSessionsOptions): Handler & FormerSessions {
  const cookies = new SealedCookies(options);
  const { path } = cookies.settings.cookie;
  const handler: Handler = (request, response, next) => {
    if (request.session || !isBelow(path, request)) return next();
    const secure = cookies.isSecure(urlOf(request));
    const store = new RequestStore(cookies, request, response, secure);
    request.sessionStore = store;
    const commit = () => {
      const line = store.line();
      if (line !== null) response.appendHeader("Set-Cookie", line);
    };
    beforeHead(response, commit, next);
    store.start();
    next();
  };
  return markSealed(asFormer(handler, formerCookies(cookies)));
}

/** Browsers send no cookie to other paths, and what they were sent from there would not come back. */
function isBelow(path: string, { originalUrl, url }: Request): boolean {
  return (originalUrl ?? url ?? "/").startsWith(path);
}

/** As much of the URL as says whether it is secure: Express knows of proxies that are trusted. */
export function urlOf({ secure }: Request): string {
  return secure ? "https:" : "http:";
}
