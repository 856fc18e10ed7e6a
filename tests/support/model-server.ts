// A server of the browser protocol that fits on a page, behind a network that delivers, loses and cuts as told.

import type { ClientMessage, ServerMessage } from "../../src/core/wire.ts";

type Listener = (event: { readonly data: unknown; readonly code: number }) => void;
type EventName = "open" | "message" | "close" | "error";

export interface ModelView {
  readonly labels: readonly string[];
}

/** What the server remembers of a tab. */
interface Tab {
  readonly memory: string;
  highest: number;
  readonly answers: Map<number, ServerMessage>;
}

/** The actions: `add` puts its input into the list, `refuse` does not. */
export interface ModelApp {
  readonly "~types"?: {
    readonly view: ModelView;
    readonly actions: {
      readonly add: { readonly "~types"?: { readonly input: string; readonly output: string } };
      readonly refuse: { readonly "~types"?: { readonly input: string; readonly output: string } };
    };
  };
}

export class ModelServer {
  version = 1;
  labels: readonly string[] = [];
  ended: "destroyed" | null = null;
  /** How often each call ran. */
  readonly runs = new Map<string, number>();
  /** Every connection ever made. */
  readonly all: ModelSocket[] = [];
  readonly #tabs = new Map<string, Tab>();
  #memories = 0;

  /** To hand to connect(). */
  readonly WebSocket: new (
    url: string,
  ) => ModelSocket;

  constructor() {
    const server = this;
    this.WebSocket = class extends ModelSocket {
      constructor(url: string) {
        super(url, server);
      }
    };
  }

  get last(): ModelSocket {
    const socket = this.all.at(-1);
    if (!socket) throw new Error("There was no connection yet.");
    return socket;
  }

  accept(socket: ModelSocket): void {
    this.all.push(socket);
    socket.queue({ open: true });
    if (this.ended) socket.tell({ t: "ended", reason: this.ended }, { close: 1008 });
  }

  receive(socket: ModelSocket, message: ClientMessage): void {
    if (this.ended) return;
    if (message.t === "ping") return socket.tell({ t: "pong" });
    if (message.t === "hello") {
      const known = this.#tabs.get(message.client);
      const tab = known ?? { memory: `memory ${++this.#memories}`, highest: 0, answers: new Map() };
      this.#tabs.set(message.client, tab);
      socket.tab = tab;
      return socket.tell({ t: "welcome", v: 1, resumed: known !== undefined, memory: tab.memory }, this.view());
    }
    if (socket.tab) socket.tell(this.#answer(socket.tab, message));
  }

  view(): ServerMessage {
    return { t: "view", version: this.version, view: { labels: this.labels } };
  }

  /** A change, by whomever. */
  write(label: string): void {
    this.version++;
    this.labels = [...this.labels, label];
    for (const socket of this.all) if (socket.tab) socket.tell(this.view());
  }

  /** The process ends and another starts: the session stays, what is known of tabs does not. */
  restart(): void {
    this.#tabs.clear();
    for (const socket of this.all) socket.cut();
  }

  end(): void {
    this.ended = "destroyed";
    for (const socket of this.all) socket.tell({ t: "ended", reason: "destroyed" }, { close: 1008 });
  }

  #answer(tab: Tab, { id, name, input }: Extract<ClientMessage, { t: "call" }>): ServerMessage {
    const known = tab.answers.get(id);
    if (known) return known;
    if (id <= tab.highest) return { t: "error", id, code: "call_forgotten", message: "" };
    tab.highest = id;
    const label = String(input);
    this.runs.set(label, (this.runs.get(label) ?? 0) + 1);
    if (name === "add") this.write(label);
    const answer: ServerMessage =
      name === "add" ? { t: "ok", id, result: label } : { t: "error", id, code: "action_failed", message: "refused" };
    tab.answers.set(id, answer);
    return answer;
  }
}

type Arrival = { readonly open: true } | { readonly data: unknown } | { readonly close: number };

/** One connection, as the browser has it. */
export class ModelSocket {
  readonly url: string;
  readonly #server: ModelServer;
  readonly #listeners = new Map<EventName, Listener>();
  tab: Tab | null = null;
  readonly toServer: string[] = [];
  readonly toClient: Arrival[] = [];
  closed = false;
  /** The server's end is gone; what is on the way to the client may still arrive. */
  #cut = false;

  constructor(url: string, server: ModelServer) {
    this.url = url;
    this.#server = server;
    server.accept(this);
  }

  addEventListener(name: EventName, listener: (event: never) => void): void {
    this.#listeners.set(name, listener as Listener);
  }

  send(text: string): void {
    if (!this.#cut) this.toServer.push(text);
  }

  /** What was sent before may still arrive. */
  close(): void {
    this.closed = true;
    this.toClient.length = 0;
  }

  queue(...arrivals: Arrival[]): void {
    if (!this.closed && !this.#cut) this.toClient.push(...arrivals);
  }

  tell(...messages: (ServerMessage | { readonly close: number })[]): void {
    this.queue(...messages.map((each) => ("t" in each ? { data: JSON.stringify(each) } : each)));
  }

  /** The connection breaks: what is on the way is lost, and the client hears of it. */
  cut(code = 1006): void {
    this.#cut = true;
    this.tab = null;
    this.toServer.length = 0;
    this.toClient.length = 0;
    if (!this.closed) this.toClient.push({ close: code });
  }

  /** The next message arrives at the server. */
  serve(): void {
    const text = this.toServer.shift();
    if (text !== undefined) this.#server.receive(this, JSON.parse(text));
  }

  /** The next of what the server did arrives at the client. */
  arrive(): void {
    const arrival = this.toClient.shift();
    if (!arrival || this.closed) return;
    if ("open" in arrival) this.#emit("open");
    else if ("data" in arrival) this.#emit("message", arrival.data);
    else {
      this.closed = true;
      this.#emit("close", undefined, arrival.close);
    }
  }

  /** Everything arrives, and what it leads to. */
  flow(): void {
    while (this.toServer.length > 0 || this.toClient.length > 0) {
      this.serve();
      this.arrive();
    }
  }

  #emit(name: EventName, data?: unknown, code = 0): void {
    this.#listeners.get(name)?.({ data, code });
  }
}
