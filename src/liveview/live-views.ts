// The live views of an app in one object: pages, WebSockets, long polls.

import type { IncomingMessage } from "node:http";
import { type Duration, milliseconds } from "../core/duration.ts";
import { LiveSessionError } from "../core/errors.ts";
import type { LiveSessions } from "../core/hub.ts";
import { sessionKey } from "../core/ids.ts";
import { refuseSealed } from "../core/sealed.ts";
import { Admission, type AdmissionOptions, admissionOptions } from "../live/shared/admission.ts";
import { badOption, refuseUnknown, wholeNumber } from "../live/shared/options.ts";
import type { AnyServer } from "../live/shared/upgrades.ts";
import { LongPolls, type PollRequest, type PollResponse } from "./long-poll.ts";
import { type PageRequest, type PageResponse, renderPage } from "./page.ts";
import { makeRouter, type Routes } from "./router.ts";
import type { LiveViewServer, PageParts } from "./server.ts";
import type { Html } from "./template.ts";
import { makeTokens } from "./tokens.ts";
import { WebSockets } from "./web-sockets.ts";

export interface LiveViewsOptions extends AdmissionOptions {
  /** Paths and their views: `{ "/": Shop, "/kites/:id": Kite }`. */
  readonly routes: Routes;
  /** The page around a view: `<html>` and all, with the client's script. */
  readonly layout: (parts: PageParts) => Html;
  /** How long a page may be open and still join without being loaded anew. Default `"12h"`. */
  readonly pageLifetime?: Duration | undefined;
  /** The largest message taken from a browser, in bytes. Default 256 KiB. */
  readonly maxMessageBytes?: number | undefined;
  /** How much may wait to be sent to a browser, in bytes, before it is cut off. Default 1 MiB. */
  readonly maxBufferedBytes?: number | undefined;
  /** A browser that is silent for so long is gone; the client says something every 30 s. Default `"90s"`. */
  readonly idleTimeout?: Duration | undefined;
  /** How many messages may wait for one view. Default 1,000. */
  readonly maxWaiting?: number | undefined;
  /** How many views one connection may join. Default 50. */
  readonly maxViews?: number | undefined;
  /** The version of the client in use, which warns in the console where the server names another. Default `"1.2.12"`. */
  readonly clientVersion?: string | undefined;
}

const known: readonly (keyof LiveViewsOptions)[] = [
  ...admissionOptions,
  "routes",
  "layout",
  "pageLifetime",
  "maxMessageBytes",
  "maxBufferedBytes",
  "idleTimeout",
  "maxWaiting",
  "maxViews",
  "clientVersion",
];

/** The live views of an app, made by `liveViews`. */
export class LiveViews {
  readonly #server: LiveViewServer;
  readonly #admission: Admission;
  readonly #polls: LongPolls;
  readonly #sockets: WebSockets;
  /** For adapters: the largest body of a long poll's POST, in bytes. */
  readonly maxMessageBytes: number;

