// live-session/liveview: server-rendered live views for the official Phoenix LiveView client.

export {
  type EventHandler,
  type EventHandlers,
  event,
  type LiveComponent,
  type LiveComponentDefinition,
  type LiveView,
  type LiveViewDefinition,
  liveComponent,
  liveView,
  type RenderTools,
  reply,
  sendUpdate,
} from "./liveview/definitions.ts";
export { expressPages, fastifyPages, fetchPages, longPoll } from "./liveview/http.ts";
export { JS, type JsCommands, type PushOptions, type Target, type Transition } from "./liveview/js.ts";
export { type LinkOptions, navigateTo, patchTo } from "./liveview/links.ts";
export { type LiveViews, type LiveViewsOptions, liveViews } from "./liveview/live-views.ts";
export type { PageRequest, PageResponse } from "./liveview/page.ts";
export type { Params } from "./liveview/params.ts";
export type { Routes } from "./liveview/router.ts";
export type { PageParts } from "./liveview/server.ts";
export { maybeSubscribe, putSession, updateSession } from "./liveview/session.ts";
export {
  assign,
  clearFlash,
  connected,
  connectParams,
  type LiveSocket,
  pushEvent,
  pushNavigate,
  pushPatch,
  putFlash,
  putTitle,
  redirect,
  send,
  stream,
  streamDelete,
  streamInsert,
} from "./liveview/socket.ts";
export { type InsertOptions, type LiveStream, liveStream } from "./liveview/streams.ts";
export { each, type Html, html, type Renderable, raw } from "./liveview/template.ts";
export { htmlText } from "./liveview/text.ts";
export type { Flash } from "./liveview/view-core.ts";
