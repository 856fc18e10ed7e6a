// Every feature of live views in a real browser, with the official client from npm.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium, picture } from "../support/chromium.ts";
import { log, logged, type StartOptions, shows, startWorkbench, tab, texts } from "../support/liveview-browser.ts";
import { type Exchange, type Names, named, readExchange, writeExchange } from "../support/liveview-exchange.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

const start = (options?: StartOptions) => startWorkbench(browser, options);

test("events, lists, components, flash, titles", async () => {
  const { server, context, page } = await start();
  await shows(page, "#connected", "true");
  await shows(page, "#mounts", "here");
  const other = await tab(context, server);
  await page.click("#more");
  await shows(other, "#count", "1");
  await shows(page, "#count", "1");

  // Rows that move keep their elements.
  await page.evaluate(() => Object.assign(document.querySelector("#item-b") as object, { mark: 1 }));
  await page.click("#extend");
  await page.waitForSelector("#item-new");
  await page.click("#reverse");
  await page.waitForFunction(() => document.querySelector("#order")?.textContent === "cbanew");
  expect(await page.evaluate(() => (document.querySelector("#item-b") as unknown as { mark?: number }).mark)).toBe(1);

  await page.click("#counter-two button");
  await shows(page, "#counter-two output", "1");
  await shows(page, "#counter-one output", "0");

  // A component in a part that goes and comes: it is new, since the client said that it was gone.
  await page.click("#toggle-details");
  await page.click("#counter-inner button");
  await shows(page, "#counter-inner output", "1");
  await page.click("#toggle-details");
  await page.waitForSelector("#details", { state: "detached" });
  await page.click("#toggle-details");
  await page.waitForSelector("#details");
  await page.click("#counter-inner button");
  await page.waitForFunction(() => Number(document.querySelector("#counter-inner output")?.textContent) >= 1);

  await page.click("#title");
  await page.waitForFunction(() => document.title === "Another title");
  await page.click("#flash");
  await shows(page, "#info", "It worked");
  await page.click("#info");
  await page.waitForSelector("#info", { state: "detached" });
  await picture(page, "liveview-workbench");
});

test("streams: insert, update, delete, limit, reset", async () => {
  const { page } = await start();
  expect(await texts(page, "#songs li")).toEqual(["song 1", "song 2"]);
  await page.click("#song-first");
  await page.waitForSelector("#songs-3");
  expect(await texts(page, "#songs li")).toEqual(["song 3", "song 1", "song 2"]);
  await page.click("#song-rename");
  await shows(page, "#songs-1", "renamed");
  expect(await texts(page, "#songs li")).toEqual(["song 3", "renamed", "song 2"]);
  await page.click("#song-drop");
  await page.waitForSelector("#songs-2", { state: "detached" });
  await page.click("#song-many");
  await page.waitForSelector("#songs-6");
  expect(await texts(page, "#songs li")).toEqual(["song 4", "song 5", "song 6"]);
  await page.click("#more"); // a diff that has nothing of the stream leaves it alone
  await shows(page, "#count", "1");
  expect(await texts(page, "#songs li")).toEqual(["song 4", "song 5", "song 6"]);
  await page.click("#song-reset");
  await page.waitForSelector("#songs-7");
  expect(await texts(page, "#songs li")).toEqual(["song 7"]);
});

test("hooks: their life, events to them, answers to theirs", async () => {
  const { page } = await start();
  await page.click("#ask");
  await shows(page, "#answer", "42");
  await page.click("#ping");
  await logged(page, "pong hello");
  await page.click("#more");
  await logged(page, "updated 1");
  await shows(page, "#answer", "42"); // phx-update="ignore" kept what the hook wrote
  expect((await log(page))[0]).toBe("mounted");
});

