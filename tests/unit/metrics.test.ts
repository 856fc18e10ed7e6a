// The bridges, with the real SDK of OpenTelemetry and the real prom-client.

import { readFileSync } from "node:fs";
import { type Context, context, type MeterProvider as MeterProviderApi, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { localBus, memoryStore } from "live-session";
import { type OpenTelemetryOptions, openTelemetry } from "live-session/otel";
import { prometheus } from "live-session/prometheus";
import { Registry } from "prom-client";
import { expect, onTestFinished, test, vi } from "vitest";
import { channels } from "../../src/core/diagnostics.ts";
import { counters, durations, gauges } from "../../src/metrics/instruments.ts";
import { rejection, settle, testSessions } from "../support/sessions.ts";

interface Point {
  readonly attributes: Record<string, unknown>;
  readonly value: number | { readonly count: number; readonly sum?: number };
}

function meters() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  return {
    meterProvider: provider as MeterProviderApi,
    /** What is exported now, by the names of the metrics. */
    async collect() {
      exporter.reset();
      await reader.forceFlush();
      const metrics = exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
      return new Map(
        metrics.map(({ descriptor, dataPoints }) => [
          descriptor.name,
          { unit: descriptor.unit, points: dataPoints as unknown as readonly Point[] },
        ]),
      );
    },
  };
}

function tracers() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  onTestFinished(() => provider.shutdown());
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(() => context.disable());
  return { tracerProvider: provider, spans: () => exporter.getFinishedSpans() };
}

function observed(options: OpenTelemetryOptions = {}) {
  const store = memoryStore();
  const made = testSessions<{ n: number }>({ store, bus: localBus() });
  const stop = openTelemetry(made.sessions, options);
  onTestFinished(stop);
  return { ...made, store, stop };
}

test("durations are histograms in seconds, with outcome, error and what the app adds", async () => {
  const { meterProvider, collect } = meters();
  const { sessions, store } = observed({ meterProvider, attributes: { "db.system.name": "redis" } });
  const { id, key } = await sessions.create();
  await sessions.records.commit(key, { mode: "create", put: {}, delete: [] });
  store.read = () => {
    throw new Error("away");
  };
  await rejection(sessions.read(id));
  await sessions.end(id, "revoked");
  const all = await collect();
  const points = (name: string) =>
    all.get(name)?.points.map(({ attributes, value }) => ({ attributes, count: (value as { count: number }).count }));
  const fixed = { "db.system.name": "redis" };
  expect(all.get("live_session.commit.duration")?.unit).toBe("s");
  expect(points("live_session.commit.duration")).toEqual([
    { attributes: { ...fixed, "live_session.outcome": "ok" }, count: 1 },
    { attributes: { ...fixed, "live_session.outcome": "exists" }, count: 1 },
  ]);
  const failed = { "live_session.outcome": "failed", "error.type": "store_failed" };
  expect(points("live_session.read.duration")).toEqual([{ attributes: { ...fixed, ...failed }, count: 1 }]);
  expect(points("live_session.end.duration")).toEqual([
    { attributes: { ...fixed, "live_session.outcome": "ok", "live_session.end.reason": "revoked" }, count: 1 },
  ]);
  expect(all.get("live_session.errors")?.points).toMatchObject([
    { attributes: { ...fixed, "live_session.stage": "read", "error.type": "store_failed" }, value: 1 },
  ]);
});

test("a duration is what the store took", async () => {
  const { meterProvider, collect } = meters();
  const { sessions, store } = observed({ meterProvider });
  const { id } = await sessions.create();
  let now = 1_000;
  const timer = vi.spyOn(performance, "now").mockImplementation(() => now);
  onTestFinished(() => timer.mockRestore());
  const read = store.read.bind(store);
  store.read = async (key) => {
    now += 20;
    return read(key);
  };
  await sessions.read(id);
  const points = (await collect()).get("live_session.read.duration")?.points;
  expect(points).toMatchObject([{ value: { count: 1, sum: 0.02 } }]);
});

test("conflicts, deliveries, and what is attached are counted", async () => {
  const { meterProvider, collect } = meters();
  const { sessions } = observed({ meterProvider });
  const { id, key } = await sessions.create();
  const one = await sessions.attach(id, { transport: "ws" });
  await sessions.attach(id, { transport: "sse" });
  await one.put("n", 1);
  await sessions.records.commit(key, { mode: "update", put: {}, delete: [], ifVersion: 9 });
  await settle();
  const first = await collect();
  expect(first.get("live_session.conflicts")).toMatchObject({ unit: "{conflict}", points: [{ value: 1 }] });
  const updated = { "live_session.message.type": "live_session_updated" };
  expect(first.get("live_session.deliveries")?.points).toMatchObject([{ attributes: updated, value: 2 }]);
  const changed = { "live_session.event.type": "changed" };
  expect(first.get("live_session.received.events")?.points).toMatchObject([{ attributes: changed, value: 1 }]);
  const byTransport = (all: Awaited<ReturnType<typeof collect>>) =>
    Object.fromEntries(
      (all.get("live_session.connection.count")?.points ?? []).map((point) => [
        point.attributes["live_session.transport"],
        point.value,
      ]),
    );
  expect(byTransport(first)).toEqual({ ws: 1, sse: 1 });
  expect(first.get("live_session.session.count")?.points).toMatchObject([{ value: 1 }, { value: 0 }]);
  one.detach();
  expect(byTransport(await collect())).toEqual({ ws: 0, sse: 1 });
});

