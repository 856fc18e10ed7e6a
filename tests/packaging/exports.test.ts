import { expect, test } from "vitest";
import { entries, filesBelow, manifest, read } from "../support/repository.ts";

test("each file right under src/ is one line of exports, but for the command, and the other way round", () => {
  const files = filesBelow("src").filter((path) => /^src\/[^/]+\.ts$/.test(path) && path !== "src/cli.ts");
  const lines = entries.map((name) => `src/${name}.ts`);
  expect(lines.sort()).toEqual(files.sort());
});

test("each line of exports points at the build of its file", () => {
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (subpath === "./package.json") continue;
    const file = subpath === "." ? "index.js" : subpath.replace(/^\.\/(.+?)(\.js)?$/, "$1.js");
    const types = file.replace(/(\.min)?\.js$/, ".d.ts"); // the client in one file has the client's
    expect(target).toEqual({ types: `./dist/${types}`, default: `./dist/${file}` });
  }
});

test("the command is the build of its file", () => {
  expect(manifest.bin).toEqual({ "live-session": "./dist/cli.js" });
  expect(read("src/cli.ts").split("\n")[0]).toBe("#!/usr/bin/env node");
});

test("the package has no runtime dependency", () => {
  expect(Object.keys(manifest.dependencies ?? {})).toEqual([]);
});
