// The view as a message, made once for each version and not for each connection.

import type { LiveApp } from "../../core/app.ts";
import type { Session } from "../../core/session-map.ts";
import { viewText } from "./messages.ts";

export interface ViewMessage {
  /** The view as JSON text. */
  readonly view: string;
  /** The whole message. */
  readonly text: string;
}

/** What a transport needs of an app, whatever its view and actions are. */
export type AnyApp<Data extends object> = Pick<
  LiveApp<Data, unknown, Record<string, unknown>>,
  "sessions" | "viewText" | "run"
>;

/**
 * Holds the last message made, since all connections of a session are told of a version in one go: a store of them for
 * every session would be memory that idle connections cost.
 */
export class ViewCache<Data extends object> {
  readonly #app: AnyApp<Data>;
  #session: Session<Data> | null = null;
  #message: ViewMessage | null = null;

  constructor(app: AnyApp<Data>) {
    this.#app = app;
  }

  /** `null` if the view failed, which is reported once for each version. */
  message(session: Session<Data>, version: number, failed: (error: unknown) => void): ViewMessage | null {
    if (session === this.#session) return this.#message;
    this.#session = session;
    this.#message = null;
    try {
      const view = this.#app.viewText(session);
      this.#message = { view, text: viewText(version, view) };
    } catch (error) {
      failed(error);
    }
    return this.#message;
  }
}
