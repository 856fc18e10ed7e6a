// What the hub tells as metrics of prom-client.

import { Counter, Gauge, register as globalRegistry, Histogram, type Registry } from "prom-client";
import { LiveSessionError } from "../core/errors.ts";
import type { LiveSessions } from "../core/hub.ts";
import { type Attributes, feed, levels } from "./feed.ts";
import { counters, durationBuckets, durations, gauges, type Instrument } from "./instruments.ts";

export interface PrometheusOptions {
  /** Where the metrics go. One for each `createLiveSessions` of a process. Default: prom-client's own. */
  readonly register?: Registry | undefined;
}

/**
 * Adds what these live sessions do to the metrics of prom-client, which `register.metrics()` gives as text. Names are those
 * of OpenTelemetry by its own rules for Prometheus: `live_session_commit_duration_seconds`. Returns the function that stops
 * it and takes them out again.
 *
 * @throws LiveSessionError `bad_option`; Error of prom-client if the registry has such metrics already
 */
export function prometheus<Data extends object>(
  sessions: LiveSessions<Data>,
  { register = globalRegistry }: PrometheusOptions = {},
): () => void {
  if (typeof sessions?.attached !== "function") {
    throw new LiveSessionError("bad_option", "prometheus: pass what createLiveSessions made.");
  }
  const names: string[] = [];
  const of = (instrument: Instrument, suffix: string) => {
    const name = metricName(instrument.name) + suffix;
    names.push(name);
    const labelNames = instrument.attributes.map(metricName);
    return { name, help: instrument.description, labelNames, registers: [register] };
  };
  const buckets = [...durationBuckets];
  const histograms = new Map<Instrument, Histogram>(
    Object.values(durations).map((each) => [each, new Histogram({ ...of(each, "_seconds"), buckets })]),
  );
  const sums = new Map<Instrument, Counter>(
    Object.values(counters).map((each) => [each, new Counter(of(each, "_total"))]),
  );
  const read = levels(sessions);
  for (const each of Object.values(gauges)) {
    const level: Gauge = new Gauge({
      ...of(each, ""),
      collect: () =>
        read((about, value, attributes) => {
          if (about === each) level.set(labelsOf(attributes), value);
        }),
    });
  }
  const stop = feed(sessions, (instrument, value, attributes) => {
    const labels = labelsOf(attributes);
    histograms.get(instrument)?.observe(labels, value);
    sums.get(instrument)?.inc(labels, value);
  });
  return () => {
    stop();
    for (const name of names) register.removeSingleMetric(name);
  };
}

function labelsOf(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [metricName(name), value]));
}

function metricName(name: string): string {
  return name.replaceAll(".", "_");
}
