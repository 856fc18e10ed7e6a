// Live views on a real server, and tabs that speak the protocol of the official client, frame by frame.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import session from "express-session";
import { createLiveSessions, type ErrorContext, type LiveSessions, type LiveSessionsOptions } from "live-session";
import { expressStore } from "live-session/express";
import {
  expressPages,
  type Html,
  html,
  type LiveViews,
  type LiveViewsOptions,
  liveViews,
  longPoll,
  type Routes,
} from "live-session/liveview";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { bag } from "./express.ts";

export interface TestSession {
  cart: string[];
  count: number;
}

export const secret = "a secret for the tests of live views";

export interface TestServer {
  readonly url: string;
  readonly server: Server;
  readonly app: Express;
  readonly sessions: LiveSessions<TestSession>;
  readonly views: LiveViews;
  readonly reported: { readonly error: Error & { code?: string }; readonly context: ErrorContext }[];
  /** A visitor: with a session unless told otherwise. */
  visitor(options?: { readonly session?: boolean }): Visitor;
}

export interface TestServerOptions extends Partial<LiveViewsOptions> {
  readonly sessions?: LiveSessionsOptions<TestSession>;
  /** Added before the pages. */
  readonly before?: (app: Express) => void;
}

const layout = ({ content, title, csrfToken }: { content: Html; title: string; csrfToken: string }) =>
  html`<!doctype html><title>${title}</title><meta name="csrf-token" content="${csrfToken}">${content}`;

