// live-session/prometheus: metrics of prom-client.

export { type PrometheusOptions, prometheus } from "./metrics/prometheus.ts";
