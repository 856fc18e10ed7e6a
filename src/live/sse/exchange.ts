// A request and its answer, whatever carries them: Node's objects, or Request and Response.

import type { RequestHead } from "../shared/admission.ts";

/** A body that is being sent. Its methods MUST NOT throw. */
export interface Sink {
  /** What is not sent yet, in bytes or so. */
  readonly unsent: number;
  /** Returns false if too much is unsent by now; `drained` MUST be called when it no longer is. */
  write(text: string): boolean;
  /** Ends it once all that was written is sent. */
  end(): void;
  /** Ends it at once. */
  destroy(): void;
}

export interface SinkEvents {
  /** Everything that was written is sent, or nearly so. */
  drained(): void;
  /** The browser is gone, or the body ended. */
  closed(): void;
}

/** What was posted. */
export type Body =
  | { readonly type: "json"; readonly value: unknown }
  | { readonly type: "form"; readonly value: Readonly<Record<string, unknown>> }
  | { readonly type: "text"; readonly value: string }
  /** Of another type; its content is not looked at. */
  | { readonly type: "other" }
  | { readonly type: "too_large" };

export interface Exchange {
  readonly head: RequestHead;
  /** @throws SyntaxError for JSON that is none; others if the browser broke it off */
  body(limit: number): Promise<Body>;
  answer(status: number, headers: Record<string, string>, text?: string): void;
  stream(headers: Record<string, string>, events: SinkEvents): Sink;
}

/** The query of a request; it may have no host. */
export function queryOf({ url = "/" }: RequestHead): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start === -1 ? "" : url.slice(start));
}

/** Fields of the same name: the last one counts. @throws SyntaxError */
export function parseBody(text: string, contentType: string | undefined): Body {
  switch (typeOf(contentType)) {
    case "json":
      return { type: "json", value: JSON.parse(text) };
    case "form":
      return { type: "form", value: Object.fromEntries(new URLSearchParams(text)) };
    case "text":
      return { type: "text", value: text };
    default:
      return text === "" ? { type: "text", value: "" } : { type: "other" };
  }
}

/** A body that a parser before us has read, and which cannot be read again. */
export function parsedBody(value: unknown, contentType: string | undefined): Body {
  if (typeof value === "string") return parseBody(value, contentType);
  if (typeOf(contentType) === "json") return { type: "json", value };
  const isForm = typeOf(contentType) === "form" && typeof value === "object" && value !== null;
  return isForm ? { type: "form", value: { ...value } } : { type: "other" };
}

function typeOf(contentType = ""): "json" | "form" | "text" | "other" {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/json") return "json";
  if (type === "application/x-www-form-urlencoded") return "form";
  return type === "text/plain" ? "text" : "other";
}
