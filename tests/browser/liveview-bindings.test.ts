// Bindings, JS commands, portals and infinite scrolling, with the official client in a real browser.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import { focused, logged, shows, startWorkbench, texts } from "../support/liveview-browser.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

const start = () => startWorkbench(browser, { path: "/bindings" });

/** What the view has heard, once a click that comes after all else is in it. */
async function heard(page: Page): Promise<string[]> {
  await page.evaluate(() => document.querySelector<HTMLElement>("#here")?.click());
  await page.waitForSelector('#heard li:last-child:text-is("here")');
  const lines = await texts(page, "#heard li");
  await page.evaluate(() => document.querySelector<HTMLElement>("#forget")?.click());
  await shows(page, "#count", "0");
  return lines.slice(0, -1);
}

describe("bindings", () => {
  test("focus, keys and the window", async () => {
    const { page } = await start();
    expect(await heard(page)).toEqual(["mounted"]);
    await page.focus("#field");
    await page.focus("#keys");
    expect(await heard(page)).toEqual(["focus", "blur"]);
    await page.press("#keys", "a");
    expect(await heard(page)).toEqual(["keydown a", "keyup a"]);
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press("Enter"); // not the key that is meant
    await page.keyboard.press("Escape");
    expect(await heard(page)).toEqual(["window_keydown Escape", "window_keyup Escape"]);
    // Version 1.2.12 of the client passes over events of the window itself, so these come from an element.
    await page.evaluate(() => {
      document.body.dispatchEvent(new FocusEvent("blur", { bubbles: true }));
      document.body.dispatchEvent(new FocusEvent("focus", { bubbles: true }));
    });
    expect(await heard(page)).toEqual(["window_blur", "window_focus"]);
  });

  test("a click away", async () => {
    const { page } = await start();
    await page.click("#inside");
    await page.click("#added");
    await shows(page, "#away", "1");
  });

  test("throttled clicks reach the view once", async () => {
    const { page } = await start();
    await heard(page);
    for (let click = 0; click < 3; click++) await page.click("#throttled");
    expect(await heard(page)).toEqual(["throttled"]);
  });

  test("debounced typing reaches the view at the end, or when the field is left", async () => {
    const { page } = await start();
    await heard(page);
    await page.locator("#late").pressSequentially("abc");
    expect(await heard(page)).toEqual([]);
    await page.locator("#late").blur();
    await shows(page, "#heard li:last-child", "debounced abc");
    expect((await texts(page, "#heard li")).filter((line) => line.startsWith("debounced"))).toEqual(["debounced abc"]);
    await page.fill("#early", "soon");
    await shows(page, "#heard li:last-child", "typed soon");
  });

  test("a form with phx-auto-recover is handed to that event after the view failed", async () => {
    const { page, server } = await start();
    await page.fill("#note", "half a");
    await shows(page, "#heard li:last-child", "typed half a");
    await page.click("#fail");
    await page.waitForSelector('#heard li:text-is("recover half a")');
    expect(await texts(page, "#heard li:text-is('typed half a')")).toEqual([]); // not by its phx-change
    expect(server.reported).toHaveLength(1);
  });

  test("the end of a scrolled stream asks for more of it", async () => {
    const { page } = await start();
    expect(await page.locator("#rows li").count()).toBe(20);
    await page.evaluate(() => document.querySelector("#rows-19")?.scrollIntoView());
    await page.waitForSelector("#rows-39");
    expect(await page.locator("#rows li").first().textContent()).toBe("row 0");
  });
});

