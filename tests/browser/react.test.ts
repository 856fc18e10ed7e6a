// The shop in React in a real browser: hydration, two tabs, optimistic updates, the end.

import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { complaintsOf, launchChromium, picture } from "../support/chromium.ts";
import { type ExampleProcess, freePort, startExample } from "../support/example-process.ts";

let browser: Browser;
let shop: ExampleProcess;

beforeAll(async () => {
  const port = await freePort();
  [browser, shop] = await Promise.all([launchChromium(), startExample("react/server.tsx", "and plain: ", port)]);
});

afterAll(async () => {
  await browser?.close();
  await shop?.stop();
});

async function visitor(): Promise<{ context: BrowserContext; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  onTestFinished(() => context.close());
  return { context, complaints: complaintsOf(context) };
}

async function tab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${shop.url}/react`);
  await page.waitForSelector('[data-status="live"]');
  return page;
}

const line = (page: Page, id: string, quantity: number) =>
  page.waitForSelector(`[data-line="${id}"][data-quantity="${quantity}"]`);

test("two tabs stay in step, from either side, and nothing is mismatched", async () => {
  const { context, complaints } = await visitor();
  const [one, two] = [await tab(context), await tab(context)];
  await one.click('[data-add="moth"]');
  await line(two, "moth", 1);
  await two.click('[data-line="moth"] [aria-label="One more"]');
  await line(one, "moth", 2);
  await two.click('[data-line="moth"] [aria-label="One less"]');
  await line(one, "moth", 1);
  await picture(one, "react-light");
  expect(complaints).toEqual([]); // a hydration mismatch is an error on the console
});

test("the server renders the cart, before any script runs", async () => {
  const { context } = await visitor();
  const page = await tab(context);
  await page.click('[data-add="kipper"]');
  await line(page, "kipper", 1);
  const markup = await (await context.request.get(`${shop.url}/react`)).text();
  expect(markup).toContain('data-line="kipper" data-quantity="1"');
});

test("an optimistic change shows before the server answers", async () => {
  const { context } = await visitor();
  const page = await context.newPage();
  await page.addInitScript(() => {
    // Holds back whatever the server says, once the test asks for it.
    const { addEventListener } = WebSocket.prototype;
    const held: (() => void)[] = [];
    Object.assign(window, { hold: false, release: () => held.splice(0).forEach((tell) => void tell()) });
    WebSocket.prototype.addEventListener = function (this: WebSocket, type: string, listener: EventListener) {
      const later: EventListener = (event) =>
        (window as unknown as { hold: boolean }).hold && type === "message"
          ? void held.push(() => listener(event))
          : listener(event);
      addEventListener.call(this, type, later);
    } as typeof addEventListener;
  });
  await page.goto(`${shop.url}/react`);
  await page.waitForSelector('[data-status="live"]');
  await page.evaluate(() => Object.assign(window, { hold: true }));
  await page.click('[data-add="dragon"]');
  await line(page, "dragon", 1);
  const other = await tab(context);
  await line(other, "dragon", 1);
  await page.evaluate(() => {
    Object.assign(window, { hold: false });
    (window as unknown as { release(): void }).release();
  });
  await other.click('[data-add="dragon"]');
  await line(page, "dragon", 2);
});

test("logging out elsewhere ends what every tab shows", async () => {
  const { context, complaints } = await visitor();
  const [one, two] = [await tab(context), await tab(context)];
  await one.goto(shop.url);
  await one.fill("#name", "Ada");
  await one.click("text=Sign in");
  await one.goto(`${shop.url}/react`);
  await two.reload();
  await two.waitForSelector('[data-status="live"]');
  await one.click("text=Sign out");
  await two.waitForSelector('[data-status="ended"]');
  expect(await two.textContent('[data-status="ended"]')).toContain("destroyed");
  expect(complaints).toEqual([]);
});
