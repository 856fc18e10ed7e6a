// What pages, views and connections of one app share.

import type { Clock } from "../core/clock.ts";
import type { ErrorContext } from "../core/errors.ts";
import type { LiveSessions } from "../core/hub.ts";
import type { Router } from "./router.ts";
import type { Html } from "./template.ts";
import type { Tokens } from "./tokens.ts";

/** What a layout gets. */
export interface PageParts {
  /** The live view. Must stand in the page once. */
  readonly content: Html;
  /** As set by `putTitle`, or an empty text. */
  readonly title: string;
  /** For `<meta name="csrf-token" content="${csrfToken}">`, where the browser's script reads it. */
  readonly csrfToken: string;
  readonly flash: Readonly<Record<string, string>>;
  readonly url: URL;
}

export interface LiveViewServer {
  readonly sessions: LiveSessions<Record<string, unknown>>;
  readonly router: Router;
  readonly tokens: Tokens;
  readonly layout: (parts: PageParts) => Html;
  readonly clock: Clock;
  readonly report: (error: unknown, context: ErrorContext) => void;
  /** Reports, the first time, that a page's cookie does not come along when its view joins. */
  readonly cookieMissed: () => void;
  /** What clients compare their own version with. */
  readonly version: string;
  /** Whether a view that joins keeps its session alive by that. */
  readonly activity: boolean;
  /** Messages that a view lets wait before it gives up. */
  readonly maxWaiting: number;
  /** Views of one connection. */
  readonly maxViews: number;
}
