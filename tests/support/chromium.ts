// A real Chromium for the browser suites, and what its pages complained about.

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** Keeps Chromium to the page under test: no sandbox (it runs as root in CI), no talk of its own with the network. */
const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A browser with a fresh profile. Close it when done. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium", args: quiet });
}

/** Errors of a context's pages, console and uncaught, as they come. `expected` lets those through that a test causes. */
export function complaintsOf(context: BrowserContext, expected: readonly RegExp[] = []): string[] {
  const complaints: string[] = [];
  const add = (text: string) => {
    if (!expected.some((pattern) => pattern.test(text))) complaints.push(text);
  };
  context.on("console", (message) => message.type() === "error" && add(message.text()));
  context.on("weberror", (error) => add(String(error.error())));
  return complaints;
}

/** Where a test that is told to (SCREENSHOTS=folder) leaves a picture for someone to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
