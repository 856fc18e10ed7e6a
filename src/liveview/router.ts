// Which live view a URL means.

import { LiveSessionError } from "../core/errors.ts";
import type { LiveView } from "./definitions.ts";
import { type Params, parseParams } from "./params.ts";

/** Paths and their views: `{ "/": Home, "/kites/:id": Kite, "/files/*path": Files }`. The first that fits counts. */
export type Routes = Readonly<Record<string, LiveView>>;

export interface RouteMatch {
  /** As it stands in the routes. */
  readonly route: string;
  readonly view: LiveView;
  /** From the path and the query; the path wins. */
  readonly params: Params;
}

export type Router = (url: URL) => RouteMatch | null;

/** @throws LiveSessionError `bad_option` */
export function makeRouter(routes: Routes): Router {
  const table = Object.entries(routes).map(([route, view]) => {
    if (!route.startsWith("/"))
      throw new LiveSessionError("bad_option", `routes: ${JSON.stringify(route)} must start with "/".`);
    if (typeof view?.definition?.render !== "function") {
      throw new LiveSessionError(
        "bad_option",
        `routes: what stands at ${JSON.stringify(route)} was not made with liveView.`,
      );
    }
    return { route, view, segments: segmentsOf(route) };
  });
  return (url) => {
    const path = segmentsOf(url.pathname);
    for (const { route, view, segments } of table) {
      const found = match(segments, path);
      if (found) return { route, view, params: { ...parseParams(url.search.slice(1)), ...found } };
    }
    return null;
  };
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}

function match(segments: readonly string[], path: readonly string[]): Record<string, string> | null {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    if (segment.startsWith("*")) {
      const rest = path.slice(index).map(decode);
      if (rest.includes(null)) return null;
      params[segment.slice(1) || "rest"] = rest.join("/");
      return params;
    }
    const value = path[index];
    if (value === undefined) return null;
    if (segment.startsWith(":")) {
      const decoded = decode(value);
      if (decoded === null) return null;
      params[segment.slice(1)] = decoded;
    } else if (segment !== value) return null;
  }
  return path.length === segments.length ? params : null;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
