// The shop on other frameworks: what a form does is seen by the visitor's open tabs, and a logout closes them.

import { expect, onTestFinished, test } from "vitest";
import { freePort, startExample } from "../support/example-process.ts";
import { type Message, Peer } from "../support/ws.ts";

const examples = [
  { script: "fastify/server.ts", open: "The shop on Fastify: http" },
  { script: "koa/server.ts", open: "The shop on Koa: http" },
  { script: "hono/server.ts", open: "The shop on Hono: http" },
];

/** Starts it; a visitor's cookies go with every request. */
async function visit(script: string, open: string) {
  const example = await startExample(script, open, await freePort());
  onTestFinished(() => example.stop());
  const cookies = new Map<string, string>();
  const headers = () => ({ cookie: [...cookies].map((pair) => pair.join("=")).join("; ") });
  const request = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(example.url + path, { ...init, headers: headers(), redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (line.split(";")[0] ?? "").split("=");
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    return { status: response.status, text: await response.text() };
  };
  return {
    get: (path: string) => request(path),
    post: async (path: string, form: Record<string, string> = {}) =>
      (await request(path, { method: "POST", body: new URLSearchParams(form) })).status,
    tab: () => new Peer(`${example.url.replace("http", "ws")}/live`, headers()),
  };
}

/** The next view with something in its cart. */
async function filled(tab: Peer): Promise<unknown> {
  const cartIn = ({ view }: Message) => (view as { cart: unknown[] } | undefined)?.cart ?? [];
  return cartIn(await tab.until((message) => cartIn(message).length > 0));
}

test.each(examples)(
  "$script: two tabs follow a form, what a tab does is on the next page, logout closes",
  async ({ script, open }) => {
    const { get, post, tab } = await visit(script, open);
    expect((await get("/")).text).toContain('src="/browser.js"');
    expect((await get("/browser.js")).text).toContain("WebSocket");
    const tabs = [tab(), tab()] as const;
    for (const each of tabs) expect((await each.hello()).view.view).toMatchObject({ cart: [], theme: "light" });

    expect(await post("/cart/add", { id: "moth" })).toBe(303);
    const cart = [{ id: "moth", quantity: 1 }];
    expect(await Promise.all(tabs.map(filled))).toEqual([cart, cart]);

    await tabs[0].call(1, "setTheme", { theme: "dark" });
    expect((await tabs[1].until(({ t }) => t === "view")).view).toMatchObject({ cart, theme: "dark" });
    expect((await get("/")).text).toContain('data-theme="dark"');

    expect(await post("/logout")).toBe(303);
    expect(await Promise.all(tabs.map(({ closed }) => closed))).toEqual([1008, 1008]);
  },
);

test.each(examples)(
  "$script: a login goes on under a new id with the basket; tabs of before are closed",
  async ({ script, open }) => {
    const { get, post, tab } = await visit(script, open);
    await get("/");
    await post("/cart/add", { id: "moth" });
    const before = tab();
    await before.hello();
    expect(await post("/login", { name: "Ada" })).toBe(303);
    expect(await before.closed).toBe(1008);
    const { view } = await tab().hello();
    expect(view.view).toMatchObject({ cart: [{ id: "moth", quantity: 1 }], user: { name: "Ada" } });
  },
);
