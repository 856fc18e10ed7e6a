// Options of liveStreams, read once at start.

import { type Duration, milliseconds } from "../../core/duration.ts";
import type { EndReason } from "../../core/store.ts";
import type { AdmissionOptions, RequestHead } from "../shared/admission.ts";
import {
  badOption,
  type ConnectionLimits,
  type ConnectionOptions,
  readConnectionOptions,
  refuseUnknown,
  wholeNumber,
} from "../shared/options.ts";
import type { StreamEvent } from "./encode.ts";

/** What an EventSource is sent at once: one event, several, or none. Their ids are ours. */
export type Rendered = Omit<StreamEvent, "id"> | readonly Omit<StreamEvent, "id">[];

/** Why a stream is over; `unknown`: no session has the id in the browser's cookie. */
export type StreamEndReason = EndReason | "unknown";

export interface LiveStreamsOptions<View = unknown> extends AdmissionOptions<RequestHead>, ConnectionOptions {
  /**
   * What an EventSource is sent of a view, such as a fragment of HTML; called once for each version, must be pure.
   * Default: an event `view` with `{ version, view }` as JSON. Our own client gets views as data, whatever this is.
   */
  readonly render?: ((view: View) => Rendered) | undefined;
  /** What it is sent when the session is over, before the event `ended`. Default: nothing. */
  readonly renderEnd?: ((reason: StreamEndReason) => Rendered) | undefined;
  /**
   * What an action's input is of a form that was posted, whose fields are all texts. Default: the fields as they are;
   * those of names that begin with `_` are left out.
   */
  readonly formInput?: ((fields: Readonly<Record<string, unknown>>, action: string) => unknown) | undefined;
  /** The largest message or form taken from a browser, in bytes. Default 64 KiB. */
  readonly maxMessageBytes?: number | undefined;
  /** How often a comment is sent, so that proxies keep the line; a browser that takes nothing in between is cut off. Default `"15s"`. */
  readonly heartbeatInterval?: Duration | undefined;
  /** How long an EventSource waits before it connects again. Default `"2s"`. */
  readonly retry?: Duration | undefined;
  /** While more than this is unsent to a browser, in bytes, only the latest view is kept for it. Default 64 KiB. */
  readonly maxBufferedBytes?: number | undefined;
}

export interface StreamLimits extends ConnectionLimits {
  readonly maxMessageBytes: number;
  readonly heartbeatInterval: number;
  readonly retry: number;
  readonly maxBufferedBytes: number;
}

const known: readonly (keyof LiveStreamsOptions)[] = [
  "secret",
  "name",
  "origins",
  "requireOrigin",
  "activity",
  "address",
  "render",
  "renderEnd",
  "formInput",
  "maxMessageBytes",
  "heartbeatInterval",
  "retry",
  "maxBufferedBytes",
  "maxCallsInFlight",
  "maxTabs",
  "callRetention",
  "helloTimeout",
];

/** @throws LiveSessionError `bad_option` */
export function readStreamOptions<View>(options: LiveStreamsOptions<View>): StreamLimits {
  if (typeof options !== "object" || options === null) {
    throw badOption("liveStreams: pass { secret }, the secret of the session middleware.");
  }
  refuseUnknown(options, known);
  for (const name of ["render", "renderEnd", "formInput"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "function") throw badOption(`${name}: no function.`);
  }
  return {
    ...readConnectionOptions(options),
    maxMessageBytes: wholeNumber(options.maxMessageBytes ?? 64 * 1024, "maxMessageBytes", 1),
    heartbeatInterval: milliseconds(options.heartbeatInterval ?? "15s", "heartbeatInterval"),
    retry: milliseconds(options.retry ?? "2s", "retry", 0),
    maxBufferedBytes: wholeNumber(options.maxBufferedBytes ?? 64 * 1024, "maxBufferedBytes", 0),
  };
}