  /** For `liveViews`. */
  constructor(sessions: LiveSessions<Record<string, unknown>>, options: LiveViewsOptions) {
    refuseUnknown(options, known);
    const { secret, routes, layout, clientVersion = "1.2.12" } = options;
    refuseSealed(sessions);
    if (typeof sessions?.attach !== "function") throw badOption("liveViews: pass what createLiveSessions made.");
    if (typeof routes !== "object" || routes === null) throw badOption("routes: give paths and their live views.");
    if (typeof layout !== "function") throw badOption("layout: give a function that makes the page around a view.");
    this.#admission = new Admission(options, sessions);
    this.maxMessageBytes = wholeNumber(options.maxMessageBytes ?? 256 * 1024, "maxMessageBytes", 1);
    this.#server = {
      sessions,
      router: makeRouter(routes),
      tokens: makeTokens(
        typeof secret === "string" ? [secret] : [...secret],
        milliseconds(options.pageLifetime ?? "12h", "pageLifetime"),
      ),
      layout,
      clock: sessions.clock,
      report: sessions.report,
      cookieMissed: missedCookieReport(sessions.report),
      version: clientVersion,
      activity: this.#admission.activity,
      maxWaiting: wholeNumber(options.maxWaiting ?? 1_000, "maxWaiting", 1),
      maxViews: wholeNumber(options.maxViews ?? 50, "maxViews", 1),
    };
    const maxBufferedBytes = wholeNumber(options.maxBufferedBytes ?? 1024 * 1024, "maxBufferedBytes", 0);
    this.#polls = new LongPolls(this.#server, maxBufferedBytes);
    this.#sockets = new WebSockets(this.#server, this.#admission, {
      maxMessageBytes: this.maxMessageBytes,
      maxBufferedBytes,
      idleTimeout: milliseconds(options.idleTimeout ?? "90s", "idleTimeout"),
    });
  }

  /** Connections that are open, of both kinds. */
  get connections(): number {
    return this.#sockets.size + this.#polls.size;
  }

  /** The page of a URL, for any framework; `null` if no route fits. What the view throws goes to the caller. */
  renderPage(request: PageRequest): Promise<PageResponse | null> {
    return renderPage(this.#server, request);
  }

  /**
   * Takes the server's WebSocket upgrades for the client's `new LiveSocket(path, Socket)`.
   *
   * @param options.path default `"/live"`
   * @throws LiveSessionError `bad_option`
   */
  attach(server: AnyServer, { path = "/live" }: { readonly path?: string } = {}): void {
    this.#sockets.attach(server, path);
  }

  /** For adapters: the `address` of a request of Node's, for `poll`. `null` where addresses are not counted. */
  addressOf(request: IncomingMessage): string | null {
    return this.#admission.addressOf(request);
  }

  /**
   * For adapters of requests that have no socket.
   *
   * @param isGiven whether the adapter was told how to find the address of a request
   * @throws LiveSessionError `bad_option` if it has to be
   */
  requireAddress(where: string, isGiven: boolean): void {
    this.#admission.requireAddress(where, isGiven);
  }

  /**
   * One request of a long poll, for any framework.
   *
   * @param request.headers names in lower case
   * @param request.address where it comes from, for `limits.perAddress`
   */
  async poll(
    request: Omit<PollRequest, "sessionId" | "allowsOrigin" | "admit"> & {
      readonly headers: Readonly<Record<string, string | undefined>>;
      readonly address?: string | null | undefined;
    },
    gone?: AbortSignal,
  ): Promise<PollResponse> {
    const incoming = { headers: request.headers } as unknown as IncomingMessage;
    if (!this.#admission.allowsRequest(incoming)) return { status: 403 };
    // A sealed session is told of once, by the request that opens the connection.
    const isNew = request.token === null;
    const sessionId = isNew ? this.#admission.optionalSessionId(incoming) : this.#admission.sessionId(incoming);
    const admit = () => {
      this.requireAddress("poll", typeof request.address === "string");
      return this.#admission.admit(incoming, request.address ?? undefined);
    };
    const peer = { sessionId, allowsOrigin: this.#admission.ruleFor(incoming), admit };
    return this.#polls.handle({ ...request, ...peer }, gone);
  }

  /** The session id in the cookie of a request that no session middleware saw; `null` if it has none of ours. */
  sessionId(headers: Readonly<Record<string, string | undefined>>): string | null {
    return this.#admission.sessionId({ headers } as unknown as IncomingMessage);
  }

  /** Whether a form of one of our pages holds the CSRF token of this session. */
  async checkCsrf(sessionId: string | null, token: unknown): Promise<boolean> {
    const session = sessionId === null ? null : await this.#server.sessions.read(sessionId);
    return this.#server.tokens.checkCsrf(token, session && sessionId !== null ? sessionKey(sessionId) : null);
  }

  /** Ends every view and connection; their clients come again. The sessions stay open. */
  async close(): Promise<void> {
    this.#polls.close();
    await this.#sockets.close();
  }
}

/** Once: who can send one such join can send many. */
function missedCookieReport(report: LiveViewServer["report"]): () => void {
  let reported = false;
  return () => {
    if (reported) return;
    reported = true;
    const message =
      "A page came with the session's cookie, but its live view joined without: does the cookie's Path cover the path " +
      'of the connection ("/live")? Is `secret` the one that signs it, and `name` its name?';
    report(new LiveSessionError("unknown_session", message), { stage: "liveview:join" });
  };
}

/**
 * The live views of an app. Their pages come from `renderPage`, by way of `expressPages` and its kin; their connections
 * from `attach`.
 *
 * @throws LiveSessionError `bad_option`, `cookie_session`
 */
export function liveViews<Data extends object>(sessions: LiveSessions<Data>, options: LiveViewsOptions): LiveViews {
  return new LiveViews(sessions as unknown as LiveSessions<Record<string, unknown>>, options);
}
