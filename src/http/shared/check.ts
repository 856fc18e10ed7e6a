// What every request adapter checks of its options.

import { LiveSessionError } from "../../core/errors.ts";
import { refuseSealed } from "../../core/sealed.ts";
import type { Hub, LateWrites } from "./working-copy.ts";

/** @throws LiveSessionError `bad_option`, naming the adapter; `cookie_session` for sessions that are sealed in a cookie */
export function requireSessions(adapter: string, sessions: Hub | undefined): void {
  refuseSealed(sessions);
  if (typeof sessions?.records?.read === "function") return;
  throw new LiveSessionError("bad_option", `${adapter}: pass the sessions that createLiveSessions made.`);
}

/**
 * The secrets that sign cookies, as a list.
 *
 * @throws LiveSessionError `bad_option`
 */
export function readSecrets(secret: string | readonly string[]): readonly string[] {
  const secrets = typeof secret === "string" ? [secret] : Array.isArray(secret) ? [...secret] : [];
  if (secrets.length > 0 && secrets.every((each) => typeof each === "string" && each !== "")) return secrets;
  throw new LiveSessionError("bad_option", "secret: give a secret, or a list of them; none may be empty.");
}

/** @throws LiveSessionError `bad_option` */
export function requireLateWrites(lateWrites: LateWrites): void {
  if (lateWrites === "ignore" || lateWrites === "error") return;
  throw new LiveSessionError("bad_option", `lateWrites: "${lateWrites}" is neither "ignore" nor "error".`);
}