test("JS commands, which survive patches", async () => {
  const { page } = await start();
  const box = page.locator("#box");
  await page.click("#js-toggle");
  await box.waitFor({ state: "hidden" });
  await page.click("#more");
  await page.waitForSelector('#box[data-count="1"]', { state: "attached" });
  expect(await box.isVisible()).toBe(false); // the patch did not show it again
  await page.click("#js-show");
  await box.waitFor({ state: "visible" });
  await page.click("#js-hide");
  await box.waitFor({ state: "hidden" });
  await page.click("#js-toggle");
  await box.waitFor({ state: "visible" });
  await page.click("#js-class");
  await page.waitForSelector("#box.red:not(.blue)");
  await page.click("#js-attribute");
  await page.waitForSelector('#box[aria-busy="true"]');
  await page.click("#js-attribute");
  await page.waitForSelector("#box:not([aria-busy])");
  await page.click("#js-focus");
  await page.waitForFunction(() => document.activeElement?.id === "name");
  await page.click("#js-dispatch");
  await logged(page, "dispatched 1");
  await page.click("#js-push");
  await page.waitForSelector('#box.pushed.red[data-count="2"]');
});

test("forms and keys", async () => {
  const { page } = await start();
  await page.fill("#name", "Al");
  await shows(page, "#person .error", "too short");
  await page.fill("#name", "Ada");
  await page.waitForSelector("#person .error", { state: "detached" });
  await page.click("#person button");
  await shows(page, "#info", "Saved Ada");
  await shows(page, "#person button", "Save"); // no longer "Saving"
  await page.press("#keys", "a");
  await page.press("#keys", "Enter");
  await shows(page, "#typed", "key Enter");
});

test("patches, navigation, redirects, and the way back", async () => {
  const { server, page } = await start();
  await page.evaluate(() => Object.assign(window, { same: true }));
  await page.click("#patch-link");
  await shows(page, "#step", "linked");
  await page.click("#patch");
  await shows(page, "#step", "pushed");
  expect(page.url()).toBe(`${server.url}/?step=pushed`);
  await page.goBack();
  await shows(page, "#step", "linked");
  await page.goForward();
  await shows(page, "#step", "pushed");
  await page.click("#navigate");
  await shows(page, "#along", "along");
  await page.waitForFunction(() => document.title === "Other");
  await page.click("#back");
  await page.waitForSelector("#counter-one");
  await page.click("#navigate-link");
  await shows(page, "#other", "Other");
  await page.goBack();
  await page.waitForSelector("#counter-one");
  expect(await page.evaluate(() => "same" in window)).toBe(true);
  await page.click("#redirect");
  await shows(page, "#other", "Other?redirected");
  await shows(page, "#along", "sent");
  expect(await page.evaluate(() => "same" in window)).toBe(false); // a page was loaded
});

describe("when something goes wrong", () => {
  test("a view that fails is joined anew, with what was typed", async () => {
    const { page, server } = await start();
    await page.fill("#name", "Ada Lovelace");
    await shows(page, "#typed", "Ada Lovelace");
    await page.click("#fail");
    await logged(page, "reconnected");
    await shows(page, "#typed", "Ada Lovelace");
    expect(server.reported.map(({ error }) => error.message)).toEqual(["on purpose"]);
    await page.click("#more");
    await shows(page, "#count", "1");
  });

  test("where no WebSocket gets through, the client falls back to the long poll", async () => {
    const { server, context, page } = await start({ expected: [/WebSocket/] });
    await page.close();
    await context.addInitScript(() => {
      // A network that lets nothing through: it never opens.
      class Blocked {
        readonly readyState = 0;
        close() {}
      }
      Object.assign(window, { WebSocket: Blocked });
    });
    const polling = await tab(context, server);
    await polling.click("#more");
    await shows(polling, "#count", "1");
    await shows(polling, "#connected", "true");
  });

  test("where no cookies are taken, the view is live without a session, and the page loaded once", async () => {
    let loads = 0;
    const { page } = await start({
      before: (app) =>
        app.use((request, response, next) => {
          if (request.path === "/") loads++;
          const { setHeader } = response;
          response.setHeader = (name, value) =>
            name.toLowerCase() === "set-cookie" ? response : setHeader.call(response, name, value);
          next();
        }),
    });
    await page.click("#reverse");
    await page.waitForFunction(() => document.querySelector("#order")?.textContent === "cba");
    expect(loads).toBe(1);
    expect(await page.context().cookies()).toEqual([]);
  });

  test("the end of the session loads the page anew", async () => {
    const { server, context, page } = await start();
    await page.evaluate(() => Object.assign(window, { same: true }));
    const [cookie] = await context.cookies();
    const value = decodeURIComponent(cookie?.value ?? "");
    await server.sessions.end(value.slice(2, value.lastIndexOf(".")), "revoked");
    await page.waitForFunction(() => !("same" in window));
    await page.waitForSelector("[data-phx-main].phx-connected");
    await page.click("#more");
    await shows(page, "#count", "1");
  });
});

