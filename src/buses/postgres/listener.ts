// The one connection that listens: kept up, tried by heartbeats, replaced when it is lost.

import { systemClock, withTimeout } from "../../core/clock.ts";
import { LiveSessionError } from "../../core/errors.ts";
import { generateIncarnation } from "../../core/ids.ts";
import type { Engine } from "../../engines/postgres/engine.ts";

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;

export interface ListenerOptions {
  readonly engine: Engine;
  readonly channel: string;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  /** Notifies this node itself, the way that events go. */
  probe(channel: string, payload: string): Promise<void>;
  received(payload: string): void;
  status(status: "up" | "down"): void;
}

export interface Listener {
  /** Resolves once what is notified from now on will be heard; rejects if that cannot be had now. */
  ready(): Promise<void>;
  close(): void;
}

/** Connects at the first `ready`, and from then on keeps the connection until it is closed. */
export function listener(options: ListenerOptions): Listener {
  const { engine, channel, heartbeatMs, timeoutMs, probe, received, status } = options;
  // Each node's heartbeats go to itself alone.
  const own = `live_session_${generateIncarnation().replaceAll("-", "_")}`;
  let state: "idle" | "connecting" | "up" | "down" | "closed" = "idle";
  let attempt: Promise<void> | null = null;
  let stop = () => {};
  let cancelTimer = () => {};
  let retryMs = FIRST_RETRY_MS;
  let wasUp = false;
  let echo: { readonly payload: string; readonly heard: () => void } | null = null;

  /** One attempt at a time, whoever asks for it. */
  function connect(): Promise<void> {
    attempt ??= open().finally(() => {
      attempt = null;
    });
    return attempt;
  }

  async function open(): Promise<void> {
    cancelTimer();
    const connection = { over: false };
    let release = () => {};
    const end = () => {
      connection.over = true;
      release();
    };
    const lost = () => {
      if (connection.over) return;
      end();
      if (state === "up") down();
    };
    const notify = (from: string, payload: string) => {
      if (connection.over) return;
      if (from === channel) received(payload);
      else if (payload === echo?.payload) echo.heard();
    };
    const left = timeLeft();
    try {
      const opening = engine.listen([channel, own], { notify, lost });
      release = await withTimeout(opening, left(), systemClock, (late) => late());
      await beat(left);
      if (connection.over) throw new Error("The connection was lost at once.");
      if (state === "closed") throw closed();
    } catch (error) {
      end();
      if (wasUp && state !== "closed") retryLater();
      throw error;
    }
    stop = end;
    state = "up";
    retryMs = FIRST_RETRY_MS;
    scheduleBeat();
    if (wasUp) status("up");
    wasUp = true;
  }

  /** The time left of one attempt or heartbeat, whose steps share it; not by the clock, which may be set meanwhile. */
  function timeLeft(): () => number {
    const end = performance.now() + timeoutMs;
    return () => Math.max(end - performance.now(), 0);
  }

  /** A notification to oneself and back. */
  async function beat(left = timeLeft()): Promise<void> {
    const payload = generateIncarnation();
    const heard = new Promise<void>((resolve) => {
      echo = { payload, heard: resolve };
    });
    await withTimeout(probe(own, payload), left(), systemClock);
    const unheard = () =>
      new Error("NOTIFY does not come back through LISTEN. Behind a pooler, set the option listen.");
    await withTimeout(heard, left(), systemClock).catch((cause) => {
      throw Object.assign(unheard(), { cause });
    });
  }

  function scheduleBeat(): void {
    cancelTimer = systemClock.after(heartbeatMs, async () => {
      const stopThis = stop;
      try {
        await beat();
        if (stop === stopThis && state === "up") scheduleBeat();
      } catch {
        if (stop !== stopThis || state !== "up") return;
        stop();
        down();
      }
    });
  }

  function down(): void {
    state = "down";
    cancelTimer();
    status("down");
    if (state === "down") connect().catch(() => {}); // it retries by itself
  }

  function retryLater(): void {
    const wait = retryMs * (0.5 + Math.random() / 2);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    cancelTimer = systemClock.after(wait, () => void connect().catch(() => {}));
  }

  return {
    async ready() {
      if (state === "closed") throw closed();
      if (state !== "up") await connect();
    },

    close() {
      state = "closed";
      cancelTimer();
      stop();
    },
  };
}

function closed(): LiveSessionError {
  return new LiveSessionError("closed", "The bus was closed.");
}
