// The dashboard of three nodes under the load of many shoppers, as `npm run example:cluster -- --load` runs them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LiveClient } from "live-session/client";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { ShopApp } from "../../examples/shop/live-shop.ts";
import { looks, violations } from "../support/appearances.ts";
import { complaintsOf, launchChromium, picture } from "../support/chromium.ts";
import { type Cluster, startCluster } from "../support/cluster-process.ts";
import { visitor } from "../support/cluster-visitor.ts";
import { adminPassword, hasRedis, type RedisServer, startRedis } from "../support/servers/redis.ts";
import { when } from "../support/sessions.ts";

let browser: Awaited<ReturnType<typeof launchChromium>>;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

const nodes = ["Node A", "Node B", "Node C"];

describe.each([
  { engine: "sqlite", isAway: false },
  { engine: "redis", isAway: !hasRedis() },
])("on $engine", ({ engine, isAway }) => {
  describe.skipIf(isAway)("under load", () => {
    const folder = mkdtempSync(join(tmpdir(), "live-session-cluster-"));
    let server: RedisServer | undefined;
    let cluster: Cluster;

    beforeAll(async () => {
      if (engine === "redis") server = await startRedis();
      const REDIS_URL = `redis://:${adminPassword}@localhost:${server?.port}`;
      cluster = await startCluster({ ENGINE: engine, REDIS_URL, SHOP_DATA: folder, SHOPPERS: "24" }, "--load");
    });
    afterAll(async () => {
      await cluster?.stop();
      await server?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    test.each(looks)("all nodes, a session found by its principal, and its end on every node, $look", async (each) => {
      const { look, options } = each;
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const complaints = complaintsOf(context);
      onTestFinished(() => context.close());
      const page = await context.newPage();
      const inspected = async (part: string) => {
        expect(await violations(page)).toEqual([]);
        const [width = 0, screen = 0] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        expect(width).toBeLessThanOrEqual(screen);
        await picture(page, `cluster-${engine}-${part}-${look}`);
      };

      await page.goto(cluster.dashboard);
      for (const node of nodes) await page.waitForSelector(`tbody th:text-is("${node}")`);
      await moved(page);
      await inspected("overview");

      const { tabs, post } = await signedIn(`ada-${look}`);
      await page.click('nav a:text-is("Sessions")');
      await page.waitForSelector("tbody tr");
      await inspected("sessions");
      await page.fill('input[name="principal"]', `ada-${look}`);
      await page.press('input[name="principal"]', "Enter");
      await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
      await page.click("tbody a");

      for (const node of nodes) await page.waitForSelector(`.plain li:has-text("ws on ${node}")`);
      for (const id of ["moth", "kipper", "dragon"]) await post(`${cluster.url}/cart/add`, { id });
      await page.waitForSelector('.timeline li:has-text("wrote cart")');
      await inspected("session");
      await page.click("button.danger");
      await page.click("dialog button.danger");
      await page.waitForSelector('[role="status"]:text-is("This session is over: revoked.")');
      await Promise.all(tabs.map((tab) => when(tab, () => tab.status === "ended")));
      expect(tabs.map((tab) => tab.endReason)).toEqual(["revoked", "revoked", "revoked"]);
      expect(complaints).toEqual([]);
    });

    /** Somebody with a tab on each node. */
    async function signedIn(name: string) {
      const [first = ""] = cluster.nodes.map(({ url }) => url);
      const { post, tab } = await visitor(first);
      expect(await post(`${first}/login`, { name })).toBe(303);
      const tabs: LiveClient<ShopApp>[] = [];
      for (const { url } of cluster.nodes) tabs.push(await tab(url));
      return { tabs, post };
    }
  });
});

/** Resolves when the shoppers' commits show, and the chart of them was drawn anew several times. */
async function moved(page: Page): Promise<void> {
  await page.waitForFunction(
    (selector) => Number(document.querySelector(selector)?.textContent) > 1,
    ".tile:nth-child(5) dd",
  );
  for (let times = 0; times < 3; times++) {
    const drawn = await page.evaluate(() => document.querySelector("canvas")?.toDataURL());
    await page.waitForFunction((before) => document.querySelector("canvas")?.toDataURL() !== before, drawn);
  }
}
