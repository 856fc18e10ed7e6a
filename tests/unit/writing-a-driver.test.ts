// The page on writing a driver is true: its code is this repository's, and its store passes the suite.

import { readFileSync } from "node:fs";
import { ManualClock, storeConformance } from "live-session/conformance";
import { describe, expect, test } from "vitest";
import { textStore } from "../support/text-store.ts";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/drivers/writing-a-driver.md", root), "utf8");

test.each([
  ["suite", "tests/unit/conformance-example.test.ts"],
  ["text-store", "tests/support/text-store.ts"],
])("the block %s is the file %s", (name, path) => {
  const block = page.split(`<!-- docs: ${name} -->\n\`\`\`ts\n`)[1]?.split("```")[0];
  const file = readFileSync(new URL(path, root), "utf8");
  expect(block).toBe(file.slice(file.indexOf("\n\n") + 2));
});

describe("the store on the page", () => {
  const cases = storeConformance({
    exactClock: true,
    fails: true,
    sweeps: true,
    open() {
      const clock = new ManualClock();
      let broken = false;
      class Engine extends Map<string, string> {
        override get(key: string) {
          if (broken) throw new Error("The engine is broken, on purpose.");
          return super.get(key);
        }
      }
      const engine = new Engine();
      const fail = () => {
        broken = true;
      };
      const [store, peer] = [textStore({ engine, clock }), textStore({ engine, clock })];
      return { store, peer, fail, advance: (ms) => clock.advance(ms), close() {} };
    },
  });
  for (const { name, run } of cases) test(name, run);
});
