// The dashboard in a real browser, beside the shop, with visitors on two nodes.

import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { localBus, memoryStore } from "live-session";
import { connect } from "live-session/client";
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { ShopApp } from "../../examples/shop/live-shop.ts";
import { openShop, type Shop } from "../../examples/shop/shop.ts";
import { looks, violations } from "../support/appearances.ts";
import { complaintsOf, launchChromium, picture } from "../support/chromium.ts";
import { cookie, secret } from "../support/ws.ts";

const VISITORS = 12;

let browser: Awaited<ReturnType<typeof launchChromium>>;
let shops: Shop[];
let urls: string[];
let complaints: string[];
const store = memoryStore();
const stops: (() => void)[] = [];
const keys: string[] = [];

beforeAll(async () => {
  const bus = localBus();
  const open = (node: string) => openShop({ store, bus, secret, node, mayLook: () => true });
  [browser, ...shops] = await Promise.all([launchChromium(), open("web-1"), open("web-2")]);
  urls = await Promise.all(shops.map(({ server }) => urlOf(server)));
  await Promise.all(Array.from({ length: VISITORS }, (_none, at) => visit(at)));
});

afterAll(async () => {
  for (const stop of stops) stop();
  await browser?.close();
  await Promise.all(shops.map((shop) => shop.close()));
});

beforeEach(() => {
  complaints = [];
});

async function urlOf(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A visitor with a live connection, who goes on putting things into the basket. */
async function visit(at: number): Promise<void> {
  const { sessions } = shops[at % 2] as Shop;
  const { id, key } = await sessions.create({ theme: "dark", user: { name: "Ada" } });
  keys[at] = key;
  if (at % 3 === 0) await sessions.bind(id, `ada-${at}`);
  class Own extends WebSocket {
    constructor(url: string) {
      super(url, { headers: { cookie: cookie(id) } });
    }
  }
  const url = `${urls[at % 2]?.replace("http", "ws")}/live`;
  const live = connect<ShopApp>({ url, WebSocket: Own as never });
  let goesOn = true;
  stops.push(() => {
    goesOn = false;
    live.close();
  });
  (async () => {
    for (let step = 0; goesOn; step++) {
      await live.actions.setTheme({ theme: step % 2 === 0 ? "light" : "dark" });
      await live.actions.setQuantity({ id: "kite", quantity: 1 + (step % 5) }).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 40 + 25 * at)); // a pace, not a wait: so that there are rates to show
    }
  })().catch(() => {}); // closed with the tests
}

async function admin(options: BrowserContextOptions = {}): Promise<[Page, BrowserContext]> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  complaints = complaintsOf(context);
  onTestFinished(() => context.close());
  return [await context.newPage(), context];
}

/** The text of a figure of the overview. */
const tile = (title: string) => `.tile:has(dt:text-is("${title}")) dd`;

const reads = (page: Page, selector: string, text: string) => page.waitForSelector(`${selector}:text-is("${text}")`);

const dashboard = (part = "") => `${urls[0]}/admin/sessions/${part}`;

/** Opens a part of the dashboard, and waits until it shows what it is about. */
async function open(page: Page, part: Part): Promise<void> {
  await page.goto(dashboard(part.hash()));
  await page.waitForSelector(part.shows);
}

interface Part {
  readonly name: string;
  readonly hash: () => string;
  readonly shows: string;
}

const parts: readonly Part[] = [
  { name: "overview", hash: () => "", shows: "tbody tr:nth-child(2)" },
  { name: "sessions", hash: () => "#/sessions", shows: `tbody tr:nth-child(${VISITORS})` },
  { name: "session", hash: () => `#/session/${keys[3]}`, shows: ".timeline li" },
];

test.each(parts.flatMap((part) => looks.map((each) => ({ ...each, part }))))(
  "axe finds nothing wrong with the $part.name, $look; nothing is wider than the screen",
  async ({ part, look, options }) => {
    const [page] = await admin(options);
    await open(page, part);
    expect(await violations(page)).toEqual([]);
    const [width = 0, screen = 0] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(width).toBeLessThanOrEqual(screen);
    await picture(page, `dashboard-${part.name}-${look}`);
    expect(complaints).toEqual([]);
  },
);

