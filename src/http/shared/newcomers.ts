// Sessions that requests make, counted by address.

import { type AddressOf, addressReader } from "../../core/address.ts";
import { LiveSessionError } from "../../core/errors.ts";
import type { Hub } from "./working-copy.ts";

/** Counts a session that this request is about to make. @throws LiveSessionError `rate_limited` */
export type CountNewcomer<Request> = (request: Request) => void;

/** @throws LiveSessionError `bad_option` */
export function newcomers<Request>(
  { limits, report }: Pick<Hub, "limits" | "report">,
  address: AddressOf<Request> | undefined,
): CountNewcomer<Request> {
  const read = addressReader(address, report);
  return limits.countsNewSessions ? (request) => limits.newSession(read(request)) : () => {};
}

/**
 * As `newcomers`, for requests that have no socket to ask.
 *
 * @throws LiveSessionError `bad_option` if addresses are to be counted and there is no option
 */
export function socketlessNewcomers<Request>(
  hub: Pick<Hub, "limits" | "report">,
  address: AddressOf<Request> | undefined,
): CountNewcomer<Request> {
  if (address !== undefined || !hub.limits.countsNewSessions) return newcomers(hub, address);
  const message = "address: limits.perAddress.sessions needs a function that says where a request comes from.";
  throw new LiveSessionError("bad_option", message);
}
