// An app's view and actions over a socket.

import type { LiveSession } from "../../core/live-session.ts";
import type { Session } from "../../core/session-map.ts";
import { errorText, knownFailure } from "../shared/messages.ts";
import type { AnyApp } from "../shared/view-cache.ts";
import type { CallAnswer } from "./events.ts";
import type { RawSocket } from "./socket.ts";

interface ShownView {
  readonly text: string;
  readonly view: unknown;
}

/** Holds the last view made, since all sockets of a session are told of a version in one go. */
export class Views<Data extends object> {
  readonly #app: AnyApp<Data>;
  #session: Session<Data> | null = null;
  #shown: ShownView | null = null;

  constructor(app: AnyApp<Data>) {
    this.#app = app;
  }

  /** `null` if the view failed, which is reported once for each version. */
  of(session: Session<Data>, failed: (error: unknown) => void): ShownView | null {
    if (session === this.#session) return this.#shown;
    this.#session = session;
    this.#shown = null;
    try {
      const text = this.#app.viewText(session);
      this.#shown = { text, view: JSON.parse(text) };
    } catch (error) {
      failed(error);
    }
    return this.#shown;
  }
}

/**
 * Sends the view now and whenever it changed. While the connection is busy only the latest is kept: a view is written
 * once the one before it is on its way.
 */
export function feedView<Data extends object>(
  socket: RawSocket,
  live: LiveSession<Data>,
  app: AnyApp<Data>,
  views: Views<Data>,
): void {
  let shown: string | null = null;
  let outdated = true;
  const failed = (error: unknown) => app.sessions.report(error, { stage: "view", key: live.key });
  const flush = () => {
    if (!outdated || live.endReason || (socket.conn.writeBuffer?.length ?? 0) > 0) return;
    outdated = false;
    const found = views.of(live.data, failed);
    if (!found || found.text === shown) return;
    shown = found.text;
    socket.emit("live_session_updated", found.view, live.version);
  };
  const stop = live.subscribe(({ type }) => {
    if (type !== "live_session_updated") return;
    outdated = true;
    flush();
  });
  socket.conn.on("drain", flush);
  socket.on("disconnect", () => {
    stop();
    outdated = false;
    socket.conn.removeListener("drain", flush);
  });
  flush();
}

/** Takes calls of the app's actions. */
export function takeCalls<Data extends object>(
  socket: RawSocket,
  live: LiveSession<Data>,
  app: AnyApp<Data>,
  maxCallsInFlight: number,
): void {
  let inFlight = 0;
  const { limits } = app.sessions;
  const messages = limits.messageBucket();
  socket.on("live_session_call", async (name, input, ...rest) => {
    if (limits.isFlood(messages)) return void socket.conn.close();
    const answer = rest.at(-1);
    const reply = (to: CallAnswer) => void (typeof answer === "function" && answer(to));
    if (inFlight >= maxCallsInFlight) return reply(refused(errorText("too_many_calls")));
    inFlight++;
    try {
      // Over JSON "nothing" arrives as null, in the place of an argument that was left out.
      const result = await app.run(live, name, input ?? undefined);
      await live.synced();
      reply(result === undefined ? { ok: true } : { ok: true, result: JSON.parse(result) });
    } catch (error) {
      const known = knownFailure(error, (reported) =>
        app.sessions.report(reported, { stage: "action", key: live.key }),
      );
      reply(refused(known ? errorText(known.code, { error: known }) : errorText("action_failed")));
    } finally {
      inFlight--;
    }
  });
}

function refused(text: string): CallAnswer {
  const { code, message, issues } = JSON.parse(text);
  return { ok: false, error: { code, message, ...(issues && { issues }) } };
}
