// live-session/liveview: server-rendered live views for the official Phoenix LiveView client.

export { event, liveComponent, liveView, reply, sendUpdate } from "./liveview/definitions.ts";
export { JS } from "./liveview/js.ts";
export { navigateTo, patchTo } from "./liveview/links.ts";
export {
  assign,
  clearFlash,
  connected,
  connectParams,
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
export { liveStream } from "./liveview/streams.ts";
export { each, html, raw } from "./liveview/template.ts";
