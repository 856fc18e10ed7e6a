// Removals, blocked patches, forms that leave the live view, scrolling up, and tokens that nobody signed, with the official
// client in a real browser.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import { bag } from "../support/express.ts";
import { log, logged, type StartOptions, shows, startWorkbench, tab, texts } from "../support/liveview-browser.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

const start = (options?: StartOptions) => startWorkbench(browser, { path: "/edges", ...options });

/** The classes that an element takes on from now on, joined, and "gone" when it leaves the page. */
async function watch(page: Page, selector: string): Promise<() => Promise<string[]>> {
  await page.evaluate((wanted) => {
    const element = document.querySelector(wanted) as HTMLElement;
    const seen: string[] = [];
    const note = () => {
      const now = element.isConnected ? element.className : "gone";
      if (now !== (seen.at(-1) ?? "")) seen.push(now);
    };
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributeFilter: ["class"] });
    Object.assign(window, { seen });
  }, selector);
  return () => page.evaluate(() => (window as unknown as { seen: string[] }).seen);
}

describe("phx-remove", () => {
  test("runs before an element leaves, and the element waits for it", async () => {
    const { page } = await start();
    const seen = await watch(page, "#leaving");
    await page.click("#toggle");
    await page.waitForSelector("#leaving", { state: "detached" });
    const names = await seen();
    expect(names.at(-1)).toBe("gone");
    expect(names.some((each) => each.includes("fading"))).toBe(true);
    await page.click("#toggle");
    await page.waitForSelector("#leaving:not(.fading)");
  });

  test("for rows that a stream deletes, too", async () => {
    const { page } = await start();
    const seen = await watch(page, "#rows-60");
    await page.click("#drop");
    await page.waitForSelector("#rows-60", { state: "detached" });
    expect((await seen()).some((each) => each.includes("fading"))).toBe(true);
  });
});

describe("JS commands", () => {
  test("a blocking dispatch holds patches until its listener is done", async () => {
    const { server, context, page } = await start();
    const other = await tab(context, server, "/edges");
    const answered = page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const { live } = window as unknown as {
            live: { socket: { onMessage(each: (message: object) => void): void } };
          };
          live.socket.onMessage((message) => "event" in message && message.event === "diff" && resolve());
        }),
    );
    await page.click("#hold");
    await page.waitForFunction(() => "letGo" in window);
    await shows(other, "#count", "1");
    await answered;
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50))));
    expect(await page.textContent("#count")).toBe("0"); // the diff is here, and waits
    await page.evaluate(() => (window as unknown as { letGo: () => void }).letGo());
    await shows(page, "#count", "1");
  });

  test("toggle with a transition each way, and show with the display that is meant", async () => {
    const { page } = await start();
    const seen = await watch(page, "#box");
    await page.click("#js-fade");
    await page.waitForSelector("#box", { state: "hidden" });
    await page.click("#js-fade");
    await page.waitForSelector("#box:not(.coming)");
    const names = (await seen()).join(" ");
    expect(names).toMatch(/going.*coming/);
    await page.click("#js-flex");
    await page.waitForFunction(() => document.querySelector<HTMLElement>("#flexible")?.style.display === "flex");
  });

  test("push to a component, by its number and by a hook's selector", async () => {
    const { page } = await start();
    await page.click("#by-js");
    await shows(page, "#told", "by JS");
    await page.click("#by-hook");
    await shows(page, "#told", "by a hook");
  });

  test("sent by the server, run by a hook", async () => {
    const { page } = await start();
    await page.click("#run");
    await page.waitForSelector("#box.by-server");
  });
});

test("hooks: each callback of their life", async () => {
  const { page, server } = await start();
  await page.click("#more");
  await logged(page, "life updated 1");
  await page.click("#fail");
  await logged(page, "life reconnected");
  await page.click("#toggle");
  await logged(page, "life destroyed");
  const lines = (await log(page)).filter((line) => line.startsWith("life"));
  const [mounted, before, updated, ...rest] = lines;
  expect([mounted, before, updated]).toEqual(["life mounted", "life before 0", "life updated 1"]);
  expect(rest).toContain("life disconnected");
  expect(rest.indexOf("life disconnected")).toBeLessThan(rest.indexOf("life reconnected"));
  expect(server.reported).toHaveLength(1);
});

