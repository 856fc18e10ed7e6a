// The dashboard: one handler for its page, its files and its streams. It sees what the diagnostics channels and the hub's
// public methods show, as anybody's could.

import type { IncomingMessage, ServerResponse } from "node:http";
import { every } from "../core/clock.ts";
import { LiveSessionError, unknownSession } from "../core/errors.ts";
import type { LiveSessions } from "../core/hub.ts";
import { isSessionKey } from "../core/ids.ts";
import { isSameHost } from "../live/shared/admission.ts";
import { encodeEvent, encodeRetry } from "../live/sse/encode.ts";
import { type Exchange, queryOf } from "../live/sse/exchange.ts";
import { answerOf } from "../live/sse/fetch-exchange.ts";
import { Line, type Lines } from "../live/sse/line.ts";
import { nodeExchange } from "../live/sse/node-exchange.ts";
import { answerAsset, answerJson, answerPage, answerText, guards } from "./answers.ts";
import { type Asset, readAssets } from "./assets.ts";
import { findSessions, searchOf } from "./listing.ts";
import {
  type DashboardOptions,
  type DashboardRequest,
  type Hub,
  type ReadDashboardOptions,
  readDashboardOptions,
} from "./options.ts";
import { Pulse } from "./pulse.ts";
import { SessionWatch } from "./session-watch.ts";

const HEARTBEAT_MS = 15_000;
/** A stream ends after so long and the browser opens another, so that whoever may no longer look does not look on. */
const STREAM_MS = 5 * 60_000;
const RETRY_MS = 1_000;
const MOST_BODY_BYTES = 1_000;

type Send = (event: string, value: unknown) => void;

interface Watching {
  stop(): void;
  /** The browser takes more again. */
  refresh(): void;
}

export class Dashboard {
  readonly #hub: Hub;
  readonly #options: ReadDashboardOptions;
  readonly #assets: ReadonlyMap<string, Asset>;
  readonly #pulse: Pulse;
  readonly #lines: Lines = { limits: { maxBufferedBytes: 64 * 1024 }, lines: new Set(), emptied: () => {} };
  readonly #stopBeating: () => void;
  #closed = false;

