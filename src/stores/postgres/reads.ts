// Reads that are asked for in one turn of the event loop go as one statement: a node whose connections all catch up at once
// asks a few times, not once for each.

import type { SessionKey } from "../../core/ids.ts";

const MOST_KEYS = 50;

export interface ReadsOptions<Found> {
  alone(key: SessionKey): Promise<Found | undefined>;
  /** What there is of these keys. */
  together(keys: readonly SessionKey[]): Promise<ReadonlyMap<string, Found>>;
}

interface Asked<Found> {
  readonly found: Promise<Found | undefined>;
  readonly resolve: (found: Found | undefined | Promise<Found | undefined>) => void;
}

/** Takes a key, and gives what there is of it, as it was at some time after this was asked. */
export function reads<Found>({ alone, together }: ReadsOptions<Found>) {
  let gathering = new Map<SessionKey, Asked<Found>>();

  async function go(asked: ReadonlyMap<SessionKey, Asked<Found>>): Promise<void> {
    // Where they fail together, each is to have an error of its own, or none.
    const all = asked.size > 1 ? await together([...asked.keys()]).catch(() => null) : null;
    for (const [key, { resolve }] of asked) resolve(all ? all.get(key) : alone(key));
  }

  function gather(): void {
    const asked = new Map<SessionKey, Asked<Found>>();
    gathering = asked;
    setImmediate(() => {
      if (gathering === asked) gathering = new Map();
      void go(asked);
    });
  }

  return function read(key: SessionKey): Promise<Found | undefined> {
    const same = gathering.get(key);
    if (same) return same.found;
    if (gathering.size === 0 || gathering.size === MOST_KEYS) gather();
    let resolve: Asked<Found>["resolve"] = () => {};
    const found = new Promise<Found | undefined>((settle) => {
      resolve = settle;
    });
    gathering.set(key, { found, resolve });
    return found;
  };
}
