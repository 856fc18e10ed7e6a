// Compiled by `npm run types`, never run: what the diagnostics and their bridges take and give.

import { createLiveSessions, type Diagnostics, observe } from "live-session";
import { openTelemetry } from "live-session/otel";
import { prometheus } from "live-session/prometheus";
import { Registry } from "prom-client";

interface Shop {
  cart: string[];
}
const sessions = createLiveSessions<Shop>();

const stop: () => void = observe(sessions, {
  commit: ({ outcome, version, duration }) => {
    outcome satisfies "ok" | "missing" | "exists" | "conflict" | "ended" | "too_large" | "failed";
    version satisfies number | null;
    duration.toFixed();
  },
  resync: ({ cause }) => cause satisfies Diagnostics["resync"]["cause"],
  error: ({ key }) => key satisfies string | null,
});
stop();
observe(sessions, {
  // @ts-expect-error messages hold no data
  commit: ({ data }) => data,
  // @ts-expect-error no such channel
  commits: () => {},
});
// @ts-expect-error what is observed is a hub
observe({}, {});

openTelemetry(sessions, { attributes: { "db.system.name": "redis" }, requireParentSpan: false })();
prometheus(sessions, { register: new Registry() })();
// @ts-expect-error no hub
openTelemetry(sessions.app({}));

const figures = sessions.attached();
figures.connections.ws satisfies number | undefined;
// @ts-expect-error a figure, not something to set
figures.sessions = 1;
for (const { transport, since } of sessions.connections((await sessions.create()).key)) transport.at(since);
// @ts-expect-error a key, not an id
sessions.connections("id");
