// The id of a session of express-session renewed, behind the unmodified middleware.

import type { ServerResponse } from "node:http";
import { LiveSessionError } from "../../core/errors.ts";
import { Renewals, type RenewSessionOptions, readRenewal } from "../shared/renewal.ts";
import { ExpressStore, type Request } from "./store.ts";

/**
 * Right after express-session: `app.use(session({ store: expressStore(sessions), ... }), renewSession({ every: "15m" }))`. A
 * session that has had its id for so long goes on under a new one, with all that it has, and this response takes the cookie
 * along. That is for requests that load a page (Sec-Fetch-Mode) and are alone on this node; others renew it only once it is
 * overdue by as much again.
 *
 * Where the store fails, the session stays under its old id, and `onError` is told.
 *
 * @throws LiveSessionError `bad_option`; to `next` also `session_moved`
 */
export function renewSession(
  options: RenewSessionOptions,
): (req: Request, res: ServerResponse, next: (error?: unknown) => void) => void {
  const renewals = new Renewals(readRenewal(options));
  return (req, res, next) => {
    const store: unknown = req.sessionStore;
    if (!store || !req.session) return next();
    if (!(store instanceof ExpressStore)) {
      return next(new LiveSessionError("bad_option", "renewSession: goes with the store that expressStore made."));
    }
    store.renew(req, renewals, res).then(() => next(), next);
  };
}
