// Who may connect: the Origin of a request, and the session that its cookie names.

import type { IncomingMessage } from "node:http";
import { type AddressOf, addressReader, countedAddress } from "../../core/address.ts";
import { readCookie, unsign, withoutCookie } from "../../core/cookies.ts";
import { type ErrorContext, type LiveSessionError, unknownSession } from "../../core/errors.ts";
import type { LiveSessions } from "../../core/hub.ts";
import { sessionKey } from "../../core/ids.ts";
import type { Allowance, Limits } from "../../core/limits.ts";
import type { LiveSession } from "../../core/live-session.ts";
import { bringsSealed, cookieSessionError } from "../../core/sealed.ts";
import { parseUrl } from "../../core/url.ts";
import { badOption } from "./options.ts";

/** What is looked at of a request. */
export type RequestHead = Pick<IncomingMessage, "headers" | "method" | "url">;

/** `Request`: what a function for `origins` is given. */
export interface AdmissionOptions<Request = IncomingMessage> {
  /** What the session middleware signs its cookies with. Of several, any may have signed. */
  readonly secret: string | readonly string[];
  /** The name of the session cookie. Default `"connect.sid"`, as in express-session. */
  readonly name?: string | undefined;
  /**
   * Which pages may connect: a list of origins such as `"https://shop.example"`, or a function. Default: pages of the
   * same host as the request's Host header. Browsers send cookies along with a WebSocket from any page, so this is what
   * keeps other sites out.
   */
  readonly origins?: readonly string[] | ((origin: string, request: Request) => boolean) | undefined;
  /**
   * Whether to refuse requests without an Origin, too. Every browser sends one; what sends none is a program, which
   * holds its cookie itself and cannot be tricked into using it. Default false.
   */
  readonly requireOrigin?: boolean | undefined;
  /**
   * Whether a connection keeps its session alive by connecting, calling and reading. Writes always do. Default false: a tab
   * that is left open does not.
   */
  readonly activity?: boolean | undefined;
  /**
   * Where a request comes from, for `limits.perAddress`: behind a proxy, what the proxy says of it. Default: `request.ip`, as
   * Express has it, else the address of the socket.
   */
  readonly address?: AddressOf<Request> | undefined;
}

/** The names of these options. */
export const admissionOptions = ["secret", "name", "origins", "requireOrigin", "activity", "address"] as const;

/** The checks of a request that no middleware saw. */
export class Admission<Request extends RequestHead = IncomingMessage> {
  readonly activity: boolean;
  readonly #secrets: readonly string[];
  readonly #name: string;
  readonly #requireOrigin: boolean;
  readonly #allows: (origin: string, request: Request) => boolean;
  /** Whether the rule is a function, which may look at anything of a request. */
  readonly #isFunction: boolean;
  readonly #report: (error: unknown, context: ErrorContext) => void;
  readonly #limits: Limits;
  readonly #addressOf: (request: Request) => string;
  readonly #hasAddressOption: boolean;

  /** @throws LiveSessionError `bad_option` */
  constructor(options: AdmissionOptions<Request>, { report, limits }: Pick<LiveSessions<object>, "report" | "limits">) {
    const { secret, name = "connect.sid", origins, requireOrigin = false, activity = false } = options;
    this.#secrets = typeof secret === "string" ? [secret] : Array.isArray(secret) ? [...secret] : [];
    if (this.#secrets.length === 0 || !this.#secrets.every((each) => typeof each === "string" && each !== "")) {
      throw badOption("secret: give the secret of the session middleware, or a list of them; none may be empty.");
    }
    if (typeof name !== "string" || !/^[\w!#$%&'*.^`|~+-]+$/.test(name)) {
      throw badOption(`name: ${JSON.stringify(name)} is not the name of a cookie.`);
    }
    if (typeof requireOrigin !== "boolean") throw badOption("requireOrigin: neither true nor false.");
    if (typeof activity !== "boolean") throw badOption("activity: neither true nor false.");
    this.activity = activity;
    this.#name = name;
    this.#requireOrigin = requireOrigin;
    this.#allows = readOrigins(origins);
    this.#isFunction = typeof origins === "function";
    this.#report = report;
    this.#limits = limits;
    this.#addressOf = addressReader(options.address, report);
    this.#hasAddressOption = options.address !== undefined;
  }

  allowsOrigin(request: Request): boolean {
    const { origin } = request.headers;
    if (origin === undefined) return !this.#requireOrigin;
    return this.#allowed(origin, request);
  }

  /**
   * As `allowsOrigin`, for requests that are no upgrades: to their own host browsers send GETs without an Origin, but say
   * in Sec-Fetch-Site where they come from. `"none"`: the user typed the address.
   */
  allowsRequest(request: Request): boolean {
    const { origin, "sec-fetch-site": site } = request.headers;
    if (origin !== undefined) return this.#allowed(origin, request);
    if (site !== undefined) return site === "same-origin" || site === "none";
    return !this.#requireOrigin;
  }

  /** The same rule for what comes over a connection later on. Keeps of the request what the rule looks at. */
  ruleFor(request: Request): (origin: string) => boolean {
    const kept = this.#isFunction ? request : ({ headers: { host: request.headers.host } } as Request);
    return (origin) => this.#allowed(origin, kept);
  }

  #allowed(origin: string, request: Request): boolean {
    try {
      return this.#allows(origin, request) === true;
    } catch (error) {
      this.#report(error, { stage: "origins" });
      return false;
    }
  }