describe("forms", () => {
  test("phx-trigger-action posts the form to the app once the view agrees, with a CSRF token that the app can check", async () => {
    const posted: unknown[] = [];
    const { page, server } = await start({
      before: (app) => {
        app.post("/login", express.urlencoded({ extended: false }), async (request, response) => {
          const { name, _csrf_token } = request.body;
          posted.push([name, await server.views.checkCsrf(request.sessionID, _csrf_token)]);
          posted.push(await server.views.checkCsrf("somebody else's", _csrf_token));
          bag(request).count = 7;
          response.redirect(303, "/edges?entered");
        });
      },
    });
    await page.fill("#name", "Bob");
    await page.click("#enter");
    await page.click("#more");
    await shows(page, "#count", "1"); // the view did not agree: nothing was posted
    expect(posted).toEqual([]);
    await page.fill("#name", "Ada");
    await page.click("#enter");
    await shows(page, "#count", "7");
    expect(page.url()).toBe(`${server.url}/edges?entered`);
    expect(posted).toEqual([["Ada", true], false]);
  });

  test("a field that has the focus keeps what was typed, unless it says phx-patch-focused", async () => {
    const { page } = await start();
    await page.fill("#plain", "abc");
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>("#patched")?.value === "ABC");
    expect(await page.inputValue("#plain")).toBe("abc");
    await page.fill("#patched", "xyz");
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>("#patched")?.value === "XYZ");
  });

  test("fields that nobody touched are marked, unless the form says phx-no-unused-field", async () => {
    const { page } = await start();
    await page.fill("#one", "1");
    await shows(page, "#heard li:last-child", "_unused_two one two");
    await page.fill("#three", "3");
    await shows(page, "#heard li:last-child", "four three");
  });

  test('phx-auto-recover="ignore": not recovered', async () => {
    const { page, server } = await start();
    await page.fill("#forgotten", "typed");
    await shows(page, "#heard li:last-child", "forgotten");
    await page.click("#fail");
    await logged(page, "life reconnected");
    await page.click("#more");
    await shows(page, "#count", "1"); // after all that the client recovers
    expect(await texts(page, "#heard li")).not.toContain("forgotten");
    expect(server.reported).toHaveLength(1);
  });

  test("phx-disable-with shows its text until the answer is there", async () => {
    const { page } = await start({ path: "/" });
    await page.fill("#name", "Ada");
    await page.evaluate(() => {
      const button = document.querySelector("#person button") as HTMLButtonElement;
      const seen: string[] = [];
      const note = () => seen.push(`${button.textContent} ${button.disabled}`);
      new MutationObserver(note).observe(button, { subtree: true, childList: true, attributes: true });
      Object.assign(window, { seen });
    });
    await page.click("#person button");
    await shows(page, "#info", "Saved Ada");
    await shows(page, "#person button", "Save");
    expect(await page.evaluate(() => (window as unknown as { seen: string[] }).seen)).toContain("Saving true");
  });
});

describe("a stream that is scrolled", () => {
  const scrollTo = (page: Page, top: number) =>
    page.evaluate((to) => {
      const frame = document.querySelector("#frame") as HTMLElement;
      frame.scrollTop = to;
      return new Promise((resolve) => requestAnimationFrame(resolve));
    }, top);
  const ids = async (page: Page) => (await texts(page, "#rows li")).map((text) => Number(text.replace("row ", "")));
  const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

  test("up to its first row asks for what comes before, down to its last for what comes after, with a limit", async () => {
    const { page } = await start();
    expect(await ids(page)).toEqual(upTo(60, 80));
    await scrollTo(page, 300);
    await scrollTo(page, 0);
    await page.waitForSelector("#rows-40");
    await page.waitForSelector('#heard li:text-is("earlier than rows-60")');
    expect(await ids(page)).toEqual(upTo(40, 80));
    expect(await page.locator("#rows-60").isVisible()).toBe(true); // where it was for the eye
    for (const last of [80, 100]) {
      await page.waitForTimeout(600); // the client asks at most every 500 ms
      await scrollTo(page, 100_000);
      await page.waitForSelector(`#rows-${last + 19}`);
    }
    await page.waitForSelector("#rows-59", { state: "detached" });
    expect(await ids(page)).toEqual(upTo(60, 120));
  });

  test("phx-viewport-overrun-target: a jump past the top of it says so", async () => {
    const { page } = await start();
    await page.evaluate(() => {
      document.querySelector("#frame")?.scrollIntoView(); // so that its content can be above the window
    });
    await scrollTo(page, 500);
    await scrollTo(page, 0);
    await page.waitForSelector('#heard li:text-is("earlier than rows-60, overrun")');
  });

  test("at: a position; updateOnly: not if it is not there", async () => {
    const { page } = await start();
    await page.click("#touch");
    await page.click("#place");
    await page.waitForSelector("#rows-1000");
    expect((await ids(page)).slice(0, 3)).toEqual([60, 1000, 61]);
    expect(await page.locator("#rows-2000").count()).toBe(0);
  });
});

