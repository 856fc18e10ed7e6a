// The client postgres.js at moments that a real one has seldom.

import { expect, test } from "vitest";
import { type PostgresJsLike, postgresJsEngine } from "../../src/engines/postgres/postgres-js.ts";

/** A client whose connections answer a LISTEN once they are told to, or never. */
function fakeClient() {
  const connections: { ended: boolean; answer(): void }[] = [];
  const listen: PostgresJsLike["listen"] = async (channel, _notified, heard) => {
    if (!listen.sql) {
      const waiting: (() => void)[] = [];
      const connection = {
        ended: false,
        waiting,
        answer: () => {
          for (const resolve of waiting.splice(0)) resolve();
        },
        async end() {
          connection.ended = true;
        },
      };
      connections.push(connection);
      listen.sql = connection;
    }
    const { waiting } = listen.sql as unknown as { waiting: (() => void)[] };
    listen.channels ??= {};
    listen.channels[channel] = {};
    await new Promise<void>((resolve) => waiting.push(resolve));
    heard?.();
    return { async unlisten() {} };
  };
  const sql = Object.assign(() => {}, { listen, unsafe: () => ({}) }) as unknown as PostgresJsLike;
  return { engine: postgresJsEngine(sql, { prepare: true }), connections };
}

const channels = ["events", "own"];
const handlers = { notify() {}, lost() {} };

test("where a LISTEN is never answered, the next attempt is made on another connection", async () => {
  const { engine, connections } = fakeClient();
  void engine.listen(channels, handlers); // given up by whoever called
  const second = engine.listen(channels, handlers);
  expect(connections.map(({ ended }) => ended)).toEqual([true, false]);
  connections[1]?.answer();
  await second;
});

test("where nothing is heard any more on a connection, the next attempt is made on another", async () => {
  const { engine, connections } = fakeClient();
  const first = engine.listen(channels, handlers);
  connections[0]?.answer();
  (await first)();
  const second = engine.listen(channels, handlers);
  expect(connections.map(({ ended }) => ended)).toEqual([true, false]);
  connections[1]?.answer();
  await second;
});
