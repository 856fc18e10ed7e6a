// Valid messages of the protocols, for fuzzing to start from.

import fc from "fast-check";
import { hostileJson } from "./fuzz.ts";

/** Of our own protocol. */
export const clientMessage: fc.Arbitrary<object> = fc.oneof(
  fc.record({ t: fc.constant("hello"), v: fc.constant(1), client: fc.constantFrom("tab", "other tab") }),
  fc.record(
    {
      t: fc.constant("call"),
      id: fc.oneof(fc.nat(5), fc.nat()),
      name: fc.constantFrom("add", "keep", "nothing", "__proto__", "constructor"),
      input: hostileJson,
    },
    { requiredKeys: ["t", "id", "name"] },
  ),
  fc.record({ t: fc.constant("ping") }),
);

const ref = fc.oneof(fc.constantFrom(null, "1", "2"), fc.string());

/** Of Phoenix channels. */
export const frame: fc.Arbitrary<readonly unknown[]> = fc.tuple(
  ref,
  ref,
  fc.constantFrom("phoenix", "lv:phx-fuzz", "lv:other", "room"),
  fc.constantFrom("phx_join", "phx_leave", "heartbeat", "event", "live_patch", "cids_will_destroy", "cids_destroyed"),
  fc.oneof(
    fc.record({
      type: fc.constantFrom("click", "form"),
      event: fc.constantFrom("add", "type", "constructor"),
      value: hostileJson,
    }),
    fc.record({ url: fc.webUrl() }),
    fc.record({ cids: fc.array(fc.integer()) }),
    fc.dictionary(fc.string(), hostileJson),
  ),
);
