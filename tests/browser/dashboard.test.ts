// The dashboard in a real browser, beside the shop, with visitors on two nodes.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { localBus, memoryStore } from "live-session";
import { connect } from "live-session/client";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { ShopApp } from "../../examples/shop/live-shop.ts";
import { openShop, type Shop } from "../../examples/shop/shop.ts";
import { complaintsOf, launchChromium, picture } from "../support/chromium.ts";
import { cookie, secret } from "../support/ws.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const VISITORS = 12;

let browser: Awaited<ReturnType<typeof launchChromium>>;
let shops: Shop[];
let urls: string[];
let complaints: string[];
const store = memoryStore();
const stops: (() => void)[] = [];

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
  const { id } = await sessions.create({ theme: "dark" });
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

async function admin(options: Parameters<typeof browser.newContext>[0] = {}): Promise<[Page, BrowserContext]> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  complaints = complaintsOf(context);
  onTestFinished(() => context.close());
  return [await context.newPage(), context];
}

/** The text of a figure of the overview. */
const tile = (title: string) => `.tile:has(dt:text-is("${title}")) dd`;

const reads = (page: Page, selector: string, text: string) => page.waitForSelector(`${selector}:text-is("${text}")`);

const dashboard = (part = "") => `${urls[0]}/admin/sessions/${part}`;

/** What axe finds wrong with a page. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}

test("axe finds nothing wrong with the overview", async () => {
  const [page] = await admin();
  await page.goto(dashboard());
  await reads(page, tile("Nodes"), "2");
  expect(await violations(page)).toEqual([]);
});

test("the overview shows connections, sessions and rates of both nodes, and asks nothing of anyone else", async () => {
  const [page, context] = await admin();
  const hosts = new Set<string>();
  context.on("request", (request) => hosts.add(new URL(request.url()).origin));
  await page.goto(dashboard());
  await reads(page, tile("Connections"), String(VISITORS));
  await reads(page, tile("Nodes"), "2");
  await reads(page, tile("Sessions in the store"), String(VISITORS));
  await page.waitForFunction(() => document.querySelector("tbody")?.textContent?.includes("web-2"));
  await page.waitForFunction(
    (selector) => Number(document.querySelector(selector)?.textContent) > 1,
    ".tile:nth-child(5) dd",
  );
  await page.selectOption("#node", "web-2");
  await reads(page, tile("Connections"), String(VISITORS / 2));
  await page.selectOption("#node", "");
  await picture(page, "dashboard-light");
  expect([...hosts]).toEqual([urls[0]]);
  expect(complaints).toEqual([]);
});
