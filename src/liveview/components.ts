// The components of one view: found again by definition and id, known to the client by number.

import { type ComponentCall, type LiveComponent, toolsOf } from "./definitions.ts";
import { Differ, type Placement, type TemplatePrint } from "./diff.ts";
import { hasSingleRoot } from "./single-root.ts";
import { LiveSocket } from "./socket.ts";
import type { StreamRows } from "./streams.ts";
import type { Html, Placed } from "./template.ts";
import type { ViewCore } from "./view-core.ts";
import { STATICS, type WireTree } from "./wire.ts";

type Props = ComponentCall["props"];

/** One component in one view. */
export class ComponentInstance {
  readonly component: LiveComponent<Record<string, unknown>>;
  readonly socket: LiveSocket;
  /** What the client holds of it. */
  print: TemplatePrint | null = null;
  /** The rendering in which it was last sent whole. */
  sentIn = 0;
  /** The rendering in which a template last had it. */
  placedIn = 0;
  /** How many components it stands in. */
  depth = 0;
  /** The client no longer shows it, and will say so once more before it is forgotten. */
  doomed = false;
  #props: Props | null = null;

  constructor(call: ComponentCall, core: ViewCore, cid: number) {
    this.component = call.component;
    this.socket = new LiveSocket(core, cid);
    this.component.definition.mount?.(this.socket as never);
  }

  /** Props that are what they were cause nothing. */
  update(props: Props): void {
    const before = this.#props;
    const names = Object.keys(props);
    if (
      before &&
      names.length === Object.keys(before).length &&
      names.every((name) => Object.is(props[name], before[name]))
    )
      return;
    this.#props = props;
    const { definition } = this.component;
    if (definition.update) definition.update(props as never, this.socket as never);
    else this.socket.merge(props);
  }

  /** The props it has, with some of them others. */
  withProps(props: { readonly id: string | number }): Props {
    return { ...this.#props, ...props };
  }

  render(): Html {
    const { socket } = this;
    const tools = { ...toolsOf(socket), myself: socket.cid as number };
    const html = this.component.definition.render(socket.assigns as never, tools);
    if (hasSingleRoot(html.strings)) return html;
    const shown = JSON.stringify(html.strings.join("{...}").trim().slice(0, 80));
    throw new Error(`A component must be one element, with nothing before or after it: ${shown} is not.`);
  }
}

export class Components implements Placement {
  readonly #core: ViewCore;
  readonly #byCid = new Map<number, ComponentInstance>();
  readonly #byId = new Map<object, Map<string, ComponentInstance>>();
  readonly #pending = new Set<ComponentInstance>();
  #count = 0;
  #rendering = 0;
  /** What is placed now stands in so many components. */
  #depth = 0;

  constructor(core: ViewCore) {
    this.#core = core;
  }

  get(cid: number): ComponentInstance | undefined {
    return this.#byCid.get(cid);
  }

  find(component: object, id: string | number): ComponentInstance | undefined {
    return this.#byId.get(component)?.get(String(id));
  }

  /** A component has to be rendered again. */
  changed(cid: number): void {
    const instance = this.#byCid.get(cid);
    if (instance) this.#pending.add(instance);
  }

  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  /** A new rendering begins, of the view or of components alone. */
  begin(): void {
    this.#rendering++;
  }

  /** The client is sent a new tree and forgets what it held of components. */
  forget(): void {
    for (const instance of this.#byCid.values()) instance.print = null;
  }

  component(placed: Placed): number {
    const call = placed as ComponentCall;
    const { id } = call.props;
    let instance = this.find(call.component, id);
    if (instance?.placedIn === this.#rendering) {
      throw new Error(`Two components of one kind have the id ${JSON.stringify(id)}: ids must be unique in a view.`);
    }
    instance ??= this.#make(call);
    instance.placedIn = this.#rendering;
    instance.doomed = false;
    instance.depth = this.#depth;
    instance.update(call.props);
    if (!instance.print) this.#pending.add(instance);
    return instance.socket.cid as number;
  }

  stream(placed: Placed): ReturnType<Placement["stream"]> {
    const { buffer, render } = placed as StreamRows;
    return buffer.take(render);
  }

  /** Renders what is pending, with what that brings in; `null` if nothing changed. */
  render(): WireTree | null {
    let wire: WireTree | null = null;
    for (let instance = this.#next(); instance; instance = this.#next()) {
      this.#pending.delete(instance);
      const cid = instance.socket.cid as number;
      // Moved into a component that was rendered after it: the whole of it says everything.
      if (wire?.[cid]) instance.print = null;
      this.#depth = instance.depth + 1;
      const each = this.#renderOne(instance);
      this.#depth = 0;
      if (!each) continue;
      wire ??= {};
      wire[cid] = each;
    }
    return wire;
  }

  /** Outer ones first, since they may pass inner ones other props: each is then rendered once. */
  #next(): ComponentInstance | undefined {
    let next: ComponentInstance | undefined;
    for (const each of this.#pending) if (!next || each.depth < next.depth) next = each;
    return next;
  }

  /** The client took these out of the page and asks whether they will be back. */
  doom(cids: readonly number[]): void {
    for (const cid of cids) {
      const instance = this.#byCid.get(cid);
      if (instance) instance.doomed = true;
    }
  }

  /** Forgets those that no rendering brought back. Returns their numbers. */
  remove(cids: readonly number[]): number[] {
    return cids.filter((cid) => {
      const instance = this.#byCid.get(cid);
      if (!instance?.doomed) return false;
      this.#byCid.delete(cid);
      this.#pending.delete(instance);
      const siblings = this.#byId.get(instance.component);
      for (const [id, each] of siblings ?? []) if (each === instance) siblings?.delete(id);
      if (siblings?.size === 0) this.#byId.delete(instance.component);
      return true;
    });
  }

  #make(call: ComponentCall): ComponentInstance {
    const cid = ++this.#count;
    const instance = new ComponentInstance(call, this.#core, cid);
    this.#byCid.set(cid, instance);
    const siblings = this.#byId.get(call.component) ?? new Map();
    this.#byId.set(call.component, siblings.set(String(call.props.id), instance));
    return instance;
  }

  #renderOne(instance: ComponentInstance): WireTree | null {
    const html = instance.render();
    const differ = new Differ(this);
    if (instance.print?.strings === html.strings) return differ.changes(instance.print, html);
    const sibling = this.#siblingWith(html, instance);
    const [wire, print] = differ.full(html, true);
    instance.print = print;
    instance.sentIn = this.#rendering;
    // Statics that another component has are named by its number, negative if the client has them from before.
    if (sibling) wire[STATICS] = (sibling.sentIn === this.#rendering ? 1 : -1) * (sibling.socket.cid as number);
    return wire;
  }

  #siblingWith(html: Html, instance: ComponentInstance): ComponentInstance | undefined {
    for (const each of this.#byId.get(instance.component)?.values() ?? []) {
      if (each !== instance && each.print?.strings === html.strings) return each;
    }
    return undefined;
  }
}
