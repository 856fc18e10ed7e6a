// live-session/react on the server: what is rendered without a client, and what hooks say where they cannot work.

import type { ClientEndReason, LiveClient, Status } from "live-session/client";
import { LiveSessionProvider, useLiveSession, useLiveView } from "live-session/react";
import { type ReactNode, Suspense } from "react";
import { renderToString } from "react-dom/server";
import { prerender } from "react-dom/static";
import { expect, test } from "vitest";
import type { ActionTypes, AppTypes } from "../../src/core/wire.ts";

type Shop = AppTypes<{ cart: string[] }, { add: ActionTypes<string, number> }>;

function Cart() {
  const { view, status } = useLiveSession<Shop>();
  return <p>{`${status}: ${view?.cart.join(", ") ?? "nothing yet"}`}</p>;
}

function Certain() {
  return <p>{useLiveView<Shop>().cart.length}</p>;
}

const onServer = (children: ReactNode, initial?: { cart: string[] }) => (
  <LiveSessionProvider<Shop> client={null} initial={initial}>
    {children}
  </LiveSessionProvider>
);

test("without a client the initial view is rendered, or none", () => {
  expect(renderToString(onServer(<Cart />, { cart: ["kite"] }))).toBe("<p>connecting: kite</p>");
  expect(renderToString(onServer(<Cart />))).toBe("<p>connecting: nothing yet</p>");
});

test("useLiveView renders the initial view; without one the fallback goes out, for the browser to replace", async () => {
  expect(renderToString(onServer(<Certain />, { cart: ["kite"] }))).toBe("<p>1</p>");
  const waiting = onServer(
    <Suspense fallback={<i>wait</i>}>
      <Certain />
    </Suspense>,
  );
  const errors: string[] = [];
  const { prelude } = await prerender(waiting, { onError: (error) => void errors.push((error as Error).message) });
  expect(await new Response(prelude).text()).toContain("<i>wait</i>");
  expect(errors).toEqual([expect.stringContaining("initial")]);
});

test("outside of a provider the hooks say what is missing", () => {
  expect(() => renderToString(<Cart />)).toThrow("LiveSessionProvider");
  expect(() => renderToString(<Certain />)).toThrow("LiveSessionProvider");
});

let add: (item: string) => Promise<unknown>;

function TakeAdd() {
  add = useLiveSession<Shop>().actions.add;
  return null;
}

test("an action called on the server is rejected, and says which", async () => {
  renderToString(onServer(<TakeAdd />));
  await expect(add("kite")).rejects.toThrow("add");
});

/** A client that a test holds in its hands. */
function fakeClient() {
  const listeners = new Set<() => void>();
  const client = {
    view: undefined as { cart: string[] } | undefined,
    version: undefined,
    status: "connecting" as Status,
    endReason: undefined as ClientEndReason | undefined,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    actions: { add: async () => 1 },
    reconnect() {},
    close() {},
  };
  const change = (to: Partial<typeof client>) => {
    Object.assign(client, to);
    for (const listener of [...listeners]) listener();
  };
  return { client: client satisfies LiveClient<Shop>, change };
}

test("the state is the same object until something changed, and the initial view holds until the first live one", async () => {
  const { makeSource } = await import("../../src/react/source.ts");
  const { client, change } = fakeClient();
  const source = makeSource<Shop>(client, { cart: ["first"] });
  const before = source.state();
  expect(before).toMatchObject({ view: { cart: ["first"] }, status: "connecting" });
  change({});
  expect(source.state()).toBe(before);
  change({ view: { cart: ["live"] }, status: "live" });
  const after = source.state();
  expect(after).toMatchObject({ view: { cart: ["live"] }, status: "live" });
  expect(source.state()).toBe(after);
  expect(after.actions).toBe(before.actions);
  change({ status: "ended", endReason: "revoked" });
  expect(source.state()).toMatchObject({ status: "ended", endReason: "revoked" });
  expect(source.serverState()).toBe(before);
});
