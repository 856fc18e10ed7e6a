// What an EventSource is sent of a view, made once for each version and not for each stream.

import { createHash } from "node:crypto";
import type { Session } from "../../core/session-map.ts";
import type { AnyApp } from "../shared/view-cache.ts";
import { encodeEvent, type StreamEvent } from "./encode.ts";
import type { LiveStreamsOptions, Rendered, StreamEndReason } from "./options.ts";

/** The id of the last event: a browser that comes back with it has heard the end. */
export const ENDED_ID = "ended";

export interface Snapshot {
  /** Of what is shown, not of the version: on any node, after a restart, what the browser has is not sent again. */
  readonly id: string;
  readonly text: string;
}

/** As the view cache, it holds the last one made: all streams of a session are told of a version in one go. */
export class Rendering<Data extends object> {
  readonly #app: AnyApp<Data>;
  readonly #render: ((view: unknown) => Rendered) | null;
  readonly #renderEnd: (reason: StreamEndReason) => Rendered;
  #session: Session<Data> | null = null;
  #snapshot: Snapshot | null = null;

  constructor(app: AnyApp<Data>, { render, renderEnd }: Pick<LiveStreamsOptions, "render" | "renderEnd">) {
    this.#app = app;
    this.#render = render ?? null;
    this.#renderEnd = renderEnd ?? (() => []);
  }

  /** `null` if the view or its rendering failed, which is reported once for each version. */
  snapshot(session: Session<Data>, version: number, failed: (error: unknown) => void): Snapshot | null {
    if (session === this.#session) return this.#snapshot;
    this.#session = session;
    this.#snapshot = null;
    try {
      const view = this.#app.viewText(session);
      if (this.#render) {
        const events = listOf(this.#render(JSON.parse(view)));
        const id = digest(events.map(encodeEvent).join(""));
        this.#snapshot = { id, text: encodeAll(events, id) };
      } else {
        const id = digest(view);
        const data = `{"version":${version},"view":${view}}`;
        this.#snapshot = { id, text: encodeEvent({ event: "view", data, id }) };
      }
    } catch (error) {
      failed(error);
    }
    return this.#snapshot;
  }

  /** What is said at the end. A browser that connects again in spite of it waits for no more than that. */
  end(reason: StreamEndReason, failed: (error: unknown) => void): string {
    const ended: StreamEvent = { event: "ended", data: reason, id: ENDED_ID, retry: 0 };
    try {
      return listOf(this.#renderEnd(reason)).map(encodeEvent).join("") + encodeEvent(ended);
    } catch (error) {
      failed(error);
      return encodeEvent(ended);
    }
  }
}

function listOf(rendered: Rendered): readonly Omit<StreamEvent, "id">[] {
  // A caller without types may give an id; it would tell us later that all is known.
  const list = Array.isArray(rendered) ? rendered : [rendered as StreamEvent];
  return list.map(({ event, data, retry }) => ({
    ...(event !== undefined && { event }),
    data,
    ...(retry !== undefined && { retry }),
  }));
}

/** The id goes with the last: a stream that breaks in between has not shown it all. */
function encodeAll(events: readonly StreamEvent[], id: string): string {
  return events.length === 0
    ? `id: ${id}\n\n`
    : events.map((event, at) => encodeEvent(at === events.length - 1 ? { ...event, id } : event)).join("");
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
