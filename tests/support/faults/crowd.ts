// Visitors: each has a session, tabs on it, and writers that know no mercy. What they did is kept in the history.

import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { CallError, connect, type LiveClient } from "live-session/client";
import { WebSocket } from "ws";
import type { Cluster } from "./cluster.ts";
import type { History, KnownSession, Tab, Write } from "./history.ts";
import type { Random } from "./random.ts";
import { cookieOf, type Slot } from "./sessions.ts";

const VISITORS = 12;
const TABS = 5;
/** The first visitors stay signed in throughout, and more writers meet on their sessions. */
const REGULARS = 2;
/** The last stay signed in, too, and write so seldom that an event which was missed is not made good by the next. */
const QUIET = 4;

const ARRIVAL_MS = 40_000;

/** Longer than the hub's own time-out, so that mostly it is the library that speaks. */
const PATIENCE_MS = 3_000;

/** Errors that say of a write that it was not done. `session_ended` leaves it open, see errors.ts. */
const refusals = new Set(["conflict", "unknown_session", "no_session", "not_connected", "too_many_calls"]);

/** Errors that say of a session that it is over. */
const overs = new Set(["session_ended", "unknown_session", "no_session"]);

interface Visitor {
  readonly name: string;
  session: KnownSession | null;
  tabs: OpenTab[];
}

export interface OpenTab {
  readonly tab: Tab;
  readonly client: LiveClient;
}

export interface CrowdOptions {
  readonly cluster: Cluster;
  readonly history: History;
  readonly random: Random;
  /** The time of the run, in ms. */
  readonly now: () => number;
}

