// Whether a connection is up: watched once for each connection, and shared by the store and the bus on it.

import type { NatsConnectionLike } from "./client.ts";

type Listener = (status: "up" | "down") => void;

/** What a connection says of itself. Lives as long as the connection does. */
export class Link {
  readonly #connection: NatsConnectionLike;
  readonly #listeners = new Set<{ readonly call: Listener }>();
  readonly #waiting = new Set<() => void>();
  #up = true;
  /** Counts the times that the connection was lost. */
  epoch = 0;

  constructor(connection: NatsConnectionLike) {
    this.#connection = connection;
    void this.#watch();
  }

  /**
   * Does what needs an answer from the server. The client itself would keep what is sent while it is disconnected, send it
   * whenever it is back, and wait for an answer that was lost until its time-out.
   *
   * @throws Error if there is no connection, or if it is lost before the answer came
   */
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.assertUp();
      const lost = () => reject(new Error("The connection to NATS was lost before the server answered."));
      this.#waiting.add(lost);
      work()
        .finally(() => this.#waiting.delete(lost))
        .then(resolve, reject);
    });
  }

  assertUp(): void {
    if (this.#connection.isClosed()) throw new Error("The connection to NATS is closed.");
    if (!this.#up) throw new Error("There is no connection to NATS at the moment.");
  }

  onStatus(call: Listener): () => void {
    const listener = { call };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === "disconnect" || type === "close") this.#lost();
      if (type === "reconnect") void this.#back(this.epoch);
    }
    this.#lost(); // nobody will tell any more
  }

  #lost(): void {
    this.epoch++;
    for (const lost of [...this.#waiting]) lost();
    this.#tell(false);
  }

  /** The client sends its subscriptions again by itself; the server has them all once it answers. */
  async #back(epoch: number): Promise<void> {
    try {
      await this.#connection.flush();
    } catch {
      return; // lost again, which tells of itself
    }
    if (epoch === this.epoch) this.#tell(true);
  }

  #tell(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    for (const listener of [...this.#listeners]) listener.call(up ? "up" : "down");
  }
}

const links = new WeakMap<NatsConnectionLike, Link>();

export function linkOf(connection: NatsConnectionLike): Link {
  const known = links.get(connection);
  if (known) return known;
  const link = new Link(connection);
  links.set(connection, link);
  return link;
}
