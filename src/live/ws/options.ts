// Options of liveSockets, read once at start.

import { type Duration, milliseconds } from "../../core/duration.ts";
import type { AdmissionOptions } from "../shared/admission.ts";
import {
  badOption,
  type ConnectionLimits,
  type ConnectionOptions,
  readConnectionOptions,
  refuseUnknown,
  wholeNumber,
} from "../shared/options.ts";

export interface LiveSocketsOptions extends AdmissionOptions, ConnectionOptions {
  /** The largest message taken from a browser, in bytes. Default 64 KiB. */
  readonly maxMessageBytes?: number | undefined;
  /** How often browsers are pinged; one that has not answered by the next time is cut off. Default `"30s"`. */
  readonly pingInterval?: Duration | undefined;
  /**
   * While more than this waits to be sent to a browser, in bytes, views that it missed are left out and only the latest
   * is kept. Less than a socket's own buffer (16 to 64 KiB) makes no difference. Default 64 KiB.
   */
  readonly maxBufferedBytes?: number | undefined;
}

export interface SocketLimits extends ConnectionLimits {
  readonly maxMessageBytes: number;
  readonly pingInterval: number;
  readonly maxBufferedBytes: number;
}

const known: readonly (keyof LiveSocketsOptions)[] = [
  "secret",
  "name",
  "origins",
  "requireOrigin",
  "activity",
  "address",
  "maxMessageBytes",
  "pingInterval",
  "maxBufferedBytes",
  "maxCallsInFlight",
  "callRetention",
  "maxTabs",
  "helloTimeout",
];

/** @throws LiveSessionError `bad_option` */
export function readSocketOptions(options: LiveSocketsOptions): SocketLimits {
  if (typeof options !== "object" || options === null) {
    throw badOption("liveSockets: pass { secret }, the secret of the session middleware.");
  }
  refuseUnknown(options, known);
  return {
    ...readConnectionOptions(options),
    maxMessageBytes: wholeNumber(options.maxMessageBytes ?? 64 * 1024, "maxMessageBytes", 1),
    pingInterval: milliseconds(options.pingInterval ?? "30s", "pingInterval"),
    maxBufferedBytes: wholeNumber(options.maxBufferedBytes ?? 64 * 1024, "maxBufferedBytes", 0),
  };
}