export class Crowd {
  /** Every tab that was ever opened: those of ended sessions must hear of the end. */
  readonly tabs: OpenTab[] = [];
  readonly #options: CrowdOptions;
  readonly #visitors: readonly Visitor[];
  readonly #looks: Promise<void>[] = [];
  #running = true;
  #ops = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#visitors = Array.from({ length: VISITORS }, (_, index) => ({ name: `v${index}`, session: null, tabs: [] }));
  }

  /** Everyone signs in and opens tabs. No fault strikes yet; where a busy machine takes too long, it is tried again. */
  async arrive(): Promise<void> {
    const arrivals = this.#visitors.map(async (visitor) => {
      while (this.#running && !visitor.session) await this.#signIn(visitor);
      await Promise.all(visitor.tabs.map(({ client }) => isLive(client)));
    });
    const late = sleep(ARRIVAL_MS, undefined, { ref: false }).then(() => {
      throw new Error("Before any fault struck, somebody could not sign in or had no live tab.");
    });
    await Promise.race([Promise.all(arrivals), late]);
  }

  /** Writes until `stop`. Each writer draws from chance of its own. */
  start(): { stop(): Promise<void> } {
    const { random } = this.#options;
    const writers = this.#visitors.flatMap((visitor, index) => {
      const [bySocket, byRequest] = [`slot${2 * index}`, `slot${2 * index + 1}`] as const;
      if (index >= VISITORS - QUIET) {
        return [
          this.#repeat(random.fork(), 300, 1_500, (own) => this.#writeBySocket(visitor, own, bySocket)),
          this.#repeat(random.fork(), 500, 2_000, (own) => this.#writeByRequest(visitor, own, byRequest)),
        ];
      }
      return [
        this.#repeat(random.fork(), 20, 120, (own) => this.#writeBySocket(visitor, own, bySocket)),
        this.#repeat(random.fork(), 60, 200, (own) => this.#writeByRequest(visitor, own, byRequest)),
        index < REGULARS
          ? this.#repeat(random.fork(), 10, 60, (own) => this.#writeBySocket(visitor, own))
          : this.#repeat(random.fork(), 500, 2_000, (own) => this.#changeIdentity(visitor, own)),
      ];
    });
    return {
      stop: async () => {
        this.#running = false;
        await Promise.all(writers);
      },
    };
  }

  /** Everyone signs out. No fault strikes any more, and nothing else happens that would have nodes look at the store. */
  async leave(): Promise<void> {
    const present = this.#visitors.filter(({ session }) => session !== null);
    await Promise.all(present.map((visitor) => this.#changeTo("logout", visitor, visitor.session)));
  }

  /** Resolves when every question that was asked of a node is answered. Paused ones answer when they go on. */
  async settled(): Promise<void> {
    await Promise.all(this.#looks);
  }

  close(): void {
    this.#running = false;
    for (const { client } of this.tabs) client.close();
  }

  async #repeat(random: Random, least: number, most: number, work: (random: Random) => Promise<void>): Promise<void> {
    while (this.#running) {
      await sleep(random.int(least, most));
      if (this.#running) await work(random);
    }
  }

  async #writeBySocket({ session, tabs }: Visitor, random: Random, slot?: Slot): Promise<void> {
    const puts = random.chance(40);
    const long = random.chance(10);
    if (!session || tabs.length === 0) return;
    const { client } = random.pick(tabs);
    const write = this.#begin(session, "socket", puts ? slot : undefined);
    const { what, op } = write;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const { add, put } = client.actions;
    try {
      await (what.kind === "put" ? put?.({ slot: what.slot, n: what.n, long }, { signal }) : add?.(op, { signal }));
      this.#end(write, session, undefined);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.#end(write, session, error.code);
    }
  }

  async #writeByRequest({ session }: Visitor, random: Random, slot: Slot): Promise<void> {
    const puts = random.chance(50);
    const long = random.chance(10);
    if (!session) return;
    const write = this.#begin(session, "request", puts ? slot : undefined);
    const { what, op } = write;
    const path = what.kind === "put" ? `/put?slot=${what.slot}&n=${what.n}&long=${long}` : `/add?op=${op}`;
    const { code } = await this.#post(path, session);
    this.#end(write, session, code);
  }

  #begin({ number }: KnownSession, via: Write["via"], slot: Slot | undefined): Write {
    const { history, now } = this.#options;
    const n = ++this.#ops;
    const what = slot ? ({ kind: "put", slot, n } as const) : ({ kind: "add" } as const);
    const write: Write = { op: `op${n}`, session: number, via, what, at: now(), outcome: "pending" };
    history.writes.push(write);
    return write;
  }

  #end(write: Write, session: KnownSession, code: string | undefined): void {
    write.until = this.#options.now();
    if (code === undefined) write.outcome = "done";
    else {
      write.outcome = refusals.has(code) ? "refused" : "unknown";
      write.code = code;
      this.#mayBeOver(session, code, write.op);
    }
  }

  /** A session that nobody ended must never be told to be over. */
  #mayBeOver({ end, number }: KnownSession, code: string, what: string): void {
    const { history, now } = this.#options;
    if (end === "none" && overs.has(code))
      history.wrong.push(`lost: ${what} was told ${code} at ${now()} ms by session ${number}, which nobody ended.`);
  }

  async #changeIdentity(visitor: Visitor, random: Random): Promise<void> {
    const how = random.pick(["login", "login", "logout", "move", "move", "move"] as const);
    const { session, tabs } = visitor;
    // Writes that meet the end of their session.
    const late = { ...visitor, tabs: [...tabs] };
    const meeting = [1, 2, 3].map(() => sleep(random.int(0, 20)).then(() => this.#writeBySocket(late, random)));
    await this.#changeTo(how, visitor, session);
    await Promise.all(meeting);
  }

  async #changeTo(how: "login" | "logout" | "move", visitor: Visitor, session: KnownSession | null): Promise<void> {
    if (!session || how === "login") return this.#signIn(visitor);
    const { body } = await this.#endBy(how, `/${how}`, visitor, session);
    if (how === "move" && body.id) this.#enter(visitor, body.id, session);
  }

  async #signIn(visitor: Visitor): Promise<void> {
    const path = `/login?user=${visitor.name}`;
    const { session } = visitor;
    const { body } = session ? await this.#endBy("login", path, visitor, session) : await this.#post(path, null);
    if (body.id) this.#enter(visitor, body.id, null);
  }

  /** A request that ends a session, whatever else it does. From its start on, the session may be over. */
  async #endBy(how: string, path: string, visitor: Visitor, session: KnownSession): Promise<Answer> {
    const { now } = this.#options;
    session.end = "maybe";
    session.endedBy = how;
    session.endAt = now();
    const answer = await this.#post(path, session);
    if (answer.code === undefined) session.end = "done";
    visitor.session = null;
    visitor.tabs = [];
    if (session.end === "done") this.#lookFor(session);
    return answer;
  }

  /** From now on no node may find it in the store. */
  #lookFor({ id, number }: KnownSession): void {
    const { cluster, history, now } = this.#options;
    for (const { index, node } of cluster.alive) {
      const asked = now();
      const look = node.ask({ ask: "read", id }).then(
        (answer) => {
          if (answer === "live")
            history.wrong.push(`ended: session ${number} was read by node ${index} at ${asked} ms.`);
        },
        () => {}, // the store is away, or the node is gone
      );
      this.#looks.push(look);
    }
  }

  #enter(visitor: Visitor, id: string, from: KnownSession | null): void {
    const { history } = this.#options;
    const number = history.sessions.length;
    const session: KnownSession = { number, id, user: visitor.name, from: from?.number ?? null, end: "none" };
    history.sessions.push(session);
    visitor.session = session;
    visitor.tabs = Array.from({ length: TABS }, () => this.#openTab(session));
  }

  #openTab({ number, id }: KnownSession): OpenTab {
    const { cluster, history, now } = this.#options;
    const tab: Tab = { number: history.tabs.length, session: number, seen: [], sockets: [] };
    history.tabs.push(tab);
    const headers = { cookie: cookieOf(id) };

    class Socket extends WebSocket {
      constructor() {
        const { node, port } = cluster.next();
        super(`ws://127.0.0.1:${port}/live`, { headers });
        const versions: number[] = [];
        tab.sockets.push({ at: now(), node, versions });
        this.on("message", (bytes) => {
          const message: { t: string; version: number } = JSON.parse(String(bytes));
          if (message.t === "view") versions.push(message.version);
        });
      }
    }

    const client = connect({
      url: "ws://wherever/live",
      WebSocket: Socket,
      retryMin: 30,
      retryMax: 400,
      pingInterval: 1_000,
      answerTimeout: 1_500,
    });
    client.subscribe(() => {
      const { version, status, endReason } = client;
      if (endReason === "closed") return; // by us, at the end of the run
      tab.seen.push({ at: now(), version, status });
    });
    const open = { tab, client };
    this.tabs.push(open);
    return open;
  }

  async #post(path: string, session: KnownSession | null): Promise<Answer> {
    const { port } = this.#options.cluster.next();
    const answer = await post(port, path, session ? { cookie: cookieOf(session.id) } : {});
    if (session && answer.code) this.#mayBeOver(session, answer.code, path);
    return answer;
  }
}

interface Answer {
  /** Of the error, if it is one: the server's, or the network's. */
  readonly code: string | undefined;
  readonly body: { readonly id?: string };
}

/** On a connection of its own, and sent once: an agent may send again what it takes to be lost. */
function post(port: number, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve) => {
    const fail = (code: string) => resolve({ code, body: {} });
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const sent = request({ host: "127.0.0.1", port, path, method: "POST", headers, agent: false, signal });
    sent.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.name));
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.name));
      response.on("end", () => {
        const body = text.startsWith("{") ? JSON.parse(text) : {};
        resolve({ code: response.statusCode === 200 ? undefined : (body.code ?? `${response.statusCode}`), body });
      });
    });
    sent.end();
  });
}

function isLive(client: LiveClient): Promise<void> {
  return new Promise((resolve) => {
    const look = () => client.status === "live" && resolve();
    client.subscribe(look);
    look();
  });
}
