// Sessions as express-session has them.

import session from "express-session";
import { cookieFacts } from "../shared/cookie.ts";
import { type SessionObject, snapshotOf, visibleData } from "../shared/snapshot.ts";
import type { SessionFormat } from "../shared/working-copy.ts";

/** Names that a Session cannot hold as data: the middleware leaves them out when it makes one. */
function isSessionMember(name: string): boolean {
  return name === "id" || name === "req" || name in session.Session.prototype;
}

export const expressFormat: SessionFormat = {
  dataOf: (object, known) =>
    snapshotOf(object, known, object instanceof session.Session ? isSessionMember : () => false),
  cookieOf: ({ cookie }, known) => cookieFacts(cookie, known),
  visible: (data) => visibleData(data, isSessionMember),
  isLoaded: (object) => object instanceof session.Session,
  replaces: true,
};

/** Takes out what a Session would not take over, so that the middleware does not see a change where there is none. */
export function dropSessionMembers(object: SessionObject): void {
  for (const name of Object.keys(object)) if (isSessionMember(name)) delete object[name];
}
