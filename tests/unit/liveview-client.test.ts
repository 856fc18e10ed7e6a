// Properties: the official client's own class for trees, fed with our diffs, shows what a full rendering shows.

import fc from "fast-check";
import { each, html, liveComponent, liveView } from "live-session/liveview";
import { beforeAll, describe, expect, test } from "vitest";
import { Renderer } from "../../src/liveview/renderer.ts";
import { LiveSocket } from "../../src/liveview/socket.ts";
import { Html, type Renderable } from "../../src/liveview/template.ts";
import { textOf } from "../../src/liveview/text.ts";
import { type ClientRendered, loadRendered, shown, withoutMarks } from "../support/liveview-client.ts";
import { testCore } from "../support/liveview-core.ts";

let Rendered: Awaited<ReturnType<typeof loadRendered>>;
beforeAll(async () => {
  Rendered = await loadRendered();
});

/** What stands in a slot of a random page. */
type Spec =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "nothing" }
  | { readonly type: "template"; readonly template: number; readonly slots: readonly Spec[] }
  | { readonly type: "list"; readonly template: number; readonly rows: readonly Row[] }
  | { readonly type: "mixed"; readonly items: readonly Spec[] }
  | { readonly type: "component"; readonly id: number; readonly slots: readonly Spec[] };

interface Row {
  readonly key: number;
  readonly slots: readonly Spec[];
}

/** Literals are known by their arrays of strings: a few, used again and again, as a page does. */
const templates: readonly (readonly string[])[] = [
  ["<p>", "</p>"],
  ["<div><b>", "</b>", "</div>"],
  ['<section class="', '">', "</section>"],
  ["", ""],
  ["<i>a</i>", "<i>b</i>", ""],
  ["<hr>"],
];

