// Options of liveSession.

import { type AdmissionOptions, admissionOptions } from "../shared/admission.ts";
import { badOption, refuseUnknown, wholeNumber } from "../shared/options.ts";
import type { AnyApp } from "../shared/view-cache.ts";

export interface LiveSessionOptions<Data extends object> extends AdmissionOptions {
  /** The app that `sessions.app()` made, for its view as `live_session_updated` and its actions as `live_session_call`. */
  readonly app?: Pick<AnyApp<Data>, "sessions" | "viewText" | "run"> | undefined;
  /** Calls of one socket that may run at a time; more are refused with `too_many_calls`. Default 32. */
  readonly maxCallsInFlight?: number | undefined;
}

/** @throws LiveSessionError `bad_option` */
export function readOptions<Data extends object>(options: LiveSessionOptions<Data>): { maxCallsInFlight: number } {
  if (typeof options !== "object" || options === null) {
    throw badOption("liveSession: pass { secret }, the secret of the session middleware.");
  }
  refuseUnknown(options, [...admissionOptions, "app", "maxCallsInFlight"]);
  const { app, maxCallsInFlight = 32 } = options;
  if (app !== undefined && typeof app?.viewText !== "function") {
    throw badOption("app: pass the app that sessions.app({ view, actions }) made.");
  }
  return { maxCallsInFlight: wholeNumber(maxCallsInFlight, "maxCallsInFlight", 1) };
}