  /** For `createDashboard` and the command. */
  constructor(hub: Hub, options: ReadDashboardOptions, assets: ReadonlyMap<string, Asset>) {
    this.#hub = hub;
    this.#options = options;
    this.#assets = assets;
    this.#pulse = new Pulse(hub, options.node, options.bus);
    this.#stopBeating = every(hub.clock, HEARTBEAT_MS, async () => {
      for (const line of this.#lines.lines) line.beat();
    });
  }

  /** Answers a request of Node's http module; also a handler for Express: `app.use("/admin/sessions", dashboard.handle)`. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#serve(request, nodeExchange(request, response), originalUrl(request));
  };

  /** Answers a Request, for Hono and other frameworks that speak fetch. */
  readonly fetch = (request: Request): Promise<Response> =>
    answerOf(request, (exchange) => this.#serve(request, exchange, exchange.head.url));

  /** Ends every stream, and takes no more. Call it before `sessions.close()`. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopBeating();
    for (const line of [...this.#lines.lines]) line.end();
    await this.#pulse.close();
  }

  #serve(request: DashboardRequest, exchange: Exchange, url: string | undefined): void {
    this.#answer(request, exchange, url ?? "/").catch((error) => {
      this.#hub.report(error, { stage: "dashboard" });
      answerText(exchange, 500, "That did not work. The server's log says why.");
    });
  }

  async #answer(request: DashboardRequest, exchange: Exchange, url: string): Promise<void> {
    if ((await this.#options.authorize(request)) !== true) {
      return answerText(exchange, 403, "You may not use this dashboard.");
    }
    if (this.#closed) return answerText(exchange, 503, "The dashboard is closed.");
    const { method } = exchange.head;
    const name = (url.split("?", 1)[0] ?? "").split("/").at(-1) ?? "";
    if (name === "end.json") {
      return method === "POST" ? this.#end(exchange) : answerText(exchange, 405, "POST it.", { allow: "POST" });
    }
    if (method !== "GET" && method !== "HEAD") return answerText(exchange, 405, "GET it.", { allow: "GET" });
    const asset = this.#assets.get(name);
    if (asset) return answerAsset(exchange, asset);
    switch (name) {
      case "":
        return answerPage(exchange);
      case "live.events":
        return this.#stream(exchange);
      case "sessions.json":
        return answerJson(exchange, 200, await findSessions(this.#hub, searchOf(queryOf(exchange.head))));
      default: // the page's own address, without the slash that its files need
        return answerText(exchange, 308, "It is one level down.", { location: `./${name}/` });
    }
  }

  async #stream(exchange: Exchange): Promise<void> {
    const key = queryOf(exchange.head).get("session");
    let isGone = false;
    let watching: Watching = { stop() {}, refresh() {} };
    const closed = () => {
      isGone = true;
      cancel();
      watching.stop();
    };
    const events = { drained: () => watching.refresh(), closed, goAway() {} };
    const line = new Line(exchange, guards, this.#lines, events);
    const cancel = this.#hub.clock.after(STREAM_MS, () => line.end());
    line.write(encodeRetry(RETRY_MS));
    // What a browser that is slow does not take is left out: it hears how things are once it takes more.
    const send: Send = (event, value) => {
      if (!isGone && !line.choked) line.write(encodeEvent({ event, data: JSON.stringify(value) }));
    };
    try {
      watching = key === null ? this.#watchAll(send) : await this.#watchOne(key, send);
      if (isGone) watching.stop();
    } catch (error) {
      const isOver = error instanceof LiveSessionError && /^(unknown_session|session_ended)$/.test(error.code);
      if (isOver) send("session", null);
      else this.#hub.report(error, { stage: "dashboard", key: key ?? undefined });
      line.end();
    }
  }

  #watchAll(send: Send): Watching {
    send("opening", this.#pulse.opening);
    return { stop: this.#pulse.join((frame) => send("frame", frame)), refresh() {} };
  }

  async #watchOne(key: string, send: Send): Promise<Watching> {
    if (!isSessionKey(key)) throw unknownSession();
    const context = { hub: this.#hub, pulse: this.#pulse, reveal: this.#options.reveal };
    const watch = await SessionWatch.open(context, key, {
      session: (session) => send("session", session),
      happened: (happening) => send("happening", happening),
    });
    return { stop: () => watch.close(), refresh: () => watch.refresh() };
  }

  /** Only this page's own code may ask for it: a JSON body, from a page of this host. */
  async #end(exchange: Exchange): Promise<void> {
    if (!isOwnPage(exchange)) return answerText(exchange, 403, "Only the dashboard's own page may end sessions.");
    const body = await exchange.body(MOST_BODY_BYTES).catch(() => null);
    const key = body?.type === "json" ? (body.value as { key?: unknown } | null)?.key : undefined;
    if (!isSessionKey(key)) return answerText(exchange, 400, "Name the session: { key }.");
    const record = await this.#hub.records.end(key, "revoked");
    answerJson(exchange, 200, { ended: record !== null });
  }
}

function isOwnPage({ head: { headers } }: Exchange): boolean {
  const { origin, host, "sec-fetch-site": site } = headers;
  if (site !== undefined && site !== "same-origin") return false;
  return origin !== undefined && isSameHost(origin, host);
}

/** Express takes the path that a handler is mounted at from `url`. */
function originalUrl(request: IncomingMessage): string | undefined {
  return (request as { originalUrl?: string }).originalUrl ?? request.url;
}

/**
 * A dashboard of live sessions: `app.use("/admin/sessions", createDashboard(sessions, { authorize }).handle)`. There is none
 * without `authorize`, which is asked at every request.
 *
 * @throws LiveSessionError `bad_option`
 */
export function createDashboard<Data extends object, Asking extends DashboardRequest = DashboardRequest>(
  sessions: LiveSessions<Data>,
  options: DashboardOptions<Asking>,
): Dashboard {
  if (typeof sessions?.attached !== "function") {
    throw new LiveSessionError("bad_option", "createDashboard: pass what createLiveSessions made.");
  }
  return new Dashboard(sessions as unknown as Hub, readDashboardOptions(options), readAssets());
}
