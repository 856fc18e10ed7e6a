// What the sessions of the fault suite hold, and how their cookies are signed.

import { createHmac } from "node:crypto";

/** Each increment leaves its name, so that each can be looked for, and counted once. */
export interface Tally {
  readonly n: number;
  readonly ops: readonly string[];
}

/** A value of the writer that has this slot to itself. */
export interface SlotValue {
  readonly n: number;
  readonly pad: string;
}

export type Slot = `slot${number}`;

export interface Data {
  user?: string;
  tally?: Tally;
  [slot: Slot]: SlotValue;
}

export interface PutInput {
  readonly slot: Slot;
  readonly n: number;
  readonly long: boolean;
}

/** Some are too long for events of PostgreSQL: receivers then have to read the store. */
export function slotValue({ n, long }: PutInput): SlotValue {
  return { n, pad: "x".repeat(long ? 9_000 : 0) };
}

/** An increment. May be run more than once for one commit. */
export function addTo(op: string): (tally: Tally | undefined) => Tally {
  return ({ n, ops } = { n: 0, ops: [] }) => ({ n: n + 1, ops: [...ops, op] });
}

export const SECRET = "the nodes' secret";

/** The Cookie header of a session, signed as express-session signs. */
export function cookieOf(id: string): string {
  const signature = createHmac("sha256", SECRET).update(id).digest("base64").replace(/=+$/, "");
  return `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`;
}
