import type { LiveSessions } from "live-session";
import type * as liveview from "live-session/liveview";

declare global {
  const secret: string;
  const sessions: LiveSessions<{ cart: string[] }>;
  const views: liveview.LiveViews;
  const html: typeof liveview.html;
  const raw: typeof liveview.raw;
  const each: typeof liveview.each;
  const patchTo: typeof liveview.patchTo;
  const navigateTo: typeof liveview.navigateTo;
  const JS: typeof liveview.JS;
  const kind: string;
  const text: string;
  const markup: string;
  const csrfToken: string;
  const isOpen: boolean;
  const busy: boolean;
  const valid: boolean;
  const items: readonly { readonly id: string; readonly name: string }[];
}
