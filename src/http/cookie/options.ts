// Options of sessions sealed in a cookie, read once at start.

import { type Clock, systemClock } from "../../core/clock.ts";
import { type Duration, milliseconds } from "../../core/duration.ts";
import { LiveSessionError } from "../../core/errors.ts";
import { type CookieSettings, type FetchSessionsOptions, readCookieOptions } from "../fetch/options.ts";
import { Seal } from "./seal.ts";

/** Options of `cookieSessions` (Request and Response, Hono) and of `cookieSession` (Express). */
export interface CookieSessionsOptions
  extends Pick<FetchSessionsOptions, "name" | "secure" | "sameSite" | "domain" | "path"> {
  /**
   * Seals the cookies: 32 random characters or more. Of several the first seals, and all open: put a new one in front to
   * rotate, and take the old one away to end every session that it sealed.
   */
  readonly secret: string | readonly string[];
  /** A session expires when no request reads or writes it for this long. Default `"2d"`. */
  readonly lifetime?: Duration | undefined;
  /**
   * A session expires this long after it was made, whatever happens in it. Default `"30d"`. There always is one, since
   * nothing else ends a cookie that was stolen and is used again and again.
   */
  readonly deadline?: Duration | undefined;
  /**
   * How long the browser keeps the cookie, and the idle lifetime of the session with it. Default `"session"`: until the
   * browser is closed, and `lifetime`.
   */
  readonly maxAge?: Duration | "session" | undefined;
  /**
   * Whether requests that only read push the lifetime, for which a new cookie is sent each `touchInterval`. Default true.
   * With false only writes do.
   */
  readonly rolling?: boolean | undefined;
  /**
   * Reads push the lifetime at most this often. Default: a twentieth of the lifetime. Each cookie that is sent replaces
   * what other requests wrote at the same time: the rarer, the better.
   */
  readonly touchInterval?: Duration | undefined;
  /** Default: the machine's clock. For tests. */
  readonly clock?: Clock | undefined;
}

export interface SealedSettings {
  readonly cookie: CookieSettings;
  readonly seal: Seal;
  /** In ms. */
  readonly lifetime: number;
  readonly deadline: number;
  /** `null`: goes by the lifetime of each session. */
  readonly touchInterval: number | null;
  readonly clock: Clock;
}

const own: ReadonlySet<string> = new Set<keyof CookieSessionsOptions>([
  "lifetime",
  "deadline",
  "touchInterval",
  "clock",
]);
/** Of fetchSessions, but without meaning here. */
const foreign: ReadonlySet<string> = new Set<keyof FetchSessionsOptions>(["lateWrites", "moveFrom"]);

/** @throws LiveSessionError `bad_option`, naming the option */
export function readSealedOptions(options: CookieSessionsOptions): SealedSettings {
  const entries = Object.entries(options ?? {});
  for (const [option] of entries) if (foreign.has(option)) throw bad(`There is no option "${option}".`);
  const shared = Object.fromEntries(entries.filter(([option]) => !own.has(option)));
  const cookie = readCookieOptions({ rolling: true, ...shared } as unknown as FetchSessionsOptions);
  const { touchInterval, clock = systemClock } = options;
  const lifetime = milliseconds(options.lifetime ?? "2d", "lifetime");
  if (typeof clock?.now !== "function") throw bad('clock: has no method "now".');
  return {
    cookie,
    seal: new Seal(cookie.secrets),
    lifetime: cookie.maxAge ?? lifetime,
    deadline: milliseconds(options.deadline ?? "30d", "deadline"),
    touchInterval: touchInterval === undefined ? null : milliseconds(touchInterval, "touchInterval", 0),
    clock,
  };
}

function bad(message: string): LiveSessionError {
  return new LiveSessionError("bad_option", message);
}
