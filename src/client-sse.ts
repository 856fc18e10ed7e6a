// live-session/client-sse: the browser client's way to the server where WebSockets do not get through.

export { type SseTransportOptions, sseTransport } from "./client/sse.ts";
