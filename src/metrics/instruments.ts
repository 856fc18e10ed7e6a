// What is measured: names and units by OpenTelemetry's semantic conventions, the same for every system that takes them.

/** One thing that is measured. */
export interface Instrument {
  /** In OpenTelemetry's way, such as `live_session.commit.duration`. */
  readonly name: string;
  /** Seconds, or what is counted, in braces. */
  readonly unit: string;
  readonly description: string;
  /** The names of all attributes that its values may have. */
  readonly attributes: readonly string[];
}

export const OUTCOME = "live_session.outcome";
export const ERROR_TYPE = "error.type";
export const END_REASON = "live_session.end.reason";
export const RESYNC_CAUSE = "live_session.resync.cause";
export const EVENT_TYPE = "live_session.event.type";
export const MESSAGE_TYPE = "live_session.message.type";
export const STAGE = "live_session.stage";
export const STATUS = "live_session.status";
export const TRANSPORT = "live_session.transport";

/** Upper bounds of the durations' buckets, in seconds: from a store in memory to one that is about to time out. */
export const durationBuckets: readonly number[] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

const duration = (name: string, description: string, ...more: string[]): Instrument => {
  return { name: `live_session.${name}.duration`, unit: "s", description, attributes: [OUTCOME, ERROR_TYPE, ...more] };
};

export const durations = {
  commit: duration("commit", "How long the store took for a commit."),
  read: duration("read", "How long the store took for a read."),
  touch: duration("touch", "How long the store took to push a session's lifetime."),
  end: duration("end", "How long the store took to end a session.", END_REASON),
  resync: duration("resync", "How long it took to read a session anew that was not in step.", RESYNC_CAUSE),
  delivery: {
    name: "live_session.delivery.duration",
    unit: "s",
    description: "How long it took to tell a message to all handles of a session on this node.",
    attributes: [MESSAGE_TYPE, END_REASON],
  },
} satisfies Record<string, Instrument>;

export const counters = {
  conflicts: {
    name: "live_session.conflicts",
    unit: "{conflict}",
    description: "Conditional commits that came too late.",
    attributes: [],
  },
  errors: {
    name: "live_session.errors",
    unit: "{error}",
    description: "Failures, whether a caller heard of them or onError did.",
    attributes: [STAGE, ERROR_TYPE],
  },
  received: {
    name: "live_session.received.events",
    unit: "{event}",
    description: "Events that came over the bus.",
    attributes: [EVENT_TYPE],
  },
  deliveries: {
    name: "live_session.deliveries",
    unit: "{delivery}",
    description: "Messages told to handles: each counts for every handle that was told.",
    attributes: [MESSAGE_TYPE, END_REASON],
  },
} satisfies Record<string, Instrument>;

/** Read when somebody asks. */
export const gauges = {
  sessions: {
    name: "live_session.session.count",
    unit: "{session}",
    description: "Sessions that something on this node is attached to.",
    attributes: [STATUS],
  },
  connections: {
    name: "live_session.connection.count",
    unit: "{connection}",
    description: "Browsers' connections of this node.",
    attributes: [TRANSPORT],
  },
} satisfies Record<string, Instrument>;