const specs = fc.letrec<{ spec: Spec; slots: Spec[]; row: Row }>((tie) => ({
  slots: fc.array(tie("spec"), { minLength: 2, maxLength: 2 }),
  row: fc.record({ key: fc.nat(6), slots: tie("slots") }),
  spec: fc.oneof(
    { maxDepth: 4, depthSize: "medium" },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant("text" as const), text: fc.constantFrom("", "x", "y", "<&>") }),
    },
    { weight: 1, arbitrary: fc.constant({ type: "nothing" as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant("template" as const),
        template: fc.nat(templates.length - 1),
        slots: tie("slots"),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant("list" as const),
        template: fc.nat(templates.length - 1),
        rows: fc.array(tie("row"), { maxLength: 5 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("mixed" as const), items: fc.array(tie("spec"), { maxLength: 3 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant("component" as const), id: fc.nat(3), slots: tie("slots") }),
    },
  ),
}));

const Box = liveComponent<{ slots: readonly Spec[] }>({
  render: ({ slots }) => html`<aside>${show(slots[0] as Spec)}</aside>`,
});

const Other = liveComponent<{ slots: readonly Spec[] }>({
  render: ({ slots }) =>
    slots[0]?.type === "text" ? html`<em>${show(slots[0])}</em>` : html`<nav>${show(slots[1] as Spec)}</nav>`,
});

/** Components of one id may stand in a page once: of those that are too many, text is shown. */
let placed: Set<number>;

function show(spec: Spec): Renderable {
  switch (spec.type) {
    case "text":
      return spec.text;
    case "nothing":
      return null;
    case "template":
      return template(spec.template, spec.slots);
    case "list":
      return each(
        spec.rows,
        ({ key }) => key,
        ({ slots }) => template(spec.template, slots),
      );
    case "mixed":
      return spec.items.map(show);
    case "component":
      if (placed.has(spec.id)) return "again";
      placed.add(spec.id);
      return (spec.id % 2 === 0 ? Box : Other)({ id: spec.id, slots: spec.slots.map(flat) });
  }
}

/** No components within components: whether those are placed depends on the order in which they are rendered. */
function flat(spec: Spec): Spec {
  switch (spec.type) {
    case "component":
      return { type: "text", text: "c" };
    case "template":
      return { ...spec, slots: spec.slots.map(flat) };
    case "list":
      return { ...spec, rows: spec.rows.map((row) => ({ ...row, slots: row.slots.map(flat) })) };
    case "mixed":
      return { ...spec, items: spec.items.map(flat) };
    default:
      return spec;
  }
}

function template(index: number, slots: readonly Spec[]): Html {
  const strings = templates[index] as readonly string[];
  const inAttribute = (slot: number) => strings[slot]?.endsWith('="'); // no place for elements
  const values = slots.slice(0, strings.length - 1).map((slot, at) => (inAttribute(at) ? textIn(slot) : show(slot)));
  return new Html(strings, values);
}

function textIn(spec: Spec): string {
  return spec.type === "text" ? spec.text : spec.type;
}

const pages: ((spec: Spec) => Html)[] = [
  (spec) => html`<main>${show(spec)}</main>`,
  (spec) => html`<main>${show(spec)}</main><footer>${show({ type: "text", text: "f" })}</footer>`,
];

const Page = liveView<{ spec: Spec; page: number }>({
  render: ({ spec, page }) => {
    placed = new Set();
    return (pages[page] as (typeof pages)[number])(spec as Spec);
  },
});

const steps = fc.array(fc.record({ spec: specs.spec, page: fc.constantFrom(0, 0, 0, 0, 1) }), {
  minLength: 2,
  maxLength: 6,
});

/** As it would arrive. */
const overTheWire = (wire: unknown) => JSON.parse(JSON.stringify(wire));

function start(first: { spec: Spec; page: number }): {
  socket: LiveSocket;
  renderer: Renderer;
  client: ClientRendered;
} {
  const core = testCore({ changed: (cid) => renderer.changed(cid) });
  const socket: LiveSocket = new LiveSocket(core);
  const renderer = new Renderer(Page, socket);
  socket.merge(first);
  return { socket, renderer, client: new Rendered("phx-test", overTheWire(renderer.render())) };
}

function fullText(step: { spec: Spec; page: number }): string {
  const core = testCore();
  const socket = new LiveSocket(core);
  socket.merge(step);
  return withoutMarks(textOf(Page.definition.render(socket.assigns, {} as never), core));
}

describe("the client shows what a full rendering shows", () => {
  test("after any sequence of pages", () => {
    fc.assert(
      fc.property(steps, ([first, ...rest]) => {
        const { socket, renderer, client } = start(first!);
        expect(shown(client)).toBe(fullText(first!));
        for (const step of rest) {
          socket.merge(step);
          const diff = renderer.render();
          if (diff) client.mergeDiff(overTheWire(diff));
          expect(shown(client)).toBe(fullText(step));
        }
      }),
      { numRuns: 400 },
    );
  });

  test("and what it skips is what it has", () => {
    fc.assert(
      fc.property(steps, ([first, ...rest]) => {
        const { socket, renderer, client } = start(first!);
        const page = new SkippingPage();
        expect(page.take(client.toString(null).buffer)).toBe(fullText(first!));
        for (const step of rest) {
          socket.merge(step);
          const diff = renderer.render();
          if (!diff) continue;
          const sent = overTheWire(diff);
          const cids = Object.keys(sent.c ?? {}).map(Number);
          client.mergeDiff(sent);
          expect(page.take(client.toString(cids).buffer)).toBe(fullText(step));
          for (const cid of page.gone()) client.resetRender(cid); // as the client does for what left the page
        }
      }),
      { numRuns: 400 },
    );
  });

  test("and nothing is sent where nothing changed", () => {
    fc.assert(
      fc.property(specs.spec, (spec) => {
        const { socket, renderer } = start({ spec, page: 0 });
        socket.merge({ spec: structuredClone(spec) });
        // Components get other arrays for props, and so are rendered; what they show is the same.
        expect(renderer.render()).toBeNull();
      }),
      { numRuns: 200 },
    );
  });
});

/** What the page does with elements that the client marks to be skipped: they stay as they are, found by their mark. */
class SkippingPage {
  #elements = new Map<string, string>();
  readonly #seen = new Set<number>();

  /** Components that were in the page and are not now. */
  gone(): number[] {
    return [...this.#seen].filter((cid) => !this.#elements.has(`c${cid}-phx-test`));
  }

  take(markup: string): string {
    const filled = this.#fill(markup);
    this.#elements = new Map();
    this.#remember(filled);
    return withoutMarks(filled);
  }

  #fill(markup: string): string {
    return markup.replace(
      /<(\w+) [^>]*data-phx-id="([^"]*)"[^>]*data-phx-skip[^>]*>(?:<\/\1>)?/g,
      (whole, _tag, id) => {
        const known = this.#elements.get(id);
        if (known === undefined) throw new Error(`The page has nothing for ${whole}`);
        return known;
      },
    );
  }

  /** Each marked element, with what is in it. Our elements are closed properly, so that counting tags finds the end. */
  #remember(markup: string): void {
    for (const { index, 1: tag, 2: id } of markup.matchAll(/<(\w+)(?=[^>]*data-phx-id="([^"]*)")[^>]*>/g)) {
      let depth = 0;
      const tags = new RegExp(`<(/?)${tag}\\b[^>]*>`, "g");
      tags.lastIndex = index;
      for (let match = tags.exec(markup); match; match = tags.exec(markup)) {
        depth += match[1] || tag === "hr" ? -1 : 1;
        if (depth > 0) continue;
        this.#elements.set(id as string, markup.slice(index, tags.lastIndex));
        const cid = /^c(\d+)-/.exec(id as string)?.[1];
        if (cid) this.#seen.add(Number(cid));
        break;
      }
    }
  }
}

