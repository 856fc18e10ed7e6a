// The workbench's views in a real browser: the server, a fresh visitor, and what pages show.

import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { complaintsOf } from "./chromium.ts";
import { serveLiveViews, type TestServer, type TestServerOptions } from "./liveview.ts";
import { Bindings } from "./liveview-bindings.ts";
import { Edges } from "./liveview-edges.ts";
import { Other, serveWorkbenchScript, Workbench, workbenchLayout } from "./liveview-workbench.ts";

export interface StartOptions extends TestServerOptions {
  /** Of the pages' errors, those that the test causes. */
  readonly expected?: RegExp[];
  /** Of the first page. */
  readonly path?: string;
}

export interface Started {
  readonly server: TestServer;
  readonly context: BrowserContext;
  readonly page: Page;
}

/** A server with the workbench and a page that is connected to it. The page must not have complained by the test's end. */
export async function startWorkbench(browser: Browser, options: StartOptions = {}): Promise<Started> {
  const { expected, path = "/", before, ...rest } = options;
  let scripts = Promise.resolve();
  const server = await serveLiveViews(
    { "/": Workbench, "/other": Other, "/bindings": Bindings, "/edges": Edges },
    {
      layout: workbenchLayout,
      before: (app) => {
        scripts = serveWorkbenchScript(app);
        app.use((request, _response, next) => {
          Object.assign(request.session, { entered: true }); // a first visit makes the session
          next();
        });
        before?.(app);
      },
      ...rest,
    },
  );
  await scripts;
  const context = await browser.newContext();
  const complaints = complaintsOf(context, expected);
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });
  return { server, context, page: await tab(context, server, path) };
}

/** Another tab of the same visitor, connected. */
export async function tab(context: BrowserContext, { url }: TestServer, path = "/"): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url + path);
  await page.waitForSelector("[data-phx-main].phx-connected");
  return page;
}

export const shows = (page: Page, selector: string, text: string) =>
  page.waitForSelector(`${selector}:text-is("${text}")`);
export const texts = (page: Page, selector: string) => page.locator(selector).allTextContents();
export const log = (page: Page) => page.evaluate(() => (window as unknown as { log: string[] }).log);
export const logged = (page: Page, line: string) =>
  page.waitForFunction((wanted) => (window as unknown as { log: string[] }).log.includes(wanted), line);
export const focused = (page: Page, id: string) =>
  page.waitForFunction((wanted) => document.activeElement?.id === wanted, id);
