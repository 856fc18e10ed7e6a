// `live-session watch`

import { once } from "node:events";
import { diff } from "../../core/changes.ts";
import type { LiveSessionMessage } from "../../core/live-session.ts";
import type { JsonObject } from "../../core/store.ts";
import { shapeOf, shapesOf, shapeText } from "../describe.ts";
import { type ExitCode, exitCodes, explain } from "../failures.ts";
import { findSession } from "../find.ts";
import { hubOf } from "../hub.ts";
import { DEFAULT_RETENTION } from "../numbers.ts";
import { type Output, outputOf } from "../output.ts";
import { type StoreOptions, withEngine } from "../stores/open.ts";
import { plain } from "../text.ts";

export interface WatchOptions extends StoreOptions {
  readonly reveal?: boolean;
  readonly json?: boolean;
}

type Message = LiveSessionMessage<Record<string, unknown>>;

/** To watch is no activity: it keeps no session alive. */
export function watch(given: string, options: WatchOptions): Promise<ExitCode> {
  const output = outputOf(options);
  return withEngine(options, async (engine) => {
    const sessions = await engine.sessions({ retention: DEFAULT_RETENTION });
    const { key } = await findSession(sessions.store, given);
    const hub = hubOf(sessions, (error) => output.remark(explain(error).text));
    const stop = new AbortController();
    const onSignal = () => stop.abort();
    process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
    // Timers of the hub and idle connections do not hold the process by themselves on every engine.
    const held = setInterval(() => {}, 60_000);
    try {
      const live = await hub.attachKey(key, { activity: false });
      let before: JsonObject = live.data;
      say(output, { type: "watching", key, version: live.version }, `watching, at version ${live.version}`);
      live.subscribe((message) => {
        tell(output, message, before, options.reveal === true);
        if (message.type === "live_session_updated") before = message.session;
        if (message.type === "live_session_ended") stop.abort();
      });
      if (live.endReason) stop.abort();
      if (!stop.signal.aborted) await once(stop.signal, "abort");
    } finally {
      clearInterval(held);
      process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
      await hub.close();
    }
    return exitCodes.done;
  });
}

function tell(output: Output, message: Message, before: JsonObject, reveal: boolean): void {
  switch (message.type) {
    case "live_session_updated": {
      const { put, delete: gone } = diff(before, message.session);
      const shown = reveal ? put : shapesOf(put);
      const line = { type: "changed", version: message.version, [reveal ? "put" : "shapes"]: shown, delete: gone };
      const parts = [
        ...Object.entries(put).map(
          ([name, value]) => `${name} = ${reveal ? JSON.stringify(value) : shapeText(shapeOf(value))}`,
        ),
        ...gone.map((name) => `${name} deleted`),
      ];
      return say(output, line, `version ${message.version}: ${parts.join("; ") || "nothing in its data"}`);
    }
    case "live_session_ended":
      return say(output, { type: "ended", reason: message.reason }, `ended: ${message.reason}`);
    case "live_session_status":
      return say(
        output,
        { type: "status", status: message.status },
        message.status === "live" ? "in step again" : "out of step",
      );
    case "live_session_expiring":
      return say(
        output,
        { type: "expiring", expiresAt: message.expiresAt },
        `expires in ${Math.ceil(message.left / 1_000)} s`,
      );
    case "live_session_extended":
      return say(output, { type: "extended", expiresAt: message.expiresAt }, "no longer about to expire");
  }
}

function say(output: Output, value: object, text: string): void {
  const at = Date.now();
  output.result({ at, ...value }, () => `${new Date(at).toISOString()}  ${plain(text)}`);
}
