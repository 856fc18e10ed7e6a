// docs/getting-started.md does what it says: its first page makes the session that its tab's socket needs.

import type { Server } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderWith, typeErrors } from "../support/documents.ts";
import { read } from "../support/repository.ts";
import { listen, Peer } from "../support/ws.ts";

/** The blocks of the guide's steps 1 and 4 in one file, with what they take as given around them. */
function guideFile(): string {
  const [, first = "", , , fourth = ""] = read("docs/getting-started.md").split(/^## \d\. /m);
  const blocks = [...(first + fourth).matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ""]) => code);
  const code = blocks.filter((block) => !block.includes("connect<")).join("\n");
  return `
import { createServer } from "node:http";
import express from "express";
import session from "express-session";
import { liveSockets } from "live-session/ws";
import { z } from "zod";
declare module "express-session" {
  interface SessionData extends Shop {}
}
const app = express();
export const server = createServer(app);
const secret = "of the guide";
const page = (session: Partial<Shop>) => \`<body class="\${session.theme}">\`;
${code}`;
}

test("the guide compiles, and a tab can connect after its first page", async () => {
  const folder = folderWith({ "guide.ts": guideFile() });
  expect(typeErrors([join(folder, "guide.ts")])).toEqual([]);
  const { server }: { server: Server } = await import(join(folder, "guide.ts"));
  const port = await listen(server);
  const response = await fetch(`http://127.0.0.1:${port}/`);
  const cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const { view } = await new Peer(`ws://127.0.0.1:${port}/live`, { cookie }).hello();
  expect(view.view).toEqual({ cart: [], theme: "light" });
});
