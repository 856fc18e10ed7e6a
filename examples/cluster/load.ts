// Shoppers for the cluster, from a process of their own: `npm run example:cluster -- --load`, or
// `node --import tsx examples/cluster/load.ts http://localhost:3000`. SHOPPERS says how many, 30 unless it is said.

import { connect, type LiveClient } from "live-session/client";
import { WebSocket } from "ws";
import { catalog } from "../shop/catalog.ts";
import type { ShopApp } from "../shop/live-shop.ts";

type Tab = LiveClient<ShopApp>;

const url = process.argv[2] ?? "http://localhost:3000";
const shoppers = Number(process.env.SHOPPERS ?? 30);
const done = { requests: 0, actions: 0, failed: 0 };
const open = new Set<Tab>();
const stopping = new AbortController();

for (const event of ["SIGTERM", "disconnect"]) process.on(event, stop);
process.on("SIGINT", () => {}); // a terminal's Ctrl+C reaches everyone; cluster.ts then says SIGTERM

console.log(`  ${shoppers} shoppers are on their way.`);
const report = setInterval(() => {
  const { requests, actions, failed } = done;
  console.log(`  Shoppers so far: ${requests} requests, ${actions} actions, ${failed} failed.`);
}, 30_000);
for (let at = 1; at <= shoppers; at++) shop(`shopper-${at}`);

function stop(): void {
  clearInterval(report);
  stopping.abort();
  for (const tab of open) tab.close();
  process.exit(0);
}

/** Comes again and again. A visit that fails, as when its node was killed, is counted and over. */
async function shop(name: string): Promise<void> {
  await pause(3_000);
  while (!stopping.signal.aborted) {
    await visit(name).catch(() => {
      done.failed++;
    });
    await pause(2_000);
  }
}

/** Looks around in one or two tabs, signs in, goes on under a new session id, and mostly signs out. */
async function visit(name: string): Promise<void> {
  const request = browser();
  let tabs: Tab[] = [];
  const openTabs = () => {
    tabs = Array.from({ length: chance(0.4) ? 2 : 1 }, () => openTab(request.cookie()));
  };
  try {
    await request("/");
    openTabs();
    await buy(request, tabs, 3);
    await request("/login", { name });
    closeTabs(tabs); // a browser loads the page anew, and its tabs come with the new cookie
    openTabs();
    await buy(request, tabs, 12);
    if (chance(0.8)) await request("/logout", {});
  } finally {
    closeTabs(tabs);
  }
}

type Browser = ReturnType<typeof browser>;

/** Asks for pages and posts forms, as a browser that keeps its cookie. */
function browser() {
  let cookie = "";
  async function request(path: string, form?: Record<string, string>): Promise<void> {
    const post = form && { method: "POST", body: new URLSearchParams(form) };
    const response = await fetch(url + path, { ...post, headers: { cookie }, redirect: "manual" });
    await response.arrayBuffer();
    done.requests++;
    if (response.status >= 400) throw new Error(`${path}: ${response.status}`);
    cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
  }
  return Object.assign(request, { cookie: () => cookie });
}

function openTab(cookie: string): Tab {
  class OwnSocket extends WebSocket {
    constructor(address: string) {
      super(address, { headers: { cookie } });
    }
  }
  const tab = connect<ShopApp>({
    url: `${url.replace("http", "ws")}/live`,
    WebSocket: OwnSocket as unknown as typeof globalThis.WebSocket,
  });
  open.add(tab);
  return tab;
}

function closeTabs(tabs: readonly Tab[]): void {
  for (const tab of tabs) {
    tab.close();
    open.delete(tab);
  }
}

/** Some steps, half of them forms and half actions of a tab. */
async function buy(request: Browser, tabs: readonly Tab[], steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    await pause(1_200);
    const id = one(catalog).id;
    if (chance(0.5)) await request(chance(0.7) ? "/cart/add" : "/cart/remove", { id });
    else await act(one(tabs), id);
  }
}

async function act({ actions }: Tab, id: string): Promise<void> {
  if (chance(0.3)) await actions.setTheme({ theme: chance(0.5) ? "dark" : "light" });
  else await actions.setQuantity({ id, quantity: 1 + Math.floor(Math.random() * 5) });
  done.actions++;
}

const chance = (part: number) => Math.random() < part;

function one<Item>(items: readonly Item[]): Item {
  return items[Math.floor(Math.random() * items.length)] as Item;
}

/** Up to so many ms. */
function pause(most: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * most));
}
