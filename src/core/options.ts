// Options of createLiveSessions: durations read, defaults filled in, nonsense refused at start.

import type { SessionBus } from "./bus.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Duration, milliseconds } from "./duration.ts";
import { LiveSessionError, type OnError } from "./errors.ts";
import type { HubOptions } from "./hub.ts";
import { type LimitsOptions, readLimits } from "./limit-options.ts";
import type { PrincipalLimit } from "./ownership.ts";
import { safeReport } from "./records.ts";
import { isSchema, type StandardSchema } from "./schema.ts";
import type { SessionStore } from "./store.ts";

export interface LiveSessionsOptions<Data extends object> {
  /** Keeps the sessions. Default: this process's memory. */
  readonly store?: SessionStore | undefined;
  /** Carries changes to other nodes. Default: none, changes are told to whatever is attached to these live sessions. */
  readonly bus?: SessionBus | undefined;
  /** A session expires when nothing reads or writes it for this long. Default `"2d"`. */
  readonly lifetime?: Duration | undefined;
  /** A session expires this long after it was made, whatever happens in it. Default: never. */
  readonly deadline?: Duration | undefined;
  /** How often the space of expired sessions is freed; they are unreadable before. Default `"60s"`. */
  readonly cleanInterval?: Duration | undefined;
  /** How often attached sessions are compared with the store, in case an event was lost. Default `"30s"`. */
  readonly checkInterval?: Duration | undefined;
  /** Reads push the lifetime at most this often. Default: a thousandth of the session's lifetime, at most `"60s"`. */
  readonly touchInterval?: Duration | undefined;
  /** How long a call waits for the store or the bus before it fails (`store_failed`, `bus_failed`). Default `"5s"`. */
  readonly timeout?: Duration | undefined;
  /** How long the end of a session is remembered, so that nothing in flight revives it. Default `"10m"`. */
  readonly endedRetention?: Duration | undefined;
  /**
   * How long requests with an id that `regenerate` replaced are told to try again (`session_moved`, HTTP status 503) rather
   * than served as a new visitor's, whose new cookie would undo the login. `0` for never. Default `"5s"`.
   */
  readonly rotationGrace?: Duration | undefined;
  /**
   * How long before a session expires those attached to it are told (`live_session_expiring`), unless its lifetime is
   * shorter than twice that. `0` for never. Default `"60s"`.
   */
  readonly expiryNotice?: Duration | undefined;
  /** How many sessions a principal may have (see `bind`), and what becomes of one more. Default: any number. */
  readonly principalLimit?: PrincipalLimit | undefined;
  /**
   * How much one session, address or connection may ask of this node; `false` for no limits. Default: for each session and
   * connection what no real user meets, for addresses nothing.
   */
  readonly limits?: LimitsOptions | false | undefined;
  /** The most that a session's data may be, as JSON in UTF-8 bytes. Default 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** What the whole data must be after every write: a schema of any Standard Schema library. */
  readonly schema?: StandardSchema<unknown, Partial<Data>> | undefined;
  /** Default: the machine's clock. For tests. */
  readonly clock?: Clock | undefined;
  /** Told of failures that no caller waits for. Default: writes them to stderr. */
  readonly onError?: OnError | undefined;
}

const known = new Set<keyof LiveSessionsOptions<object>>([
  "store",
  "bus",
  "lifetime",
  "deadline",
  "cleanInterval",
  "checkInterval",
  "touchInterval",
  "timeout",
  "endedRetention",
  "rotationGrace",
  "expiryNotice",
  "principalLimit",
  "limits",
  "maxBytes",
  "schema",
  "clock",
  "onError",
]);

const storeMethods = ["read", "commit", "touch", "destroy", "versions", "sweep", "list", "count", "close"] as const;
const busMethods = ["publish", "subscribe", "onStatus", "close"] as const;

/** @throws LiveSessionError `bad_option`, naming the option */
export function readOptions<Data extends object>(
  options: LiveSessionsOptions<Data>,
  defaults: { readonly store: (clock: Clock) => SessionStore; readonly bus: () => SessionBus },
): HubOptions {
  for (const name of Object.keys(options)) {
    if (!known.has(name as keyof LiveSessionsOptions<Data>)) throw bad(`There is no option "${name}".`);
  }
  const { clock = systemClock, onError = printError, maxBytes = 1024 * 1024, schema } = options;
  const lifetime = milliseconds(options.lifetime ?? "2d", "lifetime");
  const { deadline } = options;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 2)
    throw bad(`maxBytes: ${maxBytes} is not a number of bytes, 2 or more.`);
  if (schema !== undefined && !isSchema(schema))
    throw bad("schema: not a Standard Schema (zod, valibot, arktype, ...).");
  if (typeof onError !== "function") throw bad("onError: not a function.");
  const store = options.store ?? defaults.store(clock);
  const bus = options.bus ?? defaults.bus();
  requireMethods("store", store, storeMethods);
  requireMethods("bus", bus, busMethods);
  return {
    store,
    bus,
    lifetime,
    deadline: deadline === undefined ? null : milliseconds(deadline, "deadline"),
    cleanInterval: milliseconds(options.cleanInterval ?? "60s", "cleanInterval"),
    checkInterval: milliseconds(options.checkInterval ?? "30s", "checkInterval"),
    touchInterval: options.touchInterval === undefined ? null : milliseconds(options.touchInterval, "touchInterval", 0),
    timeout: milliseconds(options.timeout ?? "5s", "timeout"),
    endedRetention: milliseconds(options.endedRetention ?? "10m", "endedRetention", 0),
    rotationGrace: milliseconds(options.rotationGrace ?? "5s", "rotationGrace", 0),
    expiryNotice: milliseconds(options.expiryNotice ?? "60s", "expiryNotice", 0),
    principalLimit: principalLimitOf(options.principalLimit),
    limits: readLimits(options.limits),
    maxBytes,
    schema,
    clock,
    onError: safeReport(onError),
  };
}

function principalLimitOf(limit: PrincipalLimit | undefined): PrincipalLimit | null {
  if (limit === undefined) return null;
  const { max, whenFull } = limit;
  if (!Number.isSafeInteger(max) || max < 1) throw bad("principalLimit: max is a number of sessions, 1 or more.");
  if (whenFull !== "refuse" && whenFull !== "end-oldest") {
    throw bad('principalLimit: whenFull is "refuse" or "end-oldest".');
  }
  return { max, whenFull };
}

function requireMethods(option: string, object: object, methods: readonly string[]): void {
  for (const method of methods) {
    if (typeof (object as Record<string, unknown> | null)?.[method] !== "function") {
      throw bad(`${option}: has no method "${method}".`);
    }
  }
}

const printError: OnError = (error, { stage, key }) => {
  console.error(`live-session: ${stage} failed${key ? ` for session ${key}` : ""}:`, error);
};

function bad(message: string): LiveSessionError {
  return new LiveSessionError("bad_option", message);
}
