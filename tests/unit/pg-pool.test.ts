// The pool of pg at moments that a real one has seldom.

import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { pgEngine } from "../../src/engines/postgres/pg.ts";

test("a connection that breaks in the very step in which it was made is lost, and does not end the process", async () => {
  const client = Object.assign(new EventEmitter(), {
    released: false,
    async query() {
      throw new Error("Client has encountered a connection error and is not queryable");
    },
    release() {
      client.released = true;
    },
  });
  const pool = Object.assign(new EventEmitter(), {
    totalCount: 0,
    query: async () => ({ rows: [] }),
    connect(callback: (error: undefined, made: typeof client) => void) {
      callback(undefined, client);
      client.emit("error", new Error("terminating connection")); // without a listener this throws
    },
  });
  let lost = 0;
  const listening = pgEngine(pool, { prepare: true }).listen(["a"], { notify() {}, lost: () => lost++ });
  await expect(listening).rejects.toThrow("not queryable");
  expect(lost).toBe(1);
  expect(client.released).toBe(true);
});
