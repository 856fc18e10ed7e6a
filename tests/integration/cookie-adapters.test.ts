// Sessions sealed in a cookie, through every framework: the promises that can be seen with a browser alone.
//
// Of tests/support/http-suite.ts the others do not apply, since there is no record that anybody else could read or write:
// - concurrent requests that all are kept; a live write that survives: the last response wins, as a whole
// - slow requests that do not revive an ended session; an id that is worth nothing after a login: a copy of a cookie opens
//   until it expires, whatever became of its session
// - a handle that hears of it: there are no live connections
// - the store that is away: there is none
// - rolling with every response: the cookie is renewed each touchInterval, since each new one may undo another's write

import { ManualClock } from "live-session/conformance";
import { describe, expect, test } from "vitest";
import { type BrowserStartOptions, browserSuite } from "../support/browser-suite.ts";
import { type CookieAdapter, cookieAdapters, secret } from "../support/cookie-adapters.ts";
import { Browser, Gate } from "../support/express.ts";
import { suiteRoutes } from "../support/http-suite.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function start(
  adapter: CookieAdapter,
  { maxBytes, maxAge, ...options }: BrowserStartOptions & { touchInterval?: number; deadline?: number } = {},
  gate: Gate = new Gate(),
) {
  const clock = new ManualClock(Date.now());
  const errors: { code?: string; message?: string }[] = [];
  const served = { routes: suiteRoutes(gate), onError: (error: unknown) => void errors.push(error as Error) };
  const url = await adapter.start({ secret, clock, maxAge: maxAge ?? "session", ...options }, served);
  const browser = () => new Browser(url);
  return { tab: browser(), browser, clock, errors, gate };
}

describe.each(cookieAdapters)("$name", (adapter) => {
  browserSuite((options) => start(adapter, options));

  test("nothing of the session can be read in the cookie", async () => {
    const { tab } = await start(adapter);
    await tab.get("/set?card=4111111111111111");
    const [value = ""] = tab.cookies.values();
    expect(value).toMatch(/^ls1\.[\w-]{8}\.[\w-]+$/);
    expect(Buffer.from(value.split(".")[2] ?? "", "base64url").toString("latin1")).not.toMatch(/card|4111/);
  });

  test.each([true, false])(
    "a cookie is sent only with something new in it, or to be renewed (rolling: %s)",
    async (rolling) => {
      const { tab, clock } = await start(adapter, { rolling, lifetime: HOUR, touchInterval: MINUTE });
      const sent = async (path: string) => {
        await tab.get(path);
        return tab.setCookies.length;
      };
      expect(await sent("/set?n=1")).toBe(1);
      expect(await sent("/read")).toBe(0);
      expect(await sent("/set?n=1")).toBe(0);
      clock.advance(MINUTE - 1);
      expect(await sent("/read")).toBe(0);
      clock.advance(1);
      expect(await sent("/nothing")).toBe(adapter.name === "express" && rolling ? 1 : 0);
      clock.advance(MINUTE);
      expect(await sent("/read")).toBe(rolling ? 1 : 0);
      expect(await sent("/set?n=2")).toBe(1);
    },
  );

  test("the deadline is never pushed, not by a write either", async () => {
    const { tab, clock } = await start(adapter, { lifetime: HOUR, deadline: 2 * HOUR });
    await tab.get("/set?n=1");
    for (const path of ["/read", "/set?n=2", "/set?n=3"]) {
      clock.advance(HOUR / 2);
      await tab.get(path);
    }
    clock.advance(HOUR / 2 - 1);
    expect((await tab.get("/read")).body).toEqual({ n: "3" });
    expect(tab.setCookies).toEqual([]);
    clock.advance(1);
    expect((await tab.get("/read")).body).toEqual({});
  });

  test("what would be too large says so, with numbers and the way out; the answer is an error and sends no cookie", async () => {
    const { tab, errors } = await start(adapter);
    await tab.get("/set?n=1");
    expect((await tab.get(`/set?big=${"x".repeat(4000)}`)).status).toBe(500);
    expect(tab.setCookies).toEqual([]);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toMatch(
      /would have 5\d\d\d bytes, made of 40\d\d bytes of JSON. Browsers take 4096 .*live store.*docs/,
    );
    expect((await tab.get("/read")).body).toEqual({ n: "1" });
  });

  test("with maxAge the browser keeps it for as long as it opens", async () => {
    const { tab } = await start(adapter, { maxAge: HOUR, deadline: HOUR / 2 });
    await tab.get("/set?n=1");
    expect(tab.setCookies[0]).toMatch(/; Max-Age=1800; Expires=/);
    const closed = await start(adapter);
    await closed.tab.get("/set?n=1");
    expect(closed.tab.setCookies[0]).not.toMatch(/Max-Age|Expires/);
  });

  test("as documented: a copy of a cookie opens after the logout, and the last response wins", async () => {
    const { tab, gate } = await start(adapter, {}, new Gate(1));
    await tab.get("/set?n=1");
    const copy = tab.fork();
    const slow = tab.get("/slow-set?a=1");
    await gate.full;
    await tab.get("/set?b=2");
    gate.open();
    await slow;
    expect((await tab.get("/read")).body).toEqual({ n: "1", a: "1" });
    await tab.get("/logout");
    expect((await copy.get("/read")).body).toEqual({ n: "1" });
  });
});
