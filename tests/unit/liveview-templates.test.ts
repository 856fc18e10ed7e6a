import { each, html, JS, liveStream, navigateTo, patchTo, raw } from "live-session/liveview";
import { describe, expect, test } from "vitest";
import { Differ } from "../../src/liveview/diff.ts";
import { hasSingleRoot } from "../../src/liveview/single-root.ts";
import type { Html } from "../../src/liveview/template.ts";
import { textOf } from "../../src/liveview/text.ts";

const placement = {
  component: () => {
    throw new Error("no components here");
  },
  stream: () => null,
};

function diffs(...steps: Html[]): unknown[] {
  const [first, ...rest] = steps;
  const [wire, print] = new Differ(placement).full(first as Html, false);
  return [wire, ...rest.map((step) => new Differ(placement).changes(print, step))];
}

describe("escaping", () => {
  test("values are escaped in text and in attributes", () => {
    const nasty = `<b a="1" c='2'>&`;
    const safe = "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;";
    expect(textOf(html`<p title="${nasty}">${nasty}</p>`)).toBe(`<p title="${safe}">${safe}</p>`);
  });

  test("and so they are in what travels", () => {
    expect(diffs(html`<p>${"<i>"}</p>`)).toEqual([{ 0: "&lt;i&gt;", s: ["<p>", "</p>"] }]);
  });

  test("objects that only look like templates are text", () => {
    const forged = JSON.parse('{"strings":["<script>"],"values":[],"markup":"<script>"}');
    expect(textOf(html`<p>${forged}</p>`)).toBe("<p>[object Object]</p>");
  });

  test("trusted markup goes in as it is, when asked", () => {
    expect(textOf(html`<p>${raw("<b>bold</b>")}</p>`)).toBe("<p><b>bold</b></p>");
  });

  test("nothing is shown for null, undefined and false", () => {
    expect(textOf(html`<p>${null}${undefined}${false}${0}${""}${true}${7n}</p>`)).toBe("<p>0true7</p>");
  });

  test("links and commands are safe in attributes", () => {
    expect(textOf(html`<a ${patchTo('/?q="<')}>x</a>`)).toBe(
      '<a href="/?q=&quot;&lt;" data-phx-link="patch" data-phx-link-state="push">x</a>',
    );
    for (const href of ["/a", "?page=2", "#top", "a/b:c", "", "https://shop.example/a"]) {
      expect(textOf(html`<a ${patchTo(href)}>x</a>`)).toContain(`href="${href}"`);
    }
    expect(textOf(html`<a ${navigateTo("/a", { replace: true })}>x</a>`)).toContain(
      'data-phx-link="redirect" data-phx-link-state="replace"',
    );
    expect(textOf(html`<a phx-click="${JS.push("x", { value: { a: '"' } })}">x</a>`)).toBe(
      '<a phx-click="[[&quot;push&quot;,{&quot;event&quot;:&quot;x&quot;,&quot;value&quot;:{&quot;a&quot;:&quot;\\&quot;&quot;}}]]">x</a>',
    );
  });
});

test.each([
  "javascript:alert(1)",
  " \u0001java\tscript:alert(1)",
  "JAVASCRIPT:alert(1)",
  "data:text/html,x",
  "vbscript:x",
  "blob:https://shop.example/1",
  "mailto:ada@shop.example",
  "//stranger.example",
  "/\\stranger.example",
  "\t//stranger.example",
  "https:stranger.example",
  "https://",
])("%j is nothing that a link or a command may lead to", (href) => {
  const links = [patchTo, navigateTo, (to: string) => JS.patch(to), (to: string) => JS.push("x").navigate(to)];
  for (const link of links) expect(() => link(href)).toThrow(expect.objectContaining({ code: "bad_option" }));
});

