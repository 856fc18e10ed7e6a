// live-session/encrypted: the data of any store and bus encrypted at rest and on the way.

import type { SessionBus } from "./core/bus.ts";
import type { OnError } from "./core/errors.ts";
import { safeReport } from "./core/records.ts";
import type { SessionStore } from "./core/store.ts";
import { encryptedBus } from "./encryption/bus.ts";
import { bad, type EncryptionKey, type EncryptionSecret, readKeys } from "./encryption/keys.ts";
import { encryptedStore } from "./encryption/store.ts";

export interface EncryptedOptions {
  /**
   * The first one seals what is written; all of them open what is read. A key that is given without an id gets one that is
   * derived from it.
   */
  readonly keys: readonly (EncryptionKey | EncryptionSecret)[];
  /**
   * Take values that are not sealed as they are, for sessions from before encryption was turned on. While it is on, whoever
   * can write to the store can put values of their own into sessions. Default: false, they are `undecryptable`.
   */
  readonly allowPlain?: boolean | undefined;
  /**
   * Told of what could not be decrypted where no caller waits for it: an event (its listeners then read the store), a
   * value of a session that just ended. Default: writes it to stderr.
   */
  readonly onError?: OnError | undefined;
}

const known = new Set<keyof EncryptedOptions>(["keys", "allowPlain", "onError"]);

/**
 * Wraps a store and its bus, so that values of the session data and the facts beside it are sealed by AES-256-GCM before
 * they leave the process: `createLiveSessions({ ...encrypted(redis({ client }), { keys: [secret] }) })`. Without a bus for
 * one process, which needs none. Names of data keys, principals, times and versions stay in the clear.
 *
 * What cannot be decrypted rejects with LiveSessionError `undecryptable`.
 *
 * @throws LiveSessionError `bad_option`
 */
export function encrypted(
  drivers: { readonly store: SessionStore; readonly bus: SessionBus },
  options: EncryptedOptions,
): { readonly store: SessionStore; readonly bus: SessionBus };
export function encrypted(
  drivers: { readonly store: SessionStore; readonly bus?: undefined },
  options: EncryptedOptions,
): { readonly store: SessionStore };
export function encrypted(
  { store, bus }: { readonly store: SessionStore; readonly bus?: SessionBus | undefined },
  options: EncryptedOptions,
): { readonly store: SessionStore; readonly bus?: SessionBus } {
  for (const name of Object.keys(options)) {
    if (!known.has(name as keyof EncryptedOptions)) throw bad(`There is no option "${name}".`);
  }
  const { keys, allowPlain = false, onError = printError } = options;
  if (typeof allowPlain !== "boolean") throw bad("allowPlain: must be true or false.");
  if (typeof onError !== "function") throw bad("onError: not a function.");
  if (typeof store?.commit !== "function") throw bad("store: is no session store.");
  if (bus && typeof bus.publish !== "function") throw bad("bus: is no session bus.");
  const sealing = { keys: readKeys(keys), allowPlain };
  const report = safeReport(onError);
  const wrapped = bus && encryptedBus({ bus, sealing, report });
  // The hub leaves to the store what the store publishes by itself: to the bus that it wraps, and no other.
  const publishesTo = bus && store.publishesTo === bus ? wrapped : store.publishesTo;
  return { store: encryptedStore({ store, publishesTo, sealing, report }), ...(wrapped && { bus: wrapped }) };
}

const printError: OnError = (error, { key }) => {
  console.error(`live-session: something of session ${key} could not be decrypted:`, error);
};

export type { EncryptionKey, EncryptionSecret } from "./encryption/keys.ts";
