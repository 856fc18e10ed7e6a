// A visitor of the cluster: requests and live tabs under one cookie, on whatever node.

import { connect, type LiveClient } from "live-session/client";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { ShopApp } from "../../examples/shop/live-shop.ts";
import { when } from "./sessions.ts";

/**
 * A visitor's cookie, and what they can do with it on any node.
 *
 * @param first the page that they come to first
 */
export async function visitor(first: string) {
  let cookie = "";
  const request = async (url: string, init: RequestInit = {}) => {
    const response = await fetch(url, { ...init, headers: { cookie }, redirect: "manual" });
    cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    return response;
  };
  const page = async (url: string) => (await request(url)).text();
  await page(first);
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
