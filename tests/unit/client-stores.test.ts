// The browser client as a store of Vue, Svelte and Solid: the recipes of docs/adapters/react.md, run.

import type { LiveClient } from "live-session/client";
import { createEffect, createRoot } from "solid-js";
import { expect, test } from "vitest";
import { effectScope, watchEffect } from "vue";
import type { AppTypes } from "../../src/core/wire.ts";
import { read } from "../support/repository.ts";
import { solidView, svelteView, vueView } from "../support/store-recipes.ts";

type Shop = AppTypes<{ cart: string[] }, Record<never, never>>;

/** A client that shows what the test tells it to. */
function fakeClient() {
  const listeners = new Set<() => void>();
  const client = {
    view: undefined as { cart: string[] } | undefined,
    version: undefined,
    status: "live" as const,
    endReason: undefined,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    actions: {},
    reconnect() {},
    close() {},
  };
  const show = (...cart: string[]) => {
    client.view = { cart };
    for (const listener of [...listeners]) listener();
  };
  return { client: client satisfies LiveClient<Shop> as LiveClient<Shop>, show, listeners };
}

test("the page has the recipes as they run here", () => {
  const page = read("docs/adapters/react.md");
  const block = page.split("<!-- docs: stores -->\n```ts\n")[1]?.split("```")[0];
  const source = read("tests/support/store-recipes.ts");
  expect(source.slice(source.indexOf("import"))).toBe(block);
});

test("Vue: a ref follows the view, until its scope ends", () => {
  const { client, show, listeners } = fakeClient();
  const seen: unknown[] = [];
  const scope = effectScope();
  scope.run(() => {
    const view = vueView(client);
    watchEffect(() => void seen.push(view.value?.cart), { flush: "sync" });
  });
  show("kite");
  expect(seen).toEqual([undefined, ["kite"]]);
  scope.stop();
  expect(listeners.size).toBe(0);
});

test("Svelte: a store follows the view while someone listens", () => {
  const { client, show, listeners } = fakeClient();
  const seen: unknown[] = [];
  const stop = svelteView(client).subscribe((view) => seen.push(view?.cart));
  show("kite");
  stop();
  show("string");
  expect(seen.at(-1)).toEqual(["kite"]);
  expect(listeners.size).toBe(0);
});

test("Solid: a signal follows the view, until its root ends", () => {
  const { client, show, listeners } = fakeClient();
  const seen: unknown[] = [];
  const end = createRoot((dispose) => {
    const view = solidView(client);
    createEffect(() => seen.push(view()?.cart));
    return dispose;
  });
  show("kite");
  expect(seen).toEqual([undefined, ["kite"]]);
  end();
  expect(listeners.size).toBe(0);
});