describe("components", () => {
  test("that share a template send its statics once", () => {
    const Item = liveComponent<{ name: string }>({ render: ({ name }) => html`<li>${name}</li>` });
    const List = liveView<{ names: string[] }>({
      render: ({ names }) => html`<ul>${names.map((name) => html`${Item({ id: name, name })}`)}</ul>`,
    });
    const core = testCore({ changed: (cid) => renderer.changed(cid) });
    const socket: LiveSocket = new LiveSocket(core);
    const renderer = new Renderer(List, socket);
    socket.merge({ names: ["a", "b"] });
    const first = renderer.render();
    expect(first?.c).toEqual({ 1: { 0: "a", s: ["<li>", "</li>"], r: 1 }, 2: { 0: "b", s: 1, r: 1 } });
    const client = new Rendered("phx-test", overTheWire(first));
    expect(shown(client)).toBe("<ul><li>a</li><li>b</li></ul>");
    socket.merge({ names: ["a", "b", "c"] });
    const second = renderer.render();
    expect(second?.c).toEqual({ 3: { 0: "c", s: -1, r: 1 } });
    client.mergeDiff(overTheWire(second));
    expect(shown(client)).toBe("<ul><li>a</li><li>b</li><li>c</li></ul>");
  });

  test("that are rendered alone are all that is sent", () => {
    const sockets: LiveSocket[] = [];
    const Counter = liveComponent<object, { count: number }>({
      mount(socket) {
        sockets.push(socket as unknown as LiveSocket);
        (socket as unknown as LiveSocket).merge({ count: 0 });
      },
      render: ({ count }) => html`<b>${count}</b>`,
    });
    const Twice = liveView<object>({ render: () => html`${Counter({ id: 1 })}${Counter({ id: 2 })}` });
    const core = testCore({ changed: (cid) => renderer.changed(cid) });
    const renderer = new Renderer(Twice, new LiveSocket(core));
    renderer.render();
    sockets[1]?.merge({ count: 5 });
    expect(renderer.render()).toEqual({ c: { 2: { 0: "5" } } });
  });

  test("must be one element, and unique", () => {
    const Loose = liveComponent<object>({ render: () => html`<b>1</b><b>2</b>` });
    const One = liveComponent<object>({ render: () => html`<b>1</b>` });
    const render = (content: () => Html) =>
      new Renderer(liveView<object>({ render: content }), new LiveSocket(testCore())).render();
    expect(() => render(() => html`${Loose({ id: 1 })}`)).toThrow(/one element/);
    expect(() => render(() => html`${One({ id: 1 })}${One({ id: 1 })}`)).toThrow(/unique/);
  });
});
