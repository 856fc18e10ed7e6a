// Renewal: a session that has had its id for long goes on under a new one, so that a stolen cookie is good for so long only.

import type { ServerResponse } from "node:http";
import { finished } from "node:stream";
import { type Duration, milliseconds } from "../../core/duration.ts";
import { LiveSessionError } from "../../core/errors.ts";
import type { SessionKey } from "../../core/ids.ts";
import { type Moved, moveSession } from "../../core/move.ts";
import type { Target } from "../../core/writer.ts";
import { nobodys } from "./load.ts";
import type { Hub } from "./working-copy.ts";

export interface RenewSessionOptions {
  /** How long a session has one id; each id counts from its own making. */
  readonly every: Duration;
}

/** @throws LiveSessionError `bad_option` */
export function readRenewal(options: RenewSessionOptions): number {
  for (const name of Object.keys(options ?? {})) {
    if (name !== "every") throw new LiveSessionError("bad_option", `renewSession: there is no option "${name}".`);
  }
  return milliseconds(options?.every, "every", 1000);
}

/**
 * Whether a page is being loaded, by the header Sec-Fetch-Mode: others come side by side, and those with the old id would be
 * told to try again. What has no such header is taken for one that loads a page.
 */
export function navigates(mode: string | null | undefined): boolean {
  return !mode || mode === "navigate";
}

/** @param age of the id, in ms. @param disturbs whether other requests would mind: then it waits for as long again */
export function renewalDue(every: number, age: number, disturbs: boolean): boolean {
  return age >= (disturbs ? 2 * every : every);
}

/**
 * Moves a session to a new id, with all that it has. `null` if it stays under its old one, since the store failed: that is
 * told to `onError`, and no reason to fail the request.
 *
 * @throws LiveSessionError `session_ended`, `unknown_session`: it is over, or another request was first
 */
export async function renewed(hub: Hub, target: Target, id: string): Promise<Moved | null> {
  try {
    return await moveSession(hub, target, { id });
  } catch (error) {
    if (isOver(error)) throw error;
    hub.report(error, { stage: "renew", key: target.key });
    return null;
  }
}

/** Whether an error says that a session is over. */
export function isOver(error: unknown): boolean {
  return error instanceof LiveSessionError && (error.code === "session_ended" || error.code === "unknown_session");
}

/** Whether an error says that a session goes on under an id that this request does not know. */
export function isMoved(error: unknown): boolean {
  return error instanceof LiveSessionError && error.code === "session_moved";
}

/** A request as it comes to be renewed, before its handlers. */
export interface RenewableRequest {
  readonly key: SessionKey;
  /** How long the session has had its id, in ms. */
  readonly age: number;
  /** Sec-Fetch-Mode. */
  readonly mode: string | null | undefined;
  readonly response: ServerResponse;
}

interface UnderWay {
  requests: number;
  /** Resolves once the session has moved, or stays. */
  renewal: Promise<void> | null;
  moved: boolean;
}

/**
 * The requests under way on this node, by session. Only one that is alone renews: what others are about to write would be
 * refused, and their responses could send the old cookie once more. Those that come meanwhile are told to try again.
 */
export class Renewals {
  readonly #every: number;
  readonly #underWay = new Map<SessionKey, UnderWay>();

  constructor(every: number) {
    this.#every = every;
  }

  /**
   * @param move gives the session another id; resolves to whether it did
   * @throws LiveSessionError `session_moved` if the session has another id by now, and what `move` throws
   */
  async attend(hub: Hub, { key, age, mode, response }: RenewableRequest, move: () => Promise<boolean>): Promise<void> {
    const own = this.#enter(key, response);
    await own.renewal;
    if (own.moved) return void nobodys(await hub.records.read(key), hub);
    if (!renewalDue(this.#every, age, own.requests > 1 || !navigates(mode))) return;
    const moving = unlessOver(hub, key, move);
    own.renewal = moving.then(noteMove, noteMove);
    function noteMove(moved: unknown): void {
      own.moved = moved === true;
      own.renewal = null;
    }
    await moving;
  }

  #enter(key: SessionKey, response: ServerResponse): UnderWay {
    const entry = this.#underWay.get(key) ?? { requests: 0, renewal: null, moved: false };
    this.#underWay.set(key, entry);
    entry.requests++;
    finished(response, () => {
      if (--entry.requests === 0) this.#underWay.delete(key);
    });
    return entry;
  }
}

/** @throws LiveSessionError `session_moved` if another request was first */
async function unlessOver(hub: Hub, key: SessionKey, move: () => Promise<boolean>): Promise<boolean> {
  try {
    return await move();
  } catch (error) {
    if (!isOver(error)) throw error;
    nobodys(await hub.records.read(key), hub);
    return false;
  }
}
