// live-session/otel: metrics and spans of OpenTelemetry.

export { type OpenTelemetryOptions, openTelemetry } from "./metrics/otel.ts";
