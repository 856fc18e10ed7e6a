// Options of live-session/ws: nonsense is refused at start, and the checks of who may connect are as told.

import type { IncomingMessage } from "node:http";
import { attachSocket, type LiveSocketsOptions, liveSockets } from "live-session/ws";
import { describe, expect, test } from "vitest";
import { cookie, hub, secret, serve } from "../support/ws.ts";

describe("refused at start", () => {
  const wrong: readonly [option: string, options: Record<string, unknown>][] = [
    ["secret", {}],
    ["secret", { secret: "" }],
    ["secret", { secret: [] }],
    ["secret", { secret: [secret, ""] }],
    ["secret", { secret: 1 }],
    ["name", { secret, name: "" }],
    ["name", { secret, name: "a=b" }],
    ["origins", { secret, origins: "https://shop.example" }],
    ["origins", { secret, origins: ["shop.example"] }],
    ["origins", { secret, origins: ["https://shop.example/path"] }],
    ["origins", { secret, origins: ["*"] }],
    ["requireOrigin", { secret, requireOrigin: "yes" }],
    ["maxMessageBytes", { secret, maxMessageBytes: 0 }],
    ["maxBufferedBytes", { secret, maxBufferedBytes: -1 }],
    ["maxCallsInFlight", { secret, maxCallsInFlight: 1.5 }],
    ["maxTabs", { secret, maxTabs: 0 }],
    ["pingInterval", { secret, pingInterval: "30 seconds" }],
    ["callRetention", { secret, callRetention: -1 }],
    ["helloTimeout", { secret, helloTimeout: 0 }],
    ["pingIntervall", { secret, pingIntervall: "30s" }],
  ];
  test.each(wrong)("%s: %o", (option, options) => {
    const { sessions } = hub();
    const make = () => liveSockets(sessions.app({}), options as unknown as LiveSocketsOptions);
    expect(make).toThrow(expect.objectContaining({ code: "bad_option", message: expect.stringContaining(option) }));
  });

  test("an app, a server or a path that is none", async () => {
    const { sessions } = hub();
    const bad = expect.objectContaining({ code: "bad_option" });
    expect(() => liveSockets(sessions as never, { secret })).toThrow(bad);
    expect(() => liveSockets(sessions.app({}), undefined as never)).toThrow(bad);
    const { sockets, server } = await serve(sessions.app({}));
    expect(() => sockets.attach({} as never, { path: "/other" })).toThrow(bad);
    expect(() => sockets.attach(server, { path: "live" })).toThrow(bad);
    expect(() => sockets.attach(server, { path: "/live?x" })).toThrow(bad);
    await sockets.close();
    expect(() => sockets.attach(server, { path: "/other" })).toThrow(expect.objectContaining({ code: "closed" }));
    await expect(attachSocket({} as never, {} as never, {} as never, { secret })).rejects.toMatchObject(
      expect.objectContaining({ code: "bad_option" }),
    );
  });
});

describe("origins", () => {
  async function tryFrom(options: Partial<LiveSocketsOptions>, headers: Record<string, string>) {
    const { sessions, reported } = hub();
    const { connect } = await serve(sessions.app({}), options);
    const { id } = await sessions.create({});
    const peer = connect(id, { headers });
    const outcome = await Promise.race([peer.closed.then(() => peer.status), peer.opened().then(() => "open")]);
    return { outcome, reported };
  }
  const outcome = async (...given: Parameters<typeof tryFrom>) => (await tryFrom(...given)).outcome;

  test("a list lets its origins in and no others, this host included", async () => {
    const origins = ["https://shop.example", "http://localhost:3000/"];
    expect(await outcome({ origins }, { origin: "https://shop.example" })).toBe("open");
    expect(await outcome({ origins }, { origin: "http://localhost:3000" })).toBe("open");
    expect(await outcome({ origins }, { origin: "http://shop.example" })).toBe(403);
    expect(await outcome({ origins }, { origin: "https://a.shop.example" })).toBe(403);
    expect(await outcome({ origins }, { origin: "http://127.0.0.1", host: "127.0.0.1" })).toBe(403);
  });

  test("a function decides; one that throws or returns something true-like refuses", async () => {
    const origins = (origin: string, { url }: IncomingMessage) => origin === "x:y" && url === "/live";
    expect(await outcome({ origins }, { origin: "x:y" })).toBe("open");
    expect(await outcome({ origins }, { origin: "x:z" })).toBe(403);
    const promise = (() => Promise.resolve(false)) as never;
    expect(await outcome({ origins: promise }, { origin: "x:y" })).toBe(403);
    const error = new Error("no list");
    const thrown = await tryFrom({ origins: () => expect.fail(error.message) }, { origin: "x:y" });
    expect([thrown.outcome, thrown.reported.map(({ context }) => context.stage)]).toEqual([403, ["origins"]]);
  });

  test("without an Origin it is no browser: let in, unless requireOrigin", async () => {
    expect(await outcome({}, {})).toBe("open");
    expect(await outcome({ requireOrigin: true }, {})).toBe(403);
  });

  test("by default the page's host must be the request's, its default port going without saying", async () => {
    expect(await outcome({}, { host: "shop.example", origin: "https://shop.example" })).toBe("open");
    expect(await outcome({}, { host: "SHOP.example:443", origin: "https://shop.example" })).toBe("open");
    expect(await outcome({}, { host: "shop.example:8443", origin: "https://shop.example" })).toBe(403);
    expect(await outcome({}, { host: "evil.example@shop.example", origin: "https://evil.example" })).toBe(403);
  });
});

test("the cookie's name can be another", async () => {
  const { sessions } = hub();
  const { connect } = await serve(sessions.app({}), { name: "__Host-sid" });
  const { id } = await sessions.create({});
  const named = cookie(id).replace("connect.sid", "__Host-sid");
  expect((await connect(id, { headers: { cookie: named } }).hello()).welcome.t).toBe("welcome");
  expect(await connect(id).closed).toBe(1008);
});
