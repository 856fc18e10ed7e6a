// Turbo Streams: what `<turbo-stream-source>` takes from an EventSource.

/** What Turbo does with the content; `target` is the id of the element. */
export type TurboAction = "append" | "prepend" | "replace" | "update" | "before" | "after" | "remove";

/**
 * A `<turbo-stream>` element as the event that carries it.
 *
 * @param html goes in as it is; what comes from users must be escaped by then
 */
export function turboStream(action: TurboAction, target: string, html = ""): { readonly data: string } {
  const content = action === "remove" ? "" : `<template>${html}</template>`;
  return { data: `<turbo-stream action="${action}" target="${escapeAttribute(target)}">${content}</turbo-stream>` };
}

function escapeAttribute(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
}
