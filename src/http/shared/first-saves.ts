// First saves under way, by key: an end of the session must come after them, not before.

import type { SessionKey } from "../../core/ids.ts";
import { isPromise, type MaybePromise } from "../../core/maybe.ts";

export class FirstSaves {
  readonly #saves = new Map<SessionKey, Promise<unknown>>();

  /** Remembers a save until it is done, whatever comes of it, and hands it on. */
  add<T>(key: SessionKey, saving: MaybePromise<T>): MaybePromise<T> {
    if (!isPromise(saving)) return saving;
    const settled = saving.catch(() => {}); // whoever saves hears of it
    this.#saves.set(key, settled);
    void settled.then(() => this.#saves.get(key) === settled && this.#saves.delete(key));
    return saving;
  }

  /** Resolves when no first save of this session is under way. */
  async settled(key: SessionKey): Promise<void> {
    await this.#saves.get(key);
  }
}
