// A node of the fault suite, in a process of its own: the unmodified express-session and live sockets on one hub.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type NextFunction, type Request, type Response } from "express";
import session from "express-session";
import { createLiveSessions, LiveSessionError, updateSession } from "live-session";
import { expressStore } from "live-session/express";
import { liveSockets } from "live-session/ws";
import { openDriver } from "./drivers.ts";
import type { Ask, NodeSettings } from "./node.ts";
import { addTo, type Data, type PutInput, SECRET, type Slot, slotValue } from "./sessions.ts";

const { place, lifetime, checkInterval }: NodeSettings = JSON.parse(process.argv[2] as string);

const reports: string[] = [];
const driver = await openDriver(place);
const sessions = createLiveSessions<Data>({
  store: driver.store,
  bus: driver.bus,
  lifetime,
  timeout: 2_000,
  checkInterval,
  onError(error, { stage }) {
    const { cause } = error as { cause?: unknown };
    reports.push(`${new Date().toISOString()} ${stage}: ${error}${cause ? ` Cause: ${cause}` : ""}`);
    if (reports.length > 100) reports.shift();
  },
});

/** What the suite itself sends needs no checking. */
function trusted<Input>() {
  const validate = (value: unknown) => ({ value: value as Input });
  return { "~standard": { version: 1, vendor: "tests", validate } } as const;
}

const app = sessions.app({
  view: (data) => data,
  actions: {
    add: sessions.action(trusted<string>(), async (live, op) => void (await live.update("tally", addTo(op)))),
    put: sessions.action(
      trusted<PutInput>(),
      async (live, input) => void (await live.put(input.slot, slotValue(input))),
    ),
  },
});

const web = express();
const store = expressStore(sessions, { lateWrites: "error" });
web.use(session({ store, secret: SECRET, resave: false, saveUninitialized: false }));

/** A middleware's callback as a promise. */
function done(run: (callback: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => run((error) => (error ? reject(error) : resolve())));
}

/** The session of a request that must have one: none at all says that the store is away, a new one that it is over. */
function required({ session: own }: Request): session.Session & Data {
  if (!own) throw new LiveSessionError("store_failed", "The middleware gave no session.");
  const found = own as session.Session & Data;
  if (found.user === undefined) throw Object.assign(new Error("There is no session."), { code: "no_session" });
  return found;
}

const routes: Record<string, (request: Request) => Promise<object>> = {
  async login(request) {
    if (!request.session) throw new LiveSessionError("store_failed", "The middleware gave no session.");
    await done((callback) => request.session.regenerate(callback));
    (request.session as session.Session & Data).user = String(request.query.user);
    await done((callback) => request.session.save(callback));
    return { id: request.sessionID };
  },
  async logout(request) {
    const own = required(request);
    await done((callback) => own.destroy(callback));
    return {};
  },
  async move(request) {
    required(request);
    return { id: await sessions.regenerate(request.sessionID) };
  },
  async put(request) {
    const own = required(request);
    const { slot, n, long } = request.query;
    own[slot as Slot] = slotValue({ slot: slot as Slot, n: Number(n), long: long === "true" });
    await done((callback) => own.save(callback));
    return {};
  },
  async add(request) {
    required(request);
    const map = await sessions.read(request.sessionID);
    if (!map) throw Object.assign(new Error("There is no session."), { code: "no_session" });
    await updateSession(map, "tally", addTo(String(request.query.op)));
    return {};
  },
};

web.post("/:route", async (request, response) => {
  const run = routes[request.params.route] as (request: Request) => Promise<object>;
  response.json(await run(request));
});
web.use((error: { code?: string }, _request: Request, response: Response, _next: NextFunction) => {
  // Told after the answer, as of a touch: there is nobody left to be told.
  if (!response.headersSent) response.status(500).json({ code: error.code ?? "unknown", message: String(error) });
});

const server = createServer(web);
liveSockets(app, { secret: SECRET }).attach(server, { path: "/live" });

const answers: { readonly [A in Ask["ask"]]: (ask: Extract<Ask, { ask: A }>) => Promise<unknown> } = {
  read: async ({ id }) => ((await sessions.read(id)) ? "live" : "over"),
  async attach({ id }) {
    try {
      (await sessions.attach(id)).detach();
      return "live";
    } catch (error) {
      const { code } = error as LiveSessionError;
      if (code === "session_ended" || code === "unknown_session") return "over";
      throw error;
    }
  },
  reports: async () => reports,
};

process.on("message", (message: { readonly number?: number; readonly ask?: Ask }) => {
  const { number, ask } = message;
  if (!ask) return;
  answers[ask.ask](ask as never).then(
    (answer) => process.send?.({ number, answer }),
    (error) => process.send?.({ number, error: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0)); // a node does not outlive its test

server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