  /** The session id in the request's cookie; `null` without one, or if none of the secrets signed it. */
  sessionId(request: RequestHead): string | null {
    const cookie = readCookie(request.headers.cookie, this.#name);
    return cookie === null ? null : unsign(cookie, this.#secrets);
  }

  /** As `sessionId`. @throws LiveSessionError `cookie_session` for a session that cannot be live, else `unknown_session` */
  requireSessionId(request: RequestHead): string {
    const id = this.sessionId(request);
    if (id !== null) return id;
    throw noSession(request);
  }

  /** As `sessionId`, for those who serve visitors without a session too. One that cannot be live is reported. */
  optionalSessionId(request: RequestHead): string | null {
    const id = this.sessionId(request);
    if (id === null && bringsSealed(request.headers.cookie)) this.#report(cookieSessionError(), { stage: "attach" });
    return id;
  }

  /**
   * Attaches a new connection to the session that its cookie names. It counts until the handle is detached.
   *
   * @throws LiveSessionError `rate_limited`, `too_many_connections`; as `requireSessionId` and `sessions.attach`
   */
  async connect<Data extends object>(
    sessions: LiveSessions<Data>,
    transport: string,
    request: Request,
    address?: string,
  ): Promise<LiveSession<Data>> {
    const key = this.#keyOf(request);
    const allowance = this.#limits.connection(key, this.#counted(request, address));
    try {
      if (key === null) throw noSession(request);
      return await sessions.attachKey(key, { activity: this.activity, transport }, allowance);
    } catch (error) {
      allowance.release();
      throw error;
    }
  }

  /**
   * Counts a new connection, with a session or without.
   *
   * @param address where it comes from, if the caller knows better than the option
   * @throws LiveSessionError `rate_limited`, `too_many_connections`
   */
  admit(request: Request, address?: string): Allowance {
    return this.#limits.connection(this.#keyOf(request), this.#counted(request, address));
  }

  /** Counts an action that a request asks for by itself. @throws LiveSessionError `rate_limited` */
  countAction(request: Request, address?: string): void {
    this.#limits.action(this.#keyOf(request), this.#counted(request, address));
  }

  /**
   * For adapters of requests that have no socket.
   *
   * @param isGiven whether the caller says where each request comes from
   * @throws LiveSessionError `bad_option` if addresses are counted, and nothing says where a request comes from
   */
  requireAddress(where: string, isGiven: boolean): void {
    if (isGiven || this.#hasAddressOption || !this.#limits.countsAddresses) return;
    throw badOption(`${where}: limits.perAddress needs the address of each request, which has no socket here.`);
  }

  #keyOf(request: Request) {
    const id = this.sessionId(request);
    return id === null ? null : sessionKey(id);
  }

  /** Where a request is counted to come from; `null` where addresses are not counted. */
  addressOf(request: Request): string | null {
    return this.#limits.countsAddresses ? this.#addressOf(request) : null;
  }

  #counted(request: Request, address: string | undefined): string | null {
    if (address === undefined || !this.#limits.countsAddresses) return this.addressOf(request);
    return countedAddress(address);
  }

  /** A Cookie header without the session's, for what may be sent elsewhere. */
  withoutSession(header: string | undefined): string | undefined {
    return withoutCookie(header, this.#name);
  }
}

/** What to say of a request whose cookie names no session. */
function noSession({ headers }: RequestHead): LiveSessionError {
  return bringsSealed(headers.cookie) ? cookieSessionError() : unknownSession();
}

function readOrigins<Request extends RequestHead>(
  origins: AdmissionOptions<Request>["origins"],
): (origin: string, request: Request) => boolean {
  if (origins === undefined) return (origin, { headers }) => isSameHost(origin, headers.host);
  if (typeof origins === "function") return origins;
  if (!Array.isArray(origins)) throw badOption("origins: give a list of origins, or a function.");
  const allowed = new Set(origins.map(readOrigin));
  return (origin) => allowed.has(origin);
}

function readOrigin(text: unknown): string {
  const url = typeof text === "string" ? parseUrl(text) : null;
  if (url && url.origin !== "null" && `${url.origin}/` === url.href) return url.origin;
  throw badOption(
    `origins: ${JSON.stringify(text)} is not an origin. Give scheme, host and port alone, such as "https://shop.example".`,
  );
}

/** Whether a page is of this host and port. Its scheme is not compared: behind a proxy, this side's is not known. */
export function isSameHost(origin: string, host: string | undefined): boolean {
  const page = host ? parseUrl(origin) : null;
  if (!page || page.origin === "null") return false;
  const here = parseUrl(`${page.protocol}//${host}`); // with the page's scheme, so that its default port goes without saying
  return here?.host === page.host;
}
