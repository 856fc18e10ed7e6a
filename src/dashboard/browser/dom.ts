// Elements, made without markup: whatever a session holds is text.

type Child = Node | string | null;
type Listener = (event: Event) => void;

/** An element with attributes, listeners (`onclick`) and children. `false` and `null` leave an attribute out. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number | boolean | null | Listener>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Sets the text only where it differs, so that assistive technology hears of changes alone. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A table that scrolls by itself where it is too wide, also by keyboard. */
export function scrolling(label: string, table: HTMLElement): HTMLElement {
  return h("div", { class: "scroll", role: "region", "aria-label": label, tabindex: 0 }, table);
}

/** What a page of the dashboard is: its element, and what is to be done when it is left. */
export interface View {
  readonly title: string;
  readonly element: HTMLElement;
  close(): void;
}
