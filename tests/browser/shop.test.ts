// The shop in a real browser: tabs, forms, a second user, a restart, and logging out.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { complaintsOf, launchChromium, picture } from "../support/chromium.ts";
import { type ExampleProcess, freePort, startExample } from "../support/example-process.ts";

const folder = mkdtempSync(join(tmpdir(), "live-session-shop-"));
let browser: Browser;
let port: number;
let shop: ExampleProcess;
let complaints: string[];

const startShop = () => startExample("shop/server.ts", "private window", port, { SHOP_DATA: folder });

beforeAll(async () => {
  port = await freePort();
  [browser, shop] = await Promise.all([launchChromium(), startShop()]);
});

afterAll(async () => {
  await browser?.close();
  await shop?.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  complaints = [];
});

/** A visitor: a browser profile of its own. */
async function visitor(options: { javaScriptEnabled?: boolean; expected?: RegExp[] } = {}): Promise<BrowserContext> {
  const { expected, ...rest } = options;
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...rest });
  complaints = complaintsOf(context, expected);
  onTestFinished(() => context.close());
  return context;
}

async function tab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(shop.url);
  await status(page, "live");
  return page;
}

const status = (page: Page, wanted: string) => page.waitForSelector(`[data-status="${wanted}"]`, { state: "attached" });
const add = (page: Page, id: string) => page.click(`form[data-action="addToCart"][data-id="${id}"] button`);
const quantity = (page: Page, id: string) => page.waitForSelector(`[data-line="${id}"] .quantity`);

/** Waits until the basket of a page holds so many of a product; 0: no line of it. */
async function holds(page: Page, id: string, wanted: number): Promise<void> {
  await page.waitForFunction(
    ([line, count]) => {
      const field = document.querySelector<HTMLInputElement>(`[data-line="${line}"] .quantity`);
      return Number(field?.value ?? 0) === count;
    },
    [id, wanted] as const,
  );
}

test("what one tab does shows in the other, and another user sees nothing of it", async () => {
  const anna = await visitor();
  const [one, two] = [await tab(anna), await tab(anna)];
  const bert = await tab(await visitor());
  await add(one, "moth");
  await holds(two, "moth", 1);
  await picture(two, "shop-light");
  await add(two, "moth");
  await holds(one, "moth", 2);
  await (await quantity(one, "moth")).fill("7");
  await one.keyboard.press("Enter");
  await holds(two, "moth", 7);
  await one.click('[name="theme"][value="dark"]');
  await two.waitForSelector('html[data-theme="dark"]');
  await picture(two, "shop-dark");
  await two.click('[data-line="moth"] .cart-remove button');
  await holds(one, "moth", 0);
  expect(await bert.locator("[data-line]").count()).toBe(0);
  expect(await bert.getAttribute("html", "data-theme")).toBe("light");
  expect(complaints).toEqual([]);
});

test("a form post without JavaScript shows in the live tabs of the same session", async () => {
  const context = await visitor();
  const [one, two] = [await tab(context), await tab(context)];
  const plain = await visitor({ javaScriptEnabled: false });
  await plain.addCookies(await context.cookies());
  const page = await plain.newPage();
  await page.goto(shop.url);
  await add(page, "kipper");
  await page.waitForLoadState();
  await Promise.all([holds(one, "kipper", 1), holds(two, "kipper", 1)]);
  await picture(page, "shop-without-javascript");
  expect(await page.locator('[data-line="kipper"] .quantity').inputValue()).toBe("1");
  await page.click('[data-line="kipper"] button[aria-label^="One more"]');
  await Promise.all([holds(one, "kipper", 2), holds(two, "kipper", 2)]);
  expect(complaints).toEqual([]);
});

test("a restart of the server keeps baskets; tabs reconnect by themselves and stay in step", async () => {
  const context = await visitor({ expected: [/WebSocket connection .* failed/] });
  const [one, two] = [await tab(context), await tab(context)];
  await add(one, "dragon");
  await holds(two, "dragon", 1);
  await shop.stop();
  await Promise.all([status(one, "stale"), status(two, "stale")]);
  shop = await startShop();
  await Promise.all([status(one, "live"), status(two, "live")]);
  await add(two, "dragon");
  await holds(one, "dragon", 2);
  await shop.stop("SIGKILL");
  shop = await startShop();
  await Promise.all([status(one, "live"), status(two, "live")]);
  await Promise.all([holds(one, "dragon", 2), holds(two, "dragon", 2)]);
  expect(complaints).toEqual([]);
});

test("signing in keeps the basket under a new id, and signing out in one tab ends the others at once", async () => {
  const context = await visitor();
  const one = await tab(context);
  await add(one, "rokkaku");
  await holds(one, "rokkaku", 1);
  const before = await context.cookies();
  await one.fill("#name", "Anna");
  await one.click(".sign-in button");
  await one.waitForSelector("[data-user-name]");
  await holds(one, "rokkaku", 1);
  expect((await context.cookies())[0]?.value).not.toBe(before[0]?.value);
  await status(one, "live");
  const two = await tab(context);
  await two.waitForSelector("[data-user-name]");
  await one.click('form[action="/logout"] button');
  await two.waitForSelector("[data-ended]:not([hidden])");
  await status(two, "ended");
  expect(await two.locator("[data-line]").count()).toBe(0);
  expect(await two.locator("[data-user-name]").count()).toBe(0);
  expect(await two.locator('[data-action="addToCart"] button:not([disabled])').count()).toBe(0);
  await picture(two, "shop-ended");
  await holds(one, "rokkaku", 0);
  expect(complaints).toEqual([]);
});

test("an unknown product is refused by the server, whatever a page sends", async () => {
  const context = await visitor();
  const page = await tab(context);
  await page
    .locator('form[data-id="moth"] input[name="id"]')
    .first()
    .evaluate((field) => {
      (field as HTMLInputElement).value = "yacht";
    });
  await add(page, "moth");
  await page.waitForSelector("[data-notice]:not([hidden])");
  expect(await page.textContent("[data-notice]")).toContain("invalid_input");
  expect(await page.locator("[data-line]").count()).toBe(0);
});

test("on a phone the page fits, and the basket is a tap away", async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  onTestFinished(() => context.close());
  const page = await tab(context);
  await add(page, "moth");
  await holds(page, "moth", 1);
  await picture(page, "shop-phone");
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(390);
  await page.click("[data-basket-bar]");
  await page.waitForFunction(() => {
    const box = document.querySelector("#basket")?.getBoundingClientRect();
    return box !== undefined && box.top < innerHeight;
  });
});

test("the greeting says what to try", () => {
  for (const words of ["two tabs", "Restart me", "curl", shop.url]) expect(shop.greeting).toContain(words);
});
