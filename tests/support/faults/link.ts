// A TCP proxy that cuts, delays, and falls silent: the way to an engine or to a node.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** One direction of a connection: what came and has not been passed on. */
class Flow {
  readonly #link: Link;
  readonly #to: Socket;
  /** Whether it leads back, to whoever connected. */
  readonly #back: boolean;
  readonly #waiting: { readonly due: number; readonly chunk: Buffer | null }[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(link: Link, from: Socket, to: Socket, back: boolean) {
    this.#link = link;
    this.#to = to;
    this.#back = back;
    from.on("data", (chunk: Buffer) => this.#take(chunk));
    from.on("error", () => {});
    from.on("close", () => this.#take(null));
  }

  /** `null`: the end. */
  #take(chunk: Buffer | null): void {
    this.#waiting.push({ due: performance.now() + this.#link.delayMs, chunk });
    this.pass();
  }

  /** Passes on what may go. Nothing overtakes anything. */
  pass(): void {
    const { held } = this.#link;
    if (this.#timer || held === "all" || (held === "answers" && this.#back)) return;
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const wait = next.due - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => {
          this.#timer = null;
          this.pass();
        }, wait);
        return;
      }
      this.#waiting.shift();
      if (next.chunk === null) this.#to.destroySoon();
      else if (this.#to.writable) this.#to.write(next.chunk);
    }
  }

  drop(): void {
    this.#waiting.length = 0;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

interface Pair {
  readonly sockets: readonly Socket[];
  readonly flows: readonly Flow[];
}

/** A way to one target, which all connections to its port take. */
export class Link {
  readonly #server: Server;
  readonly #target: () => number | null;
  readonly #pairs = new Set<Pair>();
  /** Connections that were taken while the link was held, and lead nowhere yet. */
  readonly #unled = new Set<Socket>();
  readonly port: number;
  /** What is not passed on at the moment. */
  held: "nothing" | "all" | "answers" = "nothing";
  delayMs = 0;

  private constructor(server: Server, target: () => number | null) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#target = target;
    server.on("connection", (socket) => this.#accept(socket));
  }

  /** @param target the port that the way leads to; `null` while there is none */
  static async open(target: () => number | null): Promise<Link> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Link(server, target);
  }

  /** Resets every connection. */
  cut(): void {
    for (const { sockets, flows } of this.#pairs) {
      for (const flow of flows) flow.drop();
      for (const socket of sockets) socket.resetAndDestroy();
    }
    for (const socket of this.#unled) socket.resetAndDestroy();
    this.#pairs.clear();
    this.#unled.clear();
  }

  /** Passes nothing on, or no answers. Takes connections as before. */
  hold(what: "all" | "answers"): void {
    this.held = what;
  }

  /** Passes on what was held, also of those who have given up meanwhile. */
  goOn(): void {
    this.held = "nothing";
    for (const socket of this.#unled) this.#lead(socket);
    this.#unled.clear();
    for (const { flows } of this.#pairs) for (const flow of flows) flow.pass();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: Socket): void {
    socket.on("error", () => {});
    if (this.held === "all") this.#unled.add(socket.pause());
    else this.#lead(socket);
  }

  #lead(socket: Socket): void {
    const port = this.#target();
    if (port === null) return void socket.resetAndDestroy();
    const onward = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.setNoDelay(true);
    const flows = [new Flow(this, socket, onward, false), new Flow(this, onward, socket, true)];
    const pair = { sockets: [socket, onward], flows };
    this.#pairs.add(pair);
    for (const each of pair.sockets) {
      each.on("close", () => {
        if (pair.sockets.every(({ destroyed }) => destroyed)) this.#pairs.delete(pair);
      });
    }
    socket.resume();
  }
}
