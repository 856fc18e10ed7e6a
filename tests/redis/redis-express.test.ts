// The unmodified express-session on Redis: no update is lost, and an end is final, with two nodes.

import { redis } from "live-session/redis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bag, Gate, startApp, testHub } from "../support/express.ts";
import { type ClientKind, singleClients } from "../support/redis.ts";
import { adminPassword, type RedisServer, startRedis } from "../support/servers/redis.ts";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.close());

async function hub(kind: ClientKind) {
  const { client, close } = await kind.connect([server], { password: adminPassword });
  onTestFinished(close);
  return testHub({ ...redis({ client }) });
}

describe.each(singleClients.filter(({ name }) => name.endsWith("6")))("with $name", (kind) => {
  test("200 concurrent requests that each write another key, on two nodes: all 200 are kept", async () => {
    const gate = new Gate(200);
    const nodes = await Promise.all([hub(kind), hub(kind)]);
    const apps = await Promise.all(
      nodes.map(({ sessions }) =>
        startApp(sessions, {
          routes(app) {
            app.get("/start", (request, response) => {
              bag(request).started = true;
              response.end();
            });
            app.get("/put/:key", async (request, response) => {
              await gate.wait();
              bag(request)[request.params.key] = 1;
              response.end();
            });
          },
        }),
      ),
    );
    const [first, second] = apps.map(({ browser }) => browser());
    await first!.get("/start");
    for (const [name, value] of first!.cookies) second!.cookies.set(name, value);
    const requests = Array.from({ length: 200 }, (_, index) => (index % 2 ? first! : second!).get(`/put/k${index}`));
    await gate.full;
    gate.open();
    await Promise.all(requests);
    expect(Object.keys((await nodes[0]!.sessions.read(first!.id)) ?? {})).toHaveLength(201);
  });

  test("a request in flight does not revive a session that another node ended, and handles hear of the end", async () => {
    const [one, other] = await Promise.all([hub(kind), hub(kind)]);
    const gate = new Gate();
    const { browser } = await startApp(one.sessions, {
      routes(app) {
        app.get("/start", (request, response) => {
          bag(request).n = 1;
          response.end();
        });
        app.get("/slow", async (request, response) => {
          await gate.wait();
          bag(request).n = 2;
          response.end();
        });
      },
    });
    const tab = browser();
    await tab.get("/start");
    const { id } = tab;
    const live = await one.sessions.attach(id);
    const reason = new Promise((resolve) =>
      live.subscribe((message) => "reason" in message && resolve(message.reason)),
    );
    const slow = tab.get("/slow");
    await gate.full;
    await other.sessions.end(id, "revoked");
    expect(await reason).toBe("revoked");
    gate.open();
    await slow;
    expect(await one.sessions.read(id)).toBeNull();
    await expect(other.sessions.attach(id)).rejects.toMatchObject({ code: "session_ended", reason: "revoked" });
  });
});
