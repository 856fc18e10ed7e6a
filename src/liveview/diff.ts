// From one rendering to the next: what the client has to be told, and what it holds then.

import { nodeOf, Rows } from "./nodes.ts";
import { hasSingleRoot } from "./single-root.ts";
import { Html, type Placed, type Renderable } from "./template.ts";
import { ROOT, ROW_COUNT, ROWS, ROWS_MOVED, STATICS, STREAM, TEMPLATES, type Wire, type WireTree } from "./wire.ts";

/** What the client holds in one place: text, a component's number, a template or a list. */
export type Print = string | number | TemplatePrint | RowsPrint;

export class TemplatePrint {
  readonly strings: readonly string[];
  readonly slots: Print[];

  constructor(strings: readonly string[], slots: Print[]) {
    this.strings = strings;
    this.slots = slots;
  }
}

export class RowsPrint {
  readonly strings: readonly string[];
  /** The client forgets a stream's rows once they are shown. */
  readonly isStream: boolean;
  keys: readonly string[] = [];
  rows: Print[][] = [];

  constructor(strings: readonly string[], isStream: boolean) {
    this.strings = strings;
    this.isStream = isStream;
  }
}

/** What a stream has to tell since it was last rendered. */
export interface StreamChanges {
  readonly rows: Rows | null;
  /** `[ref, [[domId, at, limit, updateOnly]], [domId to delete], reset?]` */
  readonly operations: readonly unknown[];
}

/** The view's part in a diff. */
export interface Placement {
  /** The number of the component that is put here, which is rendered on its own. */
  component(placed: Placed): number;
  /** `null` if there is nothing to tell. */
  stream(placed: Placed): StreamChanges | null;
}

/** Makes the diffs of one tree (a view's or a component's) within one message. */
export class Differ {
  readonly #placement: Placement;
  readonly #templates = new Map<readonly string[], number>();
  #inRows = 0;

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  /**
   * The whole tree, for a client that holds nothing. @param root whether the tree itself may carry the mark of a single
   * element: at the top of a view's messages the letter means something else
   */
  full(html: Html, root: boolean): [WireTree, TemplatePrint] {
    const [wire, print] = this.#template(html);
    if (!root) delete wire[ROOT];
    return [this.#withTemplates(wire), print];
  }

  /** What changed, or `null`. `print` must hold the same template; it is brought up to date. */
  changes(print: TemplatePrint, html: Html): WireTree | null {
    const wire = this.#updateSlots(print.slots, html.values);
    return wire && this.#withTemplates(wire);
  }

  #withTemplates(wire: WireTree): WireTree {
    if (this.#templates.size > 0) {
      wire[TEMPLATES] = Object.fromEntries([...this.#templates].map(([strings, index]) => [index, strings]));
    }
    return wire;
  }

  #fresh(value: Renderable): [Wire, Print] {
    const node = nodeOf(value);
    if (typeof node === "string") return [node, node];
    if (node instanceof Html) return this.#template(node);
    if (node instanceof Rows) return this.#rows(node);
    if (node.kind === "stream") return this.#stream(node);
    const cid = this.#placement.component(node);
    return [cid, cid];
  }

  /** `null`: no change. */
  #update(print: Print, value: Renderable): [Wire | null, Print] {
    const node = nodeOf(value);
    if (typeof node === "string") {
      if (node === print) return [null, print];
      if (node === "" && print instanceof RowsPrint && !print.isStream) return this.#emptied(print);
      return [node, node];
    }
    if (node instanceof Html) {
      if (!(print instanceof TemplatePrint) || print.strings !== node.strings) return this.#template(node);
      return [this.#updateSlots(print.slots, node.values), print];
    }
    if (node instanceof Rows) {
      const same = print instanceof RowsPrint && !print.isStream && print.strings === node.strings;
      return same ? [this.#updateRows(print, node), print] : this.#rows(node);
    }
    if (node.kind === "stream") return this.#updateStream(print, node);
    const cid = this.#placement.component(node);
    return [cid === print ? null : cid, cid];
  }

  #template({ strings, values }: Html): [WireTree, TemplatePrint] {
    const [wire, slots] = this.#slots(values);
    wire[STATICS] = this.#statics(strings);
    if (hasSingleRoot(strings)) wire[ROOT] = 1;
    return [wire, new TemplatePrint(strings, slots)];
  }

  #slots(values: readonly Renderable[]): [WireTree, Print[]] {
    const wire: WireTree = {};
    const slots = values.map((value, index) => {
      const [each, print] = this.#fresh(value);
      wire[index] = each;
      return print;
    });
    return [wire, slots];
  }

