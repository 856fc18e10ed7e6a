// The socket of a view or component: its assigns, and what its callbacks want done beside rendering.

import { LiveSessionError } from "../core/errors.ts";
import type { DeepReadonly } from "../core/session-map.ts";
import { parseUrl } from "../core/url.ts";
import type { Params } from "./params.ts";
import { type InsertOptions, type LiveStream, StreamBuffer } from "./streams.ts";
import type { Navigation, ViewCore } from "./view-core.ts";

declare const types: unique symbol;

/**
 * What the callbacks of a view or component work on. Made by the library; the functions beside it (`assign`,
 * `pushEvent`, `putSession`, ...) take it.
 */
export class LiveSocket<
  Assigns extends object = Record<string, unknown>,
  Data extends object = Record<string, unknown>,
  Message = never,
> {
  /** Types only. */
  declare readonly [types]?: { readonly assigns: Assigns; readonly data: Data; readonly message: Message };
  /** @internal */
  readonly core: ViewCore;
  /** The number of a component, for `phx-target`; `null` for the view itself. */
  readonly cid: number | null;
  #assigns: Record<string, unknown> = {};
  readonly #streams = new Map<string, StreamBuffer>();

  /** @internal */
  constructor(core: ViewCore, cid: number | null = null) {
    this.core = core;
    this.cid = cid;
  }

  /** The id of the view's element. */
  get id(): string {
    return this.core.id;
  }

  /** What `render` shows. Set with `assign`. */
  get assigns(): DeepReadonly<Assigns> {
    return this.#assigns as DeepReadonly<Assigns>;
  }

  /** @internal */
  merge(changes: Readonly<Record<string, unknown>>): void {
    const changed = Object.keys(changes).some(
      (name) => !Object.is(changes[name], this.#assigns[name]) || !Object.hasOwn(this.#assigns, name),
    );
    if (!changed) return;
    this.#assigns = { ...this.#assigns, ...changes };
    this.core.changed(this.cid);
  }

  /** @internal */
  streamBuffer(name: string): StreamBuffer {
    let buffer = this.#streams.get(name);
    if (!buffer) {
      buffer = new StreamBuffer(String(this.core.streamCount++));
      this.#streams.set(name, buffer);
    }
    return buffer;
  }
}

/** Every socket, whatever its types are. */
export type AnySocket = LiveSocket<object, object, unknown>;

/** Sets assigns; the view is rendered again if one of them is another value than before. Returns the socket. */
export function assign<Assigns extends object, Data extends object, Message>(
  socket: LiveSocket<Assigns, Data, Message>,
  changes: DeepReadonly<Partial<Assigns>>,
): LiveSocket<Assigns, Data, Message> {
  socket.merge(changes as Readonly<Record<string, unknown>>);
  return socket;
}

/** Whether there is a live connection. `mount` runs twice: without one for the page, then with one. */
export function connected(socket: AnySocket): boolean {
  return socket.core.connected;
}

/** What the browser's `LiveSocket` was given as `params`, such as a time zone; `null` without a connection. */
export function connectParams(socket: AnySocket): Params | null {
  return socket.core.connectParams;
}

/** Fires `phx:<name>` on the browser's window, and calls hooks that handle the event. @param payload JSON */
export function pushEvent<Socket extends AnySocket>(socket: Socket, name: string, payload: object = {}): Socket {
  socket.core.events.push([name, payload]);
  return socket;
}

/** Puts a message for the user, of a kind such as `info` or `error`: it stays until the next page or `clearFlash`. */
export function putFlash<Socket extends AnySocket>(socket: Socket, kind: string, message: string): Socket {
  socket.core.flash = { ...socket.core.flash, [kind]: message };
  socket.core.changed(null);
  return socket;
}

/** Removes the messages of a kind, or all. */
export function clearFlash<Socket extends AnySocket>(socket: Socket, kind?: string): Socket {
  const { core } = socket;
  core.flash = kind === undefined ? {} : Object.fromEntries(Object.entries(core.flash).filter(([key]) => key !== kind));
  core.changed(null);
  return socket;
}

/** Sets the title of the page. */
export function putTitle<Socket extends AnySocket>(socket: Socket, title: string): Socket {
  socket.core.title = title;
  return socket;
}

/** Changes the URL within this view: `handleParams` is called, no page is loaded. */
export function pushPatch<Socket extends AnySocket>(
  socket: Socket,
  to: string,
  { replace = false }: { readonly replace?: boolean } = {},
): Socket {
  return navigate(socket, { kind: "patch", to: localPath(to), replace });
}

/** Goes to another live view, over the same connection. This one ends. The flash goes along. */
export function pushNavigate<Socket extends AnySocket>(
  socket: Socket,
  to: string,
  { replace = false }: { readonly replace?: boolean } = {},
): Socket {
  return navigate(socket, { kind: "navigate", to: localPath(to), replace });
}

/**
 * Has the browser load another page: a path of this app, or the whole URL of another site. This view ends. The flash goes
 * along to pages of this app.
 *
 * @throws LiveSessionError `bad_option` for anything that is neither, such as `//host` or `javascript:`
 */
export function redirect<Socket extends AnySocket>(socket: Socket, to: string): Socket {
  const target = /^https?:\/\//.test(to) && parseUrl(to) ? to : localPath(to);
  return navigate(socket, { kind: "redirect", to: target, replace: false });
}

/** Hands a message to the view's `handleInfo`, after everything that came before it. */
export function send<Assigns extends object, Data extends object, Message>(
  socket: LiveSocket<Assigns, Data, Message>,
  message: Message,
): void {
  socket.core.deliver(message);
}

/** Inserts items into a stream, in order; with `reset` the ones that were there before go. */
export function stream<Socket extends AnySocket, Item>(
  socket: Socket,
  definition: LiveStream<Item>,
  items: Iterable<Item>,
  { reset = false, ...options }: InsertOptions & { readonly reset?: boolean } = {},
): Socket {
  const buffer = socket.streamBuffer(definition.name);
  if (reset) buffer.reset();
  for (const item of items) buffer.insert(definition.domId(item), item, options);
  socket.core.changed(socket.cid);
  return socket;
}

/** Inserts an item into a stream, or updates it where it is. */
export function streamInsert<Socket extends AnySocket, Item>(
  socket: Socket,
  definition: LiveStream<Item>,
  item: Item,
  options: InsertOptions = {},
): Socket {
  return stream(socket, definition, [item], options);
}

/** Removes an item from a stream. */
export function streamDelete<Socket extends AnySocket, Item>(
  socket: Socket,
  definition: LiveStream<Item>,
  item: Item,
): Socket {
  socket.streamBuffer(definition.name).delete(definition.domId(item));
  socket.core.changed(socket.cid);
  return socket;
}

function navigate<Socket extends AnySocket>(socket: Socket, navigation: Navigation): Socket {
  socket.core.navigation = navigation;
  return socket;
}

/** `//host` is another site; so is `/\host` to browsers, which moreover leave out tabs and line ends wherever they stand. */
function localPath(to: string): string {
  if (/^\/(?![/\\])[^\t\r\n]*$/.test(to)) return to;
  throw new LiveSessionError("bad_option", `${JSON.stringify(to)} is no path of this app: that starts with one "/".`);
}
