import { posix } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { entries, filesBelow, manifest, read } from "../support/repository.ts";

const peers = Object.keys(manifest.peerDependencies);

/** What a file may import: paths from the root (a trailing "/" means a folder), "node:", or names of packages. */
function allowedIn(file: string): string[] {
  const [, folder = "", part = ""] = file.replace(/\.ts$/, "").split("/");
  if (file === "src/cli.ts") return ["src/cli/"];
  if (!file.slice("src/".length).includes("/")) return /^client\b/.test(folder) ? ["src/client/"] : belowEntries;
  // A part is a file, a folder, or a file with a folder of the same name.
  const own = [`src/${folder}/${part}.ts`, `src/${folder}/${part}/`];
  switch (folder) {
    case "core":
      return ["src/core/", "node:"];
    case "stores":
    case "buses":
      // A driver's store and bus share what its engine needs, and nothing else.
      return ["src/core/", `src/engines/${part}/`, ...own, "node:"];
    case "engines":
      return ["src/core/", ...own, "node:"];
    case "encryption": // over any store and bus: knows their contracts alone
      return ["src/core/", "src/encryption/", "node:"];
    case "conformance":
      return ["src/core/", "src/conformance/", "node:"];
    case "http":
      if (part === "shared") return ["src/core/", ...own, "node:"];
      // Hono's middleware is the one for Request and Response, thinly wrapped.
      if (part === "hono") own.push("src/http/fetch/", "hono/");
      // The cookie store is for both of them: their sessions, with another place to keep them.
      if (part === "cookie") own.push("src/http/fetch/", "src/http/express/");
      return ["src/core/", "src/http/shared/", ...own, "node:", ...peers];
    case "live":
      return ["src/core/", "src/live/shared/", ...own, "node:", ...peers];
    case "liveview": // one adapter of many files; that of the WebSockets alone needs a package
      return ["src/core/", "src/live/shared/", "src/liveview/", "node:", ...(part === "web-sockets" ? ["ws"] : [])];
    case "metrics": // on the hub's public side: what it tells on the channels
      return ["src/core/", "src/metrics/", ...peers.filter((peer) => /opentelemetry|prom-client/.test(peer))];
    case "dashboard":
      // Its page knows what it is sent, and the chart library that is bundled into it; its streams are those of live/sse.
      if (part === "browser") return ["src/dashboard/browser/", "src/dashboard/wire.ts", "uplot"];
      return ["src/core/", "src/dashboard/", "src/live/shared/", "src/live/sse/", "node:"];
    case "client":
      return ["src/client/"];
    case "cli": // over everything: a program, that nothing imports
      return ["src/cli/", ...belowEntries, ...entries.map((name) => `src/${name}.ts`), "node:", ...bundledIntoCommand];
    case "react": // over the client, for the types that it hands out
      return ["src/react/", "react"];
    default:
      return [];
  }
}

/** The build puts them into the command: the package itself needs none. */
const bundledIntoCommand = ["commander", "@clack/prompts", "set-cookie-parser"];

const belowEntries = [
  "core",
  "engines",
  "stores",
  "buses",
  "http",
  "live",
  "liveview",
  "metrics",
  "dashboard",
  "react",
  "conformance",
  "encryption",
].map((folder) => `src/${folder}/`);

/** The imports of a file that point up or sideways. */
function strays(file: string, source: string): string[] {
  const isClient = /^src\/client(-\w+)?\.ts$/.test(file) || file.startsWith("src/client/");
  const isReact = file.startsWith("src/react/");
  const types = isClient ? ["src/core/wire.ts"] : isReact ? ["src/core/wire.ts", "src/client.ts"] : [];
  const may = (path: string, allowed: string[]) =>
    allowed.some((each) => (/[/:]$/.test(each) ? path.startsWith(each) : path === each));
  return [
    ...importsOf(file, source).filter((path) => !may(path, [...allowedIn(file), ...types])),
    ...importsOf(file, withoutTypes(source)).filter((path) => types.includes(path)),
  ];
}

