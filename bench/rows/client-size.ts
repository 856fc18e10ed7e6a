// What a page loads: the browser client and the React hook, beside Socket.IO's client.

import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { caseOf, type Row } from "../support/measure.ts";

/** Bytes, minified and gzipped, of what a module exports and whatever it imports but for these packages. */
async function sizeOf(contents: string, external: string[] = []): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external,
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

export const row: Row = {
  group: "Size and start",
  title: "what a page loads",
  about:
    "Bundled and minified by esbuild for the browser, gzipped at level 9. The hook is what React pages load besides: without " +
    "React itself and the client. Socket.IO's client has no sessions, views or typed actions.",
  async *run() {
    const about = { unit: "bytes", better: "less" } as const;
    const samples = {
      "live-session/client": [await sizeOf('export * from "live-session/client"')],
      "socket.io-client": [await sizeOf('export * from "socket.io-client"')],
    };
    const beside = { "socket.io-client": { kind: "peer" as const } };
    const goal = { atMost: 3_000 };
    yield caseOf({ ...about, name: "browser client", samples, ours: "live-session/client", beside, goal });
    const shared = ["react", "live-session/client"];
    const hook = await sizeOf('export { LiveSessionProvider, useLiveSession } from "live-session/react"', shared);
    yield caseOf({
      ...about,
      name: "React hook",
      samples: { "live-session/react": [hook] },
      ours: "live-session/react",
      goal: { atMost: 1_000 },
    });
  },
};
