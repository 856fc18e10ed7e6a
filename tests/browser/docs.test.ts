// The documentation site in a real browser: as `npm run docs` builds it, which fails where a link is dead.

import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import express from "express";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { looks, violations } from "../support/appearances.ts";
import { complaintsOf, launchChromium, picture } from "../support/chromium.ts";
import { root } from "../support/repository.ts";

let browser: Awaited<ReturnType<typeof launchChromium>>;
const server = createServer(express().use(express.static(join(root, "build/site"))));
let url: string;

beforeAll(async () => {
  const built = promisify(execFile)("npm", ["run", "docs"], { cwd: root });
  [browser] = await Promise.all([launchChromium(), built, once(server.listen(0, "127.0.0.1"), "listening")]);
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 240_000);

afterAll(async () => {
  await browser?.close();
  server.close();
});

async function open(path: string, options: BrowserContextOptions = {}): Promise<{ page: Page; hosts: Set<string> }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const complaints = complaintsOf(context);
  const hosts = new Set<string>();
  context.on("request", (request) => hosts.add(new URL(request.url()).origin));
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
    expect([...hosts]).toEqual([url]); // nothing of any other host
  });
  const page = await context.newPage();
  await page.goto(url + path, { waitUntil: "networkidle" });
  return { page, hosts };
}

const pages = [
  "/",
  "/concepts.html",
  "/compare.html",
  "/sessions-life.html",
  "/errors.html",
  "/benchmarks.html",
  "/api/koa.html",
];

test.each(pages.flatMap((path) => looks.map((each) => ({ ...each, path }))))(
  "axe finds nothing wrong with $path, $look; nothing is wider than the screen",
  async ({ path, look, options }) => {
    const { page } = await open(path, options);
    const found = await violations(page);
    expect(found).toEqual([]);
    const [width = 0, screen = 0] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(width).toBeLessThanOrEqual(screen);
    await picture(page, `docs${path.replaceAll("/", "-").replace(".html", "")}-${look}`);
  },
);

test("the search, opened by keyboard, finds endAll", async () => {
  const { page } = await open("/");
  await page.keyboard.press("Control+k");
  await page.waitForSelector("#localsearch-input");
  await page.keyboard.type("endAll");
  await page.click('.VPLocalSearchBox .result:has-text("endAll")');
  await page.waitForSelector('.VPDoc :text("endAll")', { state: "attached" });
});

test("what an error's help names is a section of its page", async () => {
  const { page } = await open("/errors.html#rate_limited");
  expect(await page.textContent(":target")).toContain("rate_limited");
});
