// The shop on three nodes: what one does all others see, and the loss of one is no loss.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LiveClient } from "live-session/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ShopApp } from "../../examples/shop/live-shop.ts";
import { type Cluster, startCluster } from "../support/cluster-process.ts";
import { visitor } from "../support/cluster-visitor.ts";
import { rejection, when } from "../support/sessions.ts";

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

const inCart = (live: LiveClient<ShopApp>, id: string) => () => live.view?.cart.some((line) => line.id === id) ?? false;

test("a form posted to one node is seen by tabs on the others, and what a tab does by the next request", async () => {
  const { page, post, tab } = await visitor(urls[0] as string);
  const [, b, c] = urls as [string, string, string];
  const tabs = [await tab(b), await tab(c)] as const;
  expect(await post(`${urls[0]}/cart/add`, { id: "moth" })).toBe(303);
  await Promise.all(tabs.map((live) => when(live, inCart(live, "moth"))));
  await tabs[0].actions.setTheme({ theme: "dark" });
  await when(tabs[1], () => tabs[1].view?.theme === "dark");
  expect(await page(urls[0] as string)).toContain('data-theme="dark"');
});

test("signing out on one node closes the tabs on the others", async () => {
  const { post, tab } = await visitor(urls[0] as string);
  await post(`${urls[0]}/login`, { name: "Ada" });
  const tabs = [await tab(urls[1] as string), await tab(urls[2] as string)];
  expect(tabs.map((live) => live.view?.user?.name)).toEqual(["Ada", "Ada"]);
  await post(`${urls[0]}/logout`);
  await Promise.all(tabs.map((live) => when(live, () => live.status === "ended")));
});

test("the dashboard is for whoever has its URL, and finds who signed in", async () => {
  const { post } = await visitor(urls[0] as string);
  await post(`${urls[0]}/login`, { name: "Grace" });
  const list = "sessions.json?principal=Grace";
  expect(await (await fetch(new URL(list, cluster.dashboard))).json()).toMatchObject({
    sessions: [{ principal: "Grace" }],
  });
  for (const path of ["", "x/", `${"x".repeat(43)}/`]) {
    expect((await fetch(`${cluster.url}/admin/sessions/${path}${list}`)).status).toBe(403);
  }
});

test("through the load balancer requests and sockets go round, and a killed node is not missed", async () => {
  const { post, page, tab } = await visitor(urls[0] as string);
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
