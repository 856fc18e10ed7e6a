// What of a record is sealed, and how: each key's value by itself, and each fact as a whole. Names stay as they are.

import type { JsonObject } from "../core/store.ts";
import type { Seals } from "./seals.ts";

/** The JSON facts of a record that are no data. The others (times, version, principal) the engine has to read itself. */
const FACTS = ["meta", "about"] as const;

/** Facts are objects in the contract, so a sealed one is an object with this one key. */
const SEALED = "~sealed";

export function sealData(seals: Seals, data: JsonObject): JsonObject {
  return mapValues(data, (name, value) => seals.seal("data", name, value));
}

/** @throws LiveSessionError `undecryptable` */
export function openData(seals: Seals, data: JsonObject): JsonObject {
  return mapValues(data, (name, value) => seals.open("data", name, value));
}

/** A copy of a commit or a touch whose facts are sealed; `null` and `undefined` mean what they mean. */
export function sealFacts<T extends object>(seals: Seals, holder: T): T {
  return mapFacts(holder, (name, fact) => ({ [SEALED]: seals.seal("fact", name, fact) }));
}

/** @throws LiveSessionError `undecryptable` */
export function openRecord<T extends { readonly data: JsonObject }>(seals: Seals, record: T): T {
  const opened = mapFacts(record, (name, fact) => openFact(seals, name, fact));
  return { ...opened, data: openData(seals, record.data) };
}

/** As `openRecord`, without what does not open: for a session that is over, or that somebody looks for in order to end it. */
export function openWhatOpens<T extends { readonly data: JsonObject }>(
  seals: Seals,
  record: T,
  failed: (error: unknown) => void,
): T {
  const attempt = <Value>(open: () => Value, otherwise: Value) => {
    try {
      return open();
    } catch (error) {
      failed(error);
      return otherwise;
    }
  };
  const opened = mapFacts(record, (name, fact) => attempt(() => openFact(seals, name, fact), null));
  const entries = Object.keys(record.data).flatMap((name) =>
    attempt(() => [[name, seals.open("data", name, record.data[name])] as const], []),
  );
  return { ...opened, data: Object.fromEntries(entries) };
}

function openFact(seals: Seals, name: string, fact: JsonObject): unknown {
  const sealed = fact[SEALED];
  // Without it the fact is plain, and as such for `open` to judge.
  return seals.open("fact", name, typeof sealed === "string" ? sealed : fact);
}

function mapFacts<T extends object>(holder: T, map: (name: string, fact: JsonObject) => unknown): T {
  const result = { ...holder } as Record<string, unknown>;
  for (const name of FACTS) {
    const fact = result[name];
    if (typeof fact === "object" && fact !== null) result[name] = map(name, fact as JsonObject);
  }
  return result as T;
}

function mapValues(object: JsonObject, map: (name: string, value: unknown) => unknown): JsonObject {
  // Not by assignment, to which "__proto__" would be no key like any other.
  return Object.fromEntries(Object.keys(object).map((name) => [name, map(name, object[name])]));
}
