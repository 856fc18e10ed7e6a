import { sessionKey } from "live-session";
import { html, liveView } from "live-session/liveview";
import { describe, expect, test } from "vitest";
import { parseParams } from "../../src/liveview/params.ts";
import { makeRouter } from "../../src/liveview/router.ts";
import { makeTokens } from "../../src/liveview/tokens.ts";

const page = { id: "phx-1", route: "/", at: 1_000 };
const [ada, bob] = [sessionKey("ada"), sessionKey("bob")];

describe("tokens", () => {
  const tokens = makeTokens(["secret"], 500);

  test("hold for their session and their time alone", () => {
    const text = tokens.signPage(page, ada);
    expect(tokens.readPage(text, ada, 1_500)).toEqual(page);
    expect(tokens.readPage(text, ada, 1_501)).toBeNull();
    expect(tokens.readPage(text, bob, 1_000)).toBeNull();
    expect(tokens.readPage(text, null, 1_000)).toBeNull();
    expect(tokens.readPage(tokens.signPage(page, null), ada, 1_000)).toBeNull();
  });

  test("of a first visit hold without a session, too; those of others do not", () => {
    const text = tokens.signPage({ ...page, firstOf: ada }, ada);
    expect(tokens.readPage(text, ada, 1_000)).toEqual({ ...page, firstOf: ada });
    expect(tokens.readFirstPage(text, 1_500)).toEqual({ ...page, firstOf: ada });
    expect(tokens.readFirstPage(text, 1_501)).toBeNull();
    expect(tokens.readPage(text, null, 1_000)).toBeNull();
    for (const other of [tokens.signPage(page, ada), tokens.signPage(page, null), tokens.makeCsrf(ada), "", "x.y", 7]) {
      expect(tokens.readFirstPage(other, 1_000)).toBeNull();
    }
    const [body] = tokens.signPage({ ...page, firstOf: bob }, bob).split(".");
    expect(tokens.readFirstPage(`${body}.${text.split(".")[1]}`, 1_000)).toBeNull();
  });

  test("hold for one purpose alone", () => {
    const csrf = tokens.makeCsrf(ada);
    expect([tokens.checkCsrf(csrf, ada), tokens.checkCsrf(csrf, bob)]).toEqual([true, false]);
    expect(tokens.readPage(csrf, ada, 0)).toBeNull();
    expect(tokens.checkCsrf(tokens.signPage(page, ada), ada)).toBe(false);
    expect(tokens.readFlash(csrf)).toBeNull();
  });

  test("are refused with any letter changed", () => {
    const text = tokens.signPage(page, ada);
    for (let at = 0; at < text.length; at++) {
      const changed = text.slice(0, at) + (text[at] === "x" ? "y" : "x") + text.slice(at + 1);
      expect(tokens.readPage(changed, ada, 1_000)).toBeNull();
    }
  });

  test("of a secret that is being replaced still count", () => {
    const text = tokens.signPage(page, ada);
    expect(makeTokens(["new", "secret"], 500).readPage(text, ada, 1_000)).toEqual(page);
    expect(makeTokens(["new"], 500).readPage(text, ada, 1_000)).toBeNull();
  });

  test("of a flash bring it along", () => {
    expect(tokens.readFlash(tokens.signFlash({ info: "<hi>" }))).toEqual({ info: "<hi>" });
  });
});

describe("params", () => {
  test.each([
    ["a=1&b=2", { a: "1", b: "2" }],
    ["a[b][c]=1&a[b][d]=2", { a: { b: { c: "1", d: "2" } } }],
    ["a[]=1&a[]=2", { a: ["1", "2"] }],
    ["a[b][]=1&a[b][]=2", { a: { b: ["1", "2"] } }],
    ["a=1&a=2", { a: "2" }],
    ["a=1&a[b]=2", { a: { b: "2" } }],
    ["a[b=1", { "a[b": "1" }],
    ["=1&a=%E0%A4", { a: "\uFFFD" }],
  ])("%s", (text, params) => {
    expect(JSON.parse(JSON.stringify(parseParams(text)))).toEqual(params);
  });

  test("cannot reach what objects inherit", () => {
    const params = parseParams("__proto__[polluted]=1&constructor[prototype][polluted]=1");
    expect(Object.keys(params)).toEqual(["__proto__", "constructor"]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("routes", () => {
  const view = liveView<object>({ render: () => html`` });
  const router = makeRouter({ "/": view, "/kites/new": view, "/kites/:id": view, "/files/*path": view });
  const find = (path: string) => {
    const found = router(new URL(path, "http://localhost"));
    return found && { route: found.route, params: { ...found.params } };
  };

  test.each([
    ["/", { route: "/", params: {} }],
    ["/?q=a&id=1", { route: "/", params: { q: "a", id: "1" } }],
    ["/kites/new", { route: "/kites/new", params: {} }],
    ["/kites/a%20b/?id=other", { route: "/kites/:id", params: { id: "a b" } }],
    ["/files/a/b%2Fc", { route: "/files/*path", params: { path: "a/b/c" } }],
    ["/kites", null],
    ["/kites/1/2", null],
    ["/kites/%E0%A4", null],
  ])("%s", (path, found) => expect(find(path)).toEqual(found));

  test("that cannot be are refused at start", () => {
    expect(() => makeRouter({ kites: view })).toThrow(/must start with/);
    expect(() => makeRouter({ "/": {} as never })).toThrow(/not made with liveView/);
  });
});
