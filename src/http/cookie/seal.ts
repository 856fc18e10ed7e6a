// One sealed cookie: "ls1.<id of the key>.<base64url of salt, nonce, ciphertext and tag>".
//
// AES-256-GCM, under a key of its own for each cookie: derived from the secret's and the salt, so that no number of cookies
// uses up a secret's random nonces. Bound to the name of the cookie: sealed under one name, it opens under no other. Not
// compressed: where an attacker can put text into a session, the length would tell what else is in it (CRIME).

import { createHmac, hkdfSync, randomBytes } from "node:crypto";
import { decrypt, encrypt, fromBase64url } from "../../core/aead.ts";
import { LiveSessionError } from "../../core/errors.ts";
import { checkKey, copyJson } from "../../core/json.ts";
import { SEALED_PREFIX } from "../../core/sealed.ts";
import type { JsonObject } from "../../core/store.ts";

/** What a sealed cookie holds. Times in ms since 1970. */
export interface SealedSession {
  /** The id that it gets as a live session, should it be moved to a live store. */
  readonly id: string;
  /** `min(last activity + lifetime, deadline)`. It does not open from this millisecond on. */
  readonly expiresAt: number;
  /** Idle lifetime in ms. */
  readonly lifetime: number;
  readonly deadline: number;
  /** Whether browsers keep it when they are closed. */
  readonly kept: boolean;
  readonly data: JsonObject;
}

export interface Opened {
  readonly session: SealedSession;
  /** Whether an older secret sealed it: it is to be sealed anew. */
  readonly outdated: boolean;
}

interface SealingKey {
  readonly id: string;
  readonly key: Uint8Array;
}

const SECRET_LENGTH = 32;
const SALT_BYTES = 12;
const FORM = new RegExp(`^${SEALED_PREFIX.replace(".", "\\.")}([\\w-]{8})\\.([\\w-]+)$`);

export class Seal {
  /** The first seals, all open. */
  readonly #keys: readonly SealingKey[];

  /** @throws LiveSessionError `bad_option`; it shows nothing of a secret */
  constructor(secrets: readonly string[]) {
    if (secrets.some((secret) => secret.length < SECRET_LENGTH)) {
      const message = `secret: what seals a session must have ${SECRET_LENGTH} characters or more, all of them random.`;
      throw new LiveSessionError("bad_option", message);
    }
    this.#keys = secrets.map((secret) => ({
      id: Buffer.from(derive(secret, "id of the key", 6)).toString("base64url"),
      key: derive(secret, "key", 32),
    }));
  }

  /** @param name of the cookie, with its prefix */
  close(name: string, { id, expiresAt, lifetime, deadline, kept, data }: SealedSession): string {
    const salt = randomBytes(SALT_BYTES);
    const { id: keyId, key } = this.#keys[0] as SealingKey;
    const text = Buffer.from(JSON.stringify([id, expiresAt, lifetime, deadline, kept ? 1 : 0, data]));
    const bytes = Buffer.concat([salt, encrypt(keyOf(key, salt), text, place(name))]);
    return `${SEALED_PREFIX}${keyId}.${bytes.toString("base64url")}`;
  }

  /**
   * What a cookie of this name holds; `null` for whatever was not sealed under this name by one of the secrets, or is over.
   * At most one decryption, of a value that `readCookie` lets through: however many secrets, however bad the cookie.
   */
  open(name: string, value: string, now: number): Opened | null {
    const [, keyId, text = ""] = FORM.exec(value) ?? [];
    const index = this.#keys.findIndex(({ id }) => id === keyId);
    if (index === -1) return null;
    const bytes = fromBase64url(text);
    if (!bytes) return null;
    const key = keyOf((this.#keys[index] as SealingKey).key, bytes.subarray(0, SALT_BYTES));
    const opened = decrypt(key, bytes.subarray(SALT_BYTES), place(name));
    const session = opened && sessionOf(opened.toString());
    return session && now < session.expiresAt ? { session, outdated: index > 0 } : null;
  }
}

function derive(secret: string, what: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, "", `live-session sealed cookie: ${what}`, length));
}

/** HKDF's expansion to one block. */
function keyOf(key: Uint8Array, salt: Uint8Array): Buffer {
  return createHmac("sha256", key).update("live-session sealed cookie: one\0").update(salt).update("\x01").digest();
}

function place(name: string): string {
  return `live-session sealed cookie\0${name}`;
}

/** Checked though only we can have sealed it: perhaps another version of us did, or another app with the same secret. */
function sessionOf(text: string): SealedSession | null {
  try {
    const [id, expiresAt, lifetime, deadline, kept, given] = JSON.parse(text);
    if (typeof id !== "string" || ![expiresAt, lifetime, deadline].every(Number.isFinite)) return null;
    return { id, expiresAt, lifetime, deadline, kept: kept === 1, data: dataOf(given) };
  } catch {
    return null;
  }
}

/** @throws LiveSessionError `not_json`, `bad_key` */
function dataOf(given: JsonObject): JsonObject {
  const data: Record<string, unknown> = {};
  for (const key of Object.keys(given)) {
    checkKey(key);
    data[key] = copyJson(given[key], key);
  }
  return Object.freeze(data);
}
