// A cookie for koa-session that sockets can read, too: signed within its value, not by a second cookie.

import { readCookie, sign, unsign } from "../../core/cookies.ts";
import { LiveSessionError } from "../../core/errors.ts";
import { readSecrets } from "../shared/check.ts";

export interface SignedCookieOptions {
  /** Signs the cookies. Of a list the first signs, and any may have signed. */
  readonly secret: string | readonly string[];
}

/** What koa-session takes as its `externalKey`; `ctx` is Koa's context. */
export interface SignedCookie {
  /** The session id in the request's cookie; `""` without one, or if none of the secrets signed it. */
  get(ctx: object): string;
  /** Sends the cookie for a session id. */
  set(ctx: object, id: string): void;
}

/** What is used of Koa's context. koa-session adds the options, with the `maxAge` of this request's session. */
interface Context {
  readonly req: { readonly headers: { readonly cookie?: string | undefined } };
  readonly cookies: { set(name: string, value: string, options: object): unknown };
  readonly sessionOptions: { readonly key: string; readonly sameSite?: string | undefined };
}

/**
 * `session({ store: koaStore(sessions), externalKey: signedCookie({ secret }), signed: false }, app)`: the cookie that
 * `live-session/ws` and the other live adapters read. Its name, lifetime, path and domain are koa-session's options; it
 * is always HttpOnly, SameSite is `lax` by default, and over HTTPS it is Secure.
 *
 * @throws LiveSessionError `bad_option`
 */
export function signedCookie(options: SignedCookieOptions): SignedCookie {
  if (typeof options !== "object" || options === null) {
    throw new LiveSessionError("bad_option", "signedCookie: pass { secret }, which signs the cookies.");
  }
  for (const option of Object.keys(options)) {
    if (option !== "secret") {
      throw new LiveSessionError("bad_option", `signedCookie: "${option}" is none of its options, but koa-session's.`);
    }
  }
  const secrets = readSecrets(options.secret);
  return {
    get(ctx) {
      const { req, sessionOptions } = ctx as Context;
      const value = readCookie(req.headers.cookie, sessionOptions.key);
      return (value !== null && unsign(value, secrets)) || "";
    },
    set(ctx, id) {
      const { cookies, sessionOptions } = ctx as Context;
      cookies.set(sessionOptions.key, encodeURIComponent(sign(id, secrets[0] as string)), {
        ...sessionOptions, // among them the cookie's
        sameSite: sessionOptions.sameSite ?? "lax",
        httpOnly: true,
        overwrite: true,
        signed: false,
      });
    },
  };
}
