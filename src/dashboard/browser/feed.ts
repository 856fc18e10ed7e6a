// The frames of the stream, kept for the charts, and whether it is connected.

import type { Frame, Opening } from "../wire.ts";

/** How much the charts show, in seconds. */
export const WINDOW_SECONDS = 300;

export type Connection = "connecting" | "live" | "lost";

export class Feed {
  readonly frames: Frame[] = [];
  opening: Opening | null = null;
  connection: Connection = "connecting";
  readonly #listeners = new Set<() => void>();

  constructor() {
    const source = new EventSource("live.events");
    source.addEventListener("opening", (event) => {
      this.opening = JSON.parse(event.data);
      this.frames.splice(0, this.frames.length, ...(this.opening?.history ?? []));
      this.#changed("live");
    });
    source.addEventListener("frame", (event) => {
      this.frames.push(JSON.parse(event.data));
      if (this.frames.length > WINDOW_SECONDS) this.frames.shift();
      this.#changed("live");
    });
    source.addEventListener("error", () => {
      this.#changed(source.readyState === EventSource.CLOSED ? "lost" : "connecting");
    });
  }

  /** Calls now and after each change. Returns the function that ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    listener();
    return () => void this.#listeners.delete(listener);
  }

  #changed(connection: Connection): void {
    this.connection = connection;
    for (const listener of this.#listeners) listener();
  }
}