/** Everything imported, types too and `import()` too. */
function importsOf(file: string, source: string): string[] {
  return ts.preProcessFile(source, true, true).importedFiles.map(({ fileName: name }) => {
    return name.startsWith(".") ? posix.join(posix.dirname(file), name) : name;
  });
}

function withoutTypes(source: string): string {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}

test("imports only point down", () => {
  const files = filesBelow("src").filter((path) => path.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(10);
  expect(files.flatMap((file) => strays(file, read(file)).map((path) => `${file} imports ${path}`))).toEqual([]);
});

describe("the rules catch", () => {
  test.each([
    ["core that knows a driver", "src/core/hub.ts", 'import { memoryStore } from "../stores/memory.ts";'],
    ["core that needs a package", "src/core/hub.ts", 'import ws from "ws";'],
    ["a store that knows another", "src/stores/memory.ts", 'import "./sqlite.ts";'],
    ["a store that knows a bus", "src/stores/memory/a.ts", 'export { localBus } from "../../buses/local.ts";'],
    ["a store that knows another's engine", "src/stores/redis.ts", 'import "../engines/postgres/time.ts";'],
    ["an engine that knows its store", "src/engines/redis/client.ts", 'import "../../stores/redis.ts";'],
    ["a store that imports its engine", "src/stores/sqlite.ts", 'const engine = await import("libsql");'],
    ["a store that knows its own bus", "src/stores/redis/engine.ts", 'import "../../buses/redis/link.ts";'],
    ["an engine that imports its driver", "src/engines/redis/clients.ts", 'import type { Redis } from "ioredis";'],
    ["an adapter that picks a store", "src/http/express/store.ts", 'import "../../stores/memory.ts";'],
    ["a request adapter that knows another", "src/http/koa/store.ts", 'import "../express/format.ts";'],
    ["what is shared that knows a framework", "src/http/shared/a.ts", 'import session from "express-session";'],
    ["an adapter that knows its sibling", "src/live/ws/upgrade.ts", 'import "../sse/stream.ts";'],
    ["live views that know a framework", "src/liveview/http.ts", 'import type { Request } from "express";'],
    ["live views that know a sibling", "src/liveview/page.ts", 'import "../live/ws/options.ts";'],
    ["live views that need ws elsewhere", "src/liveview/connection.ts", 'import { WebSocket } from "ws";'],
    ["a dashboard that knows a driver", "src/dashboard/listing.ts", 'import "../stores/memory.ts";'],
    ["a dashboard's page that knows the server", "src/dashboard/browser/a.ts", 'import "../pulse.ts";'],
    ["a bridge that knows a driver", "src/metrics/otel.ts", 'import "../stores/memory.ts";'],
    ["a package that is no declared peer", "src/http/express/store.ts", 'import type { Request } from "koa";'],
    ["a client that runs core's code", "src/client/machine.ts", 'import { protocol } from "../core/wire.ts";'],
    ["a client that knows other types of core", "src/client/a.ts", 'import type { Hub } from "../core/hub.ts";'],
    ["a client that needs Node", "src/client.ts", 'import { randomBytes } from "node:crypto";'],
    ["a hook that runs the client's code", "src/react/a.ts", 'import { connect } from "../client.ts";'],
    ["a hook that knows the server", "src/react/a.ts", 'import type { Hub } from "../core/hub.ts";'],
    ["an entry that hands out another", "src/express.ts", 'export * from "./index.ts";'],
    ["encryption that knows a driver", "src/encryption/store.ts", 'import "../stores/memory.ts";'],
    ["an adapter that knows the command", "src/live/ws/upgrade.ts", 'import "../../cli/main.ts";'],
    ["an entry that hands out the command", "src/express.ts", 'export { main } from "./cli/main.ts";'],
    ["the command that needs a client library", "src/cli/stores/redis.ts", 'import { createClient } from "redis";'],
    ["a folder without a rule", "src/helpers/text.ts", 'import "../core/json.ts";'],
  ])("%s", (_what, file, source) => {
    expect(strays(file, source)).toHaveLength(1);
  });

  test("and let types of the wire protocol through", () => {
    expect(strays("src/client/machine.ts", 'import type { ServerMessage } from "../core/wire.ts";')).toEqual([]);
  });
});
