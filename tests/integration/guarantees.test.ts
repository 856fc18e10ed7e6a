// The code on each guarantee's page runs, and prints what it says behind each `console.log`.

import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { blocksOf, folderWith, pagesOf } from "../support/documents.ts";

const blocks = pagesOf("docs/guarantees").flatMap(blocksOf);
const running = blocks.filter(({ mark }) => mark === "check: runs");

test("nearly every page has code that runs", () => {
  expect(running.length).toBeGreaterThan(10);
});

test.each(running)("$document", async ({ code }) => {
  const printed: unknown[][] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...words) => void printed.push(words));
  onTestFinished(() => log.mockRestore());
  vi.stubEnv("SESSION_SECRET", "a secret of more than thirty-two characters");
  onTestFinished(() => void vi.unstubAllEnvs());
  const more = code.includes("export const sessions") ? "" : "\nexport { sessions };";
  const { sessions } = await import(join(folderWith({ "block.ts": code + more }), "block.ts"));
  onTestFinished(() => sessions.close());
  const said = [...code.matchAll(/console\.log\(.+\); \/\/ (.+)$/gm)].map(([, words]) => JSON.parse(`[${words}]`));
  expect(printed).toEqual(said);
});
