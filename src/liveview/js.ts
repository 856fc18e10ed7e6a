// JS commands: what the client does by itself when something is clicked, without asking the server. Immutable chains.

import { checkHref } from "./links.ts";
import { AttributeValue } from "./template.ts";

/** The elements meant: a selector anywhere in the page, within the element itself, or the closest one around it. */
export type Target = string | { readonly inner: string } | { readonly closest: string };

/** Classes while it runs, or `[while it runs, at its start, at its end]`. Separated by spaces. */
export type Transition = string | readonly [during: string, from: string, to: string];

interface OnTarget {
  /** Default: the element itself. */
  readonly to?: Target;
}

interface Timed extends OnTarget {
  /** Length of the transition in ms. Default 200. */
  readonly time?: number;
  /** Whether patches of the page wait for it. Default true. */
  readonly blocking?: boolean;
}

export interface PushOptions {
  /** Sent beside what the element itself has. */
  readonly value?: Readonly<Record<string, unknown>>;
  /** The component that gets the event: its `myself`, or a selector. */
  readonly target?: number | string;
  /** A selector: gets the loading classes, too. */
  readonly loading?: string;
  /** Whether the page's loading events are fired. */
  readonly pageLoading?: boolean;
}

type Command = readonly [name: string, parameters: object];

/** A chain of commands: stands in an attribute such as `phx-click`, and can be pushed to hooks as text. */
export class JsCommands extends AttributeValue {
  readonly #commands: readonly Command[];

  /** For `JS`. */
  constructor(commands: readonly Command[] = []) {
    super();
    this.#commands = commands;
  }

  /** Sends an event to the view. */
  push(event: string, { pageLoading, ...options }: PushOptions = {}): JsCommands {
    return this.#add("push", { event, ...options, page_loading: pageLoading });
  }

  show(options: Timed & { readonly transition?: Transition; readonly display?: string } = {}): JsCommands {
    return this.#add("show", { ...options, transition: classes(options.transition) });
  }

  hide(options: Timed & { readonly transition?: Transition } = {}): JsCommands {
    return this.#add("hide", { ...options, transition: classes(options.transition) });
  }

  /** Shows what is hidden and hides what is shown. */
  toggle(
    options: Timed & { readonly in?: Transition; readonly out?: Transition; readonly display?: string } = {},
  ): JsCommands {
    const { in: ins, out: outs, ...rest } = options;
    return this.#add("toggle", { ...rest, ins: classes(ins), outs: classes(outs) });
  }

  addClass(names: string, options: Timed & { readonly transition?: Transition } = {}): JsCommands {
    return this.#add("add_class", { ...options, names: words(names), transition: classes(options.transition) });
  }

  removeClass(names: string, options: Timed & { readonly transition?: Transition } = {}): JsCommands {
    return this.#add("remove_class", { ...options, names: words(names), transition: classes(options.transition) });
  }

  toggleClass(names: string, options: Timed & { readonly transition?: Transition } = {}): JsCommands {
    return this.#add("toggle_class", { ...options, names: words(names), transition: classes(options.transition) });
  }

  /** Runs a transition without changing what the element is. */
  transition(transition: Transition, options: Timed = {}): JsCommands {
    return this.#add("transition", { ...options, transition: classes(transition) });
  }

  setAttribute(name: string, value: string, options: OnTarget = {}): JsCommands {
    return this.#add("set_attr", { ...options, attr: [name, value] });
  }

  removeAttribute(name: string, options: OnTarget = {}): JsCommands {
    return this.#add("remove_attr", { ...options, attr: name });
  }

  /** Switches between two values; with one, sets and removes the attribute. */
  toggleAttribute(name: string, values: readonly [string, string?], options: OnTarget = {}): JsCommands {
    return this.#add("toggle_attr", { ...options, attr: [name, ...values] });
  }

  /** Leaves these attributes to the browser in later patches. A name may end in `*`. */
  ignoreAttributes(names: readonly string[], options: OnTarget = {}): JsCommands {
    return this.#add("ignore_attrs", { ...options, attrs: names });
  }

  focus(options: OnTarget = {}): JsCommands {
    return this.#add("focus", options);
  }

  /** Focuses the first thing in the element that can be. */
  focusFirst(options: OnTarget = {}): JsCommands {
    return this.#add("focus_first", options);
  }

  /** Remembers the element, for `popFocus`. */
  pushFocus(options: OnTarget = {}): JsCommands {
    return this.#add("push_focus", options);
  }

  popFocus(): JsCommands {
    return this.#add("pop_focus", {});
  }

  /** Fires a DOM event. */
  dispatch(
    event: string,
    options: OnTarget & { readonly detail?: unknown; readonly bubbles?: boolean; readonly blocking?: boolean } = {},
  ): JsCommands {
    return this.#add("dispatch", { ...options, event });
  }

  /** Runs the commands that stand in an attribute of the element. */
  exec(attribute: string, options: OnTarget = {}): JsCommands {
    return this.#add("exec", { ...options, attr: attribute });
  }

  /**
   * Goes to another live view without loading the page.
   *
   * @throws LiveSessionError `bad_option` for what is neither a path nor an http(s) URL, such as `javascript:`
   */
  navigate(href: string, options: { readonly replace?: boolean } = {}): JsCommands {
    return this.#add("navigate", { ...options, href: checkHref(href) });
  }

  /**
   * Changes the URL of this live view: `handleParams`.
   *
   * @throws LiveSessionError `bad_option` as `navigate`
   */
  patch(href: string, options: { readonly replace?: boolean } = {}): JsCommands {
    return this.#add("patch", { ...options, href: checkHref(href) });
  }

  /** The commands of another chain after these. */
  concat(other: JsCommands): JsCommands {
    return new JsCommands([...this.#commands, ...other.#commands]);
  }

  override toString(): string {
    return JSON.stringify(this.#commands);
  }

  #add(name: string, parameters: object): JsCommands {
    return new JsCommands([...this.#commands, [name, parameters]]);
  }
}

/** The empty chain: `JS.push("save").hide({ to: "#dialog" })`. */
export const JS: JsCommands = new JsCommands();

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function classes(transition: Transition | undefined): string[][] | undefined {
  if (transition === undefined) return undefined;
  return typeof transition === "string" ? [words(transition), [], []] : transition.map(words);
}
