// Several nodes on one server, through the whole library: no update is lost, ends are final.

import { updateSession } from "live-session";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bag, Gate, startApp } from "../support/express.ts";
import { freshBucket, natsNode, status } from "../support/nats.ts";
import { type NatsServer, startNats } from "../support/servers/nats.ts";

let server: NatsServer;

beforeAll(async () => {
  server = await startNats();
});

afterAll(() => server?.remove());

async function twoNodes() {
  const bucket = freshBucket();
  const [one, two] = [await natsNode(server, { bucket }), await natsNode(server, { bucket })];
  return [one.sessions, two.sessions] as const;
}

test("200 writes at once through the unmodified express-session on two nodes: all 200 are kept", async () => {
  const gate = new Gate(200);
  const nodes = await twoNodes();
  const routes: Parameters<typeof startApp>[1]["routes"] = (app) => {
    app.get("/start", (request, response) => {
      bag(request).started = true;
      response.end();
    });
    app.get("/put/:key", async (request, response) => {
      await gate.wait();
      bag(request)[request.params.key as string] = true;
      response.end();
    });
  };
  const apps = await Promise.all(nodes.map((sessions) => startApp(sessions, { routes })));
  const tabs = apps.map(({ browser }) => browser());
  await tabs[0]?.get("/start");
  for (const [name, value] of tabs[0]?.cookies ?? []) tabs[1]?.cookies.set(name, value);
  const all = Array.from({ length: 200 }, (_, index) => tabs[index % 2]?.get(`/put/k${index}`));
  await gate.full;
  gate.open();
  await Promise.all(all);
  expect(Object.keys((await nodes[1].read(tabs[0]?.id as string)) ?? {})).toHaveLength(201);
});

test("a request in flight on another node cannot revive a session that was logged out", async () => {
  const gate = new Gate();
  const nodes = await twoNodes();
  const routes: Parameters<typeof startApp>[1]["routes"] = (app) => {
    app.get("/start", (request, response) => {
      bag(request).user = "ada";
      response.end();
    });
    app.get("/slow", async (request, response) => {
      await gate.wait();
      bag(request).late = true;
      response.end();
    });
    app.get("/logout", (request, response) => request.session.destroy(() => response.end()));
  };
  const [one, two] = await Promise.all(nodes.map((sessions) => startApp(sessions, { routes })));
  const tab = (one as NonNullable<typeof one>).browser();
  await tab.get("/start");
  const other = (two as NonNullable<typeof two>).browser();
  for (const [name, value] of tab.cookies) other.cookies.set(name, value);
  const { id } = tab;
  const live = await nodes[1].attach(id);
  const slow = other.get("/slow").catch(() => {});
  await gate.full;
  await tab.get("/logout");
  await status(live, "ended");
  gate.open();
  await slow;
  expect(await nodes[0].read(id)).toBeNull();
  expect(live.endReason).toBe("destroyed");
});

test("60 increments by two nodes at once give 60", async () => {
  const nodes = await twoNodes();
  const { id } = await nodes[0].create({ n: 0 });
  const increment = (n: unknown) => (n as number) + 1;
  const maps = await Promise.all(nodes.map((sessions) => sessions.read(id)));
  await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      updateSession(maps[index % 2] as NonNullable<(typeof maps)[0]>, "n", increment),
    ),
  );
  expect(await nodes[0].read(id)).toEqual({ n: 60 });
});
