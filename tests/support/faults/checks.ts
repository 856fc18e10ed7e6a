// The promises, as checks of a history. Each gives a line for everything that it finds wrong.

import type { History, KnownSession, Write } from "./history.ts";
import type { Data, Slot, Tally } from "./sessions.ts";

/** All that is wrong with a run. */
export function violations(history: History): string[] {
  return [
    ...history.wrong,
    ...backwards(history),
    ...endsThatWereNone(history),
    ...revived(history),
    ...miscounted(history),
  ];
}

/** Versions only grow: over one socket, and at a client over all its sockets. */
export function backwards({ tabs }: History): string[] {
  const found: string[] = [];
  for (const { number, seen, sockets } of tabs) {
    let highest = 0;
    for (const { version = highest, at } of seen) {
      if (version < highest) found.push(`version: client ${number} showed ${highest}, and ${version} at ${at} ms.`);
      highest = version;
    }
    for (const { node, versions } of sockets) {
      const fault = versions.findIndex((version, index) => version <= (versions[index - 1] ?? 0));
      if (fault > 0) found.push(`version: node ${node} sent client ${number} ${versions.slice(fault - 1, fault + 1)}.`);
    }
  }
  return found;
}

/** Whoever is told that a session is over is told the truth: nobody is logged out by a fault. */
export function endsThatWereNone({ tabs, sessions, final }: History): string[] {
  const found: string[] = [];
  for (const { number, session, seen } of tabs) {
    const { end, endAt = 0 } = sessions[session] as KnownSession;
    const told = seen.find(({ status }) => status === "ended");
    if (told && (end === "none" || told.at < endAt)) {
      found.push(`lost: client ${number} was told at ${told.at} ms of an end of session ${session} that was none.`);
    }
  }
  for (const { session, state } of final?.sessions ?? []) {
    if (state !== "live" && sessions[session]?.end === "none")
      found.push(`lost: session ${session}, which nobody ended, is ${state}.`);
  }
  return found;
}

/** What was acknowledged to be over stays over, on every node. */
export function revived({ sessions, final }: History): string[] {
  const found: string[] = [];
  for (const { session, state } of final?.sessions ?? []) {
    if (state === "live" && sessions[session]?.end === "done")
      found.push(`ended: session ${session} is live in the store.`);
  }
  for (const { session, node, how, answer } of final?.answers ?? []) {
    if (answer !== "over" && sessions[session]?.end === "done")
      found.push(`ended: session ${session} is ${answer} to ${how} of node ${node}.`);
  }
  return found;
}

/** Of the writes to each live session: what was acknowledged is there once, what was refused is not, nothing is twice. */
export function miscounted({ sessions, writes, final }: History): string[] {
  const found: string[] = [];
  const bySession = grouped(writes, ({ session }) => session);
  for (const { session, data } of final?.sessions ?? []) {
    if (!data) continue;
    const own = lineage(sessions, session).flatMap((each) => bySession.get(each) ?? []);
    const wrong = [...tallyFaults(data.tally, own), ...slotFaults(data, own)];
    found.push(...wrong.map((words) => `writes: session ${session}: ${words}`));
  }
  return found;
}

/** A session and those before it whose data it took over, the oldest first. */
function lineage(sessions: readonly KnownSession[], session: number): number[] {
  const { from } = sessions[session] as KnownSession;
  return from === null ? [session] : [...lineage(sessions, from), session];
}

function tallyFaults({ n, ops }: Tally = { n: 0, ops: [] }, writes: readonly Write[]): string[] {
  const found: string[] = [];
  const adds = new Map(writes.filter(({ what }) => what.kind === "add").map((write) => [write.op, write]));
  const there = new Set(ops);
  if (n !== ops.length) found.push(`the count is ${n}, of ${ops.length} increments.`);
  if (there.size < ops.length) {
    const twice = ops.filter((op, index) => ops.indexOf(op) < index);
    found.push(`counted twice: ${twice.map((op) => told(adds.get(op), op)).join(", ")}.`);
  }
  for (const op of there) if (!adds.has(op)) found.push(`${op} was never sent to it.`);
  for (const [op, write] of adds) {
    if (write.outcome === "done" && !there.has(op)) found.push(`lost: ${told(write, op)}.`);
    if (write.outcome === "refused" && there.has(op)) found.push(`done although it was refused: ${told(write, op)}.`);
  }
  return found;
}

function told(write: Write | undefined, op: string): string {
  return write ? `${op} (${write.outcome}, by ${write.via}, ${write.at} to ${write.until} ms)` : op;
}

/**
 * Each slot has one writer, who waits for each answer. So it holds the last value that was acknowledged, unless one whose
 * outcome is not known came later than that.
 */
function slotFaults(data: Data, writes: readonly Write[]): string[] {
  const found: string[] = [];
  const puts = writes.filter(({ what }) => what.kind === "put");
  for (const [slot, own] of grouped(puts, ({ what }) => (what as { slot: Slot }).slot)) {
    const numberOf = ({ what }: Write) => (what as { n: number }).n;
    const last = own.findLast(({ outcome }) => outcome === "done");
    const possible = own.filter((write) => write === last || write.outcome === "unknown").map(numberOf);
    const value = data[slot]?.n;
    if (value === undefined ? last !== undefined : !possible.includes(value)) {
      const words = last ? told(last, `${numberOf(last)}`) : "none";
      found.push(`${slot} holds ${value}; the last that was acknowledged is ${words}.`);
    }
  }
  return found;
}

function grouped<Key>(writes: readonly Write[], keyOf: (write: Write) => Key): Map<Key, Write[]> {
  const groups = new Map<Key, Write[]>();
  for (const write of writes) {
    const group = groups.get(keyOf(write));
    if (group) group.push(write);
    else groups.set(keyOf(write), [write]);
  }
  return groups;
}
