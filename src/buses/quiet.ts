// The bus of a hub that is alone: its topics hear of its writes without one, and there is nobody else.

import type { SessionBus } from "../core/bus.ts";

const nothing = () => {};

export function quietBus(): SessionBus {
  return { publish: nothing, subscribe: () => nothing, onStatus: () => nothing, close: nothing };
}
