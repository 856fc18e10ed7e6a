// The shop on three nodes: what one does all others see, and the loss of one is no loss.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type LiveClient } from "live-session/client";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { ShopApp } from "../../examples/shop/live-shop.ts";
import { type Cluster, startCluster } from "../support/cluster-process.ts";
import { rejection } from "../support/sessions.ts";

const folder = mkdtempSync(join(tmpdir(), "live-session-cluster-"));
let cluster: Cluster;
let urls: readonly string[];

beforeAll(async () => {
  cluster = await startCluster({ ENGINE: "sqlite", SHOP_DATA: folder });
  urls = cluster.nodes.map(({ url }) => url);
});

afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A visitor's cookie, and what they can do with it on any node. */
async function visitor() {
  let cookie = "";
  const request = async (url: string, init: RequestInit = {}) => {
    const response = await fetch(url, { ...init, headers: { cookie }, redirect: "manual" });
    cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    return response;
  };
  const page = async (url: string) => (await request(url)).text();
  await page(urls[0] as string);
  return {
    page,
    post: async (url: string, form: Record<string, string> = {}) =>
      (await request(url, { method: "POST", body: new URLSearchParams(form) })).status,
    /** A tab on a node, once it is live. */
    async tab(url: string): Promise<LiveClient<ShopApp>> {
      const live = connect<ShopApp>({
        url: `${url}/live`,
        retryMin: 20,
        WebSocket: class extends WebSocket {
          constructor(to: string) {
            super(to, { headers: { cookie } });
          }
        } as unknown as typeof globalThis.WebSocket,
      });
      onTestFinished(() => live.close());
      await when(live, () => live.status === "live");
      return live;
    },
  };
}

function when(live: LiveClient<ShopApp>, there: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (there()) return resolve();
    const end = live.subscribe(() => {
      if (!there()) return;
      end();
      resolve();
    });
  });
}

const inCart = (live: LiveClient<ShopApp>, id: string) => () => live.view?.cart.some((line) => line.id === id) ?? false;

test("a form posted to one node is seen by tabs on the others, and what a tab does by the next request", async () => {
  const { page, post, tab } = await visitor();
  const [, b, c] = urls as [string, string, string];
  const tabs = [await tab(b), await tab(c)] as const;
  expect(await post(`${urls[0]}/cart/add`, { id: "moth" })).toBe(303);
  await Promise.all(tabs.map((live) => when(live, inCart(live, "moth"))));
  await tabs[0].actions.setTheme({ theme: "dark" });
  await when(tabs[1], () => tabs[1].view?.theme === "dark");
  expect(await page(urls[0] as string)).toContain('data-theme="dark"');
});

test("signing out on one node closes the tabs on the others", async () => {
  const { post, tab } = await visitor();
  await post(`${urls[0]}/login`, { name: "Ada" });
  const tabs = [await tab(urls[1] as string), await tab(urls[2] as string)];
  expect(tabs.map((live) => live.view?.user?.name)).toEqual(["Ada", "Ada"]);
  await post(`${urls[0]}/logout`);
  await Promise.all(tabs.map((live) => when(live, () => live.status === "ended")));
});

test("through the load balancer requests and sockets go round, and a killed node is not missed", async () => {
  const { post, page, tab } = await visitor();
  const tabs = [await tab(cluster.url), await tab(cluster.url), await tab(cluster.url)];
  const lost = tabs.map(
    (live) => new Promise<void>((resolve) => live.subscribe(() => live.status === "live" || resolve())),
  );
  const [node] = cluster.nodes;
  process.kill(node?.pid as number, "SIGKILL");
  await cluster.printed("Node A is gone");
  // Three sockets in turn: one of them was on each node.
  await Promise.race(lost);
  await Promise.all(tabs.map((live) => when(live, () => live.status === "live")));
  for (const id of ["moth", "kipper", "dragon"]) expect(await post(`${cluster.url}/cart/add`, { id })).toBe(303);
  await Promise.all(tabs.map((live) => when(live, () => live.view?.cart.length === 3)));
  expect(await page(cluster.url)).toContain("kipper");
});

test("an engine that is not there is said once and in words, and nothing keeps running", async () => {
  // Nothing listens on port 1.
  const away = [
    ["redis", "REDIS_URL", "redis://x:secret@127.0.0.1:1"],
    ["postgres", "DATABASE_URL", "postgres://x:secret@127.0.0.1:1/x"],
    ["nats", "NATS_URL", "nats://127.0.0.1:1"],
  ] as const;
  await Promise.all(
    away.map(async ([engine, variable, url]) => {
      const { message } = await rejection(startCluster({ ENGINE: engine, [variable]: url }));
      expect(message).toMatch(/^There is no [^\n]* at 127\.0\.0\.1:1 [^\n]*\n$/);
      expect(message).toContain(`or set ${variable}.`);
    }),
  );
  const { message } = await rejection(startCluster({ ENGINE: "mysql" }));
  expect(message).toContain("sqlite, redis, postgres, nats");
});

test("the cluster ends as a whole, and with code 0", async () => {
  expect(await cluster.stop()).toBe(0);
  for (const { pid } of cluster.nodes) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});
