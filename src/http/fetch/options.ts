// Options of fetchSessions, read once at start.

import type { AddressOf } from "../../core/address.ts";
import { type Duration, milliseconds } from "../../core/duration.ts";
import { LiveSessionError } from "../../core/errors.ts";
import { readSecrets, requireLateWrites } from "../shared/check.ts";
import { type Former, type FormerSessions, formerOf } from "../shared/former.ts";
import type { LateWrites } from "../shared/working-copy.ts";
import type { RequestLike } from "./cookie.ts";

export interface FetchSessionsOptions {
  /** Signs the cookies. Of several the first signs, and any may have signed: put a new one in front to rotate. */
  readonly secret: string | readonly string[];
  /**
   * The name of the cookie. Where the cookie is secure, for the path `/` and without a domain, it gets the prefix
   * `__Host-`, so that no other host of the domain can set it. Default `"sid"`.
   */
  readonly name?: string | undefined;
  /**
   * How long the browser keeps the cookie, and the idle lifetime of the session with it. Default `"session"`: until the
   * browser is closed, and the lifetime of the live sessions.
   */
  readonly maxAge?: Duration | "session" | undefined;
  /** Whether each response of a session sends the cookie again, so that its maxAge counts from then. Default false. */
  readonly rolling?: boolean | undefined;
  /** Only over HTTPS. `"auto"` goes by the request's URL. Default: true if NODE_ENV is `production`, else `"auto"`. */
  readonly secure?: boolean | "auto" | undefined;
  /** Default `"lax"`. `"none"` needs `secure: true`. */
  readonly sameSite?: "lax" | "strict" | "none" | undefined;
  /** Default: the host of the request alone. */
  readonly domain?: string | undefined;
  /** Default `"/"`. */
  readonly path?: string | undefined;
  /**
   * What becomes of the writes of a request that was overtaken by the end of its session. `"ignore"` drops them,
   * `"error"` makes `commit` reject with `session_ended`. Either way the session stays gone. Default `"ignore"`. Where it
   * goes on under a new id, `commit` rejects with `session_moved` for a moment.
   */
  readonly lateWrites?: LateWrites | undefined;
  /**
   * How long a session has one id. After that it goes on under a new one, with all that it has, and the response takes the
   * cookie along: one to a request that loads a page (Sec-Fetch-Mode), or to any once it is overdue by as much again. Not
   * where the request attached to the session. Default: never.
   */
  readonly renewEvery?: Duration | undefined;
  /**
   * Takes over the sessions that `cookieSessions` sealed, so that nobody is logged out by the change to a live store: give
   * what it made. The cookie must keep its `name`, `secure`, `domain` and `path`, since the new one takes its place.
   */
  readonly moveFrom?: FormerSessions | undefined;
  /**
   * Where a request comes from, for `limits.perAddress.sessions`, such as a header that your proxy or platform sets. A
   * Request does not say, so there is no default.
   */
  readonly address?: AddressOf<RequestLike> | undefined;
}

export interface CookieSettings {
  readonly secrets: readonly string[];
  readonly name: string;
  /** In ms; `null` for a cookie without a date. */
  readonly maxAge: number | null;
  readonly rolling: boolean;
  readonly secure: boolean | "auto";
  readonly sameSite: "lax" | "strict" | "none";
  readonly domain: string | undefined;
  readonly path: string;
  readonly lateWrites: LateWrites;
  /** In ms; `null` for never. */
  readonly renewEvery: number | null;
  readonly former: Former | null;
}

const known: ReadonlySet<string> = new Set<keyof FetchSessionsOptions>([
  "secret",
  "name",
  "maxAge",
  "rolling",
  "secure",
  "sameSite",
  "domain",
  "path",
  "lateWrites",
  "renewEvery",
  "moveFrom",
  "address",
]);

/** @throws LiveSessionError `bad_option`, naming the option */
export function readCookieOptions(options: FetchSessionsOptions): CookieSettings {
  if (typeof options !== "object" || options === null) throw bad("Pass { secret }, which signs the cookies.");
  for (const option of Object.keys(options)) if (!known.has(option)) throw bad(`There is no option "${option}".`);
  const { secret, name = "sid", maxAge = "session", rolling = false, lateWrites = "ignore" } = options;
  const { sameSite = "lax", domain, path = "/" } = options;
  const secure = options.secure ?? (process.env.NODE_ENV === "production" ? true : "auto");
  const secrets = readSecrets(secret);
  if (!/^[\w!#$%&'*.^`|~+-]+$/.test(name)) throw bad(`name: ${JSON.stringify(name)} is not the name of a cookie.`);
  if (/^__(host|secure)-/i.test(name)) throw bad("name: leave out the prefix, it is put there where it can be.");
  if (typeof rolling !== "boolean") throw bad("rolling: neither true nor false.");
  if (secure !== true && secure !== false && secure !== "auto") throw bad('secure: none of true, false and "auto".');
  if (!["lax", "strict", "none"].includes(sameSite)) throw bad('sameSite: none of "lax", "strict" and "none".');
  if (sameSite === "none" && secure !== true) throw bad('sameSite: browsers take "none" only with secure: true.');
  if (!/^\/[^;\s]*$/.test(path)) throw bad('path: must begin with "/".');
  if (domain !== undefined && !/^[\w.-]+$/.test(domain)) throw bad("domain: not the name of a domain.");
  requireLateWrites(lateWrites);
  const age = maxAge === "session" ? null : milliseconds(maxAge, "maxAge", 1000);
  const renewEvery = options.renewEvery === undefined ? null : milliseconds(options.renewEvery, "renewEvery", 1000);
  const former = options.moveFrom === undefined ? null : formerOf(options.moveFrom);
  const settings = {
    secrets,
    name,
    maxAge: age,
    rolling,
    secure,
    sameSite,
    domain,
    path,
    lateWrites,
    renewEvery,
    former,
  };
  for (const same of ["name", "secure", "domain", "path"] as const) {
    if (former && former.cookie[same] !== settings[same]) throw bad(`moveFrom: its ${same} is another than here.`);
  }
  return settings;
}

function bad(message: string): LiveSessionError {
  return new LiveSessionError("bad_option", message);
}
