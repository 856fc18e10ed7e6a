// The address that a request comes from, as it is counted.

import { isIPv4, isIPv6 } from "node:net";
import { type ErrorContext, LiveSessionError } from "./errors.ts";
import { parseUrl } from "./url.ts";

/** Says where a request comes from. What it cannot tell counts as one address. */
export type AddressOf<Request> = (request: Request) => string | null | undefined;

/** What frameworks and Node say of it, whatever a request is. */
interface Addressed {
  /** Of Express, Fastify and Koa, which know of the proxies that they were told to trust. */
  readonly ip?: unknown;
  readonly socket?: { readonly remoteAddress?: string | undefined };
}

/** All whose address is not known, together. */
const UNKNOWN = "unknown";

/** No address is longer; anything else an app may count by is cut. */
const LONGEST = 64;

/**
 * Reads the addresses of requests for counting: by the option, or as the framework or the socket has them.
 *
 * @throws LiveSessionError `bad_option`
 */
export function addressReader<Request>(
  option: AddressOf<Request> | undefined,
  report: (error: unknown, context: ErrorContext) => void,
): (request: Request) => string {
  if (option !== undefined && typeof option !== "function") {
    throw new LiveSessionError("bad_option", "address: give a function of the request.");
  }
  const read = option ?? ((request: Request) => ownAddress(request as Addressed));
  return (request) => {
    try {
      return countedAddress(read(request));
    } catch (error) {
      report(error, { stage: "address" });
      return UNKNOWN;
    }
  };
}

function ownAddress({ ip, socket }: Addressed): string | undefined {
  return typeof ip === "string" ? ip : socket?.remoteAddress;
}

/**
 * What an address is counted as: an IPv4 address as it is, in whatever way it is written, and an IPv6 address by its first
 * 64 bits, since whoever has one has all that share them. A port is left out.
 */
export function countedAddress(address: string | null | undefined): string {
  if (typeof address !== "string" || address === "") return UNKNOWN;
  const [host = address] = /^\[.*(?=\])|^[\d.]+(?=:\d+$)/.exec(address) ?? [];
  const bare = host.replace(/^\[/, "").replace(/%.*$/, "");
  if (isIPv4(bare)) return bare;
  return isIPv6(bare) ? countedIPv6(bare) : address.slice(0, LONGEST);
}

function countedIPv6(address: string): string {
  // As a URL has it: in lower case, with no dotted part, and at most one "::".
  const text = parseUrl(`http://[${address}]`)?.hostname.slice(1, -1) ?? address;
  const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(text);
  if (mapped) {
    const parts = mapped.slice(1).map((part) => Number.parseInt(part, 16));
    return parts.flatMap((part) => [part >> 8, part & 255]).join(".");
  }
  const [left, right] = text.split("::").map((half) => (half === "" ? [] : half.split(":"))) as [string[], string[]?];
  const zeros = right ? Array<string>(8 - left.length - right.length).fill("0") : [];
  return `${[...left, ...zeros, ...(right ?? [])].slice(0, 4).join(":")}::/64`;
}
