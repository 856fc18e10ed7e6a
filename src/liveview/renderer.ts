// One view as its client holds it: renders what changed, and says what to tell.

import { Components } from "./components.ts";
import { type LiveView, toolsOf } from "./definitions.ts";
import { Differ, type TemplatePrint } from "./diff.ts";
import type { LiveSocket } from "./socket.ts";
import type { Html } from "./template.ts";
import { COMPONENTS, EVENTS, TITLE, type Wire, type WireTree } from "./wire.ts";

export class Renderer {
  readonly components: Components;
  readonly #socket: LiveSocket;
  readonly #view: LiveView;
  #print: TemplatePrint | null = null;
  #title: string | undefined;
  /** Whether the view itself has to be rendered. */
  #changed = true;

  constructor(view: LiveView, socket: LiveSocket) {
    this.#view = view;
    this.#socket = socket;
    this.components = new Components(socket.core);
  }

  /** Something has to be rendered again; `cid` where it is a component's. */
  changed(cid: number | null): void {
    if (cid === null) this.#changed = true;
    else this.components.changed(cid);
  }

  /** What the client has to be told since the last time, events and title included; `null` if nothing. */
  render(): WireTree | null {
    const { core } = this.#socket;
    this.components.begin();
    const wire: WireTree = this.#changed ? (this.#tree() ?? {}) : {};
    this.#changed = false;
    const components = this.components.render();
    if (components) wire[COMPONENTS] = components;
    if (core.events.length > 0) wire[EVENTS] = core.events;
    core.events = [];
    if (core.title !== this.#title) wire[TITLE] = core.title as Wire;
    this.#title = core.title;
    return Object.keys(wire).length > 0 ? wire : null;
  }

  #tree(): WireTree | null {
    const html = renderView(this.#view, this.#socket);
    const differ = new Differ(this.components);
    if (this.#print?.strings === html.strings) return differ.changes(this.#print, html);
    this.components.forget(); // with a new tree the client drops those that it had
    const [wire, print] = differ.full(html, false);
    this.#print = print;
    return wire;
  }
}

export function renderView(view: LiveView, socket: LiveSocket): Html {
  return view.definition.render(socket.assigns, toolsOf(socket));
}
