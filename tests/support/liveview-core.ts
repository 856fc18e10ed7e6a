// A view without a connection around it: what a renderer needs.

import { makeCore, type ViewCore } from "../../src/liveview/view-core.ts";

export function testCore(overrides: Partial<ViewCore> = {}): ViewCore {
  const url = new URL("http://localhost/");
  return makeCore({ id: "phx-test", url, session: {}, csrfToken: "", flash: {}, connected: true, ...overrides });
}
