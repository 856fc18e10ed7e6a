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

/** "1" is the join's, without which nothing comes through to the view. */
const ref = fc.oneof({ weight: 5, arbitrary: fc.constant("1") }, fc.constantFrom(null, "2"), fc.string());

/** Of Phoenix channels. */
export const frame: fc.Arbitrary<readonly unknown[]> = fc.tuple(
  ref,
  ref,
  fc.oneof({ weight: 4, arbitrary: fc.constant("lv:phx-fuzz") }, fc.constantFrom("phoenix", "lv:other", "room")),
  fc.constantFrom("phx_join", "phx_leave", "heartbeat", "event", "live_patch", "cids_will_destroy", "cids_destroyed"),
  fc.oneof(
    fc.record({
      type: fc.constantFrom("click", "form"),
      event: fc.constantFrom("add", "type", "constructor"),
      value: hostileJson,
    }),
    fc.record({ url: fc.webUrl() }),
    fc.record({ cids: fc.oneof(fc.array(fc.integer()), hostileJson) }),
    fc.dictionary(fc.string(), hostileJson),
  ),
);
