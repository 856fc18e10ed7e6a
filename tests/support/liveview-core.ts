// A view without a connection around it: what a renderer needs.

import type { ViewCore } from "../../src/liveview/socket.ts";

export function testCore(overrides: Partial<ViewCore> = {}): ViewCore {
  return {
    id: "phx-test",
    connected: true,
    connectParams: null,
    url: new URL("http://localhost/"),
    live: null,
    session: {},
    subscribed: false,
    flash: {},
    title: undefined,
    events: [],
    navigation: null,
    streamCount: 0,
    changed() {},
    deliver() {},
    deliverTo() {},
    ...overrides,
  };
}
