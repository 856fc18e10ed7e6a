// The same promises through every framework: see tests/support/http-suite.ts.

import { memoryStore } from "live-session";
import { describe } from "vitest";
import { adapters } from "../support/http-adapters.ts";
import { appOf, httpSuite, type MakeStore } from "../support/http-suite.ts";
import { slowed } from "../support/ownership-nodes.ts";
import { renewalSuite } from "../support/renewal-suite.ts";

const stores: readonly { name: string; make: MakeStore }[] = [
  { name: "memory", make: (clock) => memoryStore({ clock }) },
];

describe.each(adapters)("$name", (adapter) => {
  describe.each(stores)("on the $name store", ({ make }) => httpSuite(adapter, make));
  describe.each(stores)("renewal on the $name store", ({ make }) => renewalSuite(appOf(adapter, make)));
  // As over a network: calls overlap.
  describe("renewal on a slow store", () => renewalSuite(appOf(adapter, (clock) => slowed(memoryStore({ clock })))));
});
