// The example's live views in a real browser, with the official client: tabs, search, forms, a restart, the end.

import type { AddressInfo } from "node:net";
import { memoryStore } from "live-session";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { type LiveShop, openLiveShop } from "../../examples/liveview/app.ts";
import { complaintsOf, launchChromium, picture } from "../support/chromium.ts";

const secret = "the secret of the example's test";
const store = memoryStore();
let browser: Browser;
let shop: LiveShop;
let port = 0;
let complaints: string[] = [];

async function open(): Promise<void> {
  // Baskets outlive a restart where the store does: this one is not closed with the shop.
  shop = await openLiveShop({ store: { ...store, close: () => {} }, secret });
  await new Promise<void>((resolve) => shop.server.listen(port, "127.0.0.1", resolve));
  port = (shop.server.address() as AddressInfo).port;
}

beforeAll(async () => {
  [browser] = await Promise.all([launchChromium(), open()]);
});

afterAll(async () => {
  await browser?.close();
  await shop?.close();
});

afterEach(() => {
  expect(complaints).toEqual([]);
  complaints = [];
});

async function visitor(expected: RegExp[] = []): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  complaints = complaintsOf(context, expected);
  onTestFinished(() => context.close());
  return context;
}

async function tab(context: BrowserContext, path = "/"): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${port}${path}`);
  await live(page);
  return page;
}

const live = (page: Page) => page.waitForSelector('[data-phx-main].phx-connected #status[data-status="live"]');
const add = (page: Page, id: string) => page.click(`#product-${id} .add`);
const holds = (page: Page, id: string, count: number) =>
  page.waitForSelector(count === 0 ? `#line-${id}` : `#line-${id} .count:text-is("${count}")`, {
    state: count === 0 ? "detached" : "visible",
  });

test("two tabs are in step, and another visitor sees nothing of it", async () => {
  const ada = await visitor();
  const [one, two] = [await tab(ada), await tab(ada)];
  const stranger = await tab(await visitor());
  await add(one, "moth");
  await holds(two, "moth", 1);
  await two.click('#line-moth [aria-label^="One more"]');
  await holds(one, "moth", 2);
  await add(two, "dragon");
  await holds(one, "dragon", 1);
  await one.waitForFunction(() => document.title === "Kites (3) · Gale & Daughters");
  await picture(one, "liveview-shop");
  await one.click('#line-dragon [aria-label^="One less"]');
  await holds(two, "dragon", 0);
  expect(await stranger.locator(".cart-line").count()).toBe(0);
});

test("the search follows the typing, in the URL, too, and back and forth", async () => {
  const page = await tab(await visitor());
  await page.fill("#q", "silk");
  await page.waitForSelector('#found:text-is("1 kite")');
  expect(new URL(page.url()).search).toBe("?q=silk");
  await page.reload();
  await live(page);
  expect(await page.inputValue("#q")).toBe("silk");
  await page.fill("#q", "no such thing");
  await page.waitForSelector(".none");
  await picture(page, "liveview-search");
  await page.fill("#q", "");
  await page.waitForSelector("#product-moth");
});

test("going to a kite and back loads no page", async () => {
  const ada = await visitor();
  const [page, other] = [await tab(ada), await tab(ada)];
  await page.evaluate(() => Object.assign(window, { same: "page" }));
  await page.click("#product-moth h3 a");
  await page.waitForSelector(".kite-page h2");
  await live(page);
  expect(new URL(page.url()).pathname).toBe("/kites/moth");
  await page.click(".kite-page .add");
  await page.waitForSelector('#kite-count:text-is("1 in your cart.")');
  await holds(other, "moth", 1);
  await picture(page, "liveview-kite");
  await page.goBack();
  await holds(page, "moth", 1);
  expect(await page.evaluate(() => (window as { same?: string }).same)).toBe("page");
});

test("a kite that is not made leads back to the shop, with a word", async () => {
  const page = await tab(await visitor(), "/kites/none");
  expect(new URL(page.url()).pathname).toBe("/");
  expect(await page.textContent(".notice")).toBe("We do not make that kite.");
});

test("the plain form changes the same cart, and the live tab its", async () => {
  const ada = await visitor();
  const page = await tab(ada);
  const classic = await ada.newPage();
  await classic.goto(`http://127.0.0.1:${port}/classic`);
  await classic.selectOption("select", "kipper");
  await classic.click(".add");
  await holds(page, "kipper", 1);
  await add(page, "moth");
  await holds(page, "moth", 1);
  await classic.reload();
  expect(await classic.locator("#classic-cart li").count()).toBe(2);
  await picture(classic, "liveview-classic");
});

test("after a restart the tab joins again by itself, with the cart and with what was being typed", async () => {
  const page = await tab(await visitor([/ERR_CONNECTION_REFUSED/]));
  await add(page, "moth");
  await holds(page, "moth", 1);
  await page.click("#note button");
  await page.fill("#note-text", "For you, with love");
  await page.waitForSelector('#note-left:text-is("102 letters left")');
  await shop.close();
  await page.waitForSelector('#status[data-status="stale"]');
  await open();
  await live(page);
  await holds(page, "moth", 1);
  await page.waitForSelector('#note-left:text-is("102 letters left")'); // the component is new, the form recovered
  expect(await page.inputValue("#note-text")).toBe("For you, with love");
  await page.click("#note .small");
  await page.waitForSelector('#note-left:text-is("Saved.")');
});

test("when the session ends, every tab starts anew", async () => {
  const ada = await visitor();
  const page = await tab(ada);
  await add(page, "moth");
  await holds(page, "moth", 1);
  await page.evaluate(() => Object.assign(window, { old: true }));
  const classic = await ada.newPage();
  await classic.goto(`http://127.0.0.1:${port}/classic`);
  await classic.click("text=Leave the shop");
  await page.waitForFunction(() => !(window as { old?: boolean }).old);
  await live(page);
  await holds(page, "moth", 0);
});

test("on a phone", async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  complaints = complaintsOf(context);
  onTestFinished(() => context.close());
  const page = await tab(context);
  await add(page, "moth");
  await holds(page, "moth", 1);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await picture(page, "liveview-phone");
});
