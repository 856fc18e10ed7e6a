// What browser.ts asks of the live session: the shape of `connect<typeof shopApp>({ url })` for this shop. Types only.

import type { ShopView, Status, Theme } from "./cart-view.ts";

type Action<Input> = (input: Input, options?: { optimistic?: (view: ShopView) => ShopView }) => Promise<unknown>;

export interface LiveShop {
  readonly view: ShopView | undefined;
  readonly status: Status;
  readonly endReason: string | null;
  subscribe(listener: () => void): () => void;
  readonly actions: {
    readonly addToCart: Action<{ id: string }>;
    readonly setQuantity: Action<{ id: string; quantity: number }>;
    readonly removeFromCart: Action<{ id: string }>;
    readonly clearCart: Action<Record<string, never>>;
    readonly setTheme: Action<{ theme: Theme }>;
  };
}
