// URLs from outside, in a process that is warm: there Node 20's URL.canParse says yes to what new URL throws on.

import { createLiveSessions } from "live-session";
import { expect, onTestFinished, test } from "vitest";
import { parseUrl } from "../../src/core/url.ts";
import { Admission } from "../../src/live/shared/admission.ts";
import { urlOf } from "../../src/liveview/admission.ts";

/** Latin-1 whose bytes, taken for UTF-8, are another text, and one that is fine. */
const odd = "\u00c3\u0080";
/** Enough for the engine to take the short cut. */
const WARM = 20_000;

test("what is no URL is null, as often as it is asked", () => {
  expect(parseUrl("http://shop.example/a")?.pathname).toBe("/a");
  expect(parseUrl("//", "http://shop.example")).toBeNull();
  for (let turn = 0; turn < WARM; turn++) {
    if (parseUrl(`http://${odd}`) !== null) expect.fail(`turn ${turn}`);
    if (urlOf(`http://${odd}`) !== null) expect.fail(`turn ${turn}`);
  }
});

test("an Origin or Host that is no URL is refused, and no failure to report", () => {
  const reported: unknown[] = [];
  const sessions = createLiveSessions({ onError: (error) => reported.push(error) });
  onTestFinished(() => sessions.close());
  const admission = new Admission({ secret: "s" }, sessions);
  const allows = (origin: string, host: string) => admission.allowsOrigin({ headers: { origin, host } } as never);
  for (let turn = 0; turn < WARM; turn++) {
    if (allows("http://shop.example", odd) || allows(`http://${odd}`, "shop.example")) expect.fail(`turn ${turn}`);
  }
  expect(allows("http://shop.example", "shop.example")).toBe(true);
  expect(reported).toEqual([]);
});
