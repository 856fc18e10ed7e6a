// Seals single values, each for its place: one session, one name. AES-256-GCM, a random nonce of 96 bits each.
//
// A sealed value is the string "e1.<id of the key>.<base64url of nonce, ciphertext and tag>", which any store keeps as it
// keeps other JSON. Each session has an AES key of its own, derived from the key and the session's: a value moved to another
// session does not open there, and random nonces, of which one key bears no more than 2^32, are not used up by all sessions
// together.

import { createHmac } from "node:crypto";
import { decrypt, encrypt, fromBase64url, OVERHEAD_BYTES } from "../core/aead.ts";
import { LiveSessionError } from "../core/errors.ts";
import type { SessionKey } from "../core/ids.ts";
import { jsonBytes } from "../core/json.ts";
import type { Keyring, NamedKey } from "./keys.ts";

/** What a value is: one key's of the data, or a fact of the record, such as `meta`. */
export type Kind = "data" | "fact";

export interface Sealing {
  readonly keys: Keyring;
  /** Whether values that are not sealed are taken as they are. */
  readonly allowPlain: boolean;
}

/** What seals and opens the values of one session. */
export class Seals {
  readonly #sealing: Sealing;
  readonly #session: SessionKey;
  readonly #derived = new Map<string, Buffer>();

  constructor(sealing: Sealing, session: SessionKey) {
    this.#sealing = sealing;
    this.#session = session;
  }

  seal(kind: Kind, name: string, value: unknown): string {
    const { writer } = this.#sealing.keys;
    const bytes = encrypt(this.#keyOf(writer), Buffer.from(JSON.stringify(value)), place(kind, name));
    return `e1.${writer.id}.${bytes.toString("base64url")}`;
  }

  /**
   * The value as it was sealed: a fresh copy.
   *
   * @throws LiveSessionError `undecryptable`
   */
  open(kind: Kind, name: string, stored: unknown): unknown {
    const sealed = parse(stored);
    if (!sealed) {
      if (this.#sealing.allowPlain) return stored;
      throw this.#refused(name, "it is not sealed. See allowPlain for sessions from before encryption was turned on.");
    }
    const key = this.#sealing.keys.byId.get(sealed.id);
    if (!key) throw this.#refused(name, `no key with the id "${sealed.id}" was given.`);
    const bytes = fromBase64url(sealed.text);
    const text = bytes && decrypt(this.#keyOf(key), bytes, place(kind, name));
    if (text) return JSON.parse(text.toString("utf8"));
    const why = `it was changed or moved in the store, or the key "${sealed.id}" is not the one that sealed it.`;
    throw this.#refused(name, why);
  }

  /** HKDF's expansion to one block. */
  #keyOf({ id, secret }: NamedKey): Buffer {
    let derived = this.#derived.get(id);
    if (!derived) {
      derived = createHmac("sha256", secret).update(`live-session: key of a session\0${this.#session}\x01`).digest();
      this.#derived.set(id, derived);
    }
    return derived;
  }

  #refused(name: string, why: string): LiveSessionError {
    const message = `${JSON.stringify(name)} of session ${this.#session} could not be decrypted: ${why}`;
    return new LiveSessionError("undecryptable", message);
  }
}

/** As JSON, which tells all names apart: as plain UTF-8 all lone surrogates would be one. */
function place(kind: Kind, name: string): string {
  return JSON.stringify([kind, name]);
}

function parse(stored: unknown): { readonly id: string; readonly text: string } | null {
  const parts = typeof stored === "string" && /^e1\.([\w-]{1,32})\.([\w-]+)$/.exec(stored);
  return parts ? { id: parts[1] as string, text: parts[2] as string } : null;
}

/** The bytes that a stored value has as plain JSON: what its length says, without opening it. */
export function plainBytes(stored: unknown): number {
  const sealed = parse(stored);
  return sealed ? Math.floor((sealed.text.length * 3) / 4) - OVERHEAD_BYTES : jsonBytes(stored);
}
