// Brings an element's inside to new HTML while keeping the elements that stay. So the focus, the caret, a
// half-typed number and a click that is under way survive a change that comes from another tab.
// It expects what cart-view.ts writes: text that changes has an element of its own.

export function morph(container: Element, markup: string): void {
  const hadFocus = container.contains(document.activeElement);
  const template = document.createElement("template");
  template.innerHTML = markup;
  morphChildren(container, template.content);
  if (hadFocus && !container.contains(document.activeElement)) {
    container.querySelector<HTMLElement>("[tabindex]")?.focus({ preventScroll: true });
  }
}

function morphChildren(now: Element, next: Element | DocumentFragment): void {
  if (!next.firstElementChild) {
    if (now.textContent !== next.textContent) now.textContent = next.textContent;
    return;
  }
  const wanted = [...next.children];
  for (const child of [...now.children]) {
    if (!wanted.some((each) => alike(child, each))) child.remove();
  }
  wanted.forEach((each, index) => {
    const current = now.children[index];
    if (current && alike(current, each)) morphElement(current, each);
    else now.insertBefore(each, current ?? null);
  });
  while (now.children.length > wanted.length) now.lastElementChild?.remove();
}

function morphElement(now: Element, next: Element): void {
  const editing = now instanceof HTMLInputElement && now === document.activeElement && now.value !== now.defaultValue;
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name)) now.removeAttribute(name);
  }
  for (const { name, value } of [...next.attributes]) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
  if (now instanceof HTMLInputElement && !editing && now.value !== now.defaultValue) now.value = now.defaultValue;
  morphChildren(now, next);
}

function alike(one: Element, other: Element): boolean {
  return (
    one.tagName === other.tagName &&
    one.classList[0] === other.classList[0] &&
    one.getAttribute("data-line") === other.getAttribute("data-line")
  );
}
