// Cross-site request forgery: forms count only if they come from the shop's own pages.

import type { RequestHandler } from "express";

/**
 * Refuses posts that a browser sends from another site. Browsers say where a request comes from in Sec-Fetch-Site or,
 * older ones, in Origin; what says neither is no browser, and has no cookies that somebody else could abuse.
 */
export const sameOrigin: RequestHandler = (request, response, next) => {
  if (request.method === "GET" || request.method === "HEAD") return next();
  const site = request.get("sec-fetch-site");
  if (site) return site === "same-origin" || site === "none" ? next() : refuse();
  const origin = request.get("origin");
  if (!origin || hostOf(origin) === request.get("host")) return next();
  refuse();

  function refuse(): void {
    response.status(403).type("text").send("This form was not sent from the shop.\n");
  }
};

/** `null` for what is no URL. Not by `URL.canParse`: in Node 20 it says yes to some texts on which `new URL` then throws. */
function hostOf(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}