describe("a diff", () => {
  const page = (name: string, extra: Html | false, items: string[]) =>
    html`<h1>${name}</h1>${extra}<ul>${each(
      items,
      (item) => item,
      (item) => html`<li>${item}</li>`,
    )}</ul>`;

  test("holds only the dynamics that changed", () => {
    expect(diffs(page("a", false, []), page("b", false, []), page("b", false, [])).slice(1)).toEqual([
      { 0: "b" },
      null,
    ]);
  });

  test("holds a new template whole, and then only its changes", () => {
    const extra = (text: string) => html`<p class="x">${text}</p>`;
    expect(diffs(page("a", false, []), page("a", extra("1"), []), page("a", extra("2"), [])).slice(1)).toEqual([
      { 1: { 0: "1", s: ['<p class="x">', "</p>"], r: 1 } },
      { 1: { 0: "2" } },
    ]);
  });

  test("names rows that moved by where they were", () => {
    const rows = (...items: string[]) => page("a", false, items);
    expect(diffs(rows("x", "y"), rows("new", "x", "y"), rows("y", "x"), rows()).slice(1)).toEqual([
      { 2: { k: { 0: { 0: "new" }, 1: 0, 2: 1, kc: 3, km: true } } },
      { 2: { k: { 0: 2, kc: 2, km: true } } },
      { 2: { k: { kc: 0 } } },
    ]);
  });

  test("tells what changed in rows that moved", () => {
    const rows = (...pairs: [string, number][]) =>
      html`${each(
        pairs,
        ([key]) => key,
        ([key, count]) => html`<li>${key}: ${count}</li>`,
      )}`;
    expect(diffs(rows(["x", 1], ["y", 1]), rows(["y", 2], ["x", 1])).at(-1)).toEqual({
      0: { k: { 0: [1, { 1: "2" }], 1: 0, kc: 2, km: true } },
    });
  });

  test("sends the statics within rows once", () => {
    const cell = (text: string) => html`<td>${text}</td>`;
    expect(diffs(html`<tr>${["a", "b"].map((text) => html`<th>x</th>${cell(text)}`)}</tr>`)).toEqual([
      {
        0: {
          s: ["<th>x</th>", ""],
          k: { 0: { 0: { 0: "a", s: 0, r: 1 } }, 1: { 0: { 0: "b", s: 0, r: 1 } }, kc: 2 },
        },
        s: ["<tr>", "</tr>"],
        p: { 0: ["<td>", "</td>"] },
      },
    ]);
  });

  test("takes equal keys for different rows", () => {
    const twice = html`${each(
      ["a", "b"],
      () => "same",
      (item) => html`<i>${item}</i>`,
    )}`;
    expect(textOf(twice)).toBe("<i>a</i><i>b</i>");
    expect(diffs(twice, twice).at(-1)).toBeNull();
  });
});

describe("a template is one element", () => {
  const yes: [string, Html][] = [
    ["with text", html`<p>${1}</p>`],
    ["with space around", html` <p>${1}</p> `],
    ["with children", html`<div><p>a</p><br><img src="${"x"}">${1}</div>`],
    ["that is void", html`<input name="a" value="${1}">`],
    ["with values in attributes", html`<p class="${"a > b"}" ${raw("hidden")}>x</p>`],
    ["with > in an attribute", html`<p title="a > b">x</p>`],
    ["with a script", html`<div><script>if (a < b) c("</p>")</script></div>`],
    ["with a comment in it", html`<p><!-- </p> -->x</p>`],
  ];
  test.each(yes)("%s", (_what, { strings }) => expect(hasSingleRoot(strings)).toBe(true));

  const no: [string, Html][] = [
    ["two elements", html`<p>a</p><p>b</p>`],
    ["text beside it", html`<p>a</p> b`],
    ["a value beside it", html`<p>a</p>${1}`],
    ["a value before it", html`${1}<p>a</p>`],
    ["text alone", html`a`],
    ["nothing", html``],
    ["attributes alone", html` hidden`],
    ["a name that is a value", html`<${raw("p")}>x</p>`],
    ["not closed", html`<p>${1}`],
    ["closed twice", html`<p>x</p></p>`],
    ["a comment first", html`<!-- a --><p>x</p>`],
  ];
  test.each(no)("not %s", (_what, { strings }) => expect(hasSingleRoot(strings)).toBe(false));
});

test("chains of commands are read by the client's names", () => {
  const chain = JS.push("save", { target: 3, pageLoading: true })
    .show({ to: "#a", transition: ["fade", "from", "to now"], time: 100 })
    .toggle({ to: { inner: ".b" }, in: "in", out: "out" })
    .addClass("x y")
    .toggleAttribute("open", ["true"])
    .patch("/p", { replace: true });
  expect(JSON.parse(String(chain))).toEqual([
    ["push", { event: "save", target: 3, page_loading: true }],
    ["show", { to: "#a", transition: [["fade"], ["from"], ["to", "now"]], time: 100 }],
    ["toggle", { to: { inner: ".b" }, ins: [["in"], [], []], outs: [["out"], [], []] }],
    ["add_class", { names: ["x", "y"] }],
    ["toggle_attr", { attr: ["open", "true"] }],
    ["patch", { replace: true, href: "/p" }],
  ]);
});

test("a stream names its elements after itself", () => {
  expect(liveStream<{ id: number }>("songs", ({ id }) => id).domId({ id: 7 })).toBe("songs-7");
});