test("where the cookie's path leaves out the connection, the page is not loaded anew for ever, and the cause is told", async () => {
  let loads = 0;
  const { page, server } = await start({
    before: (app) =>
      app.use((request, response, next) => {
        const isPage = request.path === "/edges";
        if (isPage && request.headers.cookie?.includes("connect.sid")) loads++;
        // As express-session does with `cookie: { path: "/edges" }`: no cookie for other paths.
        const { setHeader } = response;
        response.setHeader = (name, value) => {
          if (name.toLowerCase() !== "set-cookie") return setHeader.call(response, name, value);
          return isPage ? setHeader.call(response, name, String(value).replace("Path=/;", "Path=/edges;")) : response;
        };
        next();
      }),
  });
  await page.reload();
  await expect.poll(() => loads, { timeout: 60_000 }).toBe(11); // the first, and ten more: the client's own limit
  await page.waitForTimeout(1_500); // its next try is due in 30 s
  expect(loads).toBe(11);
  expect(server.reported.map(({ error }) => error.code)).toEqual(["unknown_session"]);
});

describe("a page that is not as it was sent", () => {
  const broken: [what: string, change: (html: string) => string][] = [
    ["its token forged", (html) => html.replace(/(data-phx-session="[^"]*)[^".]"/, '$1~"')],
    ["its CSRF token forged", (html) => html.replace(/(csrf-token" content="[^"]*)[^".]"/, '$1~"')],
    ["no CSRF token", (html) => html.replace(/<meta name="csrf-token"[^>]*>/, "")],
  ];
  test.each(broken)("with %s: its view is not joined, and the page loaded anew", async (_what, change) => {
    let changing = false;
    let loads = 0;
    const {
      server,
      context,
      page: first,
    } = await start({
      before: (app) =>
        app.get("/edges", (_request, response, next) => {
          if (changing && ++loads === 1) {
            const { end } = response;
            response.end = ((body: string) => {
              expect(change(body)).not.toBe(body);
              return end.call(response, change(body), "utf8");
            }) as typeof end;
          }
          next();
        }),
    });
    await first.close();
    changing = true;
    const page = await context.newPage();
    const answers: string[] = [];
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => answers.push(String(payload))));
    await page.goto(`${server.url}/edges`);
    await page.waitForSelector("[data-phx-main].phx-connected");
    expect(loads).toBe(2);
    expect(answers.filter((text) => text.includes('"stale"'))).toHaveLength(1);
  });

  test("one of another origin gets no connection, though the browser sends the cookie", async () => {
    const { server, context, page } = await start({ expected: [/403/] });
    const cookies: (string | undefined)[] = [];
    server.server.prependListener("upgrade", ({ headers }) => cookies.push(headers.cookie));
    // Another port is another origin, but to cookies the same site.
    const evil = createServer((_request, response) => response.setHeader("content-type", "text/html").end("<p>evil"));
    await new Promise<void>((resolve) => evil.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void evil.close());
    const elsewhere = await context.newPage();
    await elsewhere.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}/`);
    const outcome = await elsewhere.evaluate(
      (address) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(address);
          socket.onopen = () => resolve("open");
          socket.onerror = () => resolve("refused");
        }),
      `${server.url.replace("http", "ws")}/live/websocket?vsn=2.0.0`,
    );
    expect(outcome).toBe("refused");
    expect(cookies).toEqual([expect.stringContaining("connect.sid=")]);
    await page.click("#more");
    await shows(page, "#count", "1");
  });
});
