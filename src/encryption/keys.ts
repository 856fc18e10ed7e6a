// The keys that data is sealed with: the first one writes, all of them read.

import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { LiveSessionError } from "../core/errors.ts";

/** 32 random bytes; as a string in base64 or base64url, such as `openssl rand -base64 32` prints. */
export type EncryptionSecret = Uint8Array | string;

/** A key with a name of your own, which sealed values carry in the clear: 1 to 32 letters, digits, `_` or `-`. */
export interface EncryptionKey {
  readonly id: string;
  readonly key: EncryptionSecret;
}

/** A key as it is used. A KeyObject shows nothing of itself to who logs it. */
export interface NamedKey {
  readonly id: string;
  readonly secret: KeyObject;
}

export interface Keyring {
  /** Seals what is written. */
  readonly writer: NamedKey;
  readonly byId: ReadonlyMap<string, NamedKey>;
}

const KEY_BYTES = 32;

/** @throws LiveSessionError `bad_option`; no message shows anything of a key */
export function readKeys(keys: unknown): Keyring {
  if (!Array.isArray(keys) || keys.length === 0) throw bad("keys: give a list of keys, the one that writes first.");
  const named = keys.map((key, index) => namedKey(key, `keys[${index}]`));
  const byId = new Map<string, NamedKey>();
  for (const key of named) {
    if (byId.has(key.id)) throw bad(`keys: two have the id "${key.id}".`);
    byId.set(key.id, key);
  }
  return { writer: named[0] as NamedKey, byId };
}

function namedKey(option: unknown, name: string): NamedKey {
  if (typeof option === "string" || option instanceof Uint8Array) {
    const secret = secretKey(option, name);
    return { id: derivedId(secret), secret };
  }
  const { id, key } = (option ?? {}) as Partial<EncryptionKey>;
  if (typeof id !== "string" || !/^[\w-]{1,32}$/.test(id)) {
    throw bad(`${name}: the id must be 1 to 32 letters, digits, "_" or "-".`);
  }
  return { id, secret: secretKey(key, name) };
}

function secretKey(secret: unknown, name: string): KeyObject {
  const bytes = typeof secret === "string" ? decode(secret) : secret;
  if (bytes instanceof Uint8Array && bytes.length === KEY_BYTES) return createSecretKey(bytes);
  throw bad(`${name}: a key is ${KEY_BYTES} random bytes, or their base64 (openssl rand -base64 ${KEY_BYTES}).`);
}

/** 32 bytes in base64 or base64url, and nothing else: a passphrase of some length is no key. */
function decode(text: string): Uint8Array | null {
  return /^[\w+/-]{43}=?$/.test(text) ? Buffer.from(text, "base64") : null;
}

/** The same on every node, and of no use to find the key by: 48 bits of an HMAC under it. */
function derivedId(secret: KeyObject): string {
  return createHmac("sha256", secret).update("live-session: id of a key").digest().toString("base64url", 0, 6);
}

export function bad(message: string): LiveSessionError {
  return new LiveSessionError("bad_option", message);
}
