// The code in README.md and docs/ does what it says: it is compiled, and run.

import { join } from "node:path";
import session from "express-session";
import type { LiveSessions } from "live-session";
import { expect, onTestFinished, test, vi } from "vitest";
import { blocksOf, checkedBlocks, folderWith, typeErrors } from "../support/documents.ts";
import { Browser, bag, call, type Data, startApp, testHub } from "../support/express.ts";

const readme = new Map(blocksOf("README.md").map(({ mark, code }) => [mark.replace("readme: ", ""), code]));
const block = (name: string) => readme.get(name) ?? expect.unreachable(`README.md has no block "${name}".`);

/** The block on the handle speaks of the server's `sessions`, and of an id that it got from a cookie. */
function handleFile(): string {
  const code = block("handle");
  const imports = code.match(/^import .*$/gm)?.join("\n") ?? "";
  return `${imports}
import { createLiveSessions } from "live-session";
export const sessions = createLiveSessions<{ cart: string[] }>();
export const { id, key } = await sessions.create();
${code.replace(/^import .*$/gm, "")}`;
}

test("README: the block on the handle compiles, as it stands", () => {
  const folder = folderWith({ "handle.ts": handleFile() });
  expect(typeErrors([join(folder, "handle.ts")])).toEqual([]);
});

test("README: the handle writes and ends the session, and its listener is told", async () => {
  const folder = folderWith({ "handle.ts": handleFile() });
  const logged: unknown[][] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...words) => void logged.push(words));
  onTestFinished(() => log.mockRestore());
  const { sessions, id }: { sessions: LiveSessions<Data>; id: string } = await import(join(folder, "handle.ts"));
  onTestFinished(() => sessions.close());
  expect(logged).toEqual([[["kite"]], [["kite", "string"]], [["string"]], [[]], ["over:", "destroyed"]]);
  expect(await sessions.read(id)).toBeNull();
});

test("docs: the blocks marked with check compile", () => {
  const blocks = checkedBlocks();
  expect(blocks.length).toBeGreaterThan(1);
  // One by one, since each declares what its sessions hold.
  for (const { document, code } of blocks) {
    const folder = folderWith({ "block.ts": code });
    expect(typeErrors([join(folder, "block.ts")]), document).toEqual([]);
  }
});

test("docs: the migrating store takes a session from the old store once, and brings no ended one back", async () => {
  const code = checkedBlocks().find(({ mark }) => mark === "check: migrating")?.code ?? "";
  const folder = folderWith({ "migrating.ts": code });
  const { migratingStore } = await import(join(folder, "migrating.ts"));
  const { sessions } = testHub({ endedRetention: 0 });
  const old = new session.MemoryStore();
  const store = migratingStore(sessions, old);
  const { url } = await startApp(sessions, {
    store,
    cookie: { maxAge: 60_000 },
    routes(app) {
      app.get("/show", (request, response) => void response.json({ n: bag(request).n ?? null }));
      app.get("/add/:key", (request, response) => {
        bag(request)[request.params.key] = true;
        response.json({});
      });
      app.get("/logout", (request, response) => request.session.destroy(() => response.json({})));
    },
  });
  const before = await startApp(sessions, {
    store: old,
    routes: (app) => {
      app.get("/set", (request, response) => {
        bag(request).n = 1;
        response.json({});
      });
    },
  });
  const tab = new Browser(before.url);
  await tab.get("/set");
  const { id } = tab;
  const moved = new Browser(url);
  for (const [name, value] of tab.cookies) moved.cookies.set(name, value);
  const others = Array.from({ length: 20 }, (_, index) => moved.fork().get(`/add/k${index}`));
  expect((await moved.get("/show")).body).toEqual({ n: 1 });
  await Promise.all(others);
  expect(Object.keys((await sessions.read(id)) ?? {})).toHaveLength(21);
  expect(await call<unknown>((done) => old.get(id, done as never))).toBeUndefined();
  const late = moved.fork();
  await moved.get("/logout");
  await sessions.records.sweep(0); // the end is forgotten
  expect((await late.get("/show")).body).toEqual({ n: null });
  expect(await sessions.read(id)).toBeNull();
});
