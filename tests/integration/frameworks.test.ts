// The recipes of docs/adapters/frameworks.md, run: h3 and React Router through their own server runtimes, SvelteKit and
// Next.js through the signatures that their documentation gives.

import { createRequestHandler, type ServerBuild } from "react-router";
import { afterAll, describe, expect, test } from "vitest";
import { app } from "../../examples/frameworks/h3.ts";
import * as next from "../../examples/frameworks/next-route.ts";
import * as route from "../../examples/frameworks/react-router.ts";
import { sessions, type web } from "../../examples/frameworks/session.ts";
import { handle } from "../../examples/frameworks/sveltekit-hooks.ts";
import { filesBelow, read } from "../support/repository.ts";

afterAll(() => sessions.close());

type Answer = (request: Request) => Response | Promise<Response>;

/** What the React Router compiler makes of an app with one route. */
const build = {
  entry: { module: { default: () => new Response("a page") } },
  routes: {
    root: { id: "root", path: "", module: { default: () => null, middleware: route.middleware } },
    cart: { id: "cart", parentId: "root", path: "cart", module: { loader: route.loader, action: route.action } },
  },
  assets: { entry: { imports: [], module: "" }, routes: {}, url: "", version: "" },
  publicPath: "/",
  assetsBuildDirectory: "",
  future: { v8_middleware: true },
  ssr: true,
  isSpaMode: false,
  prerender: [],
  routeDiscovery: { mode: "initial" },
} as unknown as ServerBuild;

const frameworks: Record<string, Answer> = {
  h3: (request) => app.fetch(request),
  "React Router": createRequestHandler(build, "production"),
  SvelteKit: (request) =>
    handle({
      event: { request, locals: {} as { session?: ReturnType<typeof web.open> } },
      resolve: ({ request: inner }) => (inner.method === "POST" ? next.POST(inner) : next.GET(inner)),
    }),
  "Next.js": (request) => (request.method === "POST" ? next.POST(request) : next.GET(request)),
};

const url = "http://shop.example/cart";

describe.each(Object.entries(frameworks))("%s", (_name, answer) => {
  const get = async (cookie?: string) => {
    const response = await answer(new Request(url, { headers: cookie ? { cookie } : {} }));
    return { body: await response.json(), cookies: response.headers.getSetCookie() };
  };
  const add = async (id: string, cookie?: string) => {
    const headers = { ...(cookie && { cookie }), "content-type": "application/x-www-form-urlencoded" };
    const response = await answer(new Request(url, { method: "POST", headers, body: `id=${id}` }));
    return { status: response.status, cookies: response.headers.getSetCookie() };
  };

  test("a session from the first write to the flash that is shown once", async () => {
    expect(await get()).toEqual({ body: { cart: [], flash: null }, cookies: [] });
    const first = await add("kite");
    expect(first).toEqual({ status: 303, cookies: [expect.stringMatching(/^sid=.*HttpOnly; SameSite=Lax$/)] });
    const cookie = first.cookies[0]?.split(";")[0];
    expect(await get(cookie)).toEqual({ body: { cart: ["kite"], flash: "Added." }, cookies: [] });
    expect((await get(cookie)).body).toEqual({ cart: ["kite"], flash: null });
    await Promise.all(["a", "b", "c"].map((id) => add(id, cookie)));
    expect((await get(cookie)).body.cart).toHaveLength(4);
  });
});

test("the page of recipes shows the code that ran here", () => {
  const page = read("docs/adapters/frameworks.md");
  const recipes = filesBelow("examples/frameworks");
  expect(recipes).toHaveLength(5);
  for (const path of recipes) {
    const code = read(path).replace(/^\/\/.*\n\n/, "");
    expect(page.includes(code), path).toBe(true);
  }
});