test.each(looks)("axe finds nothing wrong with the shop, $look", async ({ options }) => {
  const [page] = await admin(options);
  await page.goto(urls[0] as string);
  await page.waitForSelector("main");
  expect(await violations(page)).toEqual([]);
});

test("the overview shows connections, sessions and rates of both nodes, and asks nothing of anyone else", async () => {
  const [page, context] = await admin();
  const hosts = new Set<string>();
  context.on("request", (request) => hosts.add(new URL(request.url()).origin));
  await page.goto(dashboard());
  await reads(page, tile("Connections"), String(VISITORS));
  await reads(page, tile("Nodes"), "2");
  await reads(page, tile("Sessions in the store"), String(await store.count()));
  await page.waitForFunction(() => document.querySelector("tbody")?.textContent?.includes("web-2"));
  await page.waitForFunction(
    (selector) => Number(document.querySelector(selector)?.textContent) > 1,
    ".tile:nth-child(5) dd",
  );
  await page.selectOption("#node", "web-2");
  await reads(page, tile("Connections"), String(VISITORS / 2));
  await page.selectOption("#node", "");
  expect([...hosts]).toEqual([urls[0]]);
  expect(complaints).toEqual([]);
});

test("sessions are found by principal, and turned to by keyboard alone", async () => {
  const [page] = await admin();
  await open(page, parts[1] as Part);
  await page.focus('input[name="principal"]');
  await page.keyboard.type("ada-6");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  expect(await page.textContent("tbody td")).toBe("ada-6");
  await page.focus("tbody a");
  await page.keyboard.press("Enter");
  await page.waitForSelector(`.key:text-is("${keys[6]}")`);
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
  await page.goBack();
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  expect(await page.inputValue('input[name="principal"]')).toBe("ada-6");
});

test("a session's page hides values, shows changes as they come, and connections of every node", async () => {
  const [page] = await admin();
  await open(page, parts[2] as Part);
  await page.waitForSelector('.plain li:has-text("ws on web-2")');
  const row = (name: string) => page.textContent(`tr:has(.key:text-is("${name}")) td:last-child`);
  expect(await row("user")).toBe("hidden");
  expect(['"light"', '"dark"']).toContain(await row("theme")); // which the shop reveals
  expect(await page.textContent("#dashboard")).not.toContain("Ada");
  const { sessions } = shops[0] as Shop;
  const live = await sessions.attachKey(keys[3] as never);
  await live.put("flash", "<b>hello</b>");
  live.detach();
  await page.waitForSelector('.timeline li:has-text("wrote flash")');
  await page.waitForSelector('tr:has(.key:text-is("flash")) td:text-is("text, 12 characters")');
});

test("ending a session asks first, and closes its tabs", async () => {
  const [page, context] = await admin();
  const { sessions } = shops[1] as Shop;
  const { id, key } = await sessions.create({ user: { name: "Grace" } });
  const [name = "", value = ""] = cookie(id).split("=");
  await context.addCookies([{ name, value, url: urls[1] as string }]);
  const tab = await context.newPage();
  await tab.goto(urls[1] as string);
  await tab.waitForSelector('[data-status="live"]', { state: "attached" });
  await page.goto(dashboard(`#/session/${key}`));
  await page.waitForSelector("button.danger:enabled");
  await page.focus("button.danger");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open]");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Keep it");
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog:not([open])", { state: "attached" });
  expect(await sessions.read(id)).not.toBe(null);
  await page.keyboard.press("Enter"); // the focus is back on the button
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector('[role="status"]:text-is("This session is over: revoked.")');
  await tab.waitForSelector('[data-status="ended"]', { state: "attached" });
  expect(await sessions.read(id)).toBe(null);
  expect(await page.isDisabled("button.danger")).toBe(true);
});

test("who may not look sees nothing of it", async () => {
  const store = memoryStore();
  const shop = await openShop({ store, secret, mayLook: () => false });
  onTestFinished(() => shop.close());
  const url = await urlOf(shop.server);
  const [page] = await admin();
  complaints = []; // the browser tells of the answer in its console
  const answer = await page.goto(`${url}/admin/sessions/`);
  expect(answer?.status()).toBe(403);
  expect(await page.textContent("body")).toBe("You may not use this dashboard.\n");
});
