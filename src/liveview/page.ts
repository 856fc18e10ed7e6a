// The first rendering of a live view: a whole page over HTTP, which the browser then joins.

import { randomBytes } from "node:crypto";
import type { SessionKey } from "../core/ids.ts";
import { sessionKey } from "../core/ids.ts";
import { mount } from "./mounted-view.ts";
import { patchTarget } from "./navigation.ts";
import { renderView } from "./renderer.ts";
import type { RouteMatch } from "./router.ts";
import type { LiveViewServer } from "./server.ts";
import { noSession } from "./session.ts";
import { LiveSocket } from "./socket.ts";
import { html, raw } from "./template.ts";
import { textOf } from "./text.ts";
import { makeCore, type ViewCore } from "./view-core.ts";

/** Where the client puts the flash that goes along with a redirect; its page shows it once. */
export const FLASH_COOKIE = "__phoenix_flash__";

export interface PageRequest {
  /** The secret in the cookie; `null` for a visitor without a session. */
  readonly sessionId: string | null;
  /**
   * Whether the request named its session by its cookie; false for one that was made by this request, of a browser that
   * may or may not take its cookie. Default true.
   */
  readonly hadCookie?: boolean | undefined;
  /** The whole URL. */
  readonly url: URL;
  /** The value of the cookie `__phoenix_flash__`, if there is one. */
  readonly flash?: string | null | undefined;
}

export interface PageResponse {
  readonly status: 200 | 302;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `null` if no route fits. What callbacks throw goes to the caller. */
export async function renderPage(server: LiveViewServer, request: PageRequest): Promise<PageResponse | null> {
  const { url, sessionId } = request;
  const match = server.router(url);
  if (!match) return null;
  const session = sessionId === null ? null : await server.sessions.read(sessionId);
  const key = session && sessionId !== null ? sessionKey(sessionId) : null;
  const flash = server.tokens.readFlash(request.flash);
  const id = `phx-${randomBytes(12).toString("base64url")}`;
  const core = makeCore({
    id,
    url,
    session: session ?? noSession(),
    csrfToken: server.tokens.makeCsrf(key),
    flash: flash ?? {},
  });
  const socket = new LiveSocket(core);
  await mount(match, socket);
  const cookie = request.flash ? { "set-cookie": `${FLASH_COOKIE}=; Max-Age=0; Path=/` } : undefined;
  const elsewhere = goneTo(core, server, match);
  if (elsewhere !== null) return redirectTo(elsewhere, core, server);
  return {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store", ...cookie },
    body: pageText(server, match, socket, key, request.hadCookie ?? true),
  };
}

function pageText(
  server: LiveViewServer,
  match: RouteMatch,
  socket: LiveSocket,
  key: SessionKey | null,
  hadCookie: boolean,
): string {
  const { core } = socket;
  const { tokens, clock } = server;
  const token = tokens.signPage(
    { id: core.id, route: match.route, at: clock.now(), ...(key && !hadCookie && { firstOf: key }) },
    key,
  );
  const inner = raw(textOf(renderView(match.view, socket), core));
  // What the first rendering shows once, the second must show, too.
  const keep = Object.keys(core.flash).length > 0 ? tokens.signFlash(core.flash) : "";
  const layout = server.layout({
    content: html`<div id="${core.id}" data-phx-main data-phx-session="${token}" data-phx-static="${keep}">${inner}</div>`,
    title: core.title ?? "",
    csrfToken: core.csrfToken,
    flash: core.flash,
    url: core.url,
  });
  return textOf(layout);
}

/** Where the callbacks want the browser to go instead. */
function goneTo(core: ViewCore, server: LiveViewServer, match: RouteMatch): string | null {
  if (!core.navigation) return null;
  const { kind, to } = core.navigation;
  if (kind === "patch") patchTarget(server.router, match, core.url, to);
  return to;
}

function redirectTo(location: string, core: ViewCore, { tokens }: LiveViewServer): PageResponse {
  const flash = Object.keys(core.flash).length > 0;
  const cookie = flash
    ? `${FLASH_COOKIE}=${tokens.signFlash(core.flash)}; Max-Age=60; Path=/; SameSite=Lax`
    : undefined;
  return {
    status: 302,
    headers: { location: asciiOf(location), "cache-control": "no-store", ...(cookie && { "set-cookie": cookie }) },
    body: "",
  };
}

/** A path as a header may hold it. */
function asciiOf(path: string): string {
  return path.replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}