export async function serveLiveViews(routes: Routes, options: TestServerOptions = {}): Promise<TestServer> {
  const { sessions: sessionsOptions, before, ...viewOptions } = options;
  const reported: TestServer["reported"] = [];
  const onError = (error: unknown, context: ErrorContext) => void reported.push({ error: error as Error, context });
  const sessions = createLiveSessions<TestSession>({ onError, ...sessionsOptions });
  const views = liveViews(sessions, { secret, routes, layout, ...viewOptions });
  const app = express();
  app.use("/live/longpoll", longPoll(views));
  app.use(session({ store: expressStore(sessions), secret, resave: false, saveUninitialized: false }));
  app.get("/enter", (request, response) => {
    bag(request).count ??= 0;
    response.send("in");
  });
  before?.(app);
  app.use(expressPages(views));
  app.use(
    ((_error, _request, response, _next) => void response.status(500).send("failed")) as express.ErrorRequestHandler,
  );
  const server = createServer(app);
  views.attach(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await views.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await sessions.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const visitor = ({ session: enter = true } = {}) => new Visitor(url, enter);
  return { url, server, app, sessions, views, reported, visitor };
}

/** One browser: its cookies, for all of its tabs. */
export class Visitor {
  readonly url: string;
  readonly cookies = new Map<string, string>();
  #enter: boolean;

  constructor(url: string, enter: boolean) {
    this.url = url;
    this.#enter = enter;
  }

  /** The session id in the cookie. */
  get id(): string {
    const value = decodeURIComponent(this.cookies.get("connect.sid") ?? "");
    return value.slice(2, value.lastIndexOf("."));
  }

  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async get(path: string, init: RequestInit = {}): Promise<Response> {
    if (this.#enter) {
      this.#enter = false;
      await this.get("/enter");
    }
    const headers = { cookie: this.cookie, ...(init.headers as Record<string, string>) };
    const response = await fetch(this.url + path, { redirect: "manual", ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const at = pair.indexOf("=");
      if (/max-age=0/i.test(line)) this.cookies.delete(pair.slice(0, at));
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }

  /** Loads a page. */
  async open(path: string): Promise<PageInTab> {
    const response = await this.get(path);
    const text = await response.text();
    const attribute = (name: string) => unescapeHtml(new RegExp(`${name}="([^"]*)"`).exec(text)?.[1] ?? "");
    return {
      status: response.status,
      location: response.headers.get("location"),
      text,
      id: attribute("<div id"),
      session: attribute("data-phx-session"),
      static: attribute("data-phx-static"),
      csrf: attribute('csrf-token" content'),
      url: this.url + path,
    };
  }

  /** Loads a page and joins its view. */
  async tab(path: string): Promise<Tab> {
    const page = await this.open(path);
    const tab = await this.connect(page);
    await tab.join();
    return tab;
  }

  connect(page: PageInTab, headers: Record<string, string> = {}): Promise<Tab> {
    const address = `${this.url.replace("http", "ws")}/live/websocket?vsn=2.0.0`;
    const socket = new WebSocket(address, { headers: { cookie: this.cookie, origin: this.url, ...headers } });
    onTestFinished(() => socket.terminate());
    const tab = new Tab(socket, page);
    return new Promise((resolve, reject) => {
      socket.on("open", () => resolve(tab));
      socket.on("error", reject);
    });
  }
}

export interface PageInTab {
  readonly status: number;
  readonly location: string | null;
  readonly text: string;
  readonly id: string;
  readonly session: string;
  readonly static: string;
  readonly csrf: string;
  readonly url: string;
}

export type Received = [joinRef: string | null, ref: string | null, topic: string, event: string, payload: Payload];
/** What comes from the server, looked at by tests. */
type Payload = ReturnType<typeof JSON.parse>;

export class Tab {
  readonly socket: WebSocket;
  readonly page: PageInTab;
  /** Everything that came, in order. */
  readonly received: Received[] = [];
  /** Close code and reason, when the server hung up. */
  readonly closed: Promise<[code: number, reason: string]>;
  joinRef = "0";
  #ref = 0;
  #next = 0;
  readonly #waiting = new Set<() => void>();

  constructor(socket: WebSocket, page: PageInTab) {
    this.socket = socket;
    this.page = page;
    socket.on("message", (data) => {
      this.received.push(JSON.parse(String(data)));
      for (const wake of this.#waiting) wake();
    });
    this.closed = new Promise((resolve) => socket.on("close", (code, reason) => resolve([code, String(reason)])));
  }

  get topic(): string {
    return `lv:${this.page.id}`;
  }

  send(text: string): void {
    this.socket.send(text);
  }

  /** Sends a message; resolves to the payload of its answer. */
  async push(event: string, payload: unknown, { topic = this.topic, joinRef = this.joinRef } = {}): Promise<Payload> {
    const ref = String(++this.#ref);
    if (event === "phx_join") this.joinRef = ref;
    this.send(JSON.stringify([event === "phx_join" ? ref : joinRef, ref, topic, event, payload]));
    const [, , , , answer] = await this.until(([, to, , name]) => name === "phx_reply" && to === ref);
    return answer;
  }

  joinPayload(changes: Record<string, unknown> = {}): Record<string, unknown> {
    const { session, static: kept, csrf, url } = this.page;
    return {
      url,
      params: { _csrf_token: csrf, _mounts: 0, _mount_attempts: 0 },
      session,
      static: kept || null,
      ...changes,
    };
  }

  async join(changes: Record<string, unknown> = {}): Promise<Payload> {
    return this.push("phx_join", this.joinPayload(changes));
  }

  event(event: string, value: unknown = {}, extra: Record<string, unknown> = {}): Promise<Payload> {
    return this.push("event", { type: "click", event, value, ...extra });
  }

  form(event: string, value: string, extra: Record<string, unknown> = {}): Promise<Payload> {
    return this.push("event", { type: "form", event, value, ...extra });
  }

  /** The first message that fits, of all that came or will come. */
  async until(fits: (message: Received) => boolean): Promise<Received> {
    for (;;) {
      const found = this.received.find(fits);
      if (found) return found;
      await this.#more();
    }
  }

  /** The next message of this name that nobody has taken by `next`. */
  async next(event: string): Promise<Payload> {
    for (;;) {
      for (; this.#next < this.received.length; this.#next++) {
        const message = this.received[this.#next] as Received;
        if (message[3] !== event) continue;
        this.#next++;
        return message[4];
      }
      await this.#more();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }
}

function unescapeHtml(text: string): string {
  return text
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");
}