describe("JS commands", () => {
  test("classes, attributes and transitions, which patches leave as they are", async () => {
    const { page } = await start();
    await page.click("#js-toggle-class");
    await page.waitForSelector("#box.two:not(.one)");
    await page.click("#js-set");
    await page.waitForSelector('#box[title="set"]');
    await page.click("#js-switch");
    await page.waitForSelector('#box[dir="ltr"]');
    await page.click("#js-switch");
    await page.waitForSelector('#box[dir="rtl"]');
    await page.click("#closest");
    await page.click("#frame");
    await page.waitForSelector("#frame .inner.found");
    expect(await page.locator("#box .inner.found").count()).toBe(0);
    await page.click("#open summary"); // opened by the browser, unknown to the server
    await page.click("#here");
    await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("#box")?.dataset.heard) > 1);
    await page.waitForSelector('#box.two.closest:not(.one)[title="set"][dir="rtl"]');
    await page.waitForSelector("#open[open]");
    await page.click("#js-remove");
    await page.waitForSelector("#box:not([title])");

    await page.evaluate(() => {
      const box = document.querySelector("#box") as Element;
      const seen: string[] = [];
      new MutationObserver(() => seen.push(box.className)).observe(box, { attributeFilter: ["class"] });
      Object.assign(window, { seen });
    });
    await page.click("#js-transition");
    await page.waitForSelector("#box.to:not(.during)");
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    expect(seen.some((names) => names.includes("during"))).toBe(true);
  });

  test("exec runs what another element says, on it", async () => {
    const { page } = await start();
    await heard(page);
    await page.click("#js-exec");
    await page.waitForSelector("#box", { state: "hidden" });
    expect(await heard(page)).toEqual(["told"]);
  });

  test("the focus goes into a dialog and back to where it was", async () => {
    const { page } = await start();
    await page.click("#js-first");
    await focused(page, "close");
    await page.click("#close");
    await focused(page, "js-first");
  });

  test("patch, replace and navigate", async () => {
    const { server, page } = await start();
    await page.evaluate(() => Object.assign(window, { same: true }));
    const before = await page.evaluate(() => history.length);
    await page.click("#js-patch");
    await shows(page, "#step", "patched");
    await page.click("#js-replace");
    await shows(page, "#step", "replaced");
    expect([page.url(), await page.evaluate(() => history.length)]).toEqual([
      `${server.url}/bindings?step=replaced`,
      before + 1,
    ]);
    await page.click("#js-navigate");
    await shows(page, "#other", "Other");
    expect(page.url()).toBe(`${server.url}/other`);
    await page.goBack();
    await shows(page, "#step", "replaced");
    expect(await page.evaluate(() => "same" in window)).toBe(true);
  });

  test("dispatch with what it carries, chains, and push with a value and loading states", async () => {
    const { page } = await start();
    await heard(page);
    await page.click("#js-dispatch");
    await logged(page, "dispatched both");
    expect(await heard(page)).toEqual(["told"]);
    await page.evaluate(() => {
      const seen: string[] = [];
      const box = document.querySelector("#box") as Element;
      new MutationObserver(() => seen.push(box.className)).observe(box, { attributeFilter: ["class"] });
      for (const name of ["phx:page-loading-start", "phx:page-loading-stop"])
        window.addEventListener(name, () => seen.push(name));
      Object.assign(window, { seen });
    });
    await page.click("#js-push");
    await page.waitForSelector('#heard li:text-is("told value")');
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    expect(seen.some((names) => names.includes("phx-click-loading"))).toBe(true);
    expect(seen.filter((names) => names.startsWith("phx:page-loading"))).toEqual([
      "phx:page-loading-start",
      "phx:page-loading-stop",
    ]);
  });
});

test("sendUpdate changes a component from the view", async () => {
  const { page } = await start();
  await shows(page, "#label", "first 1");
  await page.click("#relabel");
  await shows(page, "#label", "from the view 2");
});

test("a portal: its events, its patches, and its end", async () => {
  const { page } = await start();
  await page.waitForSelector("body > #carried");
  await page.click("#in-portal");
  await page.waitForSelector('#heard li:text-is("in_portal")');
  const count = (await page.textContent("#count")) ?? "";
  await shows(page, "#carried output", count);
  await page.click("#toggle-portal");
  await page.waitForSelector("#carried", { state: "detached" });
  await page.click("#toggle-portal");
  await page.waitForSelector("body > #carried");
});
