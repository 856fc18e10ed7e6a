import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { beforeAll, expect, test } from "vitest";
import { read, root } from "../support/repository.ts";

let code: string;
let sources: string[];
let sseSources: string[];

beforeAll(async () => {
  ({ sources: sseSources } = await bundled("src/client-sse.ts"));
  ({ code, sources } = await bundled("src/client.ts"));
});

async function bundled(entry: string): Promise<{ code: string; sources: string[] }> {
  const bundle = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
  });
  const texts = bundle.outputFiles.map((file) => file.text);
  return { code: texts.join(""), sources: Object.keys(bundle.metafile.inputs) };
}

test("the browser client is made of the client's files alone", () => {
  expect(sources).toContain("src/client.ts");
  expect(sources.filter((path) => path !== "src/client.ts" && !path.startsWith("src/client/"))).toEqual([]);
});

test("the transport over event streams adds itself alone, and is not part of the client", () => {
  expect(sseSources.sort()).toEqual(["src/client-sse.ts", "src/client/sse.ts", "src/client/sse/events.ts"]);
  expect(sources.filter((path) => /sse/.test(path))).toEqual([]);
});

// Not `ws"`: turning "http" into "ws" is what a browser client does. That no package is bundled is held above.
test.each(["node:", "express", "require("])("the browser client does not contain %s", (text) => {
  expect(code).not.toContain(text);
});

// The same as `npm run size` measures.
test("the browser client has the size that its page says, and is under the limit", () => {
  const size = gzipSync(code, { level: 9 }).length;
  expect(size).toBeLessThan(3_000);
  const [, said] = /([\d.]+) kB minified and gzipped/.exec(read("docs/client.md")) ?? [];
  expect(said).toBe((size / 1_000).toFixed(2));
});
