// What the session of a request can do, wherever it is kept.

import type { LiveSession } from "../../core/live-session.ts";
import type { DeepReadonly, KeyOf, Session } from "../../core/session-map.ts";

/**
 * The session of a request: a `FetchSession` of a live store, or a `CookieSession`. Code that is written against this goes
 * on unchanged when an app switches between them.
 */
export interface RequestSession<Data extends object> {
  load(): Promise<Session<Data>>;
  get<Key extends KeyOf<Data>>(key: Key): Promise<DeepReadonly<Data[Key]> | undefined>;
  put<Key extends KeyOf<Data>>(key: Key, value: Data[Key]): void;
  update<Key extends KeyOf<Data>>(key: Key, change: (value: Data[Key] | undefined) => Data[Key] | undefined): void;
  delete(key: KeyOf<Data>): void;
  clear(): void;
  take<Key extends KeyOf<Data>>(key: Key): Promise<DeepReadonly<Data[Key]> | undefined>;
  regenerate(): void;
  destroy(): Promise<void>;
  attach(): Promise<LiveSession<Data>>;
  commit(): Promise<string | null>;
  commitTo(response: Response): Promise<Response>;
}
