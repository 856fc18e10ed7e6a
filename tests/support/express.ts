// Real Express apps with the unmodified express-session, and browsers that keep cookies.

import { request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express, type Request } from "express";
import session, { type SessionOptions } from "express-session";
import Libsql from "libsql";
import {
  type Clock,
  createLiveSessions,
  type ErrorContext,
  type LiveSessions,
  type LiveSessionsOptions,
  memoryStore,
  type SessionStore,
  systemClock,
} from "live-session";
import { type ExpressStore, type ExpressStoreOptions, expressStore } from "live-session/express";
import { sqliteStore } from "live-session/sqlite";
import { onTestFinished } from "vitest";

export type Data = Record<string, unknown>;

/** A request's session as the bag of anything that tests put in it. */
export function bag({ session: own }: Pick<Request, "session">): Data {
  return own as unknown as Data;
}

/** The machine's time, moved forward at will: the middleware goes by Date.now, the store by this. */
export class ShiftedClock implements Clock {
  #shift = 0;
  readonly after = systemClock.after;

  now(): number {
    return Date.now() + this.#shift;
  }

  advance(ms: number): void {
    this.#shift += ms;
  }
}

/** The stores that every test of this adapter runs on. */
export const stores: readonly { name: string; make: (clock: Clock) => SessionStore }[] = [
  { name: "memory", make: (clock) => memoryStore({ clock }) },
  { name: "SQLite", make: (clock) => sqliteStore({ database: new Libsql(":memory:"), clock }) },
];

export interface TestHub {
  readonly sessions: LiveSessions<Data>;
  readonly clock: ShiftedClock;
  readonly reported: { readonly error: unknown; readonly context: ErrorContext }[];
}

export function testHub(options: LiveSessionsOptions<Data> & { make?: (clock: Clock) => SessionStore } = {}): TestHub {
  const { make = (clock: Clock) => memoryStore({ clock }), ...rest } = options;
  const clock = new ShiftedClock();
  const reported: TestHub["reported"] = [];
  const onError = (error: unknown, context: ErrorContext) => void reported.push({ error, context });
  const sessions = createLiveSessions<Data>({ store: make(clock), clock, onError, ...rest });
  onTestFinished(() => sessions.close());
  return { sessions, clock, reported };
}

export interface TestApp {
  readonly app: Express;
  readonly store: ExpressStore;
  readonly url: string;
  /** What reached the error handler. */
  readonly errors: { code?: string; reason?: string; message: string }[];
  browser(): Browser;
}

export interface TestAppOptions extends Partial<SessionOptions>, ExpressStoreOptions {
  readonly routes: (app: Express) => void;
  readonly before?: (app: Express) => void;
}

/** An app on a port of its own, closed with the test. */
export async function startApp(
  sessions: LiveSessions<Data>,
  { routes, before, lateWrites, ...options }: TestAppOptions,
): Promise<TestApp> {
  const app = express();
  const store = expressStore(sessions, { lateWrites });
  const errors: TestApp["errors"] = [];
  before?.(app);
  app.use(session({ store, secret: "s", resave: false, saveUninitialized: false, ...options }));
  routes(app);
  app.use((error: TestApp["errors"][number], _request: Request, response: express.Response, _next: unknown) => {
    errors.push(error);
    if (!response.headersSent) response.status(500).json({ code: error.code, message: error.message });
  });
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { app, store, url, errors, browser: () => new Browser(url) };
}

export interface Answer {
  readonly status: number;
  readonly body: Data;
  readonly headers: Headers;
}

/** A client that keeps its cookies. Expired ones are dropped, as a browser does. */
export class Browser {
  readonly cookies = new Map<string, string>();
  /** The Set-Cookie headers of the last response. */
  setCookies: string[] = [];
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** The session id in the cookie. */
  get id(): string {
    const value = decodeURIComponent(this.cookies.get("connect.sid") ?? "");
    return value.slice(2, value.lastIndexOf("."));
  }

  /** The same cookies, in another tab that has its own from now on. */
  fork(): Browser {
    const other = new Browser(this.#url);
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  /** A request of a script: Node's fetch says so in Sec-Fetch-Mode, whatever it is told. */
  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#answer(await fetch(this.#url + path, { headers: { ...headers, ...this.#cookie() } }));
  }

  /** Loads a page, as a browser says it in Sec-Fetch-Mode. */
  async open(path: string): Promise<Answer> {
    const headers = { "sec-fetch-mode": "navigate", ...this.#cookie() };
    const response = await new Promise<Response>((resolve, reject) => {
      const sent = request(this.#url + path, { headers }, (message) => {
        const chunks: Buffer[] = [];
        message.on("data", (chunk) => chunks.push(chunk)).on("error", reject);
        message.on("end", () => {
          const given = new Headers();
          for (const [name, values] of Object.entries(message.headersDistinct)) {
            for (const value of values ?? []) given.append(name, value);
          }
          resolve(new Response(Buffer.concat(chunks), { status: message.statusCode ?? 0, headers: given }));
        });
      });
      sent.on("error", reject).end();
    });
    return this.#answer(response);
  }

  #cookie(): { cookie?: string } {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return cookie ? { cookie } : {};
  }

  async #answer(response: Response): Promise<Answer> {
    this.setCookies = response.headers.getSetCookie();
    for (const line of this.setCookies) this.#keep(line);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text.startsWith("{") ? JSON.parse(text) : { text },
    };
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const [name = "", value = ""] = pair.split("=");
    const expires = attributes.find((attribute) => attribute.startsWith("Expires="))?.slice(8);
    if (expires && Date.parse(expires) <= Date.now()) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** A door that opens when so many have come, or by hand. */
export class Gate {
  #waiting = 0;
  readonly #arrived: () => void;
  readonly #open: () => void;
  readonly #opened: Promise<void>;
  /** Resolves when all have come. */
  readonly full: Promise<void>;
  readonly #size: number;

  constructor(size = 1) {
    this.#size = size;
    let open = () => {};
    let arrived = () => {};
    this.#opened = new Promise((resolve) => (open = resolve));
    this.full = new Promise((resolve) => (arrived = resolve));
    this.#open = open;
    this.#arrived = arrived;
  }

  /** Waits at the door. */
  wait(): Promise<void> {
    if (++this.#waiting === this.#size) this.#arrived();
    return this.#opened;
  }

  open(): void {
    this.#open();
  }
}

/** A store's callback method as a promise. */
export function call<T = void>(run: (callback: (error?: unknown, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => run((error, value) => (error ? reject(error) : resolve(value as T))));
}

/** What stands for a request where there is no HTTP. */
export function fakeRequest(store: ExpressStore, sessionID: string): Request {
  return { sessionID, sessionStore: store, headers: {} } as unknown as Request;
}

/** Loads a session the way the middleware does. */
export async function load(store: ExpressStore, id: string): Promise<session.Session & session.SessionData> {
  const data = await call<session.SessionData | null | undefined>((done) => store.get(id, done));
  if (!data) throw new Error("There is no such session.");
  return store.createSession(fakeRequest(store, id), data);
}
