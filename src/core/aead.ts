// Authenticated encryption of a few bytes: AES-256-GCM, with a random nonce of 96 bits in front and the tag behind.

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The bytes of base64url as it is written; `null` for any other text. Decoders are lenient: to them a surplus character, or
 * bits that stand for nothing, make another text of the same bytes, and what is sealed would have more than one form.
 */
export function fromBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : null;
}

/** By how much what is encrypted is longer than its text. */
export const OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

/**
 * Random nonces bear no more than 2^32 texts under one key: derive a key for each place, or each text.
 *
 * @param key 32 bytes
 * @param place what the text is for; it opens only where the same is said
 */
export function encrypt(key: Uint8Array, text: Uint8Array, place: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(place));
  const encrypted = cipher.update(text);
  cipher.final(); // a stream cipher: nothing is left
  return Buffer.concat([nonce, encrypted, cipher.getAuthTag()]);
}

/** The text, or `null` if these bytes were not made by `encrypt` with this key for this place. */
export function decrypt(key: Uint8Array, bytes: Uint8Array, place: string): Buffer | null {
  const tagAt = bytes.length - TAG_BYTES;
  if (tagAt < NONCE_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(bytes.subarray(tagAt));
  const text = decipher.update(bytes.subarray(NONCE_BYTES, tagAt));
  try {
    decipher.final(); // throws unless the tag is right: before that nothing is to be believed
    return text;
  } catch {
    return null;
  }
}
