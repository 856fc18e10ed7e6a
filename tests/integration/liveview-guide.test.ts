// docs/liveview.md does what it says: every block of code in it is compiled, and run.

import type { Server } from "node:http";
import { join } from "node:path";
import type { LiveView, LiveViews } from "live-session/liveview";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { folderWith, typeErrors } from "../support/documents.ts";
import { serveLiveViews, Visitor } from "../support/liveview.ts";
import { read } from "../support/repository.ts";

/** What the guide takes as given around a block, by what the block says; the first that fits counts. */
const given: [name: string, sign: string, before: string][] = [
  ["shopping-cart", "export const ShoppingCart", ""],
  ["express", 'from "express"', ""],
  ["browser", 'from "phoenix_live_view"', ""],
  ["fastify", "fastifyPages(views)", viewsNamed("sessionId")],
  ["hono", "fetchPages(views)", viewsNamed("sid")],
  [
    "templates",
    "raw(markup)",
    `import { each, html, JS, navigateTo, patchTo, raw } from "live-session/liveview";
const [kind, text, markup] = ["a", "b", "<i>c</i>"];
const [isOpen, busy] = [Math.random() < 2, Math.random() > 2];
const items = [{ id: 1, name: "d" }];
`,
  ],
  ["person", "export const Person", ""],
  [
    "login",
    "phx-trigger-action",
    `import { html, raw } from "live-session/liveview";
const [valid, csrfToken] = [Math.random() < 2, "token"];
`,
  ],
  ["counter", "export const Counter", ""],
  ["songs", "export const Songs", ""],
];

function viewsNamed(name: string): string {
  return `import { createLiveSessions } from "live-session";
import { html, liveViews } from "live-session/liveview";
import { ShoppingCart, type ShopSession } from "./shopping-cart.ts";
const secret = "of the guide, and long enough for Fastify";
const sessions = createLiveSessions<ShopSession>();
export const views = liveViews(sessions, {
  secret,
  name: "${name}",
  routes: { "/": ShoppingCart },
  layout: ({ content, csrfToken }) => html\`<meta name="csrf-token" content="\${csrfToken}">\${content}\`,
});
`;
}

const files: Record<string, string> = {};

beforeAll(() => {
  const blocks = [...read("docs/liveview.md").matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ""]) => code);
  for (const code of blocks) {
    const [name, , before = ""] = given.find(([, sign]) => code.includes(sign)) ?? expect.unreachable(code);
    files[`${name}.ts`] = `${before}${code}\nexport {};\n`;
  }
  expect(Object.keys(files)).toEqual(given.map(([name]) => `${name}.ts`));
  expect(blocks).toHaveLength(given.length); // none stands for two
});

test("its blocks compile", () => {
  const folder = folderWith(files);
  expect(typeErrors(Object.keys(files).map((name) => join(folder, name)))).toEqual([]);
});

/** A block's module; a server in it listens on a port of its own choice, and is handed out. */
function run(name: string, out: string): Promise<Record<string, unknown>> {
  const code = `${files[`${name}.ts`]}${out}`.replaceAll("3000", '0, host: "127.0.0.1"');
  const listening = code.replace('listen(0, host: "127.0.0.1")', 'listen(0, "127.0.0.1")');
  const folder = folderWith({ ...files, [`${name}.ts`]: listening });
  return import(join(folder, `${name}.ts`));
}

async function urlOf(server: Server, views: LiveViews): Promise<string> {
  await vi.waitFor(() => expect(server.address()).not.toBeNull());
  onTestFinished(async () => {
    await views.close();
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

test("its first view is served by Express: what is added in one tab is in the other", async () => {
  vi.stubEnv("SESSION_SECRET", "of the guide");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { server, views } = await run("express", "export { server, views };");
  const ada = new Visitor(await urlOf(server as Server, views as LiveViews), false);
  const [one, two] = [await ada.tab("/"), await ada.tab("/")];
  await one.event("add_to_cart", { product_id: "kite" });
  expect(JSON.stringify(await two.next("diff"))).toContain('"kite"');
  expect((await ada.open("/")).text).toContain("<li>kite</li>");
});

test.each([
  ["fastify", "export const server = app.server;"],
  ["hono", "export { server };"],
])("and by %s", async (name, out) => {
  const { server, views } = await run(name, out);
  const nobody = new Visitor(await urlOf(server as Server, views as LiveViews), false);
  expect((await nobody.open("/")).text).toContain("Add a kite");
  expect((await nobody.tab("/")).received[0]?.[4].status).toBe("ok");
  expect(await (await nobody.get("/live/longpoll?vsn=2.0.0")).json()).toMatchObject({ status: 410 });
});

test.each(["templates", "login", "counter"])("its block on %s runs", async (name) => {
  await expect(run(name, "")).resolves.toBeDefined();
});

test("its form", async () => {
  const { Person } = await run("person", "");
  const { visitor } = await serveLiveViews({ "/": Person as LiveView });
  const tab = await visitor().tab("/");
  expect((await tab.form("validate", "person[name]=Al")).response.diff).toEqual({ 0: "Al", 1: "Too short" });
  expect((await tab.form("save", "person[name]=Ada")).response.diff).toEqual({ 2: "Saved Ada" });
});

test("its stream", async () => {
  const { Songs } = await run("songs", "");
  const { visitor } = await serveLiveViews({ "/": Songs as LiveView });
  const tab = await visitor().tab("/");
  const operations = async (event: string) => (await tab.event(event)).response?.diff[0].stream;
  expect(tab.page.text).toContain('<li id="songs-1">Ode</li>');
  expect(await operations("add")).toEqual(["0", [["songs-2", 0, 100, false]], []]);
  expect(await operations("drop")).toEqual(["0", [], ["songs-1"]]);
  expect(await operations("anew")).toEqual(["0", [["songs-3", -1, null, false]], [], true]);
});
