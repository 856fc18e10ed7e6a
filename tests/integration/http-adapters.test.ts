// The same promises through every framework: see tests/support/http-suite.ts.

import { memoryStore } from "live-session";
import { describe } from "vitest";
import { adapters } from "../support/http-adapters.ts";
import { httpSuite, type MakeStore } from "../support/http-suite.ts";

const stores: readonly { name: string; make: MakeStore }[] = [
  { name: "memory", make: (clock) => memoryStore({ clock }) },
];

describe.each(adapters)("$name", (adapter) => {
  describe.each(stores)("on the $name store", ({ make }) => httpSuite(adapter, make));
});
