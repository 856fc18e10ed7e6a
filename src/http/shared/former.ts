// Sessions that were kept elsewhere than in a live store, and move there when their browsers come.

import { LiveSessionError } from "../../core/errors.ts";
import { hiddenField } from "../../core/hidden-field.ts";
import type { JsonObject } from "../../core/store.ts";
import type { Hub } from "./working-copy.ts";

/** A session that a request brought along. */
export interface Arrival {
  /** The id that it has as a live session. */
  readonly id: string;
  /** How long browsers keep its cookie, in ms; `null` until they are closed. */
  readonly maxAge: number | null;
  /**
   * Makes it a live session: once, however many requests bring it at the same time, and never again after its end.
   *
   * @param meta facts of the adapter for the record
   * @throws LiveSessionError `store_failed`
   */
  readonly arrive: (hub: Hub, meta?: JsonObject | null) => Promise<void>;
}

export interface Former {
  /** The cookie that brings it. */
  readonly cookie: {
    readonly name: string;
    readonly secure: boolean | "auto";
    readonly sameSite: "lax" | "strict" | "none";
    readonly domain: string | undefined;
    readonly path: string;
  };
  /** The full name of the cookie. */
  name(secure: boolean): string;
  find(header: string | undefined, secure: boolean): Arrival | null;
  /** The Set-Cookie header that takes the cookie away. */
  removal(secure: boolean): string;
  /** Whether the cookie is a secure one in answer to a request with such a URL. */
  isSecure(url: string): boolean;
}

declare const brand: unique symbol;

/** What `cookieSessions` and `cookieSession` make, as that from which sessions can move to a live store. */
export interface FormerSessions {
  /** Types only. */
  readonly [brand]: true;
}

const formers = hiddenField<Former>();

/** Makes an object one that sessions can move from. */
export function asFormer<T extends object>(object: T, former: Former): T & FormerSessions {
  formers.set(object, former);
  return object as T & FormerSessions;
}

/** @throws LiveSessionError `bad_option` */
export function formerOf(sessions: FormerSessions | undefined): Former {
  const isObject = (typeof sessions === "object" && sessions !== null) || typeof sessions === "function";
  const former = isObject ? formers.get(sessions) : undefined;
  if (former) return former;
  throw new LiveSessionError("bad_option", "Give what cookieSessions or cookieSession made, to move its sessions.");
}
