import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { committedFiles, read, root } from "../support/repository.ts";

const files = committedFiles();
const texts = files.filter((path) => /\.(ts|mjs|js|json|md|css|html|svg|yml|sh)$|^\.ci\//.test(path));

test("no committed file names a place on somebody's machine", () => {
  // Put together from words, or this file would be one of them. The lock file is full of digests that may look like it.
  const folders = ["work", "root", "tmp", "home", "Users"].join("|");
  const place = new RegExp(`(?<![\\w.})\\]/*-])/(?:${folders})/\\S*`, "g");
  const found = texts
    .filter((path) => path !== "package-lock.json")
    .flatMap((path) => (read(path).match(place) ?? []).map((match) => `${path}: ${match}`));
  expect(found).toEqual([]);
});

test("the lock file names no registry", () => {
  expect(read("package-lock.json")).not.toMatch(/"resolved"|https?:\/\/[^"]*registry/);
});

const isDocument = (path: string) => /^(README|CONTRIBUTING|CHANGELOG)\.md$|^docs\/.*\.md$/.test(path);

describe("relative links point at files", () => {
  test.each(files.filter(isDocument))("in %s", (path) => {
    const prose = read(path).replace(/^```[\s\S]*?^```/gm, "");
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target.replace(/#.*$/, ""));
    const relative = links.filter((target) => target !== "" && !/^[a-z]+:/.test(target));
    const broken = relative.filter((target) => !existsSync(join(root, posix.dirname(path), target)));
    expect(broken).toEqual([]);
  });
});
