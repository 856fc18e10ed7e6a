// One session in a real browser, in every way at once: React, htmx, Turbo, Socket.IO and a plain form, in step.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { complaintsOf, launchChromium, picture } from "../support/chromium.ts";
import { type ExampleProcess, freePort, startExample } from "../support/example-process.ts";

let browser: Browser;
let shop: ExampleProcess;

beforeAll(async () => {
  const port = await freePort();
  [browser, shop] = await Promise.all([
    launchChromium(),
    startExample("../tests/support/everything-process.ts", "everything is open", port),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await shop?.stop();
});

/** Each way to the shop: how a page adds a moth. */
const add = 'form[data-id="moth"] .add';
const ways = {
  react: '[data-add="moth"]',
  htmx: add,
  htmx4: add,
  turbo: add,
  socket: add,
};

/** Waits until a page shows so many moths. */
async function shows(page: Page, wanted: number): Promise<void> {
  await page.waitForFunction((count) => {
    const field = document.querySelector<HTMLInputElement>('[data-line="moth"] .quantity');
    return Number(field?.value ?? 0) === count;
  }, wanted);
}

test("what any of them does shows in all of them, and logging out ends them all", async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const complaints = complaintsOf(context);
  context.setDefaultTimeout(10_000);
  const pages = new Map<string, Page>();
  /** Requests for streams, by page: after the end there must be no more. */
  const streams: string[] = [];
  context.on("request", (request) => {
    if (/\/(htmx|turbo)\/live$/.test(request.url())) streams.push(request.url());
  });
  let open = 0;
  context.on("response", (response) => void (streams.includes(response.url()) && open++));
  const plain = await context.newPage();
  await plain.goto(shop.url); // the first visit makes the session
  const tabs = [...Object.keys(ways), "react#second"];
  for (const tab of tabs) {
    const page = await context.newPage();
    pages.set(tab, page);
    await page.goto(`${shop.url}/${tab}`);
  }
  for (const way of ["react", "react#second", "socket"]) await pages.get(way)?.waitForSelector('[data-status="live"]');

  while (open < 3) await context.waitForEvent("response"); // both htmx and Turbo

  let moths = 0;
  const allShow = async () => {
    for (const [way, page] of pages) {
      await shows(page, moths).catch(async (cause) => {
        throw new Error(`${way} does not show ${moths}: ${await page.textContent(".cart")} ${complaints}`, { cause });
      });
    }
  };
  for (const [way, button] of Object.entries(ways)) {
    await pages.get(way)?.click(button);
    moths++;
    await allShow();
  }
  await plain.click(add); // a form post, and a new page
  moths++;
  await allShow();
  expect(await plain.locator('[data-line="moth"] .quantity').inputValue()).toBe(String(moths));

  // A button that came in a fragment works, too.
  for (const way of ["htmx", "htmx4", "turbo", "socket"]) {
    await pages.get(way)?.click('[data-line="moth"] [data-key="less:moth"]');
    moths--;
    await allShow();
  }
  for (const [way, page] of pages) {
    expect(new URL(page.url()).pathname).toBe(`/${way.replace(/#.*/, "")}`); // nothing was a page load
    await picture(page, `everything-${way}`);
  }

  const before = streams.length;
  const status = await plain.evaluate(async () => (await fetch("/logout", { method: "POST" })).status);
  expect(status).toBe(200);
  for (const tab of ["react", "react#second"]) await pages.get(tab)?.waitForSelector('[data-status="ended"]');
  await pages.get("socket")?.waitForSelector('[data-status="ended"]');
  for (const way of ["htmx", "htmx4", "turbo"]) {
    await pages.get(way)?.waitForFunction(() => document.querySelector("#basket")?.textContent?.includes("put away"));
  }
  for (const page of pages.values()) expect(await page.locator('[data-line="moth"]').count()).toBe(0);
  // Turbo's EventSource comes back once, and is told by 204 to stay away; htmx closes its own.
  while (streams.length === before) await context.waitForEvent("requestfinished");
  expect(streams.slice(before)).toEqual([`${shop.url}/turbo/live`]);
  expect(complaints).toEqual([]);
  await context.close();
});
