// Streams: long lists that live in the browser alone. The server sends what comes and goes, and keeps none of it.

import type { StreamChanges } from "./diff.ts";
import { rowsOf } from "./nodes.ts";
import { type KeyedEntry, Placed, type Renderable } from "./template.ts";

/** Names a stream and says what its items are. Made once, beside the view. */
export interface LiveStream<Item> {
  readonly name: string;
  /** The id of an item's element. */
  readonly domId: (item: Item) => string;
}

/**
 * Defines a stream.
 *
 * @param name unique within a view; the container has it as `id` by custom
 * @param id what tells an item from the others; the element's id becomes `<name>-<id>`
 */
export function liveStream<Item>(name: string, id: (item: Item) => string | number): LiveStream<Item> {
  return { name, domId: (item) => `${name}-${id(item)}` };
}

export interface InsertOptions {
  /** `-1` at the end (the default), `0` in front, or a position. Several in front come out in reverse order. */
  readonly at?: number;
  /** At most so many stay: the first ones, or with a negative number the last ones. */
  readonly limit?: number;
  /** Only if the browser has it already. */
  readonly updateOnly?: boolean;
}

interface Insert {
  readonly item: unknown;
  readonly options: InsertOptions;
}

/** One stream of one view: what is yet to be told. */
export class StreamBuffer {
  readonly ref: string;
  #inserts = new Map<string, Insert>();
  #deletes = new Set<string>();
  #reset = false;

  constructor(ref: string) {
    this.ref = ref;
  }

  insert(domId: string, item: unknown, options: InsertOptions): void {
    this.#inserts.delete(domId); // the last one counts, in its place
    this.#inserts.set(domId, { item, options });
  }

  delete(domId: string): void {
    this.#inserts.delete(domId);
    this.#deletes.add(domId);
  }

  reset(): void {
    this.#inserts.clear();
    this.#deletes.clear();
    this.#reset = true;
  }

  entries(render: (item: never, domId: string) => Renderable): KeyedEntry[] {
    return [...this.#inserts].map(([domId, { item }]) => ({ key: domId, content: render(item as never, domId) }));
  }

  /** What there is to tell; nothing is left to tell after. */
  take(render: (item: never, domId: string) => Renderable): StreamChanges | null {
    if (this.#inserts.size === 0 && this.#deletes.size === 0 && !this.#reset) return null;
    const entries = this.entries(render);
    const inserts = [...this.#inserts].map(([domId, { options }]) => {
      const { at = -1, limit = null, updateOnly = false } = options;
      return [domId, at, limit, updateOnly];
    });
    const operations: unknown[] = [this.ref, inserts, [...this.#deletes]];
    if (this.#reset) operations.push(true); // the client asks whether it is there, not what it is
    this.#inserts = new Map();
    this.#deletes = new Set();
    this.#reset = false;
    return { rows: entries.length > 0 ? rowsOf(entries) : null, operations };
  }
}

/** A stream's place in a template. */
export class StreamRows extends Placed {
  override readonly kind = "stream";
  readonly buffer: StreamBuffer;
  readonly render: (item: never, domId: string) => Renderable;

  constructor(buffer: StreamBuffer, render: (item: never, domId: string) => Renderable) {
    super();
    this.buffer = buffer;
    this.render = render;
  }
}
