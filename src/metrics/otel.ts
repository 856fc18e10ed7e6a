// What the hub tells as metrics and spans of OpenTelemetry.

import {
  type Counter,
  context,
  type Histogram,
  type MeterProvider,
  metrics,
  type ObservableResult,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { observe } from "../core/diagnostics.ts";
import { LiveSessionError } from "../core/errors.ts";
import type { LiveSessions } from "../core/hub.ts";
import { type Attributes, feed, levels, outcomeOf } from "./feed.ts";
import {
  counters,
  durationBuckets,
  durations,
  END_REASON,
  gauges,
  type Instrument,
  RESYNC_CAUSE,
} from "./instruments.ts";

export interface OpenTelemetryOptions {
  /** Default: the global one. */
  readonly meterProvider?: MeterProvider | undefined;
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Added to every value and span, such as `{ "db.system.name": "redis" }`. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Whether there are spans only within others, such as that of a request; else also for what timers do. Default true. */
  readonly requireParentSpan?: boolean | undefined;
}

const NAME = "live-session";
/** The hash that names the session; never its id. */
const KEY = "live_session.key";

/**
 * Hands what these live sessions do to OpenTelemetry: `openTelemetry(sessions)`, once its SDK has started. Returns the
 * function that stops it.
 *
 * @throws LiveSessionError `bad_option`
 */
export function openTelemetry<Data extends object>(
  sessions: LiveSessions<Data>,
  options: OpenTelemetryOptions = {},
): () => void {
  if (typeof sessions?.attached !== "function") {
    throw new LiveSessionError("bad_option", "openTelemetry: pass what createLiveSessions made.");
  }
  const stops = [measure(sessions, options), traced(sessions, options)];
  return () => {
    for (const stop of stops) stop();
  };
}

function measure<Data extends object>(
  sessions: LiveSessions<Data>,
  { meterProvider = metrics.getMeterProvider(), attributes: fixed = {} }: OpenTelemetryOptions,
): () => void {
  const meter = meterProvider.getMeter(NAME);
  const advice = { explicitBucketBoundaries: [...durationBuckets] };
  const histograms = new Map<Instrument, Histogram>(
    Object.values(durations).map((each) => [each, meter.createHistogram(each.name, { ...each, advice })]),
  );
  const sums = new Map<Instrument, Counter>(
    Object.values(counters).map((each) => [each, meter.createCounter(each.name, each)]),
  );
  const stop = feed(sessions, (instrument, value, attributes) => {
    const all = { ...fixed, ...attributes };
    histograms.get(instrument)?.record(value, all);
    sums.get(instrument)?.add(value, all);
  });
  const read = levels(sessions);
  const observed = Object.values(gauges).map((each) => {
    const instrument = meter.createObservableUpDownCounter(each.name, each);
    const observe = (result: ObservableResult) =>
      read((about, value, attributes) => {
        if (about === each) result.observe(value, { ...fixed, ...attributes });
      });
    instrument.addCallback(observe);
    return () => instrument.removeCallback(observe);
  });
  return () => {
    for (const end of [stop, ...observed]) end();
  };
}

function traced<Data extends object>(sessions: LiveSessions<Data>, options: OpenTelemetryOptions): () => void {
  const { tracerProvider = trace.getTracerProvider(), attributes: fixed = {}, requireParentSpan = true } = options;
  const tracer = tracerProvider.getTracer(NAME);
  /** The hub tells of what is over, in the context of whoever asked for it: the span is made as it was. */
  const span = (operation: string, told: Told, more: Attributes = {}) => {
    if (requireParentSpan && !trace.getSpan(context.active())) return;
    const ended = Date.now();
    const attributes = { ...fixed, [KEY]: told.key, ...outcomeOf(told), ...more };
    const made = tracer.startSpan(`live_session.${operation}`, { startTime: ended - told.duration, attributes });
    if (told.error !== null) made.setStatus({ code: SpanStatusCode.ERROR, message: told.error });
    made.end(ended);
  };
  return observe(sessions, {
    commit: (told) => span("commit", told),
    read: (told) => span("read", told),
    touch: (told) => span("touch", told),
    end: (told) => span("end", told, { [END_REASON]: told.reason }),
    resync: (told) => span("resync", told, { [RESYNC_CAUSE]: told.cause }),
  });
}

interface Told {
  readonly key: string;
  readonly duration: number;
  readonly outcome: string;
  readonly error: string | null;
}
