// live-session/sse: browsers connected by event streams, with data for our client or fragments of HTML.

export type { AdmissionOptions, RequestHead } from "./live/shared/admission.ts";
export { encodeEvent, type StreamEvent } from "./live/sse/encode.ts";
export { type LiveStreams, liveStreams } from "./live/sse/live-streams.ts";
export type { LiveStreamsOptions, Rendered, StreamEndReason } from "./live/sse/options.ts";
export { type TurboAction, turboStream } from "./live/sse/turbo.ts";