test("the client still says what it was recorded to say (RECORD=true records it anew)", async () => {
  const { server, page: first, context } = await start();
  await first.close();
  const page = await context.newPage();
  const frames: [from: "client" | "server", text: string][] = [];
  page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => frames.push(["client", String(payload)]));
    socket.on("framereceived", ({ payload }) => frames.push(["server", String(payload)]));
  });
  await page.goto(server.url);
  await page.waitForSelector("[data-phx-main].phx-connected");
  const attribute = (selector: string, name: string) => page.getAttribute(selector, name).then((value) => value ?? "");
  const names: Names = {
    ID: await attribute("[data-phx-main]", "id"),
    SESSION: await attribute("[data-phx-main]", "data-phx-session"),
    CSRF: await attribute('meta[name="csrf-token"]', "content"),
    URL: server.url,
  };
  await page.click("#more");
  await shows(page, "#count", "1");
  await page.click("#reverse");
  await page.waitForFunction(() => document.querySelector("#order")?.textContent === "cba");
  await page.click("#extend");
  await page.waitForSelector("#item-new");
  await page.click("#counter-two button");
  await shows(page, "#counter-two output", "1");
  await page.click("#toggle-details");
  await page.waitForSelector("#details");
  await page.click("#toggle-details");
  await page.waitForSelector("#details", { state: "detached" });
  await expect.poll(() => frames.some(([from, text]) => from === "server" && text.includes('"cids":['))).toBe(true);
  await page.click("#title");
  await page.waitForFunction(() => document.title === "Another title");
  await page.click("#flash");
  await shows(page, "#info", "It worked");
  await page.click("#info");
  await page.waitForSelector("#info", { state: "detached" });
  await page.click("#ask");
  await shows(page, "#answer", "42");
  await page.click("#song-first");
  await page.waitForSelector("#songs-3");
  await page.click("#song-drop");
  await page.waitForSelector("#songs-2", { state: "detached" });
  await page.click("#song-reset");
  await page.waitForSelector("#songs-7");
  await page.fill("#name", "Al");
  await shows(page, "#person .error", "too short");
  await page.click("#patch-link");
  await shows(page, "#step", "linked");
  await page.click("#patch");
  await shows(page, "#step", "pushed");
  await page.click("#navigate-link");
  await shows(page, "#other", "Other");
  // Heartbeats come when they come.
  const spoken = frames.filter(([, text]) => JSON.parse(text)[2] !== "phoenix");
  const exchange = spoken.map(([from, text]) => [from, named(text, names)] as const);
  if (process.env.RECORD) writeExchange(exchange);
  const said = (each: Exchange) => each.filter(([from]) => from === "client");
  expect(said(exchange)).toEqual(said(readExchange()));
});

test("from a click in one tab to the change in the other", async () => {
  const { server, context, page } = await start();
  const other = await tab(context, server);
  const times: number[] = [];
  for (let round = 1; round <= 20; round++) {
    await other.evaluate((wanted) => {
      const output = document.querySelector("#count") as Element;
      const now = () => performance.timeOrigin + performance.now();
      const seen = new Promise<number>((resolve) => {
        const observer = new MutationObserver(() => output.textContent === wanted && resolve(now()));
        observer.observe(output, { childList: true, characterData: true, subtree: true });
      });
      Object.assign(window, { seen });
    }, String(round));
    const clicked = await page.evaluate(() => {
      const at = performance.timeOrigin + performance.now();
      document.querySelector<HTMLButtonElement>("#more")?.click();
      return at;
    });
    const seen = await other.evaluate(() => (window as unknown as { seen: Promise<number> }).seen);
    times.push(seen - clicked);
    await shows(page, "#count", String(round));
  }
  times.sort((a, b) => a - b);
  console.log(
    `click to change in the other tab: median ${times[10]?.toFixed(1)} ms, worst ${times[19]?.toFixed(1)} ms`,
  );
  expect(times).toHaveLength(20);
});