  #updateSlots(slots: Print[], values: readonly Renderable[]): WireTree | null {
    let wire: WireTree | null = null;
    values.forEach((value, index) => {
      const [each, print] = this.#update(slots[index] as Print, value);
      slots[index] = print;
      if (each === null) return;
      wire ??= {};
      wire[index] = each;
    });
    return wire;
  }

  #rows(node: Rows): [WireTree, RowsPrint] {
    const print = new RowsPrint(node.strings, false);
    const wire: WireTree = { [STATICS]: this.#statics(node.strings), [ROWS]: this.#freshRows(print, node) };
    return [wire, print];
  }

  #freshRows(print: RowsPrint, node: Rows): WireTree {
    const wire: WireTree = {};
    this.#inRows++;
    print.keys = node.rows.map(({ key }) => key);
    print.rows = node.rows.map(({ values }, index) => {
      const [each, slots] = this.#slots(values);
      wire[index] = each;
      return slots;
    });
    this.#inRows--;
    wire[ROW_COUNT] = node.rows.length;
    return wire;
  }

  /** Rows that stay are told what changed in them, rows that moved by where they were, new ones are sent. */
  #updateRows(print: RowsPrint, node: Rows): WireTree | null {
    const before = new Map(print.keys.map((key, index) => [key, index]));
    const old = print.rows;
    const wire: WireTree = {};
    let moved = false;
    let changed = old.length !== node.rows.length;
    this.#inRows++;
    print.rows = node.rows.map(({ key, values }, index) => {
      const from = before.get(key);
      if (from === undefined) {
        const [each, slots] = this.#slots(values);
        wire[index] = each;
        changed = true;
        return slots;
      }
      const slots = old[from] as Print[];
      const each = this.#updateSlots(slots, values);
      if (from !== index) {
        wire[index] = each ? [from, each] : from;
        moved = true;
      } else if (each) wire[index] = each;
      changed ||= each !== null || from !== index;
      return slots;
    });
    this.#inRows--;
    print.keys = node.rows.map(({ key }) => key);
    if (!changed) return null;
    wire[ROW_COUNT] = node.rows.length;
    if (moved) wire[ROWS_MOVED] = true;
    return { [ROWS]: wire };
  }

  /** The client keeps the statics, for when there are rows again. */
  #emptied(print: RowsPrint): [WireTree | null, RowsPrint] {
    if (print.rows.length === 0) return [null, print];
    print.keys = [];
    print.rows = [];
    return [{ [ROWS]: { [ROW_COUNT]: 0 } }, print];
  }

  /** A stream that never had a row has no statics to send: nothing stands in its place. */
  #stream(placed: Placed): [Wire, Print] {
    const changes = this.#placement.stream(placed);
    if (!changes?.rows) return ["", ""];
    const { rows, operations } = changes;
    const print = new RowsPrint(rows.strings, true);
    const wire = { [STATICS]: this.#statics(rows.strings), [ROWS]: this.#freshRows(print, rows), [STREAM]: operations };
    return [wire, forgotten(print)];
  }

  #updateStream(print: Print, placed: Placed): [Wire | null, Print] {
    if (!(print instanceof RowsPrint) || !print.isStream) {
      const [wire, next] = this.#stream(placed);
      return [wire === print ? null : wire, next];
    }
    const changes = this.#placement.stream(placed);
    if (!changes) return [null, print];
    const { rows, operations } = changes;
    if (!rows) return [{ [ROWS]: { [ROW_COUNT]: 0 }, [STREAM]: operations }, print];
    const next = rows.strings === print.strings ? print : new RowsPrint(rows.strings, true);
    const wire: WireTree = { [ROWS]: this.#freshRows(next, rows), [STREAM]: operations };
    if (next !== print) wire[STATICS] = this.#statics(rows.strings);
    return [wire, forgotten(next)];
  }

  /** Statics within rows are likely to come again in the next row: they are sent once, and named by number. */
  #statics(strings: readonly string[]): number | readonly string[] {
    if (this.#inRows === 0) return strings;
    const index = this.#templates.get(strings) ?? this.#templates.size;
    this.#templates.set(strings, index);
    return index;
  }
}

function forgotten(print: RowsPrint): RowsPrint {
  print.keys = [];
  print.rows = [];
  return print;
}
