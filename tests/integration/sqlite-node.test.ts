// The store suite on node:sqlite, which is younger than the oldest Node that we support: run by a newer Node.

import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { memoryStore } from "live-session";
import { storeConformance } from "live-session/conformance";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const node = spawnSync(process.execPath, [path("scripts/newer-node.mjs")], { encoding: "utf8" }).stdout.trim();

// Only the names: the cases run over there.
const open = () => ({ store: memoryStore(), peer: memoryStore(), advance() {}, close() {} });
const names = storeConformance({ open, exactClock: true, fails: true, sweeps: true }).map(({ name }) => name);
const expected = [
  ...(["file", "memory"] as const).flatMap((where) => names.map((name) => `${where}: ${name}`)),
  "waits for locks",
];

if (node === "") {
  const why = "No Node with node:sqlite is here (22.13 or newer), and npm could not fetch one. Set NEWER_NODE to one.";
  console.error(`\n${"!".repeat(100)}\n!!! SKIPPED: node:sqlite. ${why}\n${"!".repeat(100)}`);
  // What CI does not test it must not call tested.
  test.skipIf(process.env.CI !== "true")("node:sqlite is there to be tested", () => {
    throw new Error(why);
  });
}

describe.skipIf(node === "")("node:sqlite", () => {
  const errors = new Map<string, string | null>();
  let stop = () => {};

  beforeAll(async () => {
    const child = spawn(node, ["--import", "tsx", path("tests/support/node-sqlite-process.ts")], {
      cwd: path(""),
      stdio: ["ignore", "pipe", "inherit"],
    });
    stop = () => void child.kill("SIGKILL");
    for await (const line of createInterface({ input: child.stdout })) {
      const { name, error } = JSON.parse(line) as { name: string; error: string | null };
      errors.set(name, error);
    }
  }, 120_000);

  afterAll(() => stop());

  test.each(expected)("%s", (name) => {
    expect(errors.has(name), "the case did not run").toBe(true);
    expect(errors.get(name)).toBeNull();
  });
});