test("an operation is a span within that of whoever asked for it, as long as it took", async () => {
  const { tracerProvider, spans } = tracers();
  const { sessions, store } = observed({ tracerProvider, attributes: { "db.system.name": "redis" } });
  const { id, key } = await sessions.create();
  expect(spans()).toEqual([]); // within no other span
  const request = tracerProvider.getTracer("test").startSpan("GET /cart");
  const within: Context = trace.setSpan(context.active(), request);
  const read = store.read.bind(store);
  store.read = async (asked) => {
    await settle();
    return read(asked);
  };
  await context.with(within, () => sessions.read(id));
  const [span] = spans();
  expect(span).toMatchObject({ name: "live_session.read", parentSpanContext: request.spanContext() });
  expect(span?.attributes).toEqual({
    "live_session.key": key,
    "live_session.outcome": "live",
    "db.system.name": "redis",
  });
  expect(span?.status.code).toBe(0);
  expect(JSON.stringify(span?.attributes)).not.toContain(id);
  const [seconds = 0, nanoseconds = 0] = span?.duration ?? [];
  expect(seconds + nanoseconds).toBeGreaterThan(0);
});

test("a failure is a span with an error; spans without another around are made where that is asked for", async () => {
  const { tracerProvider, spans } = tracers();
  const { sessions, store } = observed({ tracerProvider, requireParentSpan: false });
  const { id } = await sessions.create();
  store.read = () => {
    throw new Error("away");
  };
  await rejection(sessions.read(id));
  expect(spans().map(({ name }) => name)).toEqual(["live_session.commit", "live_session.read"]);
  expect(spans()[1]).toMatchObject({
    status: { code: 2, message: "store_failed" },
    attributes: { "error.type": "store_failed" },
  });
});

test("once stopped nothing more is measured", async () => {
  const { meterProvider, collect } = meters();
  const { tracerProvider, spans } = tracers();
  const { sessions, stop } = observed({ meterProvider, tracerProvider, requireParentSpan: false });
  stop();
  const { id } = await sessions.create();
  await sessions.attach(id, { transport: "ws" });
  const all = await collect();
  expect([...all.values()].flatMap(({ points }) => points)).toEqual([]);
  expect(spans()).toEqual([]);
});

test("the text for Prometheus has the same, under names by its rules", async () => {
  const register = new Registry();
  const { sessions } = testSessions<{ n: number }>();
  const stop = prometheus(sessions, { register });
  const { id } = await sessions.create();
  const live = await sessions.attach(id, { transport: "ws" });
  await live.put("n", 1);
  await sessions.records.commit(live.key, { mode: "update", put: {}, delete: [], ifVersion: 9 });
  const text = await register.metrics();
  expect(text).toMatch(/^live_session_commit_duration_seconds_count\{live_session_outcome="ok"\} 2$/m);
  expect(text).toMatch(/^live_session_commit_duration_seconds_bucket\{le="0.0001",live_session_outcome="ok"\} \d$/m);
  expect(text).toMatch(/^live_session_conflicts_total 1$/m);
  expect(text).toMatch(/^live_session_deliveries_total\{live_session_message_type="live_session_updated"\} 1$/m);
  expect(text).toMatch(/^live_session_connection_count\{live_session_transport="ws"\} 1$/m);
  expect(text).toMatch(/^live_session_session_count\{live_session_status="live"\} 1$/m);
  live.detach();
  expect(await register.metrics()).toMatch(/^live_session_connection_count\{live_session_transport="ws"\} 0$/m);
  stop();
  expect(await register.metrics()).not.toMatch(/live_session/);
});

test("what is no live sessions is refused", () => {
  expect(() => openTelemetry({} as never)).toThrow(/createLiveSessions/);
  expect(() => prometheus({} as never, { register: new Registry() })).toThrow(/createLiveSessions/);
});

test("docs/metrics.md lists every metric with its unit and attributes, and every channel", () => {
  const page = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  const cells = (pattern: RegExp) =>
    page
      .split("\n")
      .filter((line) => pattern.test(line))
      .map((line) => line.split("|").map((cell) => cell.trim()));
  const listed = cells(/^\| `live_session\./).map(([, name, , unit, attributes = ""]) => ({
    name: name?.replaceAll("`", ""),
    unit: unit?.replaceAll("`", ""),
    attributes: [...attributes.replace(/:.*/, "").matchAll(/`(.+?)`/g)].map(([, attribute]) => attribute),
  }));
  const measured = [durations, counters, gauges].flatMap((each) => Object.values(each));
  const byName = (one: { name?: string }, two: { name?: string }) => (String(one.name) < String(two.name) ? -1 : 1);
  expect(listed.sort(byName)).toEqual(
    measured.map(({ name, unit, attributes }) => ({ name, unit, attributes: [...attributes] })).sort(byName),
  );
  expect(
    cells(/^\| `live-session:/)
      .map(([, name]) => name?.replace(/`(live-session:)?/g, ""))
      .sort(),
  ).toEqual(Object.keys(channels).sort());
});
