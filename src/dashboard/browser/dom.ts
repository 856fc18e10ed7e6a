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

export interface Column {
  readonly name: string;
  /** Its cells are numbers, one above the other. */
  readonly isNumber?: boolean;
}

/** A table, which scrolls by itself where it is too wide, also by keyboard; on a narrow screen its rows are cards. */
export function table(name: string, columns: readonly Column[], rows: HTMLElement): HTMLElement {
  const head = h("tr", {}, ...columns.map((column) => h("th", { scope: "col", class: kindOf(column) }, column.name)));
  const element = h(
    "table",
    { class: name.toLowerCase() },
    h("caption", { class: "hidden" }, name),
    h("thead", {}, head),
    rows,
  );
  return h("div", { class: "scroll", role: "region", "aria-label": name, tabindex: 0 }, element);
}

/** A row of it; the first cell names the row. */
export function tableRow(columns: readonly Column[], first: Child, ...cells: readonly Child[]): HTMLTableRowElement {
  const others = cells.map((cell, at) => {
    const column = columns[at + 1] as Column;
    return h("td", { "data-label": column.name, class: kindOf(column) }, cell);
  });
  return h("tr", {}, h("th", { scope: "row" }, first), ...others);
}

function kindOf({ isNumber }: Column): string | null {
  return isNumber ? "number" : null;
}

/** What a page of the dashboard is: its element, and what is to be done when it is left. */
export interface View {
  readonly title: string;
  readonly element: HTMLElement;
  close(): void;
}
