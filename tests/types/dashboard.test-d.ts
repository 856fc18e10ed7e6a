// Compiled by `npm run types`, never run: what a dashboard takes.

import type { IncomingMessage } from "node:http";
import type express from "express";
import { createLiveSessions, localBus } from "live-session";
import { createDashboard } from "live-session/dashboard";

interface Shop {
  cart: string[];
}
const sessions = createLiveSessions<Shop>();

createDashboard(sessions, { authorize: (request: express.Request) => request.ip === "127.0.0.1" });
createDashboard(sessions, { authorize: async (request: IncomingMessage) => request.method === "GET" });
createDashboard(sessions, { authorize: (request: Request) => request.headers.has("x-admin"), bus: localBus() });
createDashboard(sessions, { authorize: () => true, reveal: (key, name) => key.length > name.length, node: "web-1" });
createDashboard(sessions, { authorize: () => true, node: null, bus: localBus() });
// @ts-expect-error nobody said who may look
createDashboard(sessions, {});
// @ts-expect-error neither true nor false
createDashboard(sessions, { authorize: () => "yes" });
// @ts-expect-error no request
createDashboard(sessions, { authorize: (request: string) => request === "" });
// @ts-expect-error no hub
createDashboard({}, { authorize: () => true });
