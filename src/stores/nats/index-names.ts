// The indexes are names beside the records in the same bucket; their text is the time when they were made. An entry is made
// before the record that it is about is written, so that a record is never without one; one that leads nowhere does no harm.

import { hash } from "node:crypto";
import type { SessionKey } from "../../core/ids.ts";

/** Expiries are found by slots of five minutes. */
export const SLOT_MS = 300_000;

export function slotOf(time: number): number {
  return Math.floor(time / SLOT_MS);
}

/** `x.<slot>.<ms>.<key>`: look at this session when that time has come. */
export function expiryName(key: SessionKey, due: number): string {
  return `x.${slotOf(due)}.${due}.${key}`;
}

export function expiryOf(name: string): { readonly key: SessionKey; readonly due: number } {
  const [, , due, key] = name.split(".");
  return { key: key as SessionKey, due: Number(due) };
}

/** `p.<hash>.<key>`: a session of this principal, which may be any text. */
export function principalName(key: SessionKey, principal: string): string {
  return `p.${hashOf(principal)}.${key}`;
}

export function principalFilter(principal: string): string {
  return `p.${hashOf(principal)}.*`;
}

export function keyOf(name: string): SessionKey {
  return name.slice(name.lastIndexOf(".") + 1) as SessionKey;
}

/** Of its JSON, which tells lone surrogates apart. */
function hashOf(principal: string): string {
  return hash("sha256", JSON.stringify(principal), "base64url");
}
