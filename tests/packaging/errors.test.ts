// docs/errors.md has a section for each code, and every error names it.

import { spawnSync } from "node:child_process";
import { LiveSessionError } from "live-session";
import { expect, test } from "vitest";
import { read, root } from "../support/repository.ts";

const union = read("src/core/errors.ts").match(/export type ErrorCode =([^;]+);/)?.[1] ?? "";
const codes = [...union.matchAll(/"(\w+)"/g)].map(([, code = ""]) => code);
const sections = new Map(
  read("docs/errors.md")
    .split(/^### /m)
    .slice(1)
    .map((text) => [text.match(/^`(\w+)`\n/)?.[1] ?? text, text]),
);

test("each code has a section, and each section a code", () => {
  expect(codes.length).toBeGreaterThan(20);
  expect([...sections.keys()].sort()).toEqual([...codes].sort());
});

test.each(codes)("%s: its meaning, likely causes and what to do", (code) => {
  expect(sections.get(code)).toMatch(/^`\w+`\n\n\S[\s\S]+\n\n- \*\*Likely:\*\* [\s\S]+\n- \*\*Do:\*\* /);
});

test.each(codes)("%s: an error names its section", (code) => {
  const error = new LiveSessionError(code as LiveSessionError["code"], "It failed.");
  expect(error.help).toBe(`live-session/docs/errors.md#${code}`);
});

test("what nobody catches is printed with its code and the section, and nothing that it does not have", () => {
  const code = `import { createLiveSessions } from "./src/index.ts";
    createLiveSessions({ lifetme: "2d" });`;
  const args = ["--import", "tsx", "--input-type=module", "--eval", code];
  const { stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  expect(stderr).toContain('LiveSessionError: There is no option "lifetme".');
  expect(stderr.replaceAll(/\s+/g, " ")).toContain(
    "{ code: 'bad_option', help: 'live-session/docs/errors.md#bad_option' }",
  );
});
