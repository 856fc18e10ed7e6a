// Times what is asked of the store, and tells of it; where nobody listens there is no watch.

import { channels, errorCode, type ResyncCause } from "./diagnostics.ts";
import type { SessionKey } from "./ids.ts";
import type { Commit, CommitResult, EndReason, ReadResult } from "./store.ts";

/** One of the two is called once, when the operation is over. */
export interface Watch<Result> {
  done(result: Result): void;
  failed(error: unknown): void;
}

type Tell<Result> = (duration: number, outcome: Result | "failed", error: string | null) => void;

function watch<Result>(tell: Tell<Result>): Watch<Result> {
  const started = performance.now();
  const duration = () => performance.now() - started;
  return {
    done: (result) => tell(duration(), result, null),
    failed: (error) => tell(duration(), "failed", errorCode(error)),
  };
}

export function watchRead(sessions: object, key: SessionKey): Watch<ReadResult> | undefined {
  if (!channels.read.hasSubscribers) return undefined;
  return watch((duration, result, error) => {
    const outcome = result === "failed" ? result : result.state;
    channels.read.publish({ sessions, key, duration, outcome, error });
  });
}

export function watchCommit(sessions: object, key: SessionKey, mode: Commit["mode"]): Watch<CommitResult> | undefined {
  if (!channels.commit.hasSubscribers) return undefined;
  return watch((duration, result, error) => {
    const about = { sessions, key, duration, mode, error };
    if (result === "failed") channels.commit.publish({ ...about, outcome: result, version: null });
    else if (result.ok) channels.commit.publish({ ...about, outcome: "ok", version: result.version });
    else channels.commit.publish({ ...about, outcome: result.why, version: null });
  });
}

export function watchTouch(sessions: object, key: SessionKey): Watch<object | null> | undefined {
  if (!channels.touch.hasSubscribers) return undefined;
  return watch((duration, result, error) => {
    channels.touch.publish({ sessions, key, duration, outcome: found(result), error });
  });
}

export function watchEnd(sessions: object, key: SessionKey, reason: EndReason): Watch<object | null> | undefined {
  if (!channels.end.hasSubscribers) return undefined;
  return watch((duration, result, error) => {
    channels.end.publish({ sessions, key, duration, reason, outcome: found(result), error });
  });
}

export function watchResync(sessions: object, key: SessionKey, cause: ResyncCause): Watch<void> | undefined {
  if (!channels.resync.hasSubscribers) return undefined;
  return watch((duration, result, error) => {
    const outcome = result === "failed" ? result : "ok";
    channels.resync.publish({ sessions, key, duration, cause, outcome, error });
  });
}

function found(result: object | "failed" | null): "ok" | "missing" | "failed" {
  if (result === "failed") return result;
  return result === null ? "missing" : "ok";
}
