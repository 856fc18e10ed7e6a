// docs/errors.md has a section for each code, and every error names it.

import { LiveSessionError } from "live-session";
import { expect, test } from "vitest";
import { read } from "../support/repository.ts";

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
