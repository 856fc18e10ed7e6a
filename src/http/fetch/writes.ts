// The writes of a request to its session, in words; what becomes of them is up to where the session is kept.

import { checkKey, copyJson } from "../../core/json.ts";
import type { KeyOf } from "../../core/session-map.ts";
import type { Operation } from "./operations.ts";

export abstract class SessionWrites<Data extends object> {
  /** @throws LiveSessionError `closed` */
  protected abstract add(operation: Operation): void;

  /** Writes one key; `undefined` deletes it. */
  put<Key extends KeyOf<Data>>(key: Key, value: Data[Key]): void {
    checkKey(key);
    if (value === undefined) this.add({ type: "delete", key });
    else this.add({ type: "put", key, value: copyJson(value, key) });
  }

  /**
   * Changes one key by its value: in a live store atomically, so that of N concurrent updates none is lost. `change` gets a
   * copy that it may change and return, runs for reads and again at the commit, and must not wait; `undefined` deletes the
   * key.
   */
  update<Key extends KeyOf<Data>>(key: Key, change: (value: Data[Key] | undefined) => Data[Key] | undefined): void {
    checkKey(key);
    this.add({ type: "update", key, change: change as (value: unknown) => unknown });
  }

  /** Removes a key; one that is not there is no error. */
  delete(key: KeyOf<Data>): void {
    checkKey(key);
    this.add({ type: "delete", key });
  }

  /** Removes every key. The session itself goes on: to end it, `destroy()`. */
  clear(): void {
    this.add({ type: "clear" });
  }
}
