// Promises that need nothing but a browser to be seen: kept by every request adapter, and by sessions sealed in a cookie.

import type { ManualClock } from "live-session/conformance";
import { expect, test } from "vitest";
import type { Browser } from "./express.ts";

export interface BrowserStartOptions {
  readonly rolling?: boolean;
  /** The cookie's lifetime in ms, and the session's with it. */
  readonly maxAge?: number;
  /** The session's, without one of the cookie's. */
  readonly lifetime?: number;
  readonly maxBytes?: number;
}

export interface BrowserApp {
  readonly tab: Browser;
  browser(): Browser;
  readonly clock: ManualClock;
  /** What reached the app's error handling. */
  readonly errors: readonly { code?: string; message?: string }[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** @param start an app with the routes of `suiteRoutes` */
export function browserSuite(start: (options?: BrowserStartOptions) => Promise<BrowserApp>): void {
  test("what one request writes and deletes, the next one finds so", async () => {
    const { tab, errors } = await start();
    await tab.get("/set?cart=kite&theme=dark");
    await tab.get("/delete?theme&none");
    await tab.get("/set?cart=bow");
    expect((await tab.get("/read")).body).toEqual({ cart: "bow" });
    expect(errors).toEqual([]);
  });

  test("a visitor who wrote nothing gets no cookie", async () => {
    const { tab } = await start();
    for (const path of ["/nothing", "/read"]) {
      expect((await tab.get(path)).status).toBe(200);
      expect(tab.setCookies).toEqual([]);
    }
  });

  test.each([{ maxAge: MINUTE }, { lifetime: MINUTE }])("a session is over to the millisecond: %o", async (options) => {
    const { browser, clock } = await start(options);
    const [early, late] = [browser(), browser()];
    for (const tab of [early, late]) await tab.get("/set?n=1");
    clock.advance(MINUTE - 1);
    expect((await early.get("/read")).body).toEqual({ n: "1" });
    clock.advance(1);
    expect((await late.get("/read")).body).toEqual({});
  });

  test("reading pushes the lifetime", async () => {
    const { tab, clock } = await start({ lifetime: HOUR });
    await tab.get("/set?n=1");
    for (const _ of "1234") {
      clock.advance(HOUR / 2);
      expect((await tab.get("/read")).body).toEqual({ n: "1" });
    }
    clock.advance(HOUR);
    expect((await tab.get("/read")).body).toEqual({});
  });

  test("a login goes on under another cookie", async () => {
    const { tab } = await start();
    await tab.get("/set?n=1");
    const before = new Set(tab.cookies.values());
    await tab.get("/login");
    expect([...tab.cookies.values()].filter((value) => before.has(value))).toEqual([]);
    expect((await tab.get("/read")).body).toMatchObject({ user: "ada" });
  });

  test("after a logout the browser has no session, and what it then writes is a new one's", async () => {
    const { tab } = await start();
    await tab.get("/set?n=1");
    await tab.get("/logout");
    expect((await tab.get("/read")).body).toEqual({});
    await tab.get("/set?m=2");
    expect((await tab.get("/read")).body).toEqual({ m: "2" });
  });

  test("a damaged cookie is no session, nor an error, and the next write makes a new one", async () => {
    const { tab, browser, errors } = await start();
    await tab.get("/set?n=1");
    const damages: ((value: string) => string)[] = [
      (value) => value.slice(0, -8),
      (value) => `${value.slice(0, -8)}AAAAAAAA`,
      (value) => value.slice(8),
      () => "",
      () => "%E0%A4%A",
      () => "s%3A.",
      (value) => value.repeat(50),
    ];
    for (const damage of damages) {
      const other = browser();
      for (const [name, value] of tab.cookies) other.cookies.set(name, damage(value));
      expect((await other.get("/read")).body).toEqual({});
      await other.get("/set?m=2");
      expect((await other.get("/read")).body).toEqual({ m: "2" });
    }
    expect(errors).toEqual([]);
  });

  test("data over the limit is an error and changes nothing", async () => {
    const { tab, errors } = await start({ maxBytes: 4096 });
    await tab.get("/set?n=1");
    await tab.fork().get(`/set?big=${"x".repeat(4096)}`);
    expect(errors[0]).toMatchObject({ code: "too_large" });
    expect((await tab.get("/read")).body).toEqual({ n: "1" });
  });
}
